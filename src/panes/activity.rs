//! What this console did and what failed, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Ctx};
use crate::action::Action;
use crate::config::theme::Role;
use crate::ui::text::{put, wrapped};
use crate::world::Deed;

/// Longest text of one line of the list, in rows; and where somebody reads it.
const MOST_ROWS: (usize, usize) = (9, 30);

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct ActivityPane {
    /// Deeds scrolled past, counted from the newest.
    top: usize,
    height: usize,
}

impl ActivityPane {
    /// Scrolls.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let last = ctx.world.activity.len().saturating_sub(1);
        let page = (self.height / 2).max(1);
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top + 1,
            Action::PageUp | Action::HalfUp => self.top.saturating_sub(page),
            Action::PageDown | Action::HalfDown => self.top + page,
            Action::Top => 0,
            Action::Bottom => last,
            _ => return Answer::Unknown,
        }
        .min(last);
        Answer::Done(Vec::new())
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, height: u16) {
        self.height = usize::from(height);
    }

    /// Draws the newest that fit, long texts over several rows.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let look = ctx.look;
        if ctx.world.activity.is_empty() {
            let text = "nothing done yet";
            put(buf, area.x + 1, area.y, area.width.saturating_sub(1), text, look.style(Role::Dim));
        }
        let mut y = area.y;
        for deed in ctx.world.activity.iter().rev().skip(self.top) {
            if y >= area.bottom() {
                return;
            }
            y += draw_deed(ctx, deed, Rect { y, height: area.bottom() - y, ..area }, buf);
        }
    }
}

/// Gives the rows it took.
fn draw_deed(ctx: &Ctx<'_>, deed: &Deed, area: Rect, buf: &mut Buffer) -> u16 {
    let look = ctx.look;
    put(buf, area.x + 1, area.y, 8, &look.clock(deed.at), look.style(Role::Faint));
    let (mark, role) = if deed.is_failure { ("!", Role::Bad) } else { (" ", Role::Text) };
    put(buf, area.x + 10, area.y, 1, mark, look.style(role));
    // In a narrow column the text goes on below the time.
    let (x, first) = if area.width < 50 { (area.x + 3, 9) } else { (area.x + 12, 0) };
    let width = area.right().saturating_sub(x + 1);
    let most = if ctx.is_focused { MOST_ROWS.1 } else { MOST_ROWS.0 };
    let lines = wrapped(&deed.text, usize::from(width), first, most);
    for (i, line) in (0..area.height).zip(&lines) {
        let indent = if i == 0 { first as u16 } else { 0 };
        put(buf, x + indent, area.y + i, width.saturating_sub(indent), line, look.style(role));
    }
    lines.len().max(1) as u16
}
