//! After a reconnect the engine repeats what it sent at the last timestamp; this drops it.
//!
//! Never drops a line for its text alone: only lines not newer than the last one seen before the reconnect.

use super::line::{Batch, Flags, LineRef};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One source's memory of the last instant it saw. Engine API: `since` is inclusive and has ns precision.
#[derive(Debug, Default)]
pub struct Dedup {
    last_ns: Option<i64>,
    at_last: HashMap<u64, u32>,
    repeats: Option<Repeats>,
}

#[derive(Debug)]
struct Repeats {
    until_ns: i64,
    left: HashMap<u64, u32>,
}

impl Dedup {
    /// Has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to ask for as `since` when connecting again.
    pub fn since_ns(&self) -> Option<i64> {
        self.last_ns
    }

    /// The stream starts anew from [`Dedup::since_ns`].
    pub fn resume(&mut self) {
        self.repeats = self.last_ns.map(|until_ns| Repeats { until_ns, left: self.at_last.clone() });
    }

    /// Drops from `batch` what was seen before the reconnect and remembers the rest. Markers pass. Returns how many
    /// lines were dropped.
    pub fn pass(&mut self, batch: &mut Batch) -> usize {
        let before = batch.len();
        if self.repeats.is_some() {
            batch.retain(|line| line.is_marker() || !self.is_repeat(&line));
        }
        self.remember(batch);
        before - batch.len()
    }

    fn is_repeat(&mut self, line: &LineRef<'_>) -> bool {
        let Some(repeats) = &mut self.repeats else { return false };
        if line.at_ns > repeats.until_ns {
            // Past the seam: from here on a line out of order is new.
            self.repeats = None;
            return false;
        }
        if line.at_ns < repeats.until_ns {
            return true;
        }
        match repeats.left.get_mut(&fingerprint(line)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn remember(&mut self, batch: &Batch) {
        let stamped = || batch.iter().filter(|line| !line.is_marker());
        let newest =
            stamped().filter(|line| !line.flags.has(Flags::NO_TIMESTAMP)).map(|line| line.at_ns).max();
        let Some(newest) = newest.max(self.last_ns) else { return };
        if self.last_ns != Some(newest) {
            self.last_ns = Some(newest);
            self.at_last.clear();
        }
        for line in stamped().filter(|line| line.at_ns == newest) {
            *self.at_last.entry(fingerprint(&line)).or_default() += 1;
        }
    }
}

fn fingerprint(line: &LineRef<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.stream.hash(&mut hasher);
    line.bytes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::line::{Head, SourceId};

    fn batch(lines: &[(i64, &str)]) -> Batch {
        let mut batch = Batch::new();
        for (at_ns, text) in lines {
            batch.push(text.as_bytes(), Head { at_ns: *at_ns, source: SourceId(1), ..Head::default() });
        }
        batch
    }

    fn texts(batch: &Batch) -> Vec<&str> {
        batch.iter().map(|line| std::str::from_utf8(line.bytes).unwrap()).collect()
    }

    #[test]
    fn after_a_reconnect_lines_seen_before_are_dropped_once() {
        let mut dedup = Dedup::new();
        dedup.pass(&mut batch(&[(1, "a"), (2, "b"), (2, "b"), (2, "c")]));
        assert_eq!(dedup.since_ns(), Some(2));
        dedup.resume();
        let mut again = batch(&[(1, "a"), (2, "b"), (2, "b"), (2, "c"), (2, "b"), (3, "b")]);
        assert_eq!(dedup.pass(&mut again), 4);
        assert_eq!(texts(&again), ["b", "b"]);
    }

    #[test]
    fn without_a_reconnect_equal_lines_are_kept() {
        let mut dedup = Dedup::new();
        let mut twice = batch(&[(1, "a"), (1, "a")]);
        assert_eq!(dedup.pass(&mut twice), 0);
        assert_eq!(twice.len(), 2);
    }

    #[test]
    fn a_second_reconnect_knows_the_lines_that_came_between() {
        let mut dedup = Dedup::new();
        dedup.pass(&mut batch(&[(2, "b")]));
        dedup.resume();
        dedup.pass(&mut batch(&[(2, "b"), (2, "new")]));
        dedup.resume();
        let mut again = batch(&[(2, "b"), (2, "new"), (2, "newer")]);
        dedup.pass(&mut again);
        assert_eq!(texts(&again), ["newer"]);
    }

    #[test]
    fn a_line_out_of_order_after_the_seam_is_new() {
        let mut dedup = Dedup::new();
        dedup.pass(&mut batch(&[(5, "a")]));
        dedup.resume();
        let mut again = batch(&[(5, "a"), (6, "b"), (4, "late")]);
        dedup.pass(&mut again);
        assert_eq!(texts(&again), ["b", "late"]);
    }
}
