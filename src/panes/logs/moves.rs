//! Moving through a log: in what is held, and past it into what only the engine has.

use super::LogsPane;
use crate::logs::buffer::Buffer;
use crate::panes::Answer;
use crate::sub::{Ask, Wanted};

/// How many times more lines are looked at with each page back.
const GROWTH: u32 = 4;
/// A page is at most this part of the memory.
const PAGES: usize = 4;

impl LogsPane {
    pub(super) fn reset(&mut self) {
        self.buffer = Buffer::new(self.settings.buffer_bytes);
        self.view = self.view.afresh();
        (self.is_held, self.is_apart, self.is_open) = (false, false, false);
        (self.has_start, self.has_end, self.newer) = (false, false, 0);
        (self.tail, self.shift, self.behind_ms) = (self.settings.lines, 0, 0);
        (self.ask, self.progress, self.pending, self.has_more) = (None, None, 0, false);
        self.failed.clear();
    }

    pub(super) fn ask(&mut self, wanted: Wanted) {
        self.asks += 1;
        let most_bytes = self.settings.buffer_bytes / PAGES;
        let sources = self.wanted.clone();
        self.ask = Some(Ask { number: self.asks, sources, wanted, most_bytes });
        self.progress = None;
    }

    pub(super) fn pause(&mut self) {
        self.is_held = true;
        let last = self.view.len(&self.buffer).saturating_sub(1);
        self.cursor = self.view.nth(&self.buffer, last).unwrap_or(0);
        self.bottom = self.cursor;
    }

    pub(super) fn follow(&mut self) {
        if self.is_apart {
            self.generation.0 += 1;
            self.reset();
        }
        self.is_held = false;
    }

    pub(super) fn go(&mut self, by: i64) -> Answer {
        if !self.is_held && by > 0 {
            return Answer::Done(Vec::new());
        }
        if !self.is_held {
            self.pause();
        }
        self.moved(by);
        Answer::Done(Vec::new())
    }

    /// Moves the cursor; what is beyond the lines held is asked for and the rest of the way gone when it came.
    pub(super) fn moved(&mut self, by: i64) {
        let here = self.view.index_of(&self.buffer, self.cursor) as i64;
        let last = (self.view.len(&self.buffer) as i64 - 1).max(0);
        let to = (here + by).clamp(0, last);
        self.cursor = self.view.nth(&self.buffer, to as usize).unwrap_or(0);
        let rest = here + by - to;
        if rest < 0 && self.older() || rest > 0 && self.newer_page() {
            self.pending = rest;
        }
    }

    /// Asks for older lines; false when there are none, or something else is asked already.
    pub(super) fn older(&mut self) -> bool {
        let Some(before_ns) = self.buffer.oldest_ns() else { return false };
        if self.has_start || self.ask.is_some() || !self.is_open {
            return false;
        }
        if !std::mem::take(&mut self.has_more) {
            self.tail = self.tail.saturating_mul(GROWTH);
        }
        self.ask(Wanted::Older { before_ns, tail: self.tail });
        true
    }

    fn newer_page(&mut self) -> bool {
        let Some(after_ns) = self.buffer.newest_ns() else { return false };
        if !self.is_apart || self.ask.is_some() {
            return false;
        }
        self.ask(Wanted::Newer { after_ns });
        true
    }

    pub(super) fn top(&mut self) -> Answer {
        if !self.is_held {
            self.pause();
        }
        self.cursor = self.view.nth(&self.buffer, 0).unwrap_or(0);
        if !self.has_start {
            self.ask(Wanted::First);
        }
        Answer::Done(Vec::new())
    }

    /// Takes in the room there is: the cursor stays on the screen.
    pub fn fit(&mut self, height: u16) {
        // The last row says what is not shown.
        let foot = u16::from(self.is_apart);
        self.height = usize::from(height.saturating_sub(foot)).max(1);
        let len = self.view.len(&self.buffer);
        self.fill(len);
        let last = len.saturating_sub(1);
        if !self.is_held {
            self.bottom = self.view.nth(&self.buffer, last).unwrap_or(0);
            return;
        }
        let cursor = self.view.index_of(&self.buffer, self.cursor).min(last);
        self.cursor = self.view.nth(&self.buffer, cursor).unwrap_or(0);
        let bottom = self.view.index_of(&self.buffer, self.bottom).min(last);
        let bottom = bottom.clamp(cursor, (cursor + self.height - 1).min(last).max(cursor));
        let bottom = bottom.max((self.height - 1).min(last));
        self.bottom = self.view.nth(&self.buffer, bottom).unwrap_or(0);
    }

    /// A screen that is not full, or a time that is not reached yet, is filled from the past while there is memory.
    fn fill(&mut self, len: usize) {
        let since_ns = self.view.filter().since_ns;
        let reaches =
            since_ns.is_none_or(|since| self.buffer.oldest_ns().is_none_or(|oldest| oldest <= since));
        let is_wanted = len < self.height && !self.view.filter().is_empty() && since_ns.is_none()
            || len < self.height && self.sources.len() > 1 && since_ns.is_none()
            || !reaches;
        let has_room = self.buffer.held_bytes() < self.settings.buffer_bytes / PAGES * (PAGES - 1);
        if is_wanted && has_room && !self.is_apart && !self.is_previewing() {
            self.older();
        }
    }
}
