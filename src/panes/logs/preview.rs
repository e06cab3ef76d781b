//! What a search or a filter finds, shown while it is typed: in the lines held, no more than a part of them for one key.
//!
//! Nothing is asked of the engine, and until Enter place, filter and following can be had back as they were.

use super::LogsPane;
use super::border::grouped;
use crate::logs::matcher::{Matcher, PatternError};
use crate::logs::search::Nearest;
use crate::logs::view::View;

/// Most lines looked at for one key: a frame or two, where each has to be taken apart.
const MOST_LINES: usize = 20_000;

/// As it was before anything was typed.
pub(super) struct Before {
    // Where a filter is typed.
    view: Option<View>,
    search: Option<Matcher>,
    cursor: i64,
    bottom: i64,
    is_held: bool,
    // The search that is typed stands at the line Enter would go to.
    is_there: bool,
}

impl LogsPane {
    /// Goes to the nearest hit and marks all; an empty text goes back. Gives what is to be said of it.
    ///
    /// # Errors
    /// A pattern that is no regular expression (yet): what was found before stays.
    pub fn preview_search(&mut self, text: &str) -> Result<String, PatternError> {
        let search = if text.is_empty() { None } else { Some(Matcher::new(text)?) };
        self.go_back();
        if search.is_none() {
            return Ok(String::new());
        }
        self.search = search;
        Ok(match self.nearest(MOST_LINES) {
            Nearest::Line(number) => {
                self.stop_at(number);
                self.before.iter_mut().for_each(|before| before.is_there = true);
                String::new()
            }
            Nearest::Unknown => format!("not in {} lines; Enter looks on", grouped(MOST_LINES as u64)),
            Nearest::Nothing if self.has_start && !self.is_apart => "not found".to_owned(),
            Nearest::Nothing => "not in the lines held; Enter searches all".to_owned(),
        })
    }

    /// Shows only lines that pass, as Enter would; an empty text shows what passes without a pattern.
    ///
    /// # Errors
    /// A pattern that is no regular expression (yet): what was found before stays.
    pub fn preview_filter(&mut self, text: &str) -> Result<String, PatternError> {
        let mut view = View::new(self.filter_of(text)?, self.view.show().clone());
        self.go_back();
        if self.is_held {
            // Around the place that is looked at, wherever that is.
            view = view.until(self.bottom.saturating_add(MOST_LINES as i64 / 2));
        }
        view.sync_within(&self.buffer, MOST_LINES);
        let (passed, seen, held) = (view.len(&self.buffer), view.seen(), self.buffer.len());
        let is_open = view.filter().is_empty();
        let shown = std::mem::replace(&mut self.view, view);
        if let Some(before) = &mut self.before {
            before.view.get_or_insert(shown);
        }
        let passed = grouped(passed as u64);
        Ok(if is_open {
            "all lines".to_owned()
        } else if seen < held {
            format!("{passed} of {} lines looked at; Enter looks at all", grouped(seen as u64))
        } else {
            format!("{passed} of {} lines", grouped(held as u64))
        })
    }

    /// All is as it was before anything was typed.
    pub fn end_preview(&mut self) {
        if self.before.is_some() {
            self.go_back();
            self.before = None;
            self.view.sync(&self.buffer);
        }
    }

    /// Whether a preview is shown.
    pub(super) fn is_previewing(&self) -> bool {
        self.before.is_some()
    }

    /// Whether newer lines are not to move the screen, whatever is typed.
    pub(super) fn is_reading(&self) -> bool {
        self.before.as_ref().map_or(self.is_held, |before| before.is_held)
    }

    /// Enter after a search was typed: what is shown already stays. False where it has to be looked for.
    pub(super) fn keep_previewed(&mut self, text: &str) -> bool {
        let is_it = self.search.as_ref().is_some_and(|matcher| matcher.pattern() == text);
        let is_there = self.before.as_ref().is_some_and(|before| before.is_there) && is_it;
        if is_there {
            self.before = None;
        } else {
            self.end_preview();
        }
        is_there
    }

    /// To the place where typing began, which is kept at the first time.
    fn go_back(&mut self) {
        let Some(before) = &mut self.before else {
            self.before = Some(Before {
                view: None,
                search: self.search.clone(),
                cursor: self.cursor,
                bottom: self.bottom,
                is_held: self.is_held,
                is_there: false,
            });
            return;
        };
        self.search.clone_from(&before.search);
        (self.cursor, self.bottom, self.is_held) = (before.cursor, before.bottom, before.is_held);
        before.is_there = false;
        if let Some(view) = before.view.take() {
            self.view = view;
        }
    }
}
