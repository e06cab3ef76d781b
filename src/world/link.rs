//! How the way to a host stands, and what happens about one that does not answer.

use std::time::Instant;

use super::Now;

/// How a host's link stands.
#[derive(Clone, PartialEq, Debug)]
pub enum Link {
    /// Asked, no answer yet.
    Asking,
    /// Answers.
    Up,
    /// Does not answer; what is known of it grows old.
    Lost {
        /// Since when.
        since: Instant,
        /// What came back: a line for each way that was tried, and behind a tab what mends it.
        why: String,
        /// It is not tried again by itself: somebody has to answer or look first.
        needs_person: bool,
        /// When it is tried again; from then on the try runs.
        next_try: Option<Instant>,
    },
}

impl Link {
    /// Each way that was tried in vain: what came back, and the command that mends it, empty where nobody knows one.
    pub fn refusals(&self) -> impl Iterator<Item = (&str, &str)> {
        let why = if let Self::Lost { why, .. } = self { why.as_str() } else { "" };
        why.lines().map(|way| way.split_once('\t').unwrap_or((way, "")))
    }

    /// What happens about a host that does not answer; `None` for one that does, or was not asked yet.
    pub fn course(&self, now: Now) -> Option<Course> {
        let Self::Lost { needs_person, next_try, .. } = self else { return None };
        Some(match next_try {
            Some(at) if *at > now.at => Course::Waits((*at - now.at).as_millis().div_ceil(1000) as u64),
            None if *needs_person => Course::Rests,
            _ => Course::Tries,
        })
    }
}

/// What happens about a host that does not answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// A try runs.
    Tries,
    /// It is tried again by itself, within so many seconds.
    Waits(u64),
    /// It is not tried again before somebody answered or looked.
    Rests,
}
