//! What changed lately: releases, ends, restarts, probes that turned; the service's own before others'.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::since::clock;
use crate::config::theme::Role;
use crate::domain::change::{self, Line};
use crate::domain::container::Container;
use crate::panes::Ctx;
use crate::ui::text::put;

fn lines(ctx: &Ctx<'_>, c: &Container, most: usize) -> Vec<Line> {
    ctx.environment().map_or_else(Vec::new, |environment| {
        change::lines(ctx.world.changes_in(environment), &c.service, most)
    })
}

/// What changed last of its service.
pub(super) fn newest(ctx: &Ctx<'_>, c: &Container) -> Option<Line> {
    lines(ctx, c, 1).pop().filter(|line| line.service == c.service)
}

/// Lines it takes of so many below each other with the checks: the heading and its lines.
pub(super) fn wanted(ctx: &Ctx<'_>, c: &Container, of: u16) -> u16 {
    let most = (of / 2).max(4).min(of);
    lines(ctx, c, usize::from(most.saturating_sub(1))).len() as u16 + 1
}

/// A heading and the newest lines, oldest first.
pub(super) fn draw(ctx: &Ctx<'_>, c: &Container, area: Rect, buf: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let look = ctx.look;
    put(buf, area.x, area.y, area.width, "WHAT CHANGED", look.style(Role::Dim));
    let most = usize::from(area.height - 1);
    let lines = lines(ctx, c, most);
    if lines.is_empty() {
        put(buf, area.x, area.y + 1, area.width, "nothing that is known", look.style(Role::Faint));
    }
    let has_hosts = ctx.has_hosts();
    for (y, line) in (area.y + 1..area.bottom()).zip(&lines) {
        let mut x = area.x + 1;
        x += put(buf, x, y, 9, &format!("{:<8}", clock(ctx, line.at)), look.style(Role::Dim)) + 1;
        let (name, text) = if line.is_bad { (Role::Text, Role::Bad) } else { (Role::Text, Role::Text) };
        let name = if line.service == c.service { name } else { Role::Dim };
        let whose = if has_hosts { format!("{}/{}", line.host, line.name) } else { line.name.to_string() };
        x += put(buf, x, y, area.right().saturating_sub(x), &whose, look.style(name)) + 1;
        put(buf, x, y, area.right().saturating_sub(x), &line.text, look.style(text));
    }
}
