//! What may be changed now: protected environments are read-only until they are unlocked for a while.
//! Pure: time comes in; what nobody may do is refused elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::domain::environment::Environment;
use crate::domain::ids::EnvironmentId;

/// How long a protected environment stays writable where nobody set it.
const WRITE_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Whether an environment may be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Not protected.
    Open,
    /// Protected and locked.
    ReadOnly,
    /// Protected and unlocked for so much longer.
    Writable(Duration),
}

/// What was unlocked and what was asked.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// How long each stays writable, where it was set.
    pub windows: BTreeMap<EnvironmentId, Duration>,
    /// Environments that a file of the configuration names.
    pub configured: BTreeSet<EnvironmentId>,
    until: BTreeMap<EnvironmentId, Instant>,
    declined: BTreeSet<EnvironmentId>,
}

impl Gate {
    /// Whether it may be changed now.
    pub fn access(&self, environment: &Environment, now: Instant) -> Access {
        if !environment.is_protected {
            return Access::Open;
        }
        let left = self.until.get(&environment.id).map(|until| until.saturating_duration_since(now));
        left.filter(|left| !left.is_zero()).map_or(Access::ReadOnly, Access::Writable)
    }

    /// How long it stays writable when nothing else is said.
    pub fn window(&self, id: &EnvironmentId) -> Duration {
        self.windows.get(id).copied().unwrap_or(WRITE_WINDOW)
    }

    /// Unlocks for that long from now on; no time at all locks.
    pub fn unlock(&mut self, id: &EnvironmentId, how_long: Duration, now: Instant) {
        self.until.remove(id);
        if !how_long.is_zero() {
            self.until.insert(id.clone(), now + how_long);
        }
    }

    /// Those whose time is over; each is told once.
    pub fn lapsed(&mut self, now: Instant) -> Vec<EnvironmentId> {
        let over: Vec<_> =
            self.until.iter().filter(|(_, until)| **until <= now).map(|(id, _)| id.clone()).collect();
        self.until.retain(|_, until| *until > now);
        over
    }

    /// Nobody wanted to say what it is: not asked again while this console runs.
    pub fn decline(&mut self, id: EnvironmentId) {
        self.declined.insert(id);
    }

    /// Whether somebody did not want to say what it is.
    pub fn is_declined(&self, id: &EnvironmentId) -> bool {
        self.declined.contains(id)
    }
}
