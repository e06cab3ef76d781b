//! The lines a pane holds: batches in a ring that is bounded in bytes, with line numbers that stay valid.
//!
//! Never grows beyond its bound, however fast lines come; the oldest fall out and are counted.

#[cfg(test)]
mod tests;

use super::line::{Batch, LineRef, Meta};
use std::collections::VecDeque;

/// What a pane's buffer holds unless told otherwise.
pub const DEFAULT_LIMIT_BYTES: usize = 12 << 20;

// Small batches are joined up to this, so that a trickle of single lines does not cost a batch each.
const JOIN_BYTES: usize = 64 << 10;

/// Lines in order, each with a number (`i64`) that it keeps: later lines have higher numbers, lines paged in at the
/// front have lower ones, down to negative.
#[derive(Debug)]
pub struct Buffer {
    slabs: VecDeque<Slab>,
    limit_bytes: usize,
    held_bytes: usize,
    next_no: i64,
    dropped: u64,
    dropped_to: i64,
    reuses: u64,
}

#[derive(Debug)]
struct Slab {
    batch: Batch,
    first_no: i64,
}

impl Slab {
    fn held_bytes(&self) -> usize {
        self.batch.held_bytes() + size_of::<Self>()
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT_BYTES)
    }
}

impl Buffer {
    /// Empty; text and records together will stay within `limit_bytes`.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            slabs: VecDeque::new(),
            limit_bytes,
            held_bytes: 0,
            next_no: 0,
            dropped: 0,
            dropped_to: 0,
            reuses: 0,
        }
    }

    /// Appends newer lines and drops the oldest as needed. A batch beyond the limit keeps only its end.
    pub fn push(&mut self, mut batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let added = batch.len();
        let joined = self.join(&batch);
        if !joined {
            // Lines dropped for a reconnect, or a generous capacity, must not count against the limit for ever.
            if batch.held_bytes() > need_bytes(&batch) + JOIN_BYTES / 8 {
                batch.shrink();
            }
            let slab = Slab { batch, first_no: self.next_no };
            self.held_bytes += slab.held_bytes();
            self.slabs.push_back(slab);
        }
        self.next_no += added as i64;
        while self.held_bytes > self.limit_bytes && self.slabs.len() > 1 {
            self.drop_oldest();
        }
        if self.held_bytes > self.limit_bytes {
            self.keep_end_of_last();
        }
    }

    /// Puts older lines in front, as many of the newest of them as there is room for; says how many were refused.
    pub fn prepend(&mut self, batch: &Batch) -> usize {
        let room = self.limit_bytes.saturating_sub(self.held_bytes + size_of::<Slab>());
        let from = batch.tail_within(room);
        if from == batch.len() {
            return from;
        }
        let mut kept = Batch::new();
        kept.append_from(batch, from);
        kept.shrink();
        let slab = Slab { first_no: self.first_no() - kept.len() as i64, batch: kept };
        if slab.first_no < self.dropped_to {
            self.reuses += 1;
        }
        self.held_bytes += slab.held_bytes();
        self.slabs.push_front(slab);
        from
    }

    /// Drops the newest lines until `bytes` more have room; at least one batch is left. Their numbers are given again:
    /// views on them must be made anew. Says how many lines went.
    pub fn drop_newest(&mut self, bytes: usize) -> usize {
        let before = self.len();
        while self.held_bytes + bytes > self.limit_bytes
            && self.slabs.len() > 1
            && let Some(slab) = self.slabs.pop_back()
        {
            self.held_bytes -= slab.held_bytes();
            self.next_no = slab.first_no;
        }
        before - self.len()
    }

    /// Whether these lines find room without any other falling out.
    pub fn has_room_for(&self, batch: &Batch) -> bool {
        self.held_bytes + batch.held_bytes() + size_of::<Slab>() <= self.limit_bytes
    }

    /// Forgets every line; numbers go on.
    pub fn clear(&mut self) {
        while !self.slabs.is_empty() {
            self.drop_oldest();
        }
    }

    /// Number of lines held.
    pub fn len(&self) -> usize {
        (self.next_no - self.first_no()) as usize
    }

    /// No line held.
    pub fn is_empty(&self) -> bool {
        self.slabs.is_empty()
    }

    /// The `index`-th line held, from the oldest. O(log batches).
    pub fn get(&self, index: usize) -> Option<LineRef<'_>> {
        self.line(self.first_no().checked_add_unsigned(index as u64)?)
    }

    /// The line of that number, unless it fell out or is still to come. O(log batches).
    pub fn line(&self, no: i64) -> Option<LineRef<'_>> {
        let slab = self.slabs.get(self.slabs.partition_point(|slab| slab.first_no <= no).checked_sub(1)?)?;
        slab.batch.get(usize::try_from(no - slab.first_no).ok()?)
    }

    /// Number of the oldest line held; of the next one when empty.
    pub fn first_no(&self) -> i64 {
        self.slabs.front().map_or(self.next_no, |slab| slab.first_no)
    }

    /// Number the next pushed line will get.
    pub fn end_no(&self) -> i64 {
        self.next_no
    }

    /// Lines that fell out, ever.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Memory held, spare capacity included; never above the limit.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Time of the first line held.
    pub fn oldest_ns(&self) -> Option<i64> {
        self.line(self.first_no()).map(|line| line.at_ns)
    }

    /// Time of the last line held.
    pub fn newest_ns(&self) -> Option<i64> {
        self.line(self.next_no - 1).map(|line| line.at_ns)
    }

    /// How often numbers below [`Self::dropped_to`] were given to other lines, for views to notice.
    pub(super) fn reuses(&self) -> u64 {
        self.reuses
    }

    /// Above every number that ever fell out.
    pub(super) fn dropped_to(&self) -> i64 {
        self.dropped_to
    }

    fn join(&mut self, batch: &Batch) -> bool {
        let Some(last) = self.slabs.back_mut() else { return false };
        if need_bytes(&last.batch) + need_bytes(batch) > JOIN_BYTES.min(self.limit_bytes / 8) {
            return false;
        }
        let before = last.held_bytes();
        last.batch.append_from(batch, 0);
        self.held_bytes = self.held_bytes + last.held_bytes() - before;
        true
    }

    fn drop_oldest(&mut self) {
        if let Some(slab) = self.slabs.pop_front() {
            self.held_bytes -= slab.held_bytes();
            self.count_dropped(slab.batch.len(), slab.first_no);
        }
    }

    fn keep_end_of_last(&mut self) {
        let Some(mut slab) = self.slabs.pop_back() else { return };
        let from = slab.batch.tail_within(self.limit_bytes.saturating_sub(size_of::<Slab>()));
        self.count_dropped(from, slab.first_no);
        self.held_bytes = 0;
        let mut kept = Batch::new();
        kept.append_from(&slab.batch, from);
        kept.shrink();
        if !kept.is_empty() {
            slab = Slab { batch: kept, first_no: slab.first_no + from as i64 };
            self.held_bytes = slab.held_bytes();
            self.slabs.push_back(slab);
        }
    }

    fn count_dropped(&mut self, lines: usize, first_no: i64) {
        self.dropped += lines as u64;
        self.dropped_to = self.dropped_to.max(first_no + lines as i64);
    }
}

fn need_bytes(batch: &Batch) -> usize {
    batch.text_bytes() + size_of_val::<[Meta]>(batch.metas())
}
