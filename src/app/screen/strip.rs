//! Triage on a narrow screen: below the list, what is wrong with the selected container, its newest lines, what changed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::Place;
use crate::app::model::Model;
use crate::config::theme::Role;
use crate::domain::container::{Container, Standing, State};
use crate::panes::containers::words;
use crate::panes::{PaneKind, condition, health};
use crate::ui::frame;
use crate::ui::text::{age, put, put_right};

impl Model {
    pub(super) fn draw_strip(&self, place: &Place, border: Role, buf: &mut Buffer) {
        let look = &self.look;
        let top = Rect { height: 1, ..place.area };
        frame::line(buf, top, look, border);
        let inner = place.inner();
        self.logs.draw(&self.ctx(PaneKind::Logs), inner, buf);
        let Some(c) = self.scope.container.as_ref().and_then(|key| self.world.container(key)) else { return };
        let end = top.right().saturating_sub(1);
        let mut x = top.x + 1;
        let mut write = |text: &str, role: Role| {
            x += put(buf, x, top.y, end.saturating_sub(x), text, look.style(role));
        };
        write(" ", Role::Dim);
        write(&c.name, Role::Bright);
        write(" ", Role::Dim);
        for (text, role) in self.reason(c) {
            write(&text, role);
            write(" ", Role::Dim);
        }
        if self.logs.is_paused() {
            put_right(buf, top.x, top.y, top.width.saturating_sub(2), " log paused ", look.style(Role::Warn));
        }
        let last = Rect { y: place.area.bottom().saturating_sub(1), height: 1, ..place.area };
        self.draw_changes(c, last, buf);
    }

    /// What is wrong with it and since when, or that nothing is.
    fn reason(&self, c: &Container) -> Vec<(String, Role)> {
        let ctx = self.ctx(PaneKind::Containers);
        let role = match ctx.standing(c) {
            Standing::Bad => Role::Bad,
            Standing::Warn => Role::Warn,
            Standing::Ok => Role::Ok,
            Standing::Plain => Role::Dim,
        };
        let (health, _) = condition::of(&ctx, c);
        let mut words = if c.state == State::Running && !health.is_empty() {
            vec![(health, role)]
        } else {
            vec![(words::state_text(c), role)]
        };
        if let Some(at) = self.bad_since(c) {
            words.push((format!("since {}", self.look.since(at, self.now.wall)), role));
        }
        words.extend(health::strains(&ctx, c).map(|text| (text, Role::Warn)));
        if let Some(error) = c.detail.as_ref().map(|d| d.error.as_str()).filter(|e| !e.is_empty()) {
            words.push((error.to_owned(), Role::Bad));
        }
        words
    }

    /// What asks it says, and what changed last.
    fn draw_changes(&self, c: &Container, row: Rect, buf: &mut Buffer) {
        let (look, ctx) = (&self.look, self.ctx(PaneKind::Containers));
        let asked = health::verdict(&ctx, c);
        let is_well = asked.as_ref().is_some_and(|(.., role)| *role == Role::Dim);
        let asked = asked.map(|(what, said, role)| vec![(format!("{what} "), Role::Dim), (said, role)]);
        let changed = health::newest(&ctx, c).map(|(line, whose)| {
            let is_long_ago = self.now.wall - line.at > chrono::TimeDelta::hours(18);
            let ago = || format!("{} ago", age(line.at, self.now.wall));
            vec![
                ("changed ".to_owned(), Role::Dim),
                (if is_long_ago { ago() } else { look.clock(line.at) }, Role::Text),
                (format!(" {whose} "), Role::Text),
                (line.text, if line.is_bad { Role::Bad } else { Role::Bright }),
            ]
        });
        // What is bad goes first; that a check is well is read where there is room.
        let pieces = if is_well { [changed, asked] } else { [asked, changed] };
        let mut x = row.x + 1;
        for piece in pieces.into_iter().flatten() {
            for (text, role) in piece {
                x += put(buf, x, row.y, row.right().saturating_sub(x + 1), &text, look.style(role));
            }
            x += 3;
        }
    }
}
