//! Searching, filtering, and the time range: in what is held, then in what only the engine has.

use chrono::{DateTime, FixedOffset, Utc};

use super::LogsPane;
use crate::logs::matcher::{Matcher, PatternError};
use crate::logs::range::{self, Range, RangeError};
use crate::logs::search::{self, Direction, Nearest};
use crate::logs::view::{Filter, View};
use crate::sub::{LineTest, Seek, Wanted};

impl LogsPane {
    /// Sets the search and goes to the nearest hit above, else below; an empty text repeats the last one, further up, as
    /// `less` does. Esc ends it.
    ///
    /// # Errors
    /// A pattern that is no regular expression.
    pub fn set_search(&mut self, text: &str) -> Result<Option<String>, PatternError> {
        if self.keep_previewed(text) {
            return Ok(None);
        }
        if text.is_empty() {
            return Ok(if self.search.is_some() { self.next_hit(Direction::Backward) } else { None });
        }
        self.search = Some(Matcher::new(text)?);
        match self.nearest(usize::MAX) {
            Nearest::Line(number) => self.stop_at(number),
            _ => return Ok(self.hunt(Direction::Backward, true)),
        }
        Ok(None)
    }

    /// Where a new search stops among the lines held, by looking at no more than so many that way: at the nearest hit
    /// above or here, else below.
    pub(super) fn nearest(&self, most_lines: usize) -> Nearest {
        match self.hit(Direction::Backward, true, most_lines) {
            Nearest::Nothing if self.is_held => self.hit(Direction::Forward, false, most_lines),
            found => found,
        }
    }

    /// Goes to the next hit that way, further than what is held if it must.
    pub(super) fn next_hit(&mut self, direction: Direction) -> Option<String> {
        match self.hit(direction, false, usize::MAX) {
            Nearest::Line(number) => self.stop_at(number),
            _ => return self.hunt(direction, false),
        }
        None
    }

    pub(super) fn stop_at(&mut self, number: i64) {
        (self.is_held, self.cursor) = (true, number);
    }

    /// The nearest hit among the lines held.
    fn hit(&self, direction: Direction, is_here_allowed: bool, most_lines: usize) -> Nearest {
        let Some(matcher) = self.search.as_ref() else { return Nearest::Nothing };
        let here = if self.is_held { self.cursor } else { self.buffer.end_no() - 1 };
        // The line it begins from is not looked at.
        let from = if is_here_allowed && direction == Direction::Backward { here + 1 } else { here };
        search::next(&self.view, &self.buffer, matcher, from, direction, most_lines)
    }

    /// Asks for the nearest hit that way beyond the lines held.
    fn hunt(&mut self, direction: Direction, takes_first: bool) -> Option<String> {
        let matcher = self.search.clone()?;
        let (oldest_ns, newest_ns) = (self.buffer.oldest_ns(), self.buffer.newest_ns());
        let has_more = match direction {
            Direction::Backward => !self.has_start && oldest_ns.is_some(),
            Direction::Forward => self.is_apart && newest_ns.is_some(),
        };
        if !has_more {
            return Some(format!("no further hit for {}", matcher.pattern()));
        }
        let (before_ns, after_ns) = match direction {
            Direction::Backward => (oldest_ns, None),
            Direction::Forward => (None, newest_ns),
        };
        let pattern = matcher.pattern().to_owned();
        let is_hit = LineTest::new(matcher, self.view.filter().clone(), self.view.show().clone());
        self.ask(Wanted::Seek(Box::new(Seek { pattern, is_hit, before_ns, after_ns, takes_first })));
        None
    }

    /// Shows only lines that match; with a leading `!` those that do not; an empty text shows all again.
    ///
    /// # Errors
    /// A pattern that is no regular expression.
    pub fn set_filter(&mut self, text: &str) -> Result<(), PatternError> {
        self.end_preview();
        let filter = self.filter_of(text)?;
        self.refilter(filter);
        Ok(())
    }

    /// The filter in force with other patterns.
    pub(super) fn filter_of(&self, text: &str) -> Result<Filter, PatternError> {
        let mut filter = self.view.filter().clone();
        (filter.include, filter.exclude, filter.correlation) = (Vec::new(), Vec::new(), None);
        match text.strip_prefix('!') {
            Some("") => {}
            Some(pattern) => filter.exclude.push(Matcher::new(pattern)?),
            None if text.is_empty() => {}
            None => filter.include.push(Matcher::new(text)?),
        }
        Ok(filter)
    }

    /// Shows only lines of a time, as typed; an empty text shows all again.
    ///
    /// # Errors
    /// A text that is no time range.
    pub fn set_range(&mut self, text: &str, now: DateTime<Utc>, zone: FixedOffset) -> Result<(), RangeError> {
        let Range { since_ns, until_ns } = range::parse(text, now, zone)?;
        text.trim().clone_into(&mut self.range);
        let filter = Filter { since_ns, until_ns, ..self.view.filter().clone() };
        if self.is_apart {
            self.follow();
        }
        self.refilter(filter);
        let is_held = self.has_start || since_ns.zip(self.buffer.oldest_ns()).is_some_and(|(s, o)| o <= s);
        if until_ns.is_some() && !is_held {
            // From the start where only the end is given.
            self.ask(Wanted::Between { since_ns: since_ns.unwrap_or(0), until_ns });
        }
        Ok(())
    }

    /// Shows JSON and logfmt lines as they were printed, or in parts again; which lines match goes with it.
    pub(super) fn toggle_raw(&mut self) {
        let show = self.view.show();
        self.view = View::new(self.view.filter().clone(), show.raw(!show.is_raw()));
        self.view.sync(&self.buffer);
    }

    pub(super) fn refilter(&mut self, filter: Filter) {
        // The line that was looked at stays in sight where it passes.
        self.view = View::new(filter, self.view.show().clone());
        self.view.sync(&self.buffer);
    }
}
