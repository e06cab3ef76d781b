//! The lines of a buffer that pass a filter, as an index kept up to date while lines come, are paged in and fall out.
//!
//! Never copies a line. Without a filter it holds nothing and costs nothing.

#[cfg(test)]
mod tests;

use super::buffer::Buffer;
use super::line::{Level, LineRef};
use super::matcher::Matcher;
use super::show::Show;
use std::collections::VecDeque;

/// Which lines to show. The console's own markers pass everything but the time range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A line without a level counts as `Info`.
    pub min_level: Level,
    /// All must match.
    pub include: Vec<Matcher>,
    /// None may match.
    pub exclude: Vec<Matcher>,
    /// Inclusive.
    pub since_ns: Option<i64>,
    /// Exclusive.
    pub until_ns: Option<i64>,
    /// The line holds this id as a word of its own, in whatever field.
    pub correlation: Option<String>,
}

impl Filter {
    /// Whether every line passes.
    pub fn is_empty(&self) -> bool {
        self.min_level == Level::Unknown
            && self.include.is_empty()
            && self.exclude.is_empty()
            && self.since_ns.is_none()
            && self.until_ns.is_none()
            && self.correlation.is_none()
    }

    /// Whether it depends on how lines are shown.
    pub fn has_patterns(&self) -> bool {
        !self.include.is_empty() || !self.exclude.is_empty()
    }

    /// Whether this line is to be shown, in that way; the cheap tests come first.
    pub fn passes(&self, line: &LineRef<'_>, show: &Show) -> bool {
        if self.since_ns.is_some_and(|since| line.at_ns < since)
            || self.until_ns.is_some_and(|until| line.at_ns >= until)
        {
            return false;
        }
        if line.is_marker() {
            return true;
        }
        let level =
            |line| Some(show.level(line)).filter(|level| *level != Level::Unknown).unwrap_or(Level::Info);
        (self.min_level == Level::Unknown || level(line) >= self.min_level)
            && self.correlation.as_deref().is_none_or(|id| has_word(line.bytes, id.as_bytes()))
            && self.include.iter().all(|matcher| show.is_hit(matcher, line))
            && !self.exclude.iter().any(|matcher| show.is_hit(matcher, line))
    }
}

/// `id` not glued to further letters, digits, `-` or `_`.
fn has_word(line: &[u8], id: &[u8]) -> bool {
    let is_id_byte = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    memchr::memmem::find_iter(line, id).any(|at| {
        let before = at.checked_sub(1).and_then(|i| line.get(i));
        !before.is_some_and(is_id_byte) && !line.get(at + id.len()).is_some_and(is_id_byte)
    })
}

/// Numbers of the lines that pass. Call [`View::sync`] after the buffer changed and before reading.
#[derive(Debug, Default)]
pub struct View {
    filter: Filter,
    show: Show,
    // Lines `seen_from..seen_to` were looked at; `hits` are those that pass, ascending.
    hits: VecDeque<i64>,
    seen: Option<(i64, i64)>,
    seen_reuses: u64,
    // Lines from this number on are not shown.
    end: Option<i64>,
}

impl View {
    /// Shows what passes `filter`, in that way; empty until the first sync.
    pub fn new(filter: Filter, show: Show) -> Self {
        Self { filter, show, ..Self::default() }
    }

    /// The same over another buffer, or one whose numbers were given anew.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self::new(self.filter.clone(), self.show.clone())
    }

    /// The same lines in another way.
    #[must_use]
    pub fn shown_by(&self, show: Show) -> Self {
        Self { end: self.end, ..Self::new(self.filter.clone(), show) }
    }

    /// Without the lines from that number on; only a filter leaves them out.
    #[must_use]
    pub fn until(self, end: i64) -> Self {
        Self { end: Some(end), ..self }
    }

    /// What it filters by.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// How its lines are shown.
    pub fn show(&self) -> &Show {
        &self.show
    }

    /// Looks at the lines it has not seen. Costs the new lines only.
    pub fn sync(&mut self, buffer: &Buffer) {
        self.sync_within(buffer, usize::MAX);
    }

    /// As [`View::sync`], but looks at no more than `limit_lines` older lines, newest first, so that a new filter
    /// over a full buffer can be spread over several frames. True when nothing is left to look at.
    pub fn sync_within(&mut self, buffer: &Buffer, limit_lines: usize) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let first = buffer.first_no();
        let end = self.end.map_or(buffer.end_no(), |end| end.clamp(first, buffer.end_no()));
        let (mut from, to) = self.seen.unwrap_or((end, end));
        let mut forget_below = first;
        if self.seen_reuses != buffer.reuses() {
            // Numbers were given to other lines since: what was known about them is void.
            self.seen_reuses = buffer.reuses();
            forget_below = first.max(buffer.dropped_to().min(end));
        }
        from = from.max(forget_below);
        while self.hits.front().is_some_and(|no| *no < forget_below) {
            self.hits.pop_front();
        }
        for no in to.max(from)..end {
            if self.passes(buffer, no) {
                self.hits.push_back(no);
            }
        }
        let stop = first.max(from.saturating_sub_unsigned(limit_lines as u64));
        while from > stop {
            from -= 1;
            if self.passes(buffer, from) {
                self.hits.push_front(from);
            }
        }
        self.seen = Some((from, end));
        from == first
    }

    /// How many lines were looked at so far.
    pub fn seen(&self) -> usize {
        self.seen.map_or(0, |(from, to)| (to - from) as usize)
    }

    fn passes(&self, buffer: &Buffer, no: i64) -> bool {
        buffer.line(no).is_some_and(|line| self.filter.passes(&line, &self.show))
    }

    /// Number of visible lines.
    pub fn len(&self, buffer: &Buffer) -> usize {
        if self.filter.is_empty() { buffer.len() } else { self.hits.len() }
    }

    /// Nothing to show.
    pub fn is_empty(&self, buffer: &Buffer) -> bool {
        self.len(buffer) == 0
    }

    /// Line number of the `index`-th visible line. O(1).
    pub fn nth(&self, buffer: &Buffer, index: usize) -> Option<i64> {
        if self.filter.is_empty() {
            return (index < buffer.len()).then(|| buffer.first_no() + index as i64);
        }
        self.hits.get(index).copied()
    }

    /// The `index`-th visible line. O(log batches).
    pub fn get<'b>(&self, buffer: &'b Buffer, index: usize) -> Option<LineRef<'b>> {
        buffer.line(self.nth(buffer, index)?)
    }

    /// How many visible lines come before line `no`: its own index if it is visible. O(log lines).
    pub fn index_of(&self, buffer: &Buffer, no: i64) -> usize {
        if self.filter.is_empty() {
            return (no - buffer.first_no()).clamp(0, buffer.len() as i64) as usize;
        }
        self.hits.partition_point(|hit| *hit < no)
    }
}
