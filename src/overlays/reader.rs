//! A text to read and to search: what the engine knows of a container, its processes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::Action;
use crate::config::theme::Role;
use crate::logs::matcher::{Matcher, PatternError};
use crate::ui::frame::{self, Title};
use crate::ui::look::Look;
use crate::ui::text::put;

/// The view.
#[derive(Clone, Debug)]
pub struct Reader {
    title: String,
    lines: Vec<String>,
    top: usize,
    height: usize,
    search: Option<Matcher>,
}

impl Reader {
    /// Shows these lines.
    pub fn new(title: String, lines: Vec<String>) -> Self {
        Self { title, lines, top: 0, height: 1, search: None }
    }

    /// Moves; `false` when the action is none of its own.
    pub fn act(&mut self, action: Action) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        let last = self.lines.len().saturating_sub(self.height);
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top + 1,
            Action::PageUp => self.top.saturating_sub(page),
            Action::PageDown => self.top + page,
            Action::HalfUp => self.top.saturating_sub(page / 2),
            Action::HalfDown => self.top + page / 2,
            Action::Top => 0,
            Action::Bottom => last,
            Action::NextHit => self.hit(1).unwrap_or(self.top),
            Action::PreviousHit => self.hit(-1).unwrap_or(self.top),
            _ => return false,
        }
        .min(last);
        true
    }

    /// Searches from the line on top. Errors: [`PatternError`].
    pub fn set_search(&mut self, text: &str) -> Result<(), PatternError> {
        self.search = if text.is_empty() { None } else { Some(Matcher::new(text)?) };
        let last = self.lines.len().saturating_sub(self.height);
        self.top = self.hit(0).unwrap_or(self.top).min(last);
        Ok(())
    }

    fn hit(&self, step: isize) -> Option<usize> {
        let matcher = self.search.as_ref()?;
        let is_hit = |i: &usize| matcher.is_match(self.lines[*i].as_bytes());
        if step < 0 {
            (0..self.top).rev().find(is_hit)
        } else {
            (self.top + step as usize..self.lines.len()).find(is_hit)
        }
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, area: Rect) {
        self.height = usize::from(area.height.saturating_sub(2)).max(1);
        self.top = self.top.min(self.lines.len().saturating_sub(self.height));
    }

    /// Draws it over all of `area`.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) {
        let right = format!("{} lines", self.lines.len());
        let title = Title { number: None, parts: [&self.title, ""], right: &right };
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                buf[(x, y)].reset();
                buf[(x, y)].set_style(look.style(Role::Ground));
            }
        }
        let inner = frame::draw(buf, area, &title, look, true);
        for (y, line) in (inner.y..inner.bottom()).zip(self.lines.iter().skip(self.top)) {
            let is_hit = self.search.as_ref().is_some_and(|m| m.is_match(line.as_bytes()));
            let role = if is_hit { Role::Match } else { Role::Text };
            put(buf, inner.x + 1, y, inner.width.saturating_sub(2), line, look.style(role));
        }
    }
}
