//! Since when something is well or not, from single observations. Knows what was seen and what was not: a change that
//! nobody saw has no time, only a time by which it had happened.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// Runs that are kept; the oldest go first.
const RUNS: usize = 64;
/// Changes within this time count as flapping …
const FLAPPING_WINDOW: TimeDelta = TimeDelta::minutes(10);
/// … from so many on, while the last is younger than [`SETTLED`].
const FLAPPING_CHANGES: usize = 4;
const SETTLED: TimeDelta = TimeDelta::minutes(3);

/// A time during which every observation said the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// What they said.
    pub is_ok: bool,
    /// The first of them.
    pub since: DateTime<Utc>,
    /// Its beginning was seen: what stood before said the opposite. Otherwise it may have begun earlier.
    pub is_exact: bool,
    /// The last of them.
    pub until: DateTime<Utc>,
    /// How many there were.
    pub count: u32,
}

/// It changes again and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flapping {
    /// How often it changed …
    pub changes: usize,
    /// … since.
    pub since: DateTime<Utc>,
}

/// Runs, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Timeline {
    runs: VecDeque<Run>,
    is_broken: bool,
}

impl Timeline {
    /// Takes in an observation. Without one for longer than `gap` before it, what lay between counts as unseen. An
    /// observation that is not newer than the last is dropped. Whether it was seen to turn.
    pub fn record(&mut self, at: DateTime<Utc>, is_ok: bool, gap: TimeDelta) -> bool {
        let last = self.runs.back_mut();
        let is_seen = last.as_ref().is_some_and(|run| at - run.until <= gap) && !self.is_broken;
        match last {
            Some(run) if at <= run.until => return false,
            Some(run) if run.is_ok == is_ok && is_seen => {
                run.until = at;
                run.count += 1;
                return false;
            }
            _ => {}
        }
        self.is_broken = false;
        if self.runs.len() == RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back(Run { is_ok, since: at, is_exact: is_seen, until: at, count: 1 });
        is_seen
    }

    /// From here on nothing is seen until the next observation.
    pub fn break_off(&mut self) {
        self.is_broken = true;
    }

    /// It is known from elsewhere, in order of time, that it turned so just then. Dates what was there at first sight; what
    /// contradicts a later observation is dropped.
    pub fn turned(&mut self, at: DateTime<Utc>, is_ok: bool) {
        let fresh = Run { is_ok, since: at, is_exact: true, until: at, count: 0 };
        match self.runs.back_mut() {
            Some(run) if run.is_ok == is_ok => {
                if !run.is_exact && at <= run.since {
                    (run.since, run.is_exact) = (at, true);
                }
                run.until = run.until.max(at);
            }
            Some(run) if at <= run.until => {}
            _ => {
                self.is_broken = false;
                self.runs.push_back(fresh);
            }
        }
        while self.runs.len() > RUNS {
            self.runs.pop_front();
        }
    }

    /// How it is now.
    pub fn current(&self) -> Option<&Run> {
        self.runs.back()
    }

    /// How it was before it turned; `None` if nobody saw it turn.
    pub fn before(&self) -> Option<&Run> {
        self.current().filter(|run| run.is_exact)?;
        self.runs.get(self.runs.len().checked_sub(2)?)
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = &Run> {
        self.runs.iter()
    }

    /// Whether it changes again and again, at this time.
    pub fn flapping(&self, now: DateTime<Utc>) -> Option<Flapping> {
        self.current().filter(|run| now - run.since < SETTLED)?;
        let changes = self.runs.iter().filter(|run| run.is_exact && now - run.since <= FLAPPING_WINDOW);
        let first = changes.clone().next()?;
        let changes = changes.count();
        (changes >= FLAPPING_CHANGES).then_some(Flapping { changes, since: first.since })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GAP: TimeDelta = TimeDelta::seconds(15);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    /// An observation every five seconds: `o` ok, `x` not, `.` none.
    fn timeline(text: &str) -> Timeline {
        let mut timeline = Timeline::default();
        for (n, word) in text.chars().enumerate().filter(|(_, word)| *word != '.') {
            timeline.record(at(n as i64 * 5), word == 'o', GAP);
        }
        timeline
    }

    #[test]
    fn a_change_that_was_seen_has_its_time() {
        let timeline = timeline("oooxx");
        let (now, before) = (timeline.current().unwrap(), timeline.before().unwrap());
        assert_eq!((now.is_ok, now.since, now.is_exact), (false, at(15), true));
        assert_eq!((before.is_ok, before.since, before.is_exact), (true, at(0), false));
    }

    #[test]
    fn what_was_there_at_first_sight_may_have_begun_earlier() {
        let timeline = timeline("xx");
        assert!(!timeline.current().unwrap().is_exact);
        assert_eq!(timeline.before(), None);
    }

    #[test]
    fn nothing_is_claimed_of_a_time_when_nobody_looked() {
        for text in ["oo......oo", "oo......xx"] {
            let timeline = timeline(text);
            let now = timeline.current().unwrap();
            assert_eq!((now.since, now.is_exact), (at(40), false), "{text}");
            assert_eq!(timeline.before(), None, "{text}");
        }
        let mut broken = timeline("oo");
        broken.break_off();
        broken.record(at(10), true, GAP);
        assert_eq!(broken.current().unwrap().since, at(10));
    }

    #[test]
    fn an_event_dates_what_was_there_at_first_sight() {
        let mut known = timeline(".....xx");
        known.turned(at(3), false);
        assert_eq!(known.current().map(|run| (run.since, run.is_exact)), Some((at(3), true)));
        let mut contradicted = timeline(".....xx");
        contradicted.turned(at(3), true);
        assert_eq!(contradicted, timeline(".....xx"));
    }

    #[test]
    fn many_changes_in_a_short_time_are_flapping_until_it_settles() {
        let flapping = timeline("oxoxo");
        assert_eq!(flapping.flapping(at(25)), Some(Flapping { changes: 4, since: at(5) }));
        assert_eq!(flapping.flapping(at(20 + 180)), None);
        assert_eq!(timeline("oooox").flapping(at(25)), None);
    }

    proptest! {
        #[test]
        fn runs_are_ordered_bounded_and_keep_the_last_word(text in "[ox.]{0,400}") {
            let timeline = timeline(&text);
            let runs: Vec<_> = timeline.runs().collect();
            prop_assert!(runs.len() <= RUNS);
            prop_assert!(runs.iter().all(|run| run.since <= run.until));
            prop_assert!(runs.windows(2).all(|two| two[0].until < two[1].since));
            let exact_turns = runs.windows(2).filter(|two| two[1].is_exact);
            prop_assert!(exact_turns.clone().all(|two| two[0].is_ok != two[1].is_ok));
            let last = text.chars().rev().find(|c| *c != '.');
            prop_assert_eq!(timeline.current().map(|run| run.is_ok), last.map(|c| c == 'o'));
        }
    }
}
