//! Confirmation: exactly what will be done, to what; Cancel has the focus.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::config::theme::Role;
use crate::domain::act::ContainerAct;
use crate::domain::ids::ContainerKey;
use crate::ui::frame::{self, Title};
use crate::ui::look::Look;
use crate::ui::text::put;

/// What an operator has to give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grade {
    /// The key `y`.
    Yes,
    /// The name of the environment, typed.
    Name(String),
}

/// The dialog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirm {
    /// What will be done.
    pub act: ContainerAct,
    /// To these, with their names.
    pub targets: Vec<(ContainerKey, String)>,
    /// Where.
    pub environment: String,
    /// What has to be given.
    pub grade: Grade,
    /// What was typed so far.
    pub typed: String,
}

impl Confirm {
    /// Whether what was typed is the name.
    pub fn is_typed(&self) -> bool {
        matches!(&self.grade, Grade::Name(name) if *name == self.typed)
    }

    /// Draws it over the middle of `area`.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) {
        let height = (self.targets.len().min(10) as u16 + 7).min(area.height);
        let inner = dialog(buf, area, (70, height), self.title(), look);
        let mut y = inner.y + 1;
        let mut line = |text: &str, role| {
            if y < inner.bottom() {
                put(buf, inner.x + 2, y, inner.width.saturating_sub(3), text, look.style(role));
                y += 1;
            }
        };
        for (key, name) in self.targets.iter().take(10) {
            line(&format!("{} {name} on {}", self.act.verb(), key.host), Role::Text);
        }
        if self.targets.len() > 10 {
            line(&format!("and {} more", self.targets.len() - 10), Role::Text);
        }
        if self.act == ContainerAct::Remove {
            line("a running container is killed first; its volumes stay", Role::Warn);
        }
        line("", Role::Text);
        match &self.grade {
            Grade::Yes => line("y does it   Esc or Enter cancels, nothing happens", Role::Key),
            Grade::Name(name) => {
                line(&format!("type {name} to confirm: {}", self.typed), Role::Key);
                line("Esc cancels, nothing happens", Role::Dim);
            }
        }
    }

    fn title(&self) -> [&str; 2] {
        [self.act.verb(), &self.environment]
    }
}

/// Clears the middle of `area` and draws a border there; gives the area inside.
pub fn dialog(buf: &mut Buffer, area: Rect, size: (u16, u16), parts: [&str; 2], look: &Look) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let over =
        Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    for y in over.top()..over.bottom() {
        for x in over.left()..over.right() {
            buf[(x, y)].reset();
            buf[(x, y)].set_style(look.style(Role::Ground));
        }
    }
    frame::draw(buf, over, &Title { number: None, parts, right: "" }, look, true)
}
