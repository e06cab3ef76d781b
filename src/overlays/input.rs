//! One line of input at the foot of the screen: filters, searches, file names.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_textarea::{CursorMove, Input as Keystroke, Key, TextArea};
use unicode_width::UnicodeWidthStr;

use crate::action::Action;
use crate::config::keymap::{Chord, Code};
use crate::config::theme::Role;
use crate::ui::look::Look;
use crate::ui::text::{put, put_right};

/// The line.
pub struct Input {
    /// What it is for.
    pub action: Action,
    area: TextArea<'static>,
    before: String,
    /// Said at the right of the line: what the text finds so far, or why it cannot be used.
    pub said: Option<(String, Role)>,
}

impl Input {
    /// With a text to begin from.
    pub fn new(action: Action, text: &str) -> Self {
        let mut area = TextArea::new(vec![text.to_owned()]);
        area.move_cursor(CursorMove::End);
        Self { action, area, before: text.to_owned(), said: None }
    }

    /// What it began with.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Takes a key; Enter and Esc are the caller's.
    pub fn key(&mut self, chord: Chord) {
        let key = match chord.code {
            Code::Char(c) => Key::Char(c),
            Code::Backspace => Key::Backspace,
            Code::Delete => Key::Delete,
            Code::Left => Key::Left,
            Code::Right => Key::Right,
            Code::Home => Key::Home,
            Code::End => Key::End,
            _ => return,
        };
        // As every shell does; the editor's own meaning is undo.
        if chord.ctrl && chord.code == Code::Char('u') {
            self.area.delete_line_by_head();
            return;
        }
        // A line: what would make a second one is left out.
        if !(chord.ctrl && matches!(chord.code, Code::Char('m' | 'j'))) {
            self.area.input(Keystroke { key, ctrl: chord.ctrl, alt: chord.alt, shift: false });
        }
    }

    /// Takes pasted text, its line ends as spaces.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(text.replace(['\n', '\r'], " "));
    }

    /// Draws it into the row `area`; gives where the cursor stands.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) -> (u16, u16) {
        let label = match self.action {
            Action::Palette => ":",
            Action::Search => "search /",
            Action::FilterLines => "only lines & ",
            Action::TimeRange => "time (15m, 14:20-14:35, 2026-03-01 14:20) @ ",
            Action::Export => "write to file ",
            _ => "filter /",
        };
        buf.set_style(area, look.style(Role::Raised));
        let used = put(buf, area.x + 1, area.y, area.width.saturating_sub(1), label, look.style(Role::Key));
        let x = area.x + 1 + used;
        put(buf, x, area.y, area.right().saturating_sub(x), self.text(), look.style(Role::Bright));
        let before: String = self.text().chars().take(self.area.cursor().1).collect();
        let column = before.width() as u16;
        if let Some((said, role)) = &self.said {
            let end = x + self.text().width() as u16 + 2;
            let room = area.right().saturating_sub(end + 1);
            put_right(buf, end, area.y, room, said, look.style(*role));
        }
        ((x + column).min(area.right().saturating_sub(1)), area.y)
    }
}
