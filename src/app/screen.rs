//! The whole screen: panes in their places, the frame around them, and what lies over them.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::model::{Model, Overlay};
use crate::action::Action;
use crate::config::theme::Role;
use crate::overlays::help;
use crate::panes::{PaneKind, activity, health, releases};
use crate::ui::frame::{self, Title};

mod footer;
mod header;
pub mod layout;
mod palette;
mod tabs;

impl Model {
    /// Tells every pane the room it has; a selection that moved with its object is taken over.
    pub(super) fn fit(&mut self) {
        if self.is_tiny() {
            return;
        }
        for (kind, area) in self.areas() {
            let height = area.height.saturating_sub(2);
            let ctx = crate::panes::Ctx {
                world: &self.world,
                scope: &self.scope,
                look: &self.look,
                now: self.now,
                is_focused: false,
            };
            match kind {
                PaneKind::Environments => self.environments.fit(height, &ctx),
                PaneKind::Logs => self.logs.fit(height),
                PaneKind::Containers => {
                    let selected = self.containers.fit(height, &ctx);
                    self.follow_selection(selected);
                }
                _ => {}
            }
        }
        let all = Rect::new(0, 0, self.size.0, self.size.1);
        if let Some(Overlay::Reader(reader)) = &mut self.overlay {
            reader.fit(Rect { height: all.height.saturating_sub(1), ..all });
        }
    }

    /// Draws everything.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let buf = frame.buffer_mut();
        buf.set_style(area, self.look.style(Role::Ground));
        if self.is_tiny() {
            self.draw_tiny(area, buf);
            return;
        }
        self.draw_header(Rect { height: 1, ..area }, buf);
        if self.is_narrow() {
            self.draw_tabs(Rect { y: 1, height: 1, ..area }, buf);
        }
        for (kind, pane) in self.areas() {
            self.draw_pane(kind, pane.intersection(area), buf);
        }
        let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
        match &self.overlay {
            Some(Overlay::Help(top)) => {
                let above = Rect { height: area.height - 1, ..area };
                help::draw(&self.keymap, self.focus.contexts(), *top, &self.look, above, buf);
            }
            Some(Overlay::Confirm(confirm)) => confirm.draw(&self.look, area, buf),
            Some(Overlay::Reader(reader)) => {
                reader.draw(&self.look, Rect { height: area.height - 1, ..area }, buf);
            }
            None => {}
        }
        match &self.input {
            Some(input) => {
                let cursor = input.draw(&self.look, foot, buf);
                if input.action == Action::Palette {
                    self.draw_palette(input, foot, buf);
                }
                frame.set_cursor_position(cursor);
            }
            None => self.draw_footer(foot, buf),
        }
    }

    fn draw_pane(&self, kind: PaneKind, area: Rect, buf: &mut Buffer) {
        let ctx = self.ctx(kind);
        let (number, name) = kind.title();
        let environment = self.scope.environment.as_ref().map_or("", |e| e.as_str());
        let container = self.scope.container.as_ref().and_then(|key| self.world.container(key));
        let (subject, right) = match kind {
            PaneKind::Containers => (environment.to_owned(), self.containers.summary()),
            PaneKind::Logs => (self.logs.subject(), self.logs.summary()),
            PaneKind::Health => {
                (container.map(|c| c.name.to_string()).unwrap_or_default(), health::summary(&ctx))
            }
            PaneKind::Releases => {
                (container.map(|c| c.service.to_string()).unwrap_or_default(), String::new())
            }
            PaneKind::Environments | PaneKind::Activity => (String::new(), String::new()),
        };
        let title = Title { number: Some(number), parts: [name, &subject], right: &right };
        let inner = frame::draw(buf, area, &title, &self.look, ctx.is_focused);
        match kind {
            PaneKind::Environments => self.environments.draw(&ctx, inner, buf),
            PaneKind::Containers => self.containers.draw(&ctx, inner, buf),
            PaneKind::Logs => self.logs.draw(&ctx, inner, buf),
            PaneKind::Health => health::draw(&ctx, inner, buf),
            PaneKind::Releases => releases::draw(&ctx, inner, buf),
            PaneKind::Activity => activity::draw(&ctx, inner, buf),
        }
    }
}
