//! How long to wait between two tries: twice as long each time up to a limit, never all hosts at the same moment. Pure.

use std::time::Duration;

/// The first wait between two tries of a host.
const FIRST: Duration = Duration::from_secs(1);

/// Waits that double while tries fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    failures: u32,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// From a second up to that longest wait, for a host.
    pub fn up_to(longest: Duration) -> Self {
        Self::between(FIRST, longest)
    }

    /// From this wait up to that.
    pub fn between(first: Duration, longest: Duration) -> Self {
        Self { failures: 0, first, longest }
    }

    /// The wait after one more failure. `roll` is any number: it takes up to a fifth off, so that what failed together
    /// is not tried together.
    pub fn after_failure(&mut self, roll: u64) -> Duration {
        let whole = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        whole.mul_f64(1.0 - (roll % 1000) as f64 / 5000.0)
    }

    /// It worked, and held.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_begin_again_after_a_success() {
        let mut backoff = Backoff::up_to(Duration::from_secs(30));
        let waits: Vec<_> = (0..7).map(|_| backoff.after_failure(0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        backoff.reset();
        assert_eq!(backoff.after_failure(0), Duration::from_secs(1));
    }

    #[test]
    fn a_roll_takes_at_most_a_fifth_off() {
        for roll in [0, 1, 999, 1000, u64::MAX] {
            let wait = Backoff::up_to(Duration::from_secs(30)).after_failure(roll);
            assert!((800..=1000).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
