//! How far a host's clock is ahead of ours, measured by asking it for its time.

/// A clock that is further off is worth telling: it puts what happened into the wrong order.
pub const TOLD_NS: i64 = 500_000_000;
/// A measurement that may be off by more than this is made again when it matters.
const GOOD_NS: i64 = 100_000_000;

/// What one question for the time told: its clock is so far ahead of ours, give or take half the way there and back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Skew {
    /// Nanoseconds that its clock is ahead; less than 0 where it is behind.
    pub ahead_ns: i64,
    /// How far this may be off.
    pub within_ns: i64,
}

impl Skew {
    /// From the host's time and ours before and after it was asked.
    pub fn measured(before_ns: i64, theirs_ns: i64, after_ns: i64) -> Self {
        let within_ns = after_ns.saturating_sub(before_ns).max(0) / 2;
        Self { ahead_ns: theirs_ns.saturating_sub(before_ns.saturating_add(within_ns)), within_ns }
    }

    /// What is taken off the host's times: nothing where the measurement cannot tell its clock from ours.
    pub fn certain_ns(self) -> i64 {
        if self.ahead_ns.saturating_abs() <= self.within_ns { 0 } else { self.ahead_ns }
    }

    /// Far enough off to be told.
    pub fn is_told(self) -> bool {
        self.certain_ns().saturating_abs() > TOLD_NS
    }

    /// Exact enough for putting lines into order.
    pub fn is_good(self) -> bool {
        self.within_ns <= GOOD_NS
    }

    /// What holds after another measurement. One that agrees changes nothing, unless it is much more exact: lines that
    /// are shown and lines that are read again must keep their times.
    #[must_use]
    pub fn then(self, newer: Self) -> Self {
        let apart_ns = self.ahead_ns.saturating_sub(newer.ahead_ns).saturating_abs();
        let is_other = apart_ns > self.within_ns.saturating_add(newer.within_ns);
        let is_better = !self.is_good() && newer.within_ns < self.within_ns / 2;
        if is_other || is_better { newer } else { self }
    }
}

impl std::fmt::Display for Skew {
    /// `2.5s ahead`, `1m behind`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.ahead_ns.saturating_abs() / 1_000_000;
        let side = if self.ahead_ns < 0 { "behind" } else { "ahead" };
        match ms {
            0..10_000 => write!(f, "{}.{}s {side}", ms / 1000, ms % 1000 / 100),
            10_000..120_000 => write!(f, "{}s {side}", ms / 1000),
            120_000..7_200_000 => write!(f, "{}m {side}", ms / 60_000),
            _ => write!(f, "{}h {side}", ms / 3_600_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn skew(ahead_ms: i64, within_ms: i64) -> Skew {
        Skew { ahead_ns: ahead_ms * MS, within_ns: within_ms * MS }
    }

    #[test]
    fn half_the_way_there_and_back_is_taken_off_and_is_the_doubt() {
        assert_eq!(Skew::measured(1000 * MS, 2100 * MS, 1200 * MS), skew(1000, 100));
        assert_eq!(Skew::measured(1000 * MS, 600 * MS, 1200 * MS), skew(-500, 100));
    }

    #[test]
    fn what_the_measurement_cannot_tell_from_nothing_is_nothing() {
        assert_eq!(skew(80, 100).certain_ns(), 0);
        assert_eq!(skew(-120, 100).certain_ns(), -120 * MS);
        assert!(!skew(700, 800).is_told() && skew(700, 100).is_told() && skew(-700, 100).is_told());
    }

    #[test]
    fn a_measurement_that_agrees_leaves_all_times_as_they_are() {
        assert_eq!(skew(500, 20).then(skew(520, 10)), skew(500, 20));
    }

    #[test]
    fn a_clock_that_was_set_and_a_much_better_measurement_are_taken() {
        assert_eq!(skew(500, 20).then(skew(0, 20)), skew(0, 20));
        assert_eq!(skew(500, 400).then(skew(620, 30)), skew(620, 30));
    }

    #[test]
    fn it_is_told_in_one_figure() {
        let told = [
            (2_540, "2.5s ahead"),
            (-61_000, "61s behind"),
            (600_000, "10m ahead"),
            (-86_400_000, "24h behind"),
        ];
        for (ms, text) in told {
            assert_eq!(skew(ms, 0).to_string(), text);
        }
    }
}
