//! Where everything sits, and the header and the footer around it.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::model::{Model, Overlay};
use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::environment::Class;
use crate::overlays::help;
use crate::panes::{PaneKind, activity, environments, health, releases};
use crate::ui::frame::{self, Title};
use crate::ui::text::{bytes, put, put_right, seconds};
use crate::world::Link;

/// Below this only a summary is shown.
const LEAST: (u16, u16) = (40, 8);
/// From this on several panes are shown side by side.
const WIDE: (u16, u16) = (120, 30);

/// Panes with their areas, for a body of this size; one alone when there is no room for more.
pub fn layout(body: Rect, focus: PaneKind, is_zoomed: bool) -> Vec<(PaneKind, Rect)> {
    if is_zoomed || body.width < WIDE.0 || body.height + 2 < WIDE.1 {
        if focus == PaneKind::Containers && !is_zoomed && body.height >= 16 {
            // Triage on a narrow screen: the list, and the log of what is selected.
            let list = body.height * 3 / 5;
            let below = Rect { y: body.y + list, height: body.height - list, ..body };
            return vec![(PaneKind::Containers, Rect { height: list, ..body }), (PaneKind::Logs, below)];
        }
        return vec![(focus, body)];
    }
    let left = 30;
    let (first, second) = (body.height * 2 / 5, body.height / 4);
    let column = |y, height| Rect { x: body.x, y: body.y + y, width: left, height };
    let wide = |y, height| Rect { x: body.x + left, y: body.y + y, width: body.width - left, height };
    let mut areas = vec![
        (PaneKind::Environments, column(0, second)),
        (PaneKind::Releases, column(second, second)),
        (PaneKind::Activity, column(second * 2, body.height - second * 2)),
        (PaneKind::Containers, wide(0, first)),
        (PaneKind::Health, wide(first, second - 1)),
        (PaneKind::Logs, wide(first + second - 1, body.height - first - second + 1)),
    ];
    areas.sort_by_key(|(kind, _)| *kind);
    areas
}

impl Model {
    fn body(&self) -> Rect {
        let tabs = u16::from(self.is_narrow());
        Rect::new(0, 1 + tabs, self.size.0, self.size.1.saturating_sub(2 + tabs))
    }

    fn is_narrow(&self) -> bool {
        self.size.0 < WIDE.0 || self.size.1 < WIDE.1
    }

    fn is_tiny(&self) -> bool {
        self.size.0 < LEAST.0 || self.size.1 < LEAST.1
    }

    fn areas(&self) -> Vec<(PaneKind, Rect)> {
        layout(self.body(), self.focus, self.is_zoomed)
    }

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

