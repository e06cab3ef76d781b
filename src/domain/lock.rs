//! The lock of an environment: while somebody holds it nobody else deploys there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{ContainerId, EnvironmentId};
use super::ledger::Who;

/// What the name of the container begins with that is a lock. It is never started, and no service of anybody's.
pub const NAME: &str = "pilothouse-lock-";

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
