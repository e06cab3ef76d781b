//! When a figure is over its limit for long enough to be told. Calm: one reading neither raises nor clears anything, and
//! between raising and clearing lies a band, so that a figure that hovers at its limit does not come and go.

use chrono::{DateTime, TimeDelta, Utc};

/// Of the limit: below this part of it a figure counts as well again.
const CLEAR: f64 = 0.9;
/// Readings are at most so far apart; longer, and what lay between was not seen.
const GAP: TimeDelta = TimeDelta::seconds(30);
/// Without a reading for so long nothing is claimed any more.
const STALE: TimeDelta = TimeDelta::minutes(2);

/// What is watched of a container.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Figure {
    /// Processor time, of what it may use.
    Cpu,
    /// Memory, of its limit.
    Memory,
}

impl Figure {
    /// All of them, in the order they are told.
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];

    /// The word of the screen and of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }
}

/// A limit, and how long it must be crossed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rule {
    /// From this value on it is too much.
    pub limit: f64,
    /// Every reading of so long a time has to agree.
    pub hold: TimeDelta,
}

/// One figure under watch.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Watch {
    last: Option<DateTime<Utc>>,
    /// The first of the readings up to now that all say otherwise than what is told.
    other: Option<DateTime<Utc>>,
    raised: Option<DateTime<Utc>>,
}

impl Watch {
    /// Takes in a reading. One that is not newer than the last is dropped.
    pub fn record(&mut self, at: DateTime<Utc>, value: f64, rule: Rule) {
        let apart = self.last.map_or(TimeDelta::zero(), |last| at - last);
        if self.last.is_some_and(|last| at <= last) {
            return;
        }
        self.last = Some(at);
        if apart > rule.hold.max(GAP) {
            self.other = None;
        }
        if apart > STALE.max(rule.hold) {
            self.raised = None;
        }
        let is_other = match self.raised {
            None => value >= rule.limit,
            Some(_) => value < rule.limit * CLEAR,
        };
        if !is_other {
            self.other = None;
            return;
        }
        let since = *self.other.get_or_insert(at);
        if at - since >= rule.hold {
            self.raised = if self.raised.is_some() { None } else { Some(since) };
            self.other = None;
        }
    }

    /// Since when it is over its limit; `None` while it is not told, or nobody looked for long.
    pub fn since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.last.filter(|last| now - *last <= STALE)?;
        self.raised
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: Rule = Rule { limit: 0.9, hold: TimeDelta::seconds(60) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    /// A reading every five seconds; what is told after each.
    fn told(values: &[f64]) -> Vec<Option<DateTime<Utc>>> {
        let mut watch = Watch::default();
        let each = values.iter().enumerate().map(|(n, value)| {
            let now = at(n as i64 * 5);
            watch.record(now, *value, RULE);
            watch.since(now)
        });
        each.collect()
    }

    #[test]
    fn it_is_told_once_it_lasted_with_the_time_it_began() {
        let told = told(&[[0.2; 4].as_slice(), &[0.95; 20]].concat());
        assert_eq!(told.iter().position(Option::is_some), Some(4 + 12), "a minute after the first");
        assert_eq!(told.last(), Some(&Some(at(20))));
    }

    #[test]
    fn a_spike_is_not_told_and_a_dip_does_not_clear() {
        assert!(told(&[[0.95; 11].as_slice(), &[0.5], &[0.95; 11]].concat()).iter().all(Option::is_none));
        let dip = told(&[[0.95; 20].as_slice(), &[0.1; 11], &[0.95; 2]].concat());
        assert!(dip[12..].iter().all(Option::is_some), "{dip:?}");
    }

    #[test]
    fn it_is_cleared_once_it_was_well_for_as_long() {
        let told = told(&[[0.95; 20].as_slice(), &[0.5; 20]].concat());
        assert_eq!(told.iter().rposition(Option::is_some), Some(20 + 11));
    }

    #[test]
    fn what_nobody_saw_does_not_count_and_what_nobody_sees_is_not_claimed() {
        let mut watch = Watch::default();
        watch.record(at(0), 0.95, RULE);
        watch.record(at(61), 0.95, RULE);
        assert_eq!(watch.since(at(61)), None, "a minute without a reading is no minute over the limit");
        watch.record(at(100), 0.95, RULE);
        watch.record(at(121), 0.95, RULE);
        assert_eq!(watch.since(at(122)), Some(at(61)));
        assert_eq!(watch.since(at(121 + 121)), None);
    }

    proptest! {
        /// Whatever the readings do: what is told changes only after readings of a whole hold time that all agree, so
        /// two changes are never closer than that.
        #[test]
        fn it_never_turns_faster_than_its_hold_time(values in prop::collection::vec(0.0..1.2_f64, 0..600)) {
            let told = told(&values);
            let turns: Vec<_> = (1..told.len()).filter(|n| told[*n].is_some() != told[n - 1].is_some()).collect();
            prop_assert!(turns.windows(2).all(|two| two[1] - two[0] >= 12), "{turns:?}");
            for turn in turns {
                let window = &values[turn - 12..=turn];
                if told[turn].is_some() {
                    prop_assert!(window.iter().all(|value| *value >= 0.9));
                } else {
                    prop_assert!(window.iter().all(|value| *value < 0.81));
                }
            }
        }

        /// A figure that hovers at its limit is told at most once.
        #[test]
        fn hovering_at_the_limit_is_no_flapping(values in prop::collection::vec(0.82..1.0_f64, 0..600)) {
            let told = told(&values);
            let turns = told.windows(2).filter(|two| two[0].is_some() != two[1].is_some()).count();
            prop_assert!(turns <= 1);
        }
    }
}
