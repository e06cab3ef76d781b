//! A question with a key for each answer; Esc, Enter and `n` mean that nothing is done.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::confirm::dialog;
use crate::config::theme::Role;
use crate::domain::act::Change;
use crate::domain::environment::Class;
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::ui::look::Look;
use crate::ui::text::{put, wrapped};

/// What an answer brings about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Then {
    /// Show values that are masked.
    Unmask,
    /// Run the operator's own program of that number.
    Run(usize),
    /// Open a shell in this container.
    Shell(ContainerKey),
    /// Say what an environment is, then go on with what was wanted.
    Classify(EnvironmentId, Class, Wish),
    /// Leave it unclassified while this console runs, and go on with what was wanted.
    Leave(EnvironmentId, Wish),
}

/// What somebody wants that may change something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// This change.
    Change(Change),
    /// A shell in this container: whatever is done in it.
    Shell(ContainerKey),
}

/// One answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Its key.
    pub key: char,
    /// What it means.
    pub label: String,
    /// What it brings about.
    pub then: Then,
}

/// The question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// What it is about, and where.
    pub title: [String; 2],
    /// What is asked, each wrapped.
    pub lines: Vec<String>,
    /// The answers.
    pub choices: Vec<Choice>,
}

impl Question {
    /// The answer of that key.
    pub fn answer(&self, key: char) -> Option<&Then> {
        self.choices.iter().find(|choice| choice.key == key).map(|choice| &choice.then)
    }

    /// Draws it over the middle of `area`.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) {
        let width = 70.min(area.width);
        let room = usize::from(width.saturating_sub(6));
        let lines: Vec<_> = self.lines.iter().flat_map(|line| wrapped(line, room, 0, 6)).collect();
        let height = (lines.len() + self.choices.len()) as u16 + 6;
        let parts = [self.title[0].as_str(), self.title[1].as_str()];
        let inner = dialog(buf, area, (width, height), parts, look);
        let mut y = inner.y + 1;
        // On a short screen the answers matter more than the words before them.
        let tail = self.choices.len() as u16 + 2;
        let most = inner.bottom().saturating_sub(tail + y);
        for line in lines.iter().take(usize::from(most)) {
            put(buf, inner.x + 2, y, inner.width.saturating_sub(4), line, look.style(Role::Text));
            y += 1;
        }
        y += u16::from(y + tail < inner.bottom());
        for choice in &self.choices {
            if y < inner.bottom() {
                put(buf, inner.x + 2, y, 1, &choice.key.to_string(), look.style(Role::Key));
                put(
                    buf,
                    inner.x + 5,
                    y,
                    inner.width.saturating_sub(7),
                    &choice.label,
                    look.style(Role::Text),
                );
                y += 1;
            }
        }
        if y < inner.bottom() {
            put(
                buf,
                inner.x + 2,
                inner.bottom() - 1,
                inner.width.saturating_sub(4),
                "Esc or Enter cancels, nothing happens",
                look.style(Role::Dim),
            );
        }
    }
}