    fn draw_palette(&self, input: &crate::overlays::input::Input, foot: Rect, buf: &mut Buffer) {
        let matches = input.matches();
        let shown = matches.len().min(8) as u16;
        for (y, action) in (foot.y.saturating_sub(shown)..foot.y).zip(matches) {
            let row = Rect { y, ..foot };
            for x in row.left()..row.right() {
                buf[(x, y)].reset();
            }
            buf.set_style(row, self.look.style(Role::Raised));
            put(buf, row.x + 2, y, 18, action.entry().name, self.look.style(Role::Bright));
            put(
                buf,
                row.x + 21,
                y,
                row.width.saturating_sub(22),
                action.entry().doc,
                self.look.style(Role::Dim),
            );
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
            PaneKind::Health => (container.map(|c| c.name.to_string()).unwrap_or_default(), String::new()),
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

    /// Words of the header with their roles, most important first.
    fn header(&self) -> Vec<(String, Role)> {
        let mut words = Vec::new();
        if self.world.is_demo {
            words.push(("DEMO".to_owned(), Role::Production));
        }
        let Some(environment) = self.scope.environment.as_ref().and_then(|id| self.world.environment(id))
        else {
            return words;
        };
        let name = environment.id.to_string();
        match environment.class {
            Class::Production => words.push((name.to_uppercase(), Role::Production)),
            Class::Unclassified => words.push((format!("{name} (unclassified)"), Role::Bright)),
            _ => words.push((name, Role::Bright)),
        }
        match environments::count(&self.ctx(PaneKind::Environments), environment) {
            None => words.push(("containers unknown".to_owned(), Role::Dim)),
            Some((up, all, bad)) => {
                words.push((format!("{up}/{all} up"), if bad > 0 { Role::Bad } else { Role::Ok }));
                if bad > 0 {
                    let mark = self.look.glyph("▲", "!");
                    let noun = if bad == 1 { "alert" } else { "alerts" };
                    words.push((format!("{mark} {bad} {noun}"), Role::Bad));
                }
            }
        }
        for id in &environment.hosts {
            let Some(host) = self.world.hosts.get(id) else { continue };
            if let Link::Lost { since, .. } = &host.link {
                let age = self.now.at.saturating_duration_since(*since).as_secs() as i64;
                words.push((format!("{id} stale {}", seconds(age)), Role::Warn));
            }
            if let Some((free, all)) = host.load.disk_bytes {
                let role = if free * 10 < all { Role::Bad } else { Role::Dim };
                words.push((format!("disk {} free", bytes(free)), role));
            }
        }
        words
    }

    fn draw_header(&self, area: Rect, buf: &mut Buffer) {
        let look = &self.look;
        buf.set_style(area, look.style(Role::Raised));
        let clock = format!("{}{} ", look.clock(self.now.wall), look.zone(self.now.wall));
        let right = if self.is_narrow() { clock } else { format!("{}  {clock}", self.operator) };
        put_right(buf, area.x, area.y, area.width, &right, look.style(Role::Dim));
        let end = area.right().saturating_sub(right.width() as u16 + 1);
        let mut x = area.x + 1;
        if !self.is_narrow() {
            x += put(buf, x, area.y, 12, "pilothouse", look.style(Role::Bright)) + 2;
        }
        for (word, role) in self.header() {
            if x + word.width() as u16 >= end {
                break;
            }
            let word = if role == Role::Production { format!(" {word} ") } else { word };
            x += put(buf, x, area.y, end - x, &word, look.style(role)) + 2;
        }
    }

    fn draw_tabs(&self, area: Rect, buf: &mut Buffer) {
        let mut x = area.x + 1;
        for kind in PaneKind::ALL {
            let (number, name) = kind.title();
            let role = if kind == self.focus { Role::Bright } else { Role::Dim };
            let room = |x: u16| area.right().saturating_sub(x);
            x += put(buf, x, area.y, room(x), &number.to_string(), self.look.style(Role::Accent)) + 1;
            let name = if area.width < 90 { name.get(..4).unwrap_or(name) } else { name };
            x += put(buf, x, area.y, room(x), &name.to_lowercase(), self.look.style(role)) + 2;
        }
    }

    fn draw_footer(&self, area: Rect, buf: &mut Buffer) {
        let look = &self.look;
        buf.set_style(area, look.style(Role::Raised));
        if let Some((text, is_failure)) = &self.notice {
            let role = if *is_failure { Role::Bad } else { Role::Text };
            put(buf, area.x + 1, area.y, area.width.saturating_sub(2), text, look.style(role));
            return;
        }
        let mut x = area.x + 1;
        let contexts = self.contexts();
        let entries = || crate::action::ACTIONS.iter().filter(|e| !e.label.is_empty());
        for entry in contexts.iter().flat_map(|c| entries().filter(move |e| e.context == *c)) {
            let Some(key) = self.keymap.key_of(entry.action) else { continue };
            let label = match entry.action {
                Action::Follow if self.logs.is_paused() => "follow",
                _ => entry.label,
            };
            let needed = (key.width() + label.width() + 3) as u16;
            if x + needed > area.right() {
                continue;
            }
            x += put(buf, x, area.y, needed, &key, look.style(Role::Key)) + 1;
            x += put(buf, x, area.y, needed, label, look.style(Role::Dim)) + 2;
        }
    }

    /// One line a fact, as many as fit.
    fn draw_tiny(&self, area: Rect, buf: &mut Buffer) {
        for (y, (word, role)) in (area.top()..area.bottom()).zip(self.header()) {
            put(buf, area.x, y, area.width, &word, self.look.style(role));
        }
    }
}
