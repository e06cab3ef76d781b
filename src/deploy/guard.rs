//! Whether a new slot serves as well as the old one beside it, judged from counters of both as time passes. No clock: who
//! looks gives the counters since the hold began, and may look as often as it likes.
//!
//! Errors are compared by Fisher's exact test, one-sided. Looking again and again would find a bad moment of a healthy
//! release sooner or later, so only some looks count: the first with enough requests, then one for every fifth more. The
//! k-th of them may err with a share of 1/((k+1)(k+2)) of 0.5 %, over all holds of a deployment: together never more.
//! Simulated (`tests/it/guards.rs`, old and healthy new at 0.2 % errors, weight 5 %, a look every 2 s for 10 minutes):
//! 0.1 % of healthy releases are sent back; by "more than 1 % of at least 50 failed" it is 17 %, by the same test without
//! the correction 5 %. A release with 5 % errors is caught after 200 to 230 of its requests (p50), within 310 (p95).

use std::time::Duration;

pub mod fisher;
pub mod policy;

pub use policy::{Next, Policy};

/// So many healthy deployments may be sent back by chance, over all of their looks.
const BY_CHANCE: f64 = 0.005;
/// Fewer failed requests than this are never held against a release.
const LEAST_ERRORS: u64 = 3;
/// From one look that counts to the next there are so many more requests: one for each of these.
const GROWTH: u64 = 5;
/// So many looks that count have to find it slow, one after the other.
const SLOW_LOOKS: u32 = 2;
/// Less than this is nothing that anybody waits for, whatever the ratio: balancers tell whole milliseconds.
const NOTICEABLE: Duration = Duration::from_millis(5);

/// What the configuration says of how a new release is judged.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Guards {
    /// A share of failed requests up to this is never held against it; above, more than the old one's is.
    pub errors: f64,
    /// Its mean latency may be at most so many times that of the old one; not judged where it is `None`.
    pub latency: Option<f64>,
    /// Fewer requests than this, of either, tell nothing.
    pub min_requests: u64,
    /// What is done where there is nothing to judge by.
    pub inconclusive: Policy,
}

impl Default for Guards {
    fn default() -> Self {
        Self { errors: 0.005, latency: None, min_requests: 200, inconclusive: Policy::Ask }
    }
}

/// What a slot answered in a window of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Window {
    /// All requests that came to an end.
    pub requests: u64,
    /// Those of them that failed by the server's doing: 5xx, cut, no connection.
    pub errors: u64,
    /// Those of them that found no server to connect to.
    pub connect_errors: u64,
    /// The mean of what an answer took, where the balancer tells it.
    pub mean_latency: Option<Duration>,
}

/// Replicas of the new slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Replicas {
    /// That were ready when the hold began.
    pub joined: u32,
    /// That are ready now.
    pub ready: u32,
    /// How often the engine started one of them again since then.
    pub restarts: u32,
}

/// What is seen at one time, all of it since the hold began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// The slot that served before.
    pub old: Window,
    /// The old one's window is from before the switch: it takes no traffic now.
    pub is_before: bool,
    /// The slot that is tried.
    pub new: Window,
    /// Its replicas.
    pub replicas: Replicas,
}

/// How it is judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Enough was seen, and nothing speaks against it.
    Pass,
    /// It has to go back; why.
    Fail(String),
    /// It cannot be told.
    Inconclusive {
        /// Why not.
        why: String,
        /// Something speaks against it, but it may be chance.
        is_doubt: bool,
    },
}

/// Judges one deployment, hold after hold.
#[derive(Clone, Debug)]
pub struct Guard {
    guards: Guards,
    counted: u32,
    next_at: u64,
    slow: u32,
    failed: Option<String>,
}

impl Guard {
    /// For a deployment that begins.
    pub fn new(guards: Guards) -> Self {
        Self { guards, counted: 0, next_at: guards.min_requests.max(1), slow: 0, failed: None }
    }

    /// The share is another one now: counters begin at zero, what may err by chance goes on.
    pub fn next_hold(&mut self) {
        *self = Self { counted: self.counted, ..Self::new(self.guards) };
    }

    /// Judges what is seen. What has failed stays failed until the next hold.
    pub fn judge(&mut self, look: &Look) -> Verdict {
        if self.failed.is_none() {
            match self.find(look) {
                Verdict::Fail(why) => self.failed = Some(why),
                other => return other,
            }
        }
        Verdict::Fail(self.failed.clone().unwrap_or_default())
    }

