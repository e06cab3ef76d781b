//! The last results of the engine's HEALTHCHECK, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::config::theme::Role;
use crate::domain::container::{Check, Container, State};
use crate::domain::health::took;
use crate::panes::Ctx;
use crate::ui::text::{put, put_right, wrapped};

/// The most lines that one output takes.
const MOST: usize = 8;

/// Lines it takes to show all, each output cut to one.
pub(super) fn wanted(c: &Container) -> u16 {
    c.detail.as_ref().map_or(0, |detail| detail.checks.len() as u16 + 1)
}

/// A heading where there is room for it, then a line each; what else is free goes to long outputs, the newest first.
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
    let mut free = usize::from(area.bottom() - y).saturating_sub(detail.checks.len());
    for check in detail.checks.iter().rev() {
        if y >= area.bottom() {
            break;
        }
        let most = (free + 1).min(MOST);
        let taken = draw_check(ctx, check, Rect { y, height: most as u16, ..area }, buf);
        free -= usize::from(taken - 1);
        y += taken;
    }
}

/// Draws at most the height of `row`, and says how many lines that were.
fn draw_check(ctx: &Ctx<'_>, check: &Check, row: Rect, buf: &mut Buffer) -> u16 {
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
    let output = if check.output.trim().is_empty() { "no output" } else { &check.output };
    let lines = wrapped(output, usize::from(room(x)), 0, usize::from(row.height));
    for (y, line) in (row.y..).zip(&lines) {
        put(buf, x, y, room(x), line, look.style(Role::Text));
    }
    (lines.len() as u16).max(1)
}
