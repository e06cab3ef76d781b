//! Where a text that is longer than its room stands. Knows lines, not what they say.

use std::ops::Range;

use crate::action::Action;

/// The part of a text that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scroll {
    top: usize,
    /// Lines there are.
    count: usize,
    /// Lines of a page, and lines that are shown at once: more than a page where there are columns.
    page: usize,
    shown: usize,
}

impl Default for Scroll {
    fn default() -> Self {
        Self { top: 0, count: 0, page: 1, shown: 1 }
    }
}

impl Scroll {
    /// Takes in how many lines there are and the room for them; never shows more blanks at the end than it must.
    pub fn fit(&mut self, count: usize, height: usize, columns: usize) {
        (self.count, self.page) = (count, height.max(1));
        self.shown = self.page * columns.max(1);
        self.go(self.top);
    }

    /// Puts that line on top, as far as there are lines.
    pub fn go(&mut self, top: usize) {
        self.top = top.min(self.count.saturating_sub(self.shown));
    }

    /// Moves by a movement action; `false` when the action is none.
    pub fn act(&mut self, action: Action) -> bool {
        let page = self.page.saturating_sub(1).max(1);
        self.go(match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top + 1,
            Action::PageUp => self.top.saturating_sub(page),
            Action::PageDown => self.top + page,
            Action::HalfUp => self.top.saturating_sub(page / 2 + 1),
            Action::HalfDown => self.top + page / 2 + 1,
            Action::Top => 0,
            Action::Bottom => usize::MAX,
            _ => return false,
        });
        true
    }

    /// The line on top.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Lines that are shown.
    pub fn window(&self) -> Range<usize> {
        self.top..(self.top + self.shown).min(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scroll(count: usize, height: usize) -> Scroll {
        let mut scroll = Scroll::default();
        scroll.fit(count, height, 1);
        scroll
    }

    #[test]
    fn the_last_line_stands_at_the_foot_and_never_higher() {
        let mut scroll = scroll(20, 5);
        scroll.act(Action::Bottom);
        assert_eq!(scroll.window(), 15..20);
        scroll.act(Action::PageDown);
        assert_eq!(scroll.window(), 15..20);
        scroll.fit(8, 5, 1);
        assert_eq!(scroll.window(), 3..8);
    }

    #[test]
    fn a_page_keeps_one_line_of_the_page_before() {
        let mut scroll = scroll(20, 5);
        scroll.act(Action::PageDown);
        assert_eq!(scroll.window(), 4..9);
        scroll.act(Action::PageUp);
        assert_eq!(scroll.window(), 0..5);
    }
}
