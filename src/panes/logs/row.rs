//! One log line on the screen: time, level, container, message, fields.

use ratatui::buffer::Buffer as Cells;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::LogsPane;
use crate::config::theme::Role;
use crate::logs::decode::{CORRELATION_KEYS, Kind};
use crate::logs::line::{Level, LineRef, Stream};
use crate::logs::{ansi, decode};
use crate::panes::Ctx;
use crate::ui::list::draw_selected;
use crate::ui::text::put;

/// Longest text of a line that is laid out; a screen is never wider, and wrapping stops there.
const MOST_BYTES: usize = 16 << 10;

/// Pieces of a line with their styles; all text is safe to draw.
pub struct Composed {
    pieces: Vec<(String, Style)>,
}

/// Lays a line out as the pane shows it.
pub fn compose(ctx: &Ctx<'_>, pane: &LogsPane, line: &LineRef<'_>) -> Composed {
    let look = ctx.look;
    let mut pieces = Vec::new();
    let mut add = |text: String, role: Role| pieces.push((text, look.style(role)));
    if line.is_marker() {
        let rule = look.glyph("──", "--");
        add(format!("{rule} {} {rule}", ansi::shown(line.bytes)), Role::Bad);
        return Composed { pieces };
    }
    add(format!("{} ", look.log_clock(line.at_ns)), Role::Faint);
    let role = match line.level {
        Level::Fatal | Level::Error => Role::BadStrong,
        Level::Warn => Role::Warn,
        _ => Role::Dim,
    };
    let level = line.level.as_str().to_ascii_uppercase();
    add(format!("{level:<5} "), role);
    if pane.sources.len() > 1 {
        let width = pane.sources.iter().map(|(_, name)| name.width()).max().unwrap_or(0).min(20);
        let name = crate::ui::text::cut(&ansi::plain(pane.source(line.source)), width);
        let roles = [Role::Blue, Role::Green, Role::Key, Role::Accent];
        add(format!("{name:<width$} "), roles[usize::from(line.source.0) % roles.len()]);
    }
    let bytes = &line.bytes[..line.bytes.len().min(MOST_BYTES)];
    let decoded = if pane.is_raw { None } else { Some(decode::decode(line.bytes)) };
    match decoded.filter(|d| d.kind != Kind::Plain) {
        Some(decoded) => {
            let strong = if line.level >= Level::Error { Role::Bright } else { Role::Text };
            add(decoded.message.into_owned(), strong);
            for (key, value) in decoded.fields {
                let is_id = CORRELATION_KEYS.contains(&&*key);
                add(format!("  {key}="), Role::Dim);
                add(value.into_owned(), if is_id { Role::Blue } else { Role::Text });
            }
        }
        None => {
            let base = look.style(if line.stream == Stream::Stderr { Role::Bright } else { Role::Text });
            for span in ansi::clean(bytes) {
                pieces.push((span.text.into_owned(), sgr(base, span.sgr)));
            }
        }
    }
    if line.cut_bytes > 0 || line.bytes.len() > MOST_BYTES {
        let more = line.cut_bytes + line.bytes.len().saturating_sub(MOST_BYTES) as u64;
        pieces.push((format!(" ({more} more bytes)"), look.style(Role::Warn)));
    }
    Composed { pieces }
}

/// Only weight survives from a container's own colours: colour means something here.
fn sgr(base: Style, sgr: ansi::Sgr) -> Style {
    if sgr.bold { base.add_modifier(Modifier::BOLD) } else { base }
}

/// Rows it takes when wrapped, at least one.
pub fn rows(line: &Composed, width: u16) -> u16 {
    let cells: usize = line.pieces.iter().map(|(text, _)| text.width()).sum();
    cells.div_ceil(usize::from(width.saturating_sub(2)).max(1)).clamp(1, 200) as u16
}

/// Draws it into `area`: one row cut, or several wrapped.
pub fn draw(ctx: &Ctx<'_>, pane: &LogsPane, line: &Composed, area: Rect, cells: &mut Cells, is_cursor: bool) {
    if is_cursor {
        for y in area.top()..area.bottom() {
            draw_selected(cells, Rect { y, height: 1, ..area }, ctx.look, ctx.is_focused);
        }
    }
    let whole: String = line.pieces.iter().map(|(text, _)| text.as_str()).collect();
    let hits = pane.search.as_ref().map(|m| m.hits_in(whole.as_bytes())).unwrap_or_default();
    let (left, right) = (area.x + 1, area.right());
    let (mut x, mut y, mut offset) = (left, area.y, 0);
    let mut skip = if pane.is_wrapped { 0 } else { pane.shift };
    for (text, style) in &line.pieces {
        for cluster in text.graphemes(true) {
            let at = offset;
            offset += cluster.len();
            let width = cluster.width() as u16;
            if skip > 0 {
                skip = skip.saturating_sub(usize::from(width));
                continue;
            }
            if x + width > right {
                if !pane.is_wrapped || y + 1 >= area.bottom() {
                    return;
                }
                (x, y) = (left, y + 1);
            }
            if width == 0 {
                continue;
            }
            let is_hit = hits.iter().any(|hit| hit.contains(&at));
            let style = if is_hit { ctx.look.style(Role::Match) } else { *style };
            let shown = if ctx.look.is_ascii && !cluster.is_ascii() { "?" } else { cluster };
            cells.set_stringn(x, y, shown, usize::from(width), style);
            x += width;
        }
    }
}

/// Why there is no line.
pub fn draw_empty(ctx: &Ctx<'_>, pane: &LogsPane, area: Rect, cells: &mut Cells) {
    let (text, role) = match &pane.error {
        Some(error) => (error.as_str(), Role::Bad),
        None if pane.sources.is_empty() => ("select a container", Role::Dim),
        None if !pane.buffer.is_empty() => ("no line passes the filter; Esc clears it", Role::Dim),
        None if pane.is_waiting => ("nothing logged yet", Role::Dim),
        None => ("nothing logged", Role::Dim),
    };
    put(cells, area.x + 1, area.y, area.width.saturating_sub(2), text, ctx.look.style(role));
}
