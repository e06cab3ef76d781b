//! One line of input at the foot of the screen: filters, searches, file names.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_textarea::{CursorMove, Input as Keystroke, Key, TextArea};
use unicode_width::UnicodeWidthStr;

use crate::action::Action;
use crate::config::keymap::{Chord, Code};
use crate::config::theme::Role;
use crate::logs::ansi;
use crate::ui::look::Look;
use crate::ui::text::{put, put_right};

fn line(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(vec![text.to_owned()]);
    area.move_cursor(CursorMove::End);
    area
}

/// What Tab put in the place of what was typed.
struct Completed {
    typed: String,
    /// Which of those whose names begin so.
    number: usize,
    name: String,
}

/// The line.
pub struct Input {
    /// What it is for.
    pub action: Action,
    area: TextArea<'static>,
    before: String,
    /// What was entered before, the newest last.
    entered: Vec<String>,
    /// Which of them is shown; behind the last stands what was typed.
    at: usize,
    typed: String,
    /// Patterns by name, which Tab goes through.
    named: Vec<(String, String)>,
    completed: Option<Completed>,
    /// Said at the right of the line: what the text finds so far, or why it cannot be used.
    pub said: Option<(String, Role)>,
}

impl Input {
    /// With a text to begin from.
    pub fn new(action: Action, text: &str) -> Self {
        let (before, typed) = (text.to_owned(), text.to_owned());
        let (entered, named) = (Vec::new(), Vec::new());
        Self { action, area: line(text), before, entered, at: 0, typed, named, completed: None, said: None }
    }

    /// Tab goes through these patterns by their names.
    #[must_use]
    pub fn offering(self, named: Vec<(String, String)>) -> Self {
        Self { named, ..self }
    }

    /// What is offered, or which of it is taken.
    fn name(&self) -> Option<String> {
        let names = || self.named.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        match &self.completed {
            Some(completed) => Some(completed.name.clone()),
            None => (self.text().is_empty() && !self.named.is_empty()).then(|| format!("Tab: {}", names())),
        }
    }

    /// The next pattern whose name begins with what was typed; a leading `!` of a filter stays.
    fn complete(&mut self) {
        let before = self.completed.take().map(|completed| (completed.typed, completed.number + 1));
        let (typed, number) = before.unwrap_or_else(|| (self.text().to_owned(), 0));
        let inverse = if self.action == Action::FilterLines && typed.starts_with('!') { "!" } else { "" };
        let fits = |(name, _): &&(String, String)| name.starts_with(&typed[inverse.len()..]);
        let count = self.named.iter().filter(fits).count();
        let found = self.named.iter().filter(fits).nth(number.checked_rem(count).unwrap_or(0));
        let Some((name, text)) = found.cloned() else { return };
        self.area = line(&format!("{inverse}{text}"));
        self.completed = Some(Completed { typed, number, name });
    }

    /// Up and Down go through these, the newest last.
    #[must_use]
    pub fn recalling(self, entered: Vec<String>) -> Self {
        Self { at: entered.len(), entered, ..self }
    }

    /// What it began with.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// To what was entered before it, or after; behind the newest stands what was typed.
    fn recall(&mut self, to: Option<usize>) {
        let Some(to) = to.filter(|to| *to <= self.entered.len()) else { return };
        if self.at == self.entered.len() {
            self.typed = self.text().to_owned();
        }
        self.at = to;
        self.area = line(self.entered.get(to).unwrap_or(&self.typed));
    }

    /// Takes a key; Enter and Esc are the caller's.
    pub fn key(&mut self, chord: Chord) {
        if chord.code == Code::Tab {
            return self.complete();
        }
        self.completed = None;
        let key = match chord.code {
            Code::Char(c) => Key::Char(c),
            Code::Backspace => Key::Backspace,
            Code::Delete => Key::Delete,
            Code::Left => Key::Left,
            Code::Right => Key::Right,
            Code::Home => Key::Home,
            Code::End => Key::End,
            Code::Up => return self.recall(self.at.checked_sub(1)),
            Code::Down => return self.recall(Some(self.at + 1)),
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
        let name = self.name().map(|name| ansi::plain(&name).into_owned());
        let (said, role) = self.said.as_ref().map_or(("", Role::Dim), |(said, role)| (said.as_str(), *role));
        let said = [name.as_deref(), Some(said)].into_iter().flatten().filter(|part| !part.is_empty());
        let said = said.collect::<Vec<_>>().join("  ");
        if !said.is_empty() {
            let end = x + self.text().width() as u16 + 2;
            let room = area.right().saturating_sub(end + 1);
            put_right(buf, end, area.y, room, &said, look.style(role));
        }
        ((x + column).min(area.right().saturating_sub(1)), area.y)
    }
}
