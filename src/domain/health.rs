//! What a probe brought back, and what that means. Judging is pure: the time comes in with the reading.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::probe::Ask;

pub mod dependencies;
pub mod errors;
pub mod timeline;

/// Most bytes of a body that are kept.
pub const BODY_BYTES: usize = 64 << 10;

/// What one probe brought back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// When it began.
    pub at: DateTime<Utc>,
    /// From its beginning to its end.
    pub took: Duration,
    /// What came back.
    pub outcome: Outcome,
}

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A TCP probe: the connection was accepted.
    Connected,
    /// An HTTP answer, with its body as far as it is kept.
    Answered(Answer),
    /// The time was over.
    TimedOut(Stage),
    /// Nobody listens there.
    Refused,
    /// Anything else, in words: no way there, closed in the middle, not HTTP.
    Failed(String),
    /// The way to its host is broken: says nothing of who was asked.
    NoWay(String),
}

/// An HTTP answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// At most [`BODY_BYTES`] of its body, untouched: hostile.
    pub body: Vec<u8>,
    /// There was more of it.
    pub is_cut: bool,
    /// Where a redirect points; it is never followed.
    pub location: Option<String>,
}

/// What was waited for when the time was over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The connection.
    Connecting,
    /// The head of the answer.
    Waiting,
    /// The end of the body, after this status.
    Body(u16),
}

/// What a reading means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Not so, and why: `503`, `timeout`, `refused`, `302 to /login`.
    Bad(String),
}

impl Verdict {
    /// As it should be.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }
}

/// Longest text of somebody else's that stands in a reason, in characters.
const REASON_CHARS: usize = 80;

fn shortened(text: &str) -> String {
    text.chars().take(REASON_CHARS).collect()
}

impl Reading {
    /// What it means for what was asked.
    pub fn judge(&self, ask: &Ask) -> Verdict {
        let answer = match (&self.outcome, ask) {
            (Outcome::Connected, Ask::Tcp) => return Verdict::Ok,
            (Outcome::Connected, Ask::Http { .. }) => return Verdict::Bad("no answer".to_owned()),
            (Outcome::Answered(answer), _) => answer,
            (Outcome::Refused, _) => return Verdict::Bad("refused".to_owned()),
            (Outcome::TimedOut(Stage::Connecting), _) => {
                return Verdict::Bad("no connection".to_owned());
            }
            (Outcome::TimedOut(Stage::Waiting), _) => return Verdict::Bad("timeout".to_owned()),
            (Outcome::TimedOut(Stage::Body(status)), _) => {
                return Verdict::Bad(format!("{status} without end"));
            }
            (Outcome::Failed(why) | Outcome::NoWay(why), _) => return Verdict::Bad(shortened(why)),
        };
        match (ask, &answer.location) {
            (Ask::Http { expect, .. }, _) if *expect == answer.status => Verdict::Ok,
            (_, Some(to)) => Verdict::Bad(format!("{} to {}", answer.status, shortened(to))),
            (_, None) => Verdict::Bad(answer.status.to_string()),
        }
    }

    /// Whether it says something of who was asked, and not of the way there alone.
    pub fn has_arrived(&self) -> bool {
        !matches!(self.outcome, Outcome::NoWay(_))
    }

    /// The answer, if it is one.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answered(answer) => Some(answer),
            _ => None,
        }
    }
}

/// `4ms`, `980ms`, `5.0s`, `2m`: how long something took.
pub fn took(time: Duration) -> String {
    match time.as_millis() {
        0 => "<1ms".to_owned(),
        ms @ 1..1000 => format!("{ms}ms"),
        ms @ 1000..60_000 => format!("{}.{}s", ms / 1000, ms % 1000 / 100),
        ms => format!("{}m", ms / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::probe::Headers;

    fn judged(outcome: Outcome, ask: &Ask) -> Verdict {
        Reading { at: DateTime::default(), took: Duration::from_millis(4), outcome }.judge(ask)
    }

    fn http(expect: u16) -> Ask {
        Ask::Http { path: "/".to_owned(), expect, headers: Headers::default() }
    }

    fn answered(status: u16, location: Option<&str>) -> Outcome {
        Outcome::Answered(Answer { status, location: location.map(str::to_owned), ..Answer::default() })
    }

    #[test]
    fn only_the_expected_answer_is_ok() {
        assert_eq!(judged(answered(200, None), &http(200)), Verdict::Ok);
        assert_eq!(judged(answered(204, None), &http(204)), Verdict::Ok);
        assert_eq!(judged(answered(302, Some("/login")), &http(302)), Verdict::Ok);
        assert_eq!(judged(Outcome::Connected, &Ask::Tcp), Verdict::Ok);
    }

    #[test]
    fn a_bad_answer_says_why_in_few_words() {
        let bad = |outcome, ask: &Ask| match judged(outcome, ask) {
            Verdict::Bad(why) => why,
            Verdict::Ok => panic!("not bad"),
        };
        assert_eq!(bad(answered(503, None), &http(200)), "503");
        assert_eq!(bad(answered(302, Some("/login")), &http(200)), "302 to /login");
        assert_eq!(bad(Outcome::Refused, &Ask::Tcp), "refused");
        assert_eq!(bad(Outcome::TimedOut(Stage::Waiting), &http(200)), "timeout");
        assert_eq!(bad(Outcome::TimedOut(Stage::Connecting), &Ask::Tcp), "no connection");
        assert_eq!(bad(Outcome::TimedOut(Stage::Body(200)), &http(200)), "200 without end");
        let long = bad(answered(302, Some(&"x".repeat(9000))), &http(200));
        assert!(long.len() < 100, "{long}");
    }

    #[test]
    fn times_are_short() {
        let cases = [(0, "<1ms"), (4, "4ms"), (999, "999ms"), (5_049, "5.0s"), (61_000, "1m")];
        for (ms, text) in cases {
            assert_eq!(took(Duration::from_millis(ms)), text);
        }
    }
}
