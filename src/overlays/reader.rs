//! A text to read and to search: what the engine knows of a container, its processes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::action::Action;
use crate::config::theme::Role;
use crate::logs::ansi;
use crate::logs::matcher::{Matcher, PatternError};
use crate::ui::frame::{self, Title};
use crate::ui::look::Look;
use crate::ui::scroll::Scroll;
use crate::ui::text::{put, skip};

/// Cells that one key moves to the side.
const SIDE: usize = 8;

/// The text itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    /// Stays above the lines, however far they are scrolled.
    pub head: Option<String>,
    /// Its lines.
    pub lines: Vec<String>,
    /// When it was so, as a clock shows it; empty where it does not change.
    pub at: String,
}

/// The view.
#[derive(Clone, Debug)]
pub struct Reader {
    title: String,
    /// `None` until it came.
    text: Option<Text>,
    scroll: Scroll,
    /// Cells of the widest line.
    widest: usize,
    /// Cells scrolled past at the left.
    left: usize,
    width: usize,
    search: Option<Matcher>,
}

impl Reader {
    /// Opened before its text is there.
    pub fn new(title: String) -> Self {
        let (scroll, search) = (Scroll::default(), None);
        Self { title, text: None, scroll, widest: 0, left: 0, width: 1, search }
    }

    /// Shows these lines.
    pub fn of(title: String, lines: Vec<String>) -> Self {
        let mut reader = Self::new(title);
        reader.show(Text { lines, ..Text::default() });
        reader
    }

    /// Shows another text in the place of the one before: what is searched, and how far it is scrolled, stays.
    pub fn show(&mut self, text: Text) {
        let all = text.lines.iter().chain(&text.head);
        self.widest = all.map(|line| ansi::plain(line).width()).max().unwrap_or(0);
        self.text = Some(text);
    }

    /// Whether it has a text.
    pub fn is_filled(&self) -> bool {
        self.text.is_some()
    }

    /// Whether some of it stands beyond the edges.
    pub fn is_wide(&self) -> bool {
        self.widest > self.width
    }

    /// Whether something is searched.
    pub fn is_searched(&self) -> bool {
        self.search.is_some()
    }

    fn lines(&self) -> &[String] {
        self.text.as_ref().map_or(&[], |text| &text.lines)
    }

    /// Moves; `false` when the action is none of its own.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::NextHit => self.go_to_hit(1),
            Action::PreviousHit => self.go_to_hit(-1),
            Action::Left => self.left = self.left.saturating_sub(SIDE),
            Action::Right => self.left = (self.left + SIDE).min(self.widest.saturating_sub(self.width)),
            action => return self.scroll.act(action),
        }
        true
    }

    /// Searches from the line on top. Errors: [`PatternError`].
    pub fn set_search(&mut self, text: &str) -> Result<(), PatternError> {
        self.search = if text.is_empty() { None } else { Some(Matcher::new(text)?) };
        self.go_to_hit(0);
        Ok(())
    }

    fn is_hit(&self, line: &str) -> bool {
        self.search.as_ref().is_some_and(|matcher| matcher.is_match(line.as_bytes()))
    }

    fn go_to_hit(&mut self, step: isize) {
        let (lines, top) = (self.lines(), self.scroll.top());
        let is_hit = |i: &usize| self.is_hit(&lines[*i]);
        let found = if step < 0 {
            (0..top).rev().find(is_hit)
        } else {
            (top + step.unsigned_abs()..lines.len()).find(is_hit)
        };
        if let Some(found) = found {
            self.scroll.go(found);
        }
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, area: Rect) {
        let head = self.text.as_ref().is_some_and(|text| text.head.is_some());
        let height = usize::from(area.height).saturating_sub(2 + usize::from(head));
        self.scroll.fit(self.lines().len(), height, 1);
        self.width = usize::from(area.width).saturating_sub(4).max(1);
        self.left = self.left.min(self.widest.saturating_sub(self.width));
    }

    /// What stands right on the border: the search, how much there is.
    fn summary(&self) -> String {
        let lines = self.lines();
        let search = self.search.as_ref().map(|matcher| {
            let hits = lines.iter().filter(|line| self.is_hit(line)).count();
            format!("/{}  {hits} {}  ", matcher.pattern(), if hits == 1 { "hit" } else { "hits" })
        });
        let side = if self.left > 0 { format!("from column {}  ", self.left + 1) } else { String::new() };
        let noun = match (self.text.as_ref().and_then(|text| text.head.as_ref()), lines.len()) {
            (None, 1) => "line",
            (None, _) => "lines",
            (Some(_), 1) => "row",
            (Some(_), _) => "rows",
        };
        format!("{}{side}{} {noun}", search.unwrap_or_default(), lines.len())
    }

    /// Draws it over all of `area`.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) {
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                buf[(x, y)].reset();
                buf[(x, y)].set_style(look.style(Role::Ground));
            }
        }
        let at = self.text.as_ref().map_or("", |text| text.at.as_str());
        let right = if self.text.is_some() { self.summary() } else { String::new() };
        let title = Title { number: None, parts: [&self.title, at], right: &right };
        let inner = frame::draw(buf, area, &title, look, true);
        let (x, mut y, width) = (inner.x + 1, inner.y, inner.width.saturating_sub(2));
        let Some(text) = &self.text else {
            put(buf, x, y, width, "asking the engine...", look.style(Role::Dim));
            return;
        };
        let mut line = |y, line: &str, role| {
            let shown = ansi::plain(line);
            if self.left == 0 {
                put(buf, x, y, width, &shown, look.style(role));
            } else {
                put(buf, x, y, width, &skip(&shown, self.left), look.style(role));
            }
        };
        if let Some(head) = text.head.as_ref().filter(|_| y < inner.bottom()) {
            line(y, head, Role::Dim);
            y += 1;
        }
        for (y, text) in (y..inner.bottom()).zip(&text.lines[self.scroll.window()]) {
            line(y, text, if self.is_hit(text) { Role::Match } else { Role::Text });
        }
    }
}
