//! Several sources into one order of time, within a short wait for stragglers.
//!
//! Never moves a line that was handed out, and never changes the order within a source.

#[cfg(test)]
mod tests;

use super::line::{Batch, SourceId};
use std::collections::VecDeque;
use std::time::Duration;

/// The longest a line may be held back to be sorted in.
pub const MAX_WINDOW: Duration = Duration::from_millis(100);

// One poll's batch stays small enough to be moved and drawn without a hitch.
const POLL_LINES: usize = 16 * 1024;

/// Sources wait here until every other one has spoken, or their time is up. `now_ns` is any clock that never goes
/// back; it need not be that of the lines.
#[derive(Debug)]
pub struct Merge {
    lanes: Vec<Lane>,
    window_ns: i64,
    max_lines: usize,
    pending_lines: usize,
}

#[derive(Debug)]
struct Lane {
    source: SourceId,
    waiting: VecDeque<Waiting>,
    is_closed: bool,
}

#[derive(Debug)]
struct Waiting {
    batch: Batch,
    next: usize,
    arrived_ns: i64,
}

impl Lane {
    fn head_ns(&self) -> Option<i64> {
        let front = self.waiting.front()?;
        Some(front.batch.metas().get(front.next)?.at_ns)
    }
}

impl Merge {
    /// Holds lines back for at most `window` (cut to [`MAX_WINDOW`]) and at most `max_lines` of them.
    pub fn new(window: Duration, max_lines: usize) -> Self {
        let window_ns = window.min(MAX_WINDOW).as_nanos() as i64;
        Self { lanes: Vec::new(), window_ns, max_lines, pending_lines: 0 }
    }

    /// Makes a source known. One that was never added joins with its first batch.
    pub fn add(&mut self, source: SourceId) {
        self.lane(source).is_closed = false;
    }

    /// The source ended: nobody waits for it any more. What it sent is still handed out.
    pub fn remove(&mut self, source: SourceId) {
        self.lane(source).is_closed = true;
        self.lanes.retain(|lane| !lane.is_closed || !lane.waiting.is_empty());
    }

    /// Takes lines of one source, in its own order. Where the clocks of sources differ that was taken off before.
    pub fn push(&mut self, source: SourceId, batch: Batch, now_ns: i64) {
        if batch.is_empty() {
            return;
        }
        self.pending_lines += batch.len();
        self.lane(source).waiting.push_back(Waiting { batch, next: 0, arrived_ns: now_ns });
    }

    /// The next lines whose place is settled, at most some thousands; call until `None`.
    pub fn poll(&mut self, now_ns: i64) -> Option<Batch> {
        if let [lane] = self.lanes.as_mut_slice() {
            let batch = lane.waiting.pop_front().map(Waiting::rest)?;
            self.pending_lines -= batch.len();
            self.forget_closed();
            return Some(batch);
        }
        let mut out = Batch::new();
        while out.len() < POLL_LINES && self.is_settled(now_ns) && self.take_run(&mut out) {}
        self.forget_closed();
        (!out.is_empty()).then_some(out)
    }

    /// When to poll next if nothing is pushed before; in the past when there is something now.
    pub fn next_deadline(&self) -> Option<i64> {
        let oldest = self.oldest_arrival()?;
        let is_now = self.lanes.len() == 1 || self.all_spoke() || self.pending_lines > self.max_lines;
        Some(if is_now { oldest } else { oldest.saturating_add(self.window_ns) })
    }

    /// Sources that have not ended and of which no line waits: those to read from next.
    pub fn silent(&self) -> Vec<SourceId> {
        let is_silent = |lane: &&Lane| !lane.is_closed && lane.waiting.is_empty();
        self.lanes.iter().filter(is_silent).map(|lane| lane.source).collect()
    }

    /// Lines held back.
    pub fn pending_lines(&self) -> usize {
        self.pending_lines
    }

    fn lane(&mut self, source: SourceId) -> &mut Lane {
        let at = self.lanes.iter().position(|lane| lane.source == source).unwrap_or_else(|| {
            self.lanes.push(Lane { source, waiting: VecDeque::new(), is_closed: false });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }

    fn forget_closed(&mut self) {
        self.lanes.retain(|lane| !lane.is_closed || !lane.waiting.is_empty());
    }

    fn oldest_arrival(&self) -> Option<i64> {
        self.lanes.iter().filter_map(|lane| Some(lane.waiting.front()?.arrived_ns)).min()
    }

    fn all_spoke(&self) -> bool {
        self.lanes.iter().all(|lane| lane.is_closed || !lane.waiting.is_empty())
    }

    /// Whether the earliest line may go: nothing earlier can come, or it cannot wait any longer.
    fn is_settled(&self, now_ns: i64) -> bool {
        self.pending_lines > self.max_lines
            || self.all_spoke()
            || self.oldest_arrival().is_some_and(|arrived| now_ns >= arrived.saturating_add(self.window_ns))
    }

    /// Moves the earliest head and what follows it in its batch up to the next lane's head. False when all are empty.
    fn take_run(&mut self, out: &mut Batch) -> bool {
        let mut heads: [Option<(i64, usize)>; 2] = [None; 2];
        for (at, lane) in self.lanes.iter().enumerate() {
            let Some(head_ns) = lane.head_ns() else { continue };
            let head = (head_ns, at);
            match heads {
                [Some(first), _] if head >= first => {
                    heads[1] = Some(heads[1].map_or(head, |second| second.min(head)));
                }
                [first, _] => heads = [Some(head), first],
            }
        }
        let [Some((_, at)), limit] = heads else { return false };
        // Beyond `max_lines` only the surplus is settled.
        let mut surplus = if self.pending_lines > self.max_lines && self.max_lines > 0 {
            self.pending_lines - self.max_lines
        } else {
            usize::MAX
        };
        surplus = surplus.min(POLL_LINES - out.len());
        let lane = &mut self.lanes[at];
        let Some(front) = lane.waiting.front_mut() else { return false };
        while let Some(line) = front.batch.get(front.next) {
            if surplus == 0 || limit.is_some_and(|limit| (line.at_ns, at) > limit) {
                break;
            }
            out.push(line.bytes, line.head());
            front.next += 1;
            self.pending_lines -= 1;
            surplus -= 1;
        }
        if front.next == front.batch.len() {
            lane.waiting.pop_front();
        }
        true
    }
}

impl Waiting {
    fn rest(self) -> Batch {
        if self.next == 0 {
            return self.batch;
        }
        let mut rest = Batch::new();
        rest.append_from(&self.batch, self.next);
        rest
    }
}
