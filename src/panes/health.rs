//! Health of the selected container and its service: what asks it says, since when, what changed, what it used.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Ctx;
use crate::config::theme::Role;
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
        let rest = draw_state(ctx, c, left, buf);
        checks::draw(ctx, c, rest, buf);
        let rest = since::draw(ctx, c, right, buf);
        changed::draw(ctx, c, rest, buf);
    } else {
        let rest = since::draw(ctx, c, area, buf);
        let rest = draw_state(ctx, c, rest, buf);
        // What changed tells more than a sixth result of the same check.
        let (above, below) = split(rest, changed::wanted(ctx, c, rest.height));
        changed::draw(ctx, c, above, buf);
        checks::draw(ctx, c, below, buf);
    }
}

/// Signs and charts; gives what is left below.
fn draw_state(ctx: &Ctx<'_>, c: &Container, area: Rect, buf: &mut Buffer) -> Rect {
    let rest = signs::draw(ctx, &signs::signs(ctx, c), area, buf);
    charts::draw(ctx, c, rest, buf)
}

/// The first `height` lines, and the others.
fn split(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

#[cfg(test)]
mod tests;
