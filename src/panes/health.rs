//! Health of the selected container and its service: what asks it says, since when, what changed, what it used.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Ctx;
use crate::config::theme::Role;
use crate::domain::change::Line;
use crate::domain::container::Container;
use crate::ui::text::put;

mod changed;
mod charts;
mod checks;
mod signs;
mod since;

/// From this width on what changed stands beside the charts.
const BESIDE: u16 = 110;

fn selected<'a>(ctx: &Ctx<'a>) -> Option<&'a Container> {
    ctx.scope.container.as_ref().and_then(|key| ctx.world.container(key))
}

/// What stands right on the border: since when, and what was before.
pub fn summary(ctx: &Ctx<'_>) -> String {
    selected(ctx).map(|c| since::story(ctx, c)).unwrap_or_default()
}

/// What changed last of a container's service.
pub fn newest(ctx: &Ctx<'_>, c: &Container) -> Option<Line> {
    changed::newest(ctx, c)
}

/// The worst that asks a container says: which question, the answer, what it means.
pub fn verdict(ctx: &Ctx<'_>, c: &Container) -> Option<(&'static str, String, Role)> {
    signs::verdict(ctx, c)
}

/// Draws it; there is nothing to select.
pub fn draw(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let Some(c) = selected(ctx) else {
        put(buf, area.x, area.y, area.width, "select a container", ctx.look.style(Role::Dim));
        return;
    };
    if area.width >= BESIDE {
        let right = (area.width * 2 / 5).min(60);
        let left = Rect { width: area.width - right - 2, ..area };
        let right = Rect { x: left.right() + 2, width: right, ..area };
        let rest = signs::draw(ctx, &signs::signs(ctx, c), left, buf);
        let rest = charts::draw(ctx, c, rest, buf);
        checks::draw(ctx, c, rest, buf);
        let rest = since::draw(ctx, c, right, buf);
        changed::draw(ctx, c, rest, buf);
    } else {
        let rest = signs::draw(ctx, &signs::signs(ctx, c), area, buf);
        let rest = since::draw(ctx, c, rest, buf);
        let rest = charts::draw(ctx, c, rest, buf);
        // Free lines where nothing is lost by them.
        let checks = checks::wanted(c);
        let gap = u16::from(rest.height > changed::wanted(ctx, c, rest.height) + checks + 1);
        let rest = split(rest, gap).1;
        let (above, below) = split(rest, changed::wanted(ctx, c, rest.height));
        changed::draw(ctx, c, above, buf);
        checks::draw(ctx, c, split(below, gap).1, buf);
    }
}

/// The first `height` lines, and the others.
fn split(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

#[cfg(test)]
mod tests;
