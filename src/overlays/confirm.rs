//! Confirmation: exactly what will be done, to what; Cancel has the focus.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::act::Change;
use crate::domain::container::State;
use crate::domain::grade::Grade;
use crate::ui::frame::{self, Title};
use crate::ui::look::Look;
use crate::ui::text::{bytes, put, put_right};

/// The dialog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirm {
    /// What will be done, and to what.
    pub change: Change,
    /// Where.
    pub environment: String,
    /// What has to be given.
    pub grade: Grade,
    /// What was typed so far.
    pub typed: String,
    /// Steps scrolled past.
    pub top: usize,
    /// How each container stood when it was asked; one that was gone then is `None`.
    pub seen: Vec<Option<State>>,
}

/// Most rows of the dialog; a longer list scrolls.
const MOST_ROWS: u16 = 22;

impl Confirm {
    /// Scrolls through the steps.
    pub fn scroll(&mut self, action: Action) {
        let last = self.change.steps().len().saturating_sub(1);
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top + 1,
            Action::PageUp | Action::HalfUp => self.top.saturating_sub(10),
            Action::PageDown | Action::HalfDown => self.top + 10,
            Action::Top => 0,
            Action::Bottom => last,
            _ => return,
        }
        .min(last);
    }

    /// Whether what was typed is the name.
    pub fn is_typed(&self) -> bool {
        matches!(&self.grade, Grade::Name(name) if *name == self.typed)
    }

    /// What it frees, and what an operator may not expect.
    fn notes(&self) -> Vec<(String, Role)> {
        let mut notes = Vec::new();
        if let Some(freed) = self.change.frees() {
            notes.push((freed.to_string(), Role::Ok));
        }
        notes.extend(self.change.warning().map(|text| (text.to_owned(), Role::Warn)));
        notes
    }

    /// Draws it over the middle of `area`.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) {
        let steps = self.change.steps();
        let notes = self.notes();
        // Border, a blank row above, the notes, and what to type.
        let around = 5 + notes.len() as u16;
        let height = (steps.len() as u16).saturating_add(around).min(MOST_ROWS).min(area.height);
        let title = self.change.title();
        let inner = dialog(buf, area, (70, height), [&title, &self.environment], look);
        let room = usize::from(height.saturating_sub(around)).max(1);
        let top = self.top.min(steps.len().saturating_sub(room));
        let width = inner.width.saturating_sub(4);
        let (x, mut y) = (inner.x + 2, inner.y + 1);
        for step in steps.iter().skip(top).take(room) {
            let size = step.bytes.map(bytes).unwrap_or_default();
            put(buf, x, y, width.saturating_sub(size.len() as u16 + 1), &step.text, look.style(Role::Text));
            put_right(buf, x, y, width, &size, look.style(Role::Dim));
            y += 1;
        }
        let mut line = |text: &str, role| {
            if y < inner.bottom() {
                put(buf, x, y, width, text, look.style(role));
                y += 1;
            }
        };
        let shown = top..(top + room).min(steps.len());
        if shown.len() < steps.len() {
            line(
                &format!("{} to {} of {}; arrows scroll", shown.start + 1, shown.end, steps.len()),
                Role::Dim,
            );
        } else {
            line("", Role::Text);
        }
        for (text, role) in &notes {
            line(text, *role);
        }
        match &self.grade {
            Grade::None | Grade::Yes => line("y does it   Esc or Enter cancels, nothing happens", Role::Key),
            Grade::Name(name) => {
                line(&format!("type {name} to confirm: {}", self.typed), Role::Key);
                line("Esc cancels, nothing happens", Role::Dim);
            }
        }
    }
}

/// Clears the middle of `area` and draws a border there; gives the area inside.
pub fn dialog(buf: &mut Buffer, area: Rect, size: (u16, u16), parts: [&str; 2], look: &Look) -> Rect {
    dialog_as(buf, area, size, parts, look, Role::BorderFocus)
}

/// As [`dialog`], with a border of its own colour.
pub fn dialog_as(
    buf: &mut Buffer,
    area: Rect,
    size: (u16, u16),
    parts: [&str; 2],
    look: &Look,
    border: Role,
) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let over =
        Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    for y in over.top()..over.bottom() {
        for x in over.left()..over.right() {
            buf[(x, y)].reset();
            buf[(x, y)].set_style(look.style(Role::Ground));
        }
    }
    frame::draw_as(buf, over, &Title { number: None, parts, right: "" }, look, true, border)
}
