//! The first line: where am I, what is broken, since when.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::model::Model;
use crate::config::theme::Role;
use crate::domain::environment::Class;
use crate::panes::{PaneKind, environments};
use crate::ui::text::{bytes, put, put_right, seconds};
use crate::world::Link;

impl Model {
    /// Words of the header with their roles, most important first.
    pub(super) fn header(&self) -> Vec<(String, Role)> {
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

    pub(super) fn draw_header(&self, area: Rect, buf: &mut Buffer) {
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

    /// One line a fact, as many as fit.
    pub(super) fn draw_tiny(&self, area: Rect, buf: &mut Buffer) {
        for (y, (word, role)) in (area.top()..area.bottom()).zip(self.header()) {
            put(buf, area.x, y, area.width, &word, self.look.style(role));
        }
    }
}