    fn find(&mut self, look: &Look) -> Verdict {
        let (old, new) = (look.old, look.new);
        if let Some(why) = hard_stop(look) {
            return Verdict::Fail(why);
        }
        let is_much = new.errors >= LEAST_ERRORS && share(new.errors, new.requests) > self.guards.errors;
        let chance = if is_much { fisher::at_least_as_bad(&new, &old) } else { 1.0 };
        let counts = new.requests >= self.next_at;
        if counts {
            let allowed = BY_CHANCE / (f64::from(self.counted + 1) * f64::from(self.counted + 2));
            self.counted += 1;
            self.next_at = new.requests + new.requests.div_ceil(GROWTH);
            if chance <= allowed {
                return Verdict::Fail(beside(look));
            }
        }
        let slow = self.slow(look);
        self.slow = match (counts, &slow) {
            (true, Some(Ok(_))) => self.slow + 1,
            (true, _) => 0,
            (false, _) => self.slow,
        };
        match slow {
            Some(Ok(why)) if self.slow >= SLOW_LOOKS => Verdict::Fail(why),
            _ if chance <= BY_CHANCE => unsure(format!("{}: it may be chance", beside(look)), true),
            Some(Ok(why)) => unsure(format!("{why}: it may be chance"), true),
            Some(Err(why)) => unsure(why, false),
            None => self.enough(look).map_or(Verdict::Pass, |why| unsure(why, false)),
        }
    }

    /// What there is too little of.
    fn enough(&self, look: &Look) -> Option<String> {
        let least = self.guards.min_requests.max(1);
        match (look.new.requests, look.old.requests) {
            (0, _) => Some("no request reached the new slot".to_owned()),
            (new, _) if new < least => Some(format!("{new} of {least} requests reached the new slot")),
            (_, 0) => Some("no request reached the old slot: nothing to compare with".to_owned()),
            (_, old) if old < least => Some(format!("{old} of {least} requests reached the old slot")),
            _ => None,
        }
    }

    /// Why its latency is too high, or why that cannot be told; `None` where all is well or nothing is asked.
    fn slow(&self, look: &Look) -> Option<Result<String, String>> {
        let most = self.guards.latency?;
        // Too few to tell is told as that.
        if self.enough(look).is_some() {
            return None;
        }
        let (Some(new), Some(old)) = (look.new.mean_latency, look.old.mean_latency) else {
            return Some(Err("latency is guarded, but the balancer does not tell it".to_owned()));
        };
        let is_slow = new > old.mul_f64(most) && new.saturating_sub(old) >= NOTICEABLE;
        let ms = |mean: Duration| mean.as_millis();
        is_slow.then(|| Ok(format!("answers take {} ms in the mean, the old slot's {} ms", ms(new), ms(old))))
    }
}

/// What ends it however little was seen.
fn hard_stop(look: &Look) -> Option<String> {
    let Replicas { joined, ready, restarts } = look.replicas;
    if ready < joined {
        return Some(format!("{} of {joined} new replicas left readiness", joined - ready));
    }
    if restarts > 0 {
        let times = if restarts == 1 { "once".to_owned() } else { format!("{restarts} times") };
        return Some(format!("new replicas were restarted {times}"));
    }
    let (old, new) = (look.old, look.new);
    // Where the old slot cannot be connected to either, the release is not what is wrong.
    let is_worse = share(new.connect_errors, new.requests) > share(old.connect_errors, old.requests);
    (new.connect_errors > 0 && is_worse).then(|| {
        format!("{} of {} requests found no new replica to connect to", new.connect_errors, new.requests)
    })
}

fn unsure(why: String, is_doubt: bool) -> Verdict {
    Verdict::Inconclusive { why, is_doubt }
}

/// As a part of one; more than there were is all.
fn share(part: u64, all: u64) -> f64 {
    if all == 0 { f64::from(u8::from(part > 0)) } else { (part as f64 / all as f64).min(1.0) }
}

fn beside(look: &Look) -> String {
    let side = |window: &Window| {
        let percent = 100.0 * share(window.errors, window.requests);
        format!("{} of {} requests failed ({percent:.1} %)", window.errors, window.requests)
    };
    let before = if look.is_before { " before the switch" } else { "" };
    format!("{}, of the old slot{before} {}", side(&look.new), side(&look.old))
}

#[cfg(test)]
mod tests;
