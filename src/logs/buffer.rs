//! The lines of one log view: bounded in bytes, oldest dropped first, with a filtered index that is kept up to date.

use std::collections::VecDeque;

use super::line::{Batch, Level, LineRef, Meta};
use super::pattern::Pattern;

/// Which lines are shown.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Lines below this level are left off; lines without a level always pass.
    pub min_level: Option<Level>,
    /// Every pattern must want the line.
    pub patterns: Vec<Pattern>,
}

impl Filter {
    /// Nothing is left off.
    pub fn is_empty(&self) -> bool {
        self.min_level.is_none() && self.patterns.is_empty()
    }

    /// Markers of the console itself always pass.
    pub fn wants(&self, line: &LineRef<'_>) -> bool {
        let is_level_ok = line.level == Level::Unknown || self.min_level.is_none_or(|min| line.level >= min);
        line.is_marker() || (is_level_ok && self.patterns.iter().all(|p| p.wants(line.bytes)))
    }
}

struct Block {
    batch: Batch,
    // Number of its first line.
    first: i64,
}

/// Lines in the order they are shown. Each has a number that stays its own; older lines put in front go below zero.
pub struct Buffer {
    blocks: VecDeque<Block>,
    limit_bytes: usize,
    bytes: usize,
    first: i64,
    end: i64,
    dropped: u64,
    filter: Filter,
    // Numbers of the wanted lines, ascending; unused while the filter is empty.
    wanted: VecDeque<i64>,
}

impl Buffer {
    /// Empty; holds at most `limit_bytes`, text and records counted.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
            limit_bytes,
            bytes: 0,
            first: 0,
            end: 0,
            dropped: 0,
            filter: Filter::default(),
            wanted: VecDeque::new(),
        }
    }

    /// Adds newer lines and drops whole blocks of the oldest while over the limit.
    pub fn push(&mut self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let first = self.end;
        self.index(&batch, first, false);
        self.end += batch.len() as i64;
        self.bytes += cost(&batch);
        self.blocks.push_back(Block { batch, first });
        while self.bytes > self.limit_bytes && self.blocks.len() > 1 {
            let Some(old) = self.blocks.pop_front() else { break };
            self.bytes -= cost(&old.batch);
            self.dropped += old.batch.len() as u64;
            self.first = old.first + old.batch.len() as i64;
        }
        while self.wanted.front().is_some_and(|n| *n < self.first) {
            self.wanted.pop_front();
        }
    }

    /// Adds older lines in front; `false` when there is no room for them and nothing was changed.
    pub fn prepend(&mut self, batch: Batch) -> bool {
        if self.bytes + cost(&batch) > self.limit_bytes {
            return false;
        }
        let first = self.first - batch.len() as i64;
        self.index(&batch, first, true);
        self.first = first;
        self.bytes += cost(&batch);
        self.blocks.push_front(Block { batch, first });
        true
    }

    /// Changes what is shown.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.wanted.clear();
        if self.filter.is_empty() {
            return;
        }
        for block in &self.blocks {
            for (i, line) in block.batch.iter().enumerate() {
                if self.filter.wants(&line) {
                    self.wanted.push_back(block.first + i as i64);
                }
            }
        }
    }

    /// What is shown now.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// How many lines are shown.
    pub fn shown(&self) -> usize {
        if self.filter.is_empty() { self.len() } else { self.wanted.len() }
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        (self.end - self.first) as usize
    }

    /// None is held.
    pub fn is_empty(&self) -> bool {
        self.end == self.first
    }

    /// How many fell out at the old end.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The number of the `k`-th shown line.
    pub fn number(&self, k: usize) -> Option<i64> {
        if self.filter.is_empty() {
            (k < self.len()).then_some(self.first + k as i64)
        } else {
            self.wanted.get(k).copied()
        }
    }

    /// Which shown line has that number, or the first after it.
    pub fn position(&self, number: i64) -> usize {
        if self.filter.is_empty() {
            (number - self.first).clamp(0, self.len() as i64) as usize
        } else {
            self.wanted.partition_point(|n| *n < number)
        }
    }

    /// The `k`-th shown line.
    pub fn line(&self, k: usize) -> Option<LineRef<'_>> {
        let number = self.number(k)?;
        let block = self.blocks.partition_point(|b| b.first <= number).checked_sub(1)?;
        let block = &self.blocks[block];
        block.batch.get((number - block.first) as usize)
    }

    /// Time of the oldest line held, ns since 1970.
    pub fn oldest_ns(&self) -> Option<i64> {
        Some(self.blocks.front()?.batch.get(0)?.at_ns)
    }

    /// Time of the newest line held, ns since 1970.
    pub fn newest_ns(&self) -> Option<i64> {
        let batch = &self.blocks.back()?.batch;
        Some(batch.get(batch.len() - 1)?.at_ns)
    }

    fn index(&mut self, batch: &Batch, first: i64, is_front: bool) {
        if self.filter.is_empty() {
            return;
        }
        let numbers: Vec<i64> =
            (first..).zip(batch.iter()).filter(|(_, line)| self.filter.wants(line)).map(|(n, _)| n).collect();
        if is_front {
            numbers.into_iter().rev().for_each(|n| self.wanted.push_front(n));
        } else {
            self.wanted.extend(numbers);
        }
    }
}

