//! The lock of an environment: while somebody holds it nobody else deploys there.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{ContainerId, EnvironmentId};
use super::ledger::{Who, form};

/// What the name of the container begins with that is a lock. It is never started, and no service of anybody's.
pub const NAME: &str = "pilothouse-lock-";

/// What the container is called. Names of containers have no `%`.
pub fn name(environment: &EnvironmentId) -> String {
    format!("{NAME}{}", form::directory(environment).replace('%', "."))
}

/// What a lock says of whoever took it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// Of which environment.
    pub environment: EnvironmentId,
    /// Who.
    pub who: Who,
    /// The process that holds it, on the machine of [`Who`].
    pub pid: u32,
    /// What for: `deploy web shop/web:1.5`.
    pub purpose: String,
    /// Higher than that of every lock before it.
    pub epoch: u32,
    /// When, by the clock of who took it.
    pub at: DateTime<Utc>,
}

/// A lock that stands on a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lock {
    /// Which one: another one of the same environment has another id.
    pub id: ContainerId,
    /// What it says; `None` where that is nothing that we write.
    pub claim: Option<Claim>,
}

/// What came of taking a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is ours.
    Ours(Lock),
    /// This one stands there.
    Held(Lock),
}

/// So often whoever holds a lock says that it lives.
pub const BEAT: TimeDelta = TimeDelta::seconds(15);
/// Whoever says nothing for so long may be taken to be gone.
pub const TERM: TimeDelta = TimeDelta::seconds(45);

/// What whoever holds a lock last said of itself: one file at the lock, written over each time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sign {
    /// When, by the clock of [`Claim::at`].
    pub at: DateTime<Utc>,
    /// What it does.
    pub doing: Doing,
}

/// What a process that deploys does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Its steps.
    #[default]
    Works,
    /// It was asked to wait; by whom and why.
    Paused(String),
}

/// A lock with what its holder last said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watched {
    /// It.
    pub lock: Lock,
    /// When it was made, by the clock of its engine.
    pub made: Option<DateTime<Utc>>,
    /// The last sign; `None` where there was none yet.
    pub sign: Option<Sign>,
}

/// Whether somebody looks after what was locked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// The holder gave a sign within [`TERM`].
    Kept,
    /// Not since then, by the clock of the engine: anybody may take it up.
    Unguarded(DateTime<Utc>),
}

impl Watched {
    /// The last sign by the clock of the engine. The lock itself is one, and it is the bridge between the clocks: it was
    /// claimed by that of the holder at the moment when it was made by that of the engine.
    pub fn last_sign(&self) -> Option<DateTime<Utc>> {
        let claimed = self.lock.claim.as_ref().map(|claim| claim.at);
        let told = self.sign.as_ref().map(|sign| match (self.made, claimed) {
            (Some(made), Some(claimed)) => sign.at + (made - claimed),
            _ => sign.at,
        });
        told.max(self.made.or(claimed))
    }

    /// At this moment of the engine's clock. A lock that tells no time at all is nobody's.
    pub fn guard(&self, now: DateTime<Utc>) -> Guard {
        match self.last_sign() {
            Some(last) if now - last <= TERM => Guard::Kept,
            Some(last) => Guard::Unguarded(last),
            None => Guard::Unguarded(DateTime::UNIX_EPOCH),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn watched(made: Option<i64>, claimed: i64, sign: Option<i64>) -> Watched {
        let claim = Claim {
            environment: EnvironmentId::new("production"),
            who: Who::default(),
            pid: 1,
            purpose: "deploy web".to_owned(),
            epoch: 1,
            at: at(claimed),
        };
        Watched {
            lock: Lock { id: ContainerId::new("1"), claim: Some(claim) },
            made: made.map(at),
            sign: sign.map(|sign| Sign { at: at(sign), doing: Doing::Works }),
        }
    }

    #[test]
    fn whoever_gave_no_sign_for_a_term_is_unguarded_since_the_last_one() {
        let kept = watched(Some(100), 100, Some(130));
        assert_eq!(kept.guard(at(175)), Guard::Kept);
        assert_eq!(kept.guard(at(176)), Guard::Unguarded(at(130)));
        assert_eq!(watched(Some(100), 100, None).guard(at(146)), Guard::Unguarded(at(100)));
    }

    #[test]
    fn clocks_that_differ_by_hours_change_nothing() {
        // The holder's is an hour behind that of the engine.
        let behind = watched(Some(3_700), 100, Some(130));
        assert_eq!(behind.guard(at(3_775)), Guard::Kept);
        assert_eq!(behind.guard(at(3_776)), Guard::Unguarded(at(3_730)));
    }

    #[test]
    fn a_lock_that_says_nothing_is_nobodys() {
        let lock = Lock { id: ContainerId::new("1"), claim: None };
        let nothing = Watched { lock, made: None, sign: None };
        assert_eq!(nothing.guard(at(0)), Guard::Unguarded(at(0)));
    }
}
