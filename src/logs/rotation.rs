//! Watches a followed log whose files rotate: the engine that follows them may leave out whole files or tell one twice.
//!
//! Seen on engine 20.10 with `max-size=1m` under a flood: where two rotations come faster than its follower wakes, it goes
//! on with the newest file and leaves out the one between, or reads a file again from its start. Never drops a line
//! that was not told, and never asks for what cannot be missing.

use super::dedup::{Dedup, SLACK_NS};
use super::line::Batch;
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// What a line costs in a file besides its text: its stream, its time, its quotes.
const LINE_BYTES: u64 = 64;
/// Lines this much older than the opening of the stream were read, not followed: of those none is left out.
const OPENING_NS: i64 = 2_000_000_000;
/// Two streams of one container overtake each other by less than this.
const LATE_NS: i64 = 1_000_000;
/// The rate is taken over at least this.
const LEAST_SPAN_NS: i64 = 10_000_000;
/// A file may be left out where so many times the present rate would have filled one.
const MARGIN: i64 = 12;
/// Batches that the rate is taken over.
const RATE_BATCHES: usize = 32;

/// Times between which the engine may have left lines out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// From here on what is in the files has to be looked at; some lines before the last one told.
    pub since_ns: i64,
    /// The next line that was told.
    pub until_ns: i64,
    /// The last line told before.
    pub last_ns: i64,
    /// Longer than most pauses: at the present rate a good part of a file was written meanwhile.
    pub is_likely: bool,
}

/// What becomes of a batch.
#[derive(Debug, Default)]
pub struct Taken {
    /// To be handed on, before anything is asked.
    pub lines: Batch,
    /// Lines of a stream whose newer ones are told came only now, and are left out.
    pub has_late: bool,
    /// A line came that was told before a gap or a new stream: nothing is missing in front.
    pub has_met: bool,
    /// Has to be looked into first, then the rest of the batch taken.
    pub gap: Option<(Gap, Batch)>,
}

enum Break {
    Back,
    Gap(Gap),
}

/// One followed stream.
#[derive(Debug)]
pub struct Watch {
    file_bytes: u64,
    opened_ns: i64,
    dedup: Dedup,
    // Bytes and time of the last batches, without the gaps.
    rate: VecDeque<(u64, i64)>,
    last_ns: Option<i64>,
    // Time of the line before, told or not.
    before_ns: i64,
    // In front of this line nothing is missing that could still be had.
    checked_ns: i64,
    // The last line before the gap that is looked into.
    gap_ns: i64,
    // The newest line told of each stream: one stream's lines are stamped in order.
    newest_of: [i64; 2],
    has_late: bool,
    told_bytes: u64,
    quiet_bytes: u64,
}

impl Watch {
    /// A new file is begun after about so many bytes; the stream was opened then, by the engine's clock.
    pub fn new(file_bytes: u64, opened_ns: i64) -> Self {
        Self {
            file_bytes: file_bytes.max(1),
            opened_ns,
            dedup: Dedup::new(),
            rate: VecDeque::new(),
            last_ns: None,
            before_ns: i64::MIN,
            checked_ns: i64::MIN,
            gap_ns: i64::MAX,
            newest_of: [i64::MIN; 2],
            has_late: false,
            told_bytes: 0,
            quiet_bytes: 0,
        }
    }

    /// Time of the newest line told.
    pub fn newest_ns(&self) -> Option<i64> {
        self.dedup.newest_ns()
    }

    /// So much came since this was true last that the file may have been rotated, and the engine's follower stuck.
    pub fn may_be_stuck(&mut self) -> bool {
        let is_enough = self.quiet_bytes >= self.file_bytes / 64;
        if is_enough {
            self.quiet_bytes = 0;
        }
        is_enough
    }

    /// The lines of a batch up to where some may be missing, without those that were told already.
    pub fn take(&mut self, mut batch: Batch) -> Taken {
        let (mut lines, mut has_met) = (Batch::new(), false);
        loop {
            let Some((at, found)) = self.first_break(&batch) else {
                self.pass(&mut batch);
                if lines.is_empty() {
                    lines = batch;
                } else {
                    lines.append_from(&batch, 0);
                }
                has_met |= self.dedup.has_met();
                return self.taken(lines, has_met, None);
            };
            let (mut head, mut rest) = (Batch::new(), Batch::new());
            rest.append_from(&batch, at);
            for line in batch.iter().take(at) {
                head.push(line.bytes, line.head());
            }
            self.pass(&mut head);
            lines.append_from(&head, 0);
            has_met |= self.dedup.has_met();
            match found {
                Break::Back => {
                    self.reopened();
                    batch = rest;
                }
                Break::Gap(gap) => {
                    (self.last_ns, self.checked_ns) = (Some(gap.until_ns), gap.until_ns);
                    self.gap_ns = gap.last_ns;
                    self.reopened();
                    return self.taken(lines, has_met, Some((gap, rest)));
                }
            }
        }
    }

