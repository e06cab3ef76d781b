//! A cursor in a list that follows the object, not the row, and the window that shows it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::look::Look;
use crate::action::Action;
use crate::config::theme::Role;
use crate::logs::matcher::{Matcher, PatternError};

/// Which rows of a list are wanted: a regular expression, turned round by a leading `!`.
#[derive(Clone, Debug)]
pub struct RowFilter {
    /// As it was typed.
    pub text: String,
    matcher: Matcher,
    is_inverse: bool,
}

impl RowFilter {
    /// From what was typed. Errors: [`PatternError`] with the reason in one line.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let (is_inverse, pattern) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        Ok(Self { text: text.to_owned(), matcher: Matcher::new(pattern)?, is_inverse })
    }

    /// Whether a row with this text is wanted.
    pub fn wants(&self, row: &str) -> bool {
        self.matcher.is_match(row.as_bytes()) != self.is_inverse
    }
}

/// Which object is selected and which row is the first shown.
#[derive(Clone, Debug)]
pub struct Cursor<K> {
    /// The selected object; `None` selects the first row.
    pub selected: Option<K>,
    /// Where it stood when last seen, for when it vanishes.
    index: usize,
    top: usize,
    height: usize,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self { selected: None, index: 0, top: 0, height: 1 }
    }
}

impl<K: Clone + PartialEq> Cursor<K> {
    /// Takes in the keys as they stand now and the rows there are: the selection stays on its object, and where that
    /// is gone, on its neighbour; the window moves only as far as it must.
    pub fn fit(&mut self, keys: &[K], height: usize) {
        self.height = height.max(1);
        let known = self.selected.as_ref().and_then(|k| keys.iter().position(|other| other == k));
        self.index = known.unwrap_or(self.index).min(keys.len().saturating_sub(1));
        self.selected = keys.get(self.index).cloned();
        self.top = self.top.min(self.index).max((self.index + 1).saturating_sub(self.height));
        self.top = self.top.min(keys.len().saturating_sub(self.height));
    }

    /// Moves by a movement action; `false` when the action is none.
    pub fn act(&mut self, action: Action, keys: &[K]) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        let last = keys.len().saturating_sub(1);
        let to = match action {
            Action::Up => self.index.saturating_sub(1),
            Action::Down => self.index + 1,
            Action::Top => 0,
            Action::Bottom => last,
            Action::PageUp => self.index.saturating_sub(page),
            Action::PageDown => self.index + page,
            Action::HalfUp => self.index.saturating_sub(page / 2 + 1),
            Action::HalfDown => self.index + page / 2 + 1,
            _ => return false,
        };
        self.index = to.min(last);
        self.selected = keys.get(self.index).cloned();
        self.fit(keys, self.height);
        true
    }

    /// Selects what is in that row of the window; `false` when nothing is there.
    pub fn click(&mut self, row: usize, keys: &[K]) -> bool {
        let Some(key) = keys.get(self.top + row).filter(|_| row < self.height) else { return false };
        (self.index, self.selected) = (self.top + row, Some(key.clone()));
        true
    }

    /// Rows shown, as indices of the keys.
    pub fn window(&self, count: usize) -> std::ops::Range<usize> {
        self.top.min(count)..(self.top + self.height).min(count)
    }

    /// The selected row.
    pub fn index(&self) -> usize {
        self.index
    }
}

/// The ground and the mark of a selected row.
pub fn draw_selected(buf: &mut Buffer, row: Rect, look: &Look, is_focused: bool) {
    buf.set_style(row, look.style(Role::Selected));
    if is_focused && row.width > 0 {
        let mark = look.glyph("▌", ">");
        buf[(row.x, row.y)].set_symbol(mark).set_style(look.style(Role::Accent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_follows_the_object_when_rows_move() {
        let mut cursor = Cursor::default();
        cursor.fit(&["a", "b", "c"], 10);
        cursor.act(Action::Down, &["a", "b", "c"]);
        cursor.fit(&["x", "y", "a", "b"], 10);
        assert_eq!((cursor.selected, cursor.index()), (Some("b"), 3));
    }

    #[test]
    fn a_vanished_object_hands_the_selection_to_its_neighbour() {
        let mut cursor = Cursor::default();
        cursor.fit(&["a", "b", "c"], 10);
        cursor.act(Action::Bottom, &["a", "b", "c"]);
        cursor.fit(&["a", "b"], 10);
        assert_eq!(cursor.selected, Some("b"));
        cursor.fit(&[], 10);
        assert_eq!(cursor.selected, None);
    }

    #[test]
    fn a_bang_turns_a_filter_round() {
        assert!(RowFilter::new("web").unwrap().wants("shop WEB-1"));
        assert!(!RowFilter::new("!web").unwrap().wants("shop web-1"));
        assert!(RowFilter::new("a(b").unwrap_err().to_string().contains("a(b"));
    }

    #[test]
    fn the_window_moves_only_as_far_as_it_must() {
        let keys: Vec<_> = (0..100).collect();
        let mut cursor = Cursor::default();
        cursor.fit(&keys, 10);
        for _ in 0..10 {
            cursor.act(Action::Down, &keys);
        }
        assert_eq!(cursor.window(100), 1..11);
        cursor.act(Action::Up, &keys);
        assert_eq!(cursor.window(100), 1..11);
    }
}