fn cost(batch: &Batch) -> usize {
    batch.text_bytes() + batch.len() * size_of::<Meta>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::line::Head;

    fn batch(lines: &[String]) -> Batch {
        let mut batch = Batch::new();
        for line in lines {
            batch.push(line.as_bytes(), Head::default());
        }
        batch
    }

    fn shown(buffer: &Buffer) -> Vec<String> {
        (0..buffer.shown())
            .map(|k| String::from_utf8_lossy(buffer.line(k).unwrap().bytes).into_owned())
            .collect()
    }

    #[test]
    fn the_oldest_lines_fall_out_and_are_counted() {
        let mut buffer = Buffer::new(200);
        for i in 0..10 {
            buffer.push(batch(&[format!("line {i}"), "x".repeat(20)]));
        }
        assert!(buffer.len() < 20 && buffer.dropped() == 20 - buffer.len() as u64);
        assert_eq!(buffer.number(0), Some(buffer.dropped() as i64));
        assert_eq!(shown(&buffer).last().unwrap(), &"x".repeat(20));
    }

    #[test]
    fn older_lines_that_do_not_fit_are_refused() {
        let mut buffer = Buffer::new(100);
        buffer.push(batch(&["new".into()]));
        assert!(!buffer.prepend(batch(&["x".repeat(200)])));
        assert!(buffer.prepend(batch(&["old".into()])));
        assert_eq!(shown(&buffer), ["old", "new"]);
        assert_eq!(buffer.number(0), Some(-1));
    }

    proptest! {
        #[test]
        fn the_filtered_view_is_the_naive_filter(
            steps in prop::collection::vec((any::<bool>(), prop::collection::vec("[ab]{0,4}", 0..5)), 0..12),
            when in 0..12_usize,
            limit in 100..600_usize,
        ) {
            let mut buffer = Buffer::new(limit);
            let mut model: VecDeque<String> = VecDeque::new();
            for (i, (is_front, lines)) in steps.iter().enumerate() {
                if i == when {
                    let filter = Filter { min_level: None, patterns: vec![Pattern::new("a").unwrap()] };
                    buffer.set_filter(filter);
                }
                if *is_front {
                    if buffer.prepend(batch(lines)) {
                        lines.iter().rev().for_each(|l| model.push_front(l.clone()));
                    }
                } else {
                    buffer.push(batch(lines));
                    model.extend(lines.iter().cloned());
                    while model.len() > buffer.len() {
                        model.pop_front();
                    }
                }
                let wanted: Vec<_> =
                    model.iter().filter(|l| i < when || l.contains('a')).cloned().collect();
                prop_assert_eq!(shown(&buffer), wanted);
                for k in 0..buffer.shown() {
                    prop_assert_eq!(buffer.position(buffer.number(k).unwrap()), k);
                }
            }
        }
    }
}
