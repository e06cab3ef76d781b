//! What follows from a verdict: whether a hold goes on, ends well, goes back or asks.

use std::time::Duration;

use super::Verdict;

/// What is done at the end of a hold where there is nothing to judge by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// A human decides.
    #[default]
    Ask,
    /// It goes on once it was held for so long, unless something speaks against it: then a human decides.
    Promote(Duration),
    /// It goes back.
    Abort,
}

/// What is to be done now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// The hold goes on.
    Wait,
    /// The next share.
    Promote,
    /// The shares as they were; why.
    Back(String),
    /// It stays as it is until a human says more, or until it can be told; why.
    Ask(String),
}

impl Policy {
    /// What follows from a verdict, `held` after the hold began that lasts for `hold`. A human who was asked is not
    /// needed any more where it can be told now.
    pub fn next(self, verdict: Verdict, held: Duration, hold: Duration) -> Next {
        let is_over = held >= hold;
        match verdict {
            Verdict::Fail(why) => Next::Back(why),
            _ if !is_over => Next::Wait,
            Verdict::Pass => Next::Promote,
            Verdict::Inconclusive { why, is_doubt } => match self {
                Self::Abort => Next::Back(why),
                Self::Promote(after) if !is_doubt && held < after => Next::Wait,
                Self::Promote(_) if !is_doubt => Next::Promote,
                Self::Ask | Self::Promote(_) => Next::Ask(why),
            },
        }
    }
}
