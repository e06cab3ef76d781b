//! The whole screen: panes in their places, the frame around them, and what lies over them.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::layout::{Edge, Place};
use super::model::{Model, Overlay};
use crate::config::theme::Role;
use crate::domain::environment::Class;
use crate::panes::{Ctx, PaneKind};
use crate::ui::frame::{self, Title};

mod footer;
mod header;
pub mod layout;
mod strip;
mod tabs;

impl Model {
    /// Tells every pane the room it has; a selection that moved with its object is taken over.
    pub(super) fn fit(&mut self) {
        if self.focus == PaneKind::Activity {
            self.seen = self.now.wall;
        }
        let all = Rect::new(0, 0, self.size.0, self.size.1);
        let between = layout::between(all);
        if let Some(reading) = &mut self.reading {
            reading.view.fit(between);
        }
        if let Some(Overlay::Help(help)) = &mut self.overlay {
            help.fit(between);
        }
        if self.is_tiny() {
            return;
        }
        let places = self.places();
        if places.iter().all(|place| place.pane != PaneKind::Containers) {
            let ctx = Ctx::new(&self.world, &self.scope, &self.look, self.now);
            if let Some(key) = self.containers.choose(&ctx) {
                self.follow_selection(Some(key));
            }
        }
        for place in places {
            let height = place.inner().height;
            let ctx = Ctx::new(&self.world, &self.scope, &self.look, self.now);
            match place.pane {
                PaneKind::Environments => self.environments.fit(place.inner(), &ctx),
                PaneKind::Logs => self.logs.fit(height),
                PaneKind::Activity => self.activity.fit(height),
                PaneKind::Releases => self.releases.fit(place.inner(), &ctx),
                PaneKind::Traffic => self.traffic.fit(place.inner(), &ctx),
                PaneKind::Deployment => self.deployment.fit(place.inner(), &ctx),
                PaneKind::Engine => self.engine.fit(place.inner(), &ctx),
                PaneKind::Events => self.events.fit(height, &ctx),
                PaneKind::Health if self.focus == PaneKind::Health => self.health.fit(place.inner(), &ctx),
                PaneKind::Containers => {
                    let selected = self.containers.fit(height, &ctx);
                    self.follow_selection(selected);
                }
                PaneKind::Health => {}
            }
        }
    }

    /// Draws everything.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        if area.is_empty() {
            return;
        }
        let buf = frame.buffer_mut();
        buf.set_style(area, self.look.style(Role::Ground));
        // The terminal's own size: news of it may still be on the way.
        let size = (area.width, area.height);
        if layout::is_tiny(size) {
            self.draw_tiny(area, buf);
        } else {
            self.draw_header(Rect { height: 1, ..area }, buf);
            if layout::is_narrow(size) {
                self.draw_tabs(Rect { y: 1, height: 1, ..area }, buf);
            }
            for place in layout::places(size, self.focus, self.is_zoomed) {
                self.draw_pane(&place, buf);
            }
        }
        let foot = Rect { y: area.bottom() - 1, height: 1, ..area };
        let between = layout::between(area);
        let mut cursor = None;
        if let Some(reading) = &self.reading {
            reading.view.draw(&self.look, between, buf);
        }
        match &self.overlay {
            Some(Overlay::Help(help)) => help.draw(&self.look, between, buf),
            Some(Overlay::Palette(palette)) => cursor = Some(palette.draw(&self.look, foot, buf)),
            Some(Overlay::Confirm(confirm)) => confirm.draw(&self.look, between, buf),
            Some(Overlay::Rollout(rollout)) => cursor = rollout.draw(&self.look, between, buf),
            Some(Overlay::Question(question)) => question.draw(&self.look, between, self.now.at, buf),
            None => {}
        }
        match &self.input {
            Some(input) => cursor = Some(input.draw(&self.look, foot, buf)),
            None if matches!(self.overlay, Some(Overlay::Palette(_))) => {}
            None if layout::is_tiny(size) => {}
            None => self.draw_footer(foot, buf),
        }
        if let Some(ask) = self.asks.front() {
            cursor = Some(ask.draw(&self.look, area, buf));
        }
        if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
        if self.look.is_ascii {
            only_ascii(frame.buffer_mut());
        }
    }

    /// Borders where nothing is focused; production is told by them everywhere.
    fn border(&self) -> Role {
        let environment = self.scope.environment.as_ref().and_then(|id| self.world.environment(id));
        match environment.map(|e| e.class) {
            Some(Class::Production) => Role::BorderProduction,
            _ => Role::Border,
        }
    }

    fn draw_pane(&self, place: &Place, buf: &mut Buffer) {
        let kind = place.pane;
        let ctx = self.ctx(kind);
        let (number, name) = kind.title();
        let environment = self.scope.environment.as_ref().map_or("", |e| e.as_str());
        let container = self.scope.container.as_ref().and_then(|key| self.world.container(key));
        let (subject, right) = match kind {
            PaneKind::Containers => (environment.to_owned(), self.containers.summary()),
            PaneKind::Logs => (self.logs.subject(&self.look), self.logs.summary()),
            PaneKind::Health => {
                (container.map(|c| c.name.to_string()).unwrap_or_default(), self.health.summary(&ctx))
            }
            PaneKind::Releases => {
                (container.map(|c| c.service.to_string()).unwrap_or_default(), self.releases.summary(&ctx))
            }
            PaneKind::Events => (environment.to_owned(), self.events.summary()),
            PaneKind::Engine => {
                let host = self.engine.host(&ctx);
                (host.map(|h| h.to_string()).unwrap_or_default(), self.engine.summary(&ctx))
            }
            PaneKind::Traffic => self.traffic.title(&ctx),
            PaneKind::Deployment => self.deployment.title(&ctx),
            PaneKind::Environments => (String::new(), self.environments.summary(&ctx)),
            PaneKind::Activity => (String::new(), String::new()),
        };
        let title = Title { number: Some(number), parts: [name, &subject], right: &right };
        let border = if ctx.is_focused { Role::BorderFocus } else { self.border() };
        match place.edge {
            Edge::Box => {
                frame::draw_as(buf, place.area, &title, &self.look, ctx.is_focused, border);
            }
            // The tab above has its number.
            Edge::Rule => {
                frame::rule(buf, place.area, &Title { number: None, ..title }, &self.look, self.border());
            }
            Edge::Open => {}
            Edge::Strip => return self.draw_strip(place, self.border(), buf),
        }
        let inner = place.inner();
        match kind {
            PaneKind::Environments => self.environments.draw(&ctx, inner, buf),
            PaneKind::Containers => self.containers.draw(&ctx, inner, buf),
            PaneKind::Logs => self.logs.draw(&ctx, inner, buf),
            PaneKind::Health => self.health.draw(&ctx, inner, buf),
            PaneKind::Releases => self.releases.draw(&ctx, inner, buf),
            PaneKind::Traffic => self.traffic.draw(&ctx, inner, buf),
            PaneKind::Deployment => self.deployment.draw(&ctx, inner, buf),
            PaneKind::Activity => self.activity.draw(&ctx, inner, buf),
            PaneKind::Engine => self.engine.draw(&ctx, inner, buf),
            PaneKind::Events => self.events.draw(&ctx, inner, buf),
        }
    }
}

/// Our own glyphs have ASCII forms; what containers and people are called may not.
fn only_ascii(buf: &mut Buffer) {
    for cell in buf.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
        cell.set_symbol("?");
    }
}
