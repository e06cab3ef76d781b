//! The last results of the engine's HEALTHCHECK, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::config::theme::Role;
use crate::domain::container::{Check, Container, State};
use crate::domain::health::took;
use crate::panes::Ctx;
use crate::ui::text::{put, put_right};

/// Lines it takes to show all.
pub(super) fn wanted(c: &Container) -> u16 {
    c.detail.as_ref().map_or(0, |detail| detail.checks.len() as u16 + 1)
}

/// A heading where there is room for it, then a line each.
pub(super) fn draw(ctx: &Ctx<'_>, c: &Container, area: Rect, buf: &mut Buffer) {
    let Some(detail) = c.detail.as_ref().filter(|_| area.height > 0) else { return };
    if detail.checks.is_empty() || !(c.state == State::Running || area.height > 1) {
        return;
    }
    let mut y = area.y;
    if area.height > 3 {
        put(buf, area.x, y, area.width, "HEALTHCHECK", ctx.look.style(Role::Dim));
        y += 1;
    }
    for (y, check) in (y..area.bottom()).zip(detail.checks.iter().rev()) {
        draw_check(ctx, check, Rect { y, height: 1, ..area }, buf);
    }
}

fn draw_check(ctx: &Ctx<'_>, check: &Check, row: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let mut x = row.x + 1;
    let room = |x: u16| row.right().saturating_sub(x);
    let (word, role) = match check.exit_code {
        0 => ("ok".to_owned(), Role::Ok),
        code => (format!("exit {code}"), Role::Bad),
    };
    x += put(buf, x, row.y, room(x), &look.clock(check.at), look.style(Role::Dim)) + 1;
    put(buf, x, row.y, 7.min(room(x)), &word, look.style(role));
    x += 7;
    let took = took(std::time::Duration::from_millis(u64::try_from(check.took_ms).unwrap_or(0)));
    put_right(buf, x, row.y, 6.min(room(x)), &took, look.style(Role::Dim));
    x += 8;
    let lines = check.output.split('\n').map(str::trim).filter(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join(" ");
    let text = if text.is_empty() { "no output" } else { &text };
    put(buf, x, row.y, room(x), text, look.style(Role::Text));
}
