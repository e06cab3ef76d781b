//! What this console did and what failed, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Ctx;
use crate::config::theme::Role;
use crate::ui::text::put;

/// Draws the newest lines that fit.
pub fn draw(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    if ctx.world.activity.is_empty() {
        let text = "nothing done yet";
        put(buf, area.x + 1, area.y, area.width.saturating_sub(1), text, look.style(Role::Dim));
    }
    for (y, deed) in (area.y..area.bottom()).zip(ctx.world.activity.iter().rev()) {
        let mut x = area.x + 1;
        x += put(buf, x, y, 9, &look.clock(deed.at), look.style(Role::Faint)) + 1;
        let role = if deed.is_failure { Role::Bad } else { Role::Text };
        put(buf, x, y, area.right().saturating_sub(x), &deed.text, look.style(role));
    }
}
