//! The time of the simulated hosts: it runs with the real one, faster, or only when a test says so.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::Instant;

/// Nanoseconds of the scenario's own time; 0 is where its script begins, what was before is negative.
pub type Ns = i64;

/// One second.
pub const SECOND: Ns = 1_000_000_000;

/// A clock; clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    // Scenario time goes `speed` times as fast as the wall clock from `from` on.
    Real { began: Instant, wall_ns: i64, from: Ns, speed: f64 },
    Held { wall_ns: i64, now: Arc<watch::Sender<Ns>> },
}

impl Clock {
    /// Runs with the machine's clock; scenario time is `from` now and goes `speed` times as fast.
    pub fn real(from: Duration, speed: f64) -> Self {
        let wall_ns = Utc::now().timestamp_nanos_opt().unwrap_or(0);
        Self(Kind::Real { began: Instant::now(), wall_ns, from: nanos(from), speed: speed.max(0.01) })
    }

    /// Stands still until [`Clock::set`]; second 0 is `starts` on the wall.
    pub fn held(starts: DateTime<Utc>) -> Self {
        let wall_ns = starts.timestamp_nanos_opt().unwrap_or(0);
        Self(Kind::Held { wall_ns, now: Arc::new(watch::Sender::new(0)) })
    }

    /// How far into the scenario a running clock began; a held one begins at 0.
    pub fn begins(&self) -> Duration {
        match &self.0 {
            Kind::Real { from, .. } => Duration::from_nanos(from.unsigned_abs()),
            Kind::Held { .. } => Duration::ZERO,
        }
    }

    /// Sets a held clock and wakes who waits for it. A running clock is not moved.
    pub fn set(&self, to: Duration) {
        if let Kind::Held { now, .. } = &self.0 {
            now.send_replace(nanos(to));
        }
    }

    /// Scenario time.
    pub fn now(&self) -> Ns {
        match &self.0 {
            Kind::Real { began, from, speed, .. } => from + (nanos(began.elapsed()) as f64 * speed) as Ns,
            Kind::Held { now, .. } => *now.borrow(),
        }
    }

    /// What the wall clock shows at a scenario time, in ns since 1970.
    pub fn wall_ns(&self, at: Ns) -> i64 {
        match &self.0 {
            // Before the console opened time went its usual way, or "up 2d" would be "up 5h" at ten times the speed.
            Kind::Real { wall_ns, from, speed, .. } if at > *from => {
                wall_ns + ((at - from) as f64 / speed) as i64
            }
            Kind::Real { wall_ns, from, .. } => wall_ns.saturating_add(at.saturating_sub(*from)),
            Kind::Held { wall_ns, .. } => wall_ns.saturating_add(at),
        }
    }

    /// As [`Clock::wall_ns`], as a date.
    pub fn wall(&self, at: Ns) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.wall_ns(at))
    }

    /// The scenario time at which the wall clock shows `wall_ns`.
    pub fn at_wall(&self, wall: i64) -> Ns {
        match &self.0 {
            Kind::Real { wall_ns, from, speed, .. } if wall > *wall_ns => {
                from.saturating_add(((wall - wall_ns) as f64 * speed) as Ns)
            }
            Kind::Real { wall_ns, from, .. } => from.saturating_add(wall.saturating_sub(*wall_ns)),
            Kind::Held { wall_ns, .. } => wall.saturating_sub(*wall_ns),
        }
    }

    /// Returns at that scenario time, at once if it is past, never for one that is beyond all clocks.
    pub async fn until(&self, at: Ns) {
        match &self.0 {
            Kind::Real { .. } if at == Ns::MAX => std::future::pending().await,
            Kind::Real { began, from, speed, .. } => {
                let wait = (at.saturating_sub(*from)).max(0) as f64 / speed;
                tokio::time::sleep_until(*began + Duration::from_nanos(wait as u64)).await;
            }
            Kind::Held { now, .. } => {
                // An error would mean that the clock is gone, and this holds it.
                let _ = now.subscribe().wait_for(|now| *now >= at).await;
            }
        }
    }
}

/// As scenario time.
pub fn nanos(time: Duration) -> Ns {
    Ns::try_from(time.as_nanos()).unwrap_or(Ns::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_and_scenario_time_are_each_others_inverse() {
        let clock = Clock::real(Duration::from_secs(60), 4.0);
        for at in [-3600 * SECOND, 0, 60 * SECOND, 100 * SECOND] {
            assert!((clock.at_wall(clock.wall_ns(at)) - at).abs() < 1000, "{at}");
        }
    }

    #[tokio::test]
    async fn a_held_clock_wakes_who_waits_when_it_is_set() {
        let clock = Clock::held(DateTime::UNIX_EPOCH);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.until(5 * SECOND).await }
        });
        clock.set(Duration::from_secs(5));
        waiting.await.unwrap();
        assert_eq!(clock.wall_ns(clock.now()), 5 * SECOND);
    }
}
