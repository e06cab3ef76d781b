//! The edge of a pane with its number and title. No boxes in boxes: one thin line, bright only in focus.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::look::Look;
use super::text::{put, put_right};
use crate::config::theme::Role;

/// What stands on a pane's border.
pub struct Title<'a> {
    /// The digit that focuses it; none for a dialog.
    pub number: Option<char>,
    /// Its name and what it shows, apart: `Logs`, `api (2 containers)`.
    pub parts: [&'a str; 2],
    /// Right on the border: counts, state.
    pub right: &'a str,
}

/// Draws the border and gives the area inside. Areas below 3x3 are returned as they are.
pub fn draw(buf: &mut Buffer, area: Rect, title: &Title<'_>, look: &Look, is_focused: bool) -> Rect {
    let border = if is_focused { Role::BorderFocus } else { Role::Border };
    draw_as(buf, area, title, look, is_focused, border)
}

/// As [`draw`], with a border of its own colour.
pub fn draw_as(
    buf: &mut Buffer,
    area: Rect,
    title: &Title<'_>,
    look: &Look,
    is_focused: bool,
    border: Role,
) -> Rect {
    if area.width < 3 || area.height < 3 {
        return area;
    }
    let style = look.style(border);
    let [horizontal, vertical] = if look.is_ascii { ["-", "|"] } else { ["─", "│"] };
    let corners = if look.is_ascii { ["+"; 4] } else { ["┌", "┐", "└", "┘"] };
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    for x in area.left() + 1..right {
        buf[(x, area.top())].set_symbol(horizontal).set_style(style);
        buf[(x, bottom)].set_symbol(horizontal).set_style(style);
    }
    for y in area.top() + 1..bottom {
        buf[(area.left(), y)].set_symbol(vertical).set_style(style);
        buf[(right, y)].set_symbol(vertical).set_style(style);
    }
    let ends = [(area.left(), area.top()), (right, area.top()), (area.left(), bottom), (right, bottom)];
    for (at, corner) in ends.into_iter().zip(corners) {
        buf[at].set_symbol(corner).set_style(style);
    }
    draw_title(buf, area, 2, title, look, is_focused);
    Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
}

/// Draws a rule with a title in the first row of `area`, for a pane that has the whole width.
pub fn rule(buf: &mut Buffer, area: Rect, title: &Title<'_>, look: &Look, border: Role) {
    if area.is_empty() {
        return;
    }
    line(buf, Rect { height: 1, ..area }, look, border);
    draw_title(buf, area, 1, title, look, true);
}

/// A line over the whole of a row.
pub fn line(buf: &mut Buffer, row: Rect, look: &Look, border: Role) {
    for x in row.left()..row.right() {
        buf[(x, row.y)].set_symbol(look.glyph("─", "-")).set_style(look.style(border));
    }
}

fn draw_title(buf: &mut Buffer, area: Rect, indent: u16, title: &Title<'_>, look: &Look, is_focused: bool) {
    let strong = look.style(if is_focused { Role::Bright } else { Role::Dim });
    let dim = look.style(Role::Dim);
    let (mut x, end) = (area.left() + indent, area.right().saturating_sub(indent));
    let mut write = |text: &str, style| {
        x += put(buf, x, area.top(), end.saturating_sub(x), text, style);
    };
    write(" ", dim);
    if let Some(number) = title.number {
        write(&number.to_string(), look.style(Role::Accent));
        write(" ", dim);
    }
    write(title.parts[0], strong);
    if !title.parts[1].is_empty() {
        write(look.glyph(" · ", " - "), dim);
        write(title.parts[1], if is_focused { strong } else { look.style(Role::Text) });
    }
    write(" ", dim);
    let right_width = title.right.width() as u16 + 2;
    if !title.right.is_empty() && x + right_width < end {
        put_right(buf, end - right_width, area.top(), right_width, &format!(" {} ", title.right), dim);
    }
}
