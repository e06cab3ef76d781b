//! Health of the selected container: its check with the last outputs, and what it used lately.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Ctx;
use super::containers::columns;
use crate::config::theme::Role;
use crate::domain::container::{Check, Container, Standing, State};
use crate::ui::text::{age, bytes, put};

/// Draws it; there is nothing to select.
pub fn draw(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let Some(c) = ctx.scope.container.as_ref().and_then(|key| ctx.world.container(key)) else {
        put(
            buf,
            area.x + 1,
            area.y,
            area.width.saturating_sub(1),
            "select a container",
            look.style(Role::Dim),
        );
        return;
    };
    let mut y = area.y;
    let mut x = area.x + 1;
    let role = match c.standing() {
        Standing::Bad => Role::Bad,
        Standing::Warn => Role::Warn,
        Standing::Ok => Role::Ok,
        Standing::Plain => Role::Text,
    };
    let width = |x: u16| area.right().saturating_sub(x);
    x += put(buf, x, y, width(x), &columns::state_text(c), look.style(role)) + 2;
    x += put(buf, x, y, width(x), &columns::health_text(c), look.style(role)) + 2;
    for (label, value, role) in notes(ctx, c) {
        x += put(buf, x, y, width(x), label, look.style(Role::Dim)) + 1;
        x += put(buf, x, y, width(x), &value, look.style(role)) + 2;
    }
    y += 1;
    y += draw_usage(ctx, c, Rect { y, height: area.bottom().saturating_sub(y), ..area }, buf);
    let checks = c.detail.as_ref().map_or(&[][..], |d| &d.checks);
    for check in checks.iter().rev() {
        if y >= area.bottom() {
            return;
        }
        draw_check(ctx, check, Rect { y, height: 1, ..area }, buf);
        y += 1;
    }
}

fn notes(ctx: &Ctx<'_>, c: &Container) -> Vec<(&'static str, String, Role)> {
    let Some(detail) = &c.detail else { return vec![("details", "asking".to_owned(), Role::Dim)] };
    let mut notes = Vec::new();
    if detail.restarts > 0 {
        notes.push(("restarts", detail.restarts.to_string(), Role::Warn));
    }
    if let (false, Some(at)) = (c.state.is_up(), detail.finished) {
        notes.push(("ended", format!("{} ago", age(at, ctx.now.wall)), Role::Text));
    }
    if !detail.error.is_empty() {
        notes.push(("error", detail.error.clone(), Role::Bad));
    }
    if let Some(since) = failing_since(&detail.checks) {
        notes.push(("failing for at least", age(since.at, ctx.now.wall), Role::Bad));
    }
    if detail.is_log_unlimited {
        notes.push(("log", "no size limit".to_owned(), Role::Warn));
    }
    notes
}

/// The first of the failures that lead up to now.
fn failing_since(checks: &[Check]) -> Option<&Check> {
    checks.iter().rev().take_while(|c| c.exit_code != 0).last()
}

fn draw_usage(ctx: &Ctx<'_>, c: &Container, area: Rect, buf: &mut Buffer) -> u16 {
    let Some(history) = ctx.world.usage.get(&c.key).filter(|_| c.state == State::Running) else { return 0 };
    let Some(now) = history.usage.filter(|_| area.height > 1) else { return 0 };
    let look = ctx.look;
    let chart = area.width.saturating_sub(34).min(60);
    let limit = now.memory_limit_bytes.map(|l| format!(" of {}", bytes(l))).unwrap_or_default();
    let top = history.memory.iter().max().copied().unwrap_or(1).max(1) as f32;
    let memory: Vec<f32> = history.memory.iter().map(|m| *m as f32 * 100.0 / top).collect();
    let lines = [
        ("cpu", &history.cpu, format!("{:.1}%", now.cpu_percent)),
        ("memory", &memory, format!("{}{limit}", bytes(now.memory_bytes))),
    ];
    for (y, (label, values, text)) in (area.y..area.bottom()).zip(lines) {
        put(buf, area.x + 1, y, 8, label, look.style(Role::Dim));
        columns::spark(ctx, values, area.x + 10, y, chart, c.standing(), buf);
        put(
            buf,
            area.x + 12 + chart,
            y,
            area.width.saturating_sub(chart + 12),
            &text,
            look.style(Role::Text),
        );
    }
    2
}

fn draw_check(ctx: &Ctx<'_>, check: &Check, row: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let mut x = row.x + 1;
    let (word, role) = if check.exit_code == 0 { ("ok", Role::Ok) } else { ("fail", Role::Bad) };
    x += put(buf, x, row.y, 9, &look.clock(check.at), look.style(Role::Faint)) + 1;
    x += put(buf, x, row.y, 5, word, look.style(role)) + 1;
    x += put(buf, x, row.y, 9, &format!("{}ms", check.took_ms), look.style(Role::Dim)) + 2;
    let output = check.output.trim();
    put(
        buf,
        x,
        row.y,
        row.right().saturating_sub(x),
        output.lines().last().unwrap_or(""),
        look.style(Role::Text),
    );
}
