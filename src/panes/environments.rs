//! Environments with their hosts: what is up, what is not heard of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Ctx, PaneKind, Request};
use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::container::{Container, Standing};
use crate::domain::environment::{Class, Environment};
use crate::domain::ids::EnvironmentId;
use crate::ui::list::{Cursor, draw_selected};
use crate::ui::text::{put, put_right, seconds};
use crate::world::{Host, Link};

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentsPane {
    cursor: Cursor<EnvironmentId>,
}

fn keys(ctx: &Ctx<'_>) -> Vec<EnvironmentId> {
    ctx.world.environments.iter().map(|e| e.id.clone()).collect()
}

/// Running and all containers of an environment, and how many need somebody; `None` until a host answered.
pub fn count(ctx: &Ctx<'_>, environment: &Environment) -> Option<(usize, usize, usize)> {
    let is_known = |id| ctx.world.hosts.get(id).is_some_and(|h: &Host| h.containers.is_some());
    environment.hosts.iter().any(is_known).then(|| {
        let all = ctx.world.containers(environment);
        let is_bad = |c: &Container| ctx.world.standing(&environment.id, c, ctx.now) == Standing::Bad;
        let up = all.iter().filter(|c| c.state.is_up()).count();
        (up, all.len(), all.iter().filter(|c| is_bad(c)).count())
    })
}

impl EnvironmentsPane {
    /// Moves; the environment under the cursor is shown at once.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let keys = keys(ctx);
        if self.cursor.act(action, &keys) {
            return Answer::Done(
                self.cursor.selected.clone().map(Request::SelectEnvironment).into_iter().collect(),
            );
        }
        match action {
            Action::Enter => Answer::Done(vec![Request::Focus(PaneKind::Containers)]),
            _ => Answer::Unknown,
        }
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, height: u16, ctx: &Ctx<'_>) {
        self.cursor.selected.clone_from(&ctx.scope.environment);
        self.cursor.fit(&keys(ctx), usize::from(height));
    }

    /// Draws the list.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let mut y = area.y;
        for environment in &ctx.world.environments {
            if y >= area.bottom() {
                return;
            }
            let row = Rect { y, height: 1, ..area };
            let is_selected = self.cursor.selected.as_ref() == Some(&environment.id);
            if is_selected {
                draw_selected(buf, row, ctx.look, ctx.is_focused);
            }
            draw_environment(ctx, environment, row, buf, is_selected);
            y += 1;
            for id in &environment.hosts {
                if let Some(host) = ctx.world.hosts.get(id).filter(|_| y < area.bottom()) {
                    draw_host(ctx, id.as_str(), host, Rect { y, height: 1, ..area }, buf);
                    y += 1;
                }
            }
        }
    }
}

fn draw_environment(
    ctx: &Ctx<'_>,
    environment: &Environment,
    row: Rect,
    buf: &mut Buffer,
    is_selected: bool,
) {
    let look = ctx.look;
    let name = if is_selected { look.style(Role::Bright) } else { look.style(Role::Text) };
    let used = put(buf, row.x + 2, row.y, row.width.saturating_sub(12), environment.id.as_str(), name);
    let (mark, role) = match environment.class {
        Class::Production => ("PROD", Role::Bad),
        Class::Staging => ("staging", Role::Warn),
        Class::Development => ("dev", Role::Dim),
        Class::Unclassified => ("", Role::Dim),
    };
    put(buf, row.x + 3 + used, row.y, row.width.saturating_sub(used + 12), mark, look.style(role));
    let Some((up, all, bad)) = count(ctx, environment) else {
        put_right(buf, row.x, row.y, row.width.saturating_sub(1), "unknown", look.style(Role::Dim));
        return;
    };
    let alert = format!("{}{bad}", look.glyph("▲", "!"));
    let role = if bad > 0 { Role::Bad } else { Role::Ok };
    let width = row.width.saturating_sub(1);
    if bad > 0 {
        put_right(buf, row.x, row.y, width, &alert, look.style(Role::Bad));
    }
    put_right(buf, row.x, row.y, width.saturating_sub(5), &format!("{up}/{all}"), look.style(role));
}

fn draw_host(ctx: &Ctx<'_>, name: &str, host: &Host, row: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    put(buf, row.x + 3, row.y, row.width / 2, name, look.style(Role::Dim));
    let (text, role) = match &host.link {
        Link::Asking => ("asking…".to_owned(), Role::Dim),
        Link::Up => ("up".to_owned(), Role::Faint),
        Link::Lost { since, .. } => {
            let age = ctx.now.at.saturating_duration_since(*since).as_secs() as i64;
            (format!("{} stale {}", look.glyph("!", "!"), seconds(age)), Role::Warn)
        }
    };
    let text = if look.is_ascii { text.replace('…', "...") } else { text };
    put_right(buf, row.x, row.y, row.width.saturating_sub(7), &text, look.style(role));
    if let Some(load) = host.load.load1 {
        put_right(
            buf,
            row.x,
            row.y,
            row.width.saturating_sub(1),
            &format!("{load:.1}"),
            look.style(Role::Faint),
        );
    }
}
