//! Whether a replica is ready, judged from what is seen of it as time passes.

use std::time::Duration;

use crate::domain::container::{Health, State};

/// So often it may be started again by itself before that counts as never getting ready.
const MOST_RESTARTS: u32 = 3;
/// So many answers of a probe in a row make it ready.
const IN_A_ROW: u32 = 2;

/// What is seen of a replica at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// What it does.
    pub state: State,
    /// What its HEALTHCHECK says.
    pub health: Health,
    /// How often the engine started it again by itself.
    pub restarts: u32,
    /// What its last health check or end said, where there is one.
    pub last: Option<String>,
    /// What a probe of readiness said, where one is configured.
    pub probe: Option<Result<(), String>>,
}

/// How it is judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Not yet; what it waits for.
    Wait(String),
    /// It is ready.
    Ready,
    /// It will not be; why.
    Failed(String),
}

/// A gate: asked again and again until it opens or fails.
#[derive(Clone, Debug)]
pub struct Gate {
    within: Duration,
    settle: Duration,
    restarts: Option<u32>,
    last_restarts: u32,
    up_since: Option<Duration>,
    in_a_row: u32,
}

impl Gate {
    /// It fails after `within`; what has no check at all is ready once it stayed up for `settle`.
    pub fn new(within: Duration, settle: Duration) -> Self {
        Self { within, settle, restarts: None, last_restarts: 0, up_since: None, in_a_row: 0 }
    }

    /// Judges what is seen `after` the gate was made; `None` where it is not there.
    pub fn judge(&mut self, seen: Option<&Seen>, after: Duration) -> Verdict {
        let Some(seen) = seen else { return Verdict::Failed("it is not there".to_owned()) };
        let last = seen.last.as_ref().map(|last| format!(": {last}")).unwrap_or_default();
        let before = *self.restarts.get_or_insert(seen.restarts);
        let restarted = seen.restarts.saturating_sub(before);
        if restarted >= MOST_RESTARTS {
            return Verdict::Failed(format!("it was restarted {restarted} times{last}"));
        }
        let wait = match (&seen.state, seen.health) {
            (State::Running, Health::Starting) => "its health check has not passed yet",
            (State::Running, Health::Unhealthy) => "its health check fails",
            (State::Running, Health::Healthy | Health::None) => return self.up(seen, after),
            (State::Restarting, _) => "it is being restarted",
            (State::Created, _) => "it is not started",
            (State::Exited(code), _) => {
                let code = code.map_or_else(|| "an unknown code".to_owned(), |code| code.to_string());
                return Verdict::Failed(format!("it ended with {code}{last}"));
            }
            (other, _) => return Verdict::Failed(format!("it is {}{last}", other.word())),
        };
        self.not_ready(&format!("{wait}{last}"), after)
    }

    fn up(&mut self, seen: &Seen, after: Duration) -> Verdict {
        if seen.restarts != self.last_restarts {
            (self.up_since, self.last_restarts) = (None, seen.restarts);
        }
        let since = *self.up_since.get_or_insert(after);
        match &seen.probe {
            Some(Err(why)) => self.not_ready(&format!("its probe says {why}"), after),
            Some(Ok(())) => {
                self.in_a_row += 1;
                if self.in_a_row >= IN_A_ROW {
                    Verdict::Ready
                } else {
                    Verdict::Wait("probed once".to_owned())
                }
            }
            None if seen.health == Health::Healthy => Verdict::Ready,
            None if after.saturating_sub(since) >= self.settle => Verdict::Ready,
            None => Verdict::Wait(format!("no check: it has to stay up for {} s", self.settle.as_secs())),
        }
    }

    fn not_ready(&mut self, why: &str, after: Duration) -> Verdict {
        (self.up_since, self.in_a_row) = (None, 0);
        if after < self.within {
            return Verdict::Wait(why.to_owned());
        }
        Verdict::Failed(format!("not ready within {} s: {why}", self.within.as_secs()))
    }
}

#[cfg(test)]
mod tests;