    fn taken(&mut self, lines: Batch, has_met: bool, gap: Option<(Gap, Batch)>) -> Taken {
        Taken { lines, has_late: std::mem::take(&mut self.has_late), has_met, gap }
    }

    /// The gap was read to its end; what follows may still repeat some of it.
    pub fn filled(&mut self) {
        // The files went on rotating while they were read: what was found may have a gap behind it in turn.
        if self.dedup.newest_ns() > Some(self.gap_ns) {
            self.checked_ns = i64::MIN;
        }
        self.reopened();
    }

    /// What comes next begins again before the newest line.
    pub fn reopened(&mut self) {
        self.dedup.resume();
        self.before_ns = i64::MIN;
    }

    fn pass(&mut self, batch: &mut Batch) {
        let last_ns = batch.metas().last().map(|meta| meta.at_ns);
        let bytes = batch.text_bytes() as u64 + LINE_BYTES * batch.len() as u64;
        self.told_bytes += bytes;
        self.quiet_bytes += bytes;
        if let Some(last_ns) = last_ns {
            self.before_ns = last_ns;
            let from_ns = self.last_ns.or(batch.metas().first().map(|meta| meta.at_ns));
            self.rate.push_back((bytes, from_ns.map_or(0, |from| last_ns.saturating_sub(from).max(0))));
            self.last_ns = self.last_ns.max(Some(last_ns));
            if self.rate.len() > RATE_BATCHES {
                self.rate.pop_front();
            }
        }
        self.dedup.pass(batch);
        let before = batch.len();
        batch.retain(|line| {
            let newest_ns = &mut self.newest_of[line.stream as usize];
            let is_late = line.at_ns < *newest_ns;
            *newest_ns = line.at_ns.max(*newest_ns);
            !is_late
        });
        self.has_late |= batch.len() < before;
    }

    /// The first line that is told again, or that comes later than it should.
    fn first_break(&self, batch: &Batch) -> Option<(usize, Break)> {
        let mut newest_ns = self.dedup.newest_ns()?;
        let mut before_ns = self.before_ns;
        let can_miss = self.told_bytes >= self.file_bytes / 64;
        let least_ns = if can_miss { self.least_gap_ns() } else { i64::MAX };
        for (at, meta) in batch.metas().iter().enumerate() {
            // Two streams of one container overtake each other by a little: then the line is a new one.
            if meta.at_ns <= before_ns
                && (meta.at_ns < newest_ns - SLACK_NS
                    || meta.at_ns < self.newest_of[meta.stream as usize]
                    || meta.at_ns < before_ns - LATE_NS && self.dedup.begins_after(meta.at_ns)
                    || self.is_again(batch, at))
            {
                return Some((at, Break::Back));
            }
            before_ns = meta.at_ns;
            let is_late = meta.at_ns != self.checked_ns && meta.at_ns.saturating_sub(newest_ns) >= least_ns;
            if is_late && meta.at_ns >= self.opened_ns.saturating_sub(OPENING_NS) {
                let since_ns = newest_ns.saturating_sub(SLACK_NS);
                let is_likely = (meta.at_ns - newest_ns) / 2 >= least_ns;
                let gap = Gap { since_ns, until_ns: meta.at_ns, last_ns: newest_ns, is_likely };
                return Some((at, Break::Gap(gap)));
            }
            newest_ns = newest_ns.max(meta.at_ns);
        }
        None
    }

    /// Whether the line was told already, in this batch or before.
    fn is_again(&self, batch: &Batch, at: usize) -> bool {
        let Some(line) = batch.get(at) else { return false };
        let is_it =
            |other: &super::line::LineRef<'_>| other.stream == line.stream && other.bytes == line.bytes;
        let same = (0..at).filter(|other| batch.metas()[*other].at_ns == line.at_ns);
        self.dedup.has_seen(&line) || same.filter_map(|other| batch.get(other)).any(|other| is_it(&other))
    }

    /// In less time than this no whole file can have been written.
    fn least_gap_ns(&self) -> i64 {
        let (bytes, span_ns) =
            self.rate.iter().fold((0, 0), |(bytes, span), (more, longer)| (bytes + more, span + longer));
        let file_bytes = i64::try_from(self.file_bytes).unwrap_or(i64::MAX);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX).max(1);
        let span_ns = span_ns.max(LEAST_SPAN_NS);
        // In 128 bits: a file of GiB times a span of minutes.
        let least = i128::from(file_bytes) * i128::from(span_ns) / i128::from(bytes) / i128::from(MARGIN);
        i64::try_from(least).unwrap_or(i64::MAX).max(1)
    }
}
