//! After a reconnect the engine repeats what it sent last, and a page read later overlaps what is held: this drops it.
//!
//! Never drops a line for its text alone: only one that was seen at that very instant, and as often as it was seen.

use super::line::{Batch, Flags, LineRef, SourceId};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

#[cfg(test)]
mod tests;

/// How far back lines may still be out of order: the engine stamps a line before it queues for the log file, so two
/// streams of one container overtake each other by some milliseconds.
pub const SLACK_NS: i64 = 50_000_000;

/// One source's memory of the last lines it saw. Engine API: `since` is inclusive and has ns precision.
#[derive(Clone, Debug, Default)]
pub struct Dedup {
    newest_ns: Option<i64>,
    // Lines before this were never told; coming now they would come out of order.
    oldest_ns: Option<i64>,
    // The lines of the last SLACK_NS, in the order they came.
    recent: VecDeque<(i64, u64)>,
    repeats: Option<Repeats>,
    has_met: bool,
}

#[derive(Clone, Debug)]
struct Repeats {
    until_ns: i64,
    left: HashMap<(i64, u64), u32>,
    // A line came that was told: what is older and comes only now was written late.
    is_joined: bool,
}

impl Dedup {
    /// Has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to ask for as `since` when connecting again: some lines before the last one, see [`SLACK_NS`].
    pub fn since_ns(&self) -> Option<i64> {
        self.newest_ns.map(|ns| ns.saturating_sub(SLACK_NS))
    }

    /// Time of the newest line seen.
    pub fn newest_ns(&self) -> Option<i64> {
        self.newest_ns
    }

    /// What lies between the lines seen before and those from this time on was left out on purpose, and stays so.
    pub fn begin_at(&mut self, oldest_ns: i64) {
        self.oldest_ns = Some(oldest_ns);
    }

    /// The stream starts anew from [`Dedup::since_ns`].
    pub fn resume(&mut self) {
        self.has_met = false;
        self.repeats = self.newest_ns.map(|until_ns| {
            let mut left = HashMap::new();
            for line in &self.recent {
                *left.entry(*line).or_default() += 1;
            }
            Repeats { until_ns, left, is_joined: false }
        });
    }

    /// Since the last [`Dedup::resume`] a line came that was seen before: the new stream joins on without a gap.
    pub fn has_met(&self) -> bool {
        self.has_met
    }

    /// Whether the first line seen is newer.
    pub fn begins_after(&self, at_ns: i64) -> bool {
        self.oldest_ns.is_some_and(|oldest| at_ns < oldest)
    }

    /// Whether this very line is among the last ones. For the few that stand out: looks through all of those.
    pub fn has_seen(&self, line: &LineRef<'_>) -> bool {
        let mut at = self.recent.iter().filter(|(at_ns, _)| *at_ns == line.at_ns).peekable();
        at.peek().is_some() && at.any(|(_, print)| *print == fingerprint(line))
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
        if line.at_ns > repeats.until_ns.saturating_add(SLACK_NS) {
            // Past the seam: from here on a line out of order is new.
            self.repeats = None;
            return false;
        }
        let is_before = !repeats.is_joined && self.oldest_ns.is_some_and(|oldest| line.at_ns < oldest);
        if is_before || line.at_ns < repeats.until_ns.saturating_sub(SLACK_NS) {
            self.has_met = true;
            return true;
        }
        let is_repeat = take(&mut repeats.left, &(line.at_ns, fingerprint(line)));
        self.has_met |= is_repeat;
        repeats.is_joined |= is_repeat;
        is_repeat
    }

    fn remember(&mut self, batch: &Batch) {
        let stamped = || batch.iter().filter(|line| !line.is_marker());
        self.oldest_ns = self.oldest_ns.or_else(|| stamped().next().map(|line| line.at_ns));
        let newest = stamped().filter(|line| !line.flags.has(Flags::NO_TIMESTAMP)).map(|line| line.at_ns);
        let Some(newest) = newest.max().max(self.newest_ns) else { return };
        self.newest_ns = Some(newest);
        let from_ns = newest.saturating_sub(SLACK_NS);
        while self.recent.front().is_some_and(|(at_ns, _)| *at_ns < from_ns) {
            self.recent.pop_front();
        }
        // Only the end of a batch is recent; the rest is not worth a hash.
        let first = batch.metas().iter().position(|meta| meta.at_ns >= from_ns).unwrap_or(batch.len());
        for line in batch.iter().skip(first).filter(|line| !line.is_marker() && line.at_ns >= from_ns) {
            self.recent.push_back((line.at_ns, fingerprint(&line)));
        }
    }
}

/// Lines that are held, counted, so that a page that overlaps them loses exactly those.
#[derive(Debug, Default)]
pub struct Seam {
    held: HashMap<(SourceId, i64, u64), u32>,
}

impl Seam {
    /// Of these lines; give it those within [`SLACK_NS`] of the edge the page joins on.
    pub fn of<'a>(lines: impl Iterator<Item = LineRef<'a>>) -> Self {
        let mut held = HashMap::new();
        for line in lines.filter(|line| !line.is_marker()) {
            *held.entry((line.source, line.at_ns, fingerprint(&line))).or_default() += 1;
        }
        Self { held }
    }

    /// Drops from `page` the lines that are held, each as often as it is held. Markers pass.
    pub fn drop_held(mut self, page: &mut Batch) {
        page.retain(|line| {
            line.is_marker() || !take(&mut self.held, &(line.source, line.at_ns, fingerprint(&line)))
        });
    }
}

fn take<K: Hash + Eq>(left: &mut HashMap<K, u32>, key: &K) -> bool {
    match left.get_mut(key) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

fn fingerprint(line: &LineRef<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.stream.hash(&mut hasher);
    line.bytes.hash(&mut hasher);
    hasher.finish()
}
