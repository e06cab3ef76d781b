//! One log line on the screen: time, level, container, message, fields.

use std::ops::Range;

use ratatui::buffer::Buffer as Cells;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::LogsPane;
use crate::config::theme::Role;
use crate::logs::ansi;
use crate::logs::decode::{CORRELATION_KEYS, Decoded};
use crate::logs::line::{Level, LineRef, Stream};
use crate::logs::show::{MOST_BYTES, Shown};
use crate::panes::Ctx;
use crate::ui::list::draw_selected;
use crate::ui::text::{end_of, put};

/// Most rows of a wrapped line.
const MOST_ROWS: usize = 200;
/// Sources are told apart by these, in the order of their numbers.
const SOURCE_ROLES: [Role; 4] = [Role::Blue, Role::Green, Role::Info, Role::Accent];

/// Pieces of a line with their styles; all text is safe to draw.
pub struct Composed {
    pieces: Vec<(String, Style)>,
    /// What the search found, as bytes of all pieces together.
    hits: Vec<Range<usize>>,
}

/// How wide what stands before the text is.
#[derive(Clone, Copy)]
pub struct Columns {
    source: usize,
    shared: Shared,
}

/// How many bytes at the head of every host's and of every container's name are the same: not worth repeating.
#[derive(Clone, Copy, Default)]
struct Shared {
    host: usize,
    own: usize,
}

impl Shared {
    fn of(names: &[&str]) -> Self {
        let parts: Vec<_> = names.iter().map(|name| parts(name)).collect();
        Self {
            host: shared_bytes(parts.iter().map(|(host, _)| *host)),
            own: shared_bytes(parts.iter().map(|(_, own)| *own)),
        }
    }

    /// What is left of a name.
    fn rest(self, name: &str) -> String {
        let (host, own) = parts(name);
        let rest = |part: &str, shared: usize| ansi::plain(part.get(shared..).unwrap_or(part)).into_owned();
        let (host, own) = (rest(host, self.host), rest(own, self.own));
        if host.is_empty() { own } else { format!("{host}/{own}") }
    }
}

/// The host of a name, empty where all are of one host, and the container.
fn parts(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// How many bytes at the head of all are the same and end in a separator.
fn shared_bytes<'a>(mut names: impl Iterator<Item = &'a str>) -> usize {
    let Some(first) = names.next().map(str::as_bytes) else { return 0 };
    let shared = names.fold(first.len(), |shared, name| {
        let same = first.iter().zip(name.as_bytes()).take_while(|(a, b)| a == b).count();
        shared.min(same)
    });
    first[..shared].iter().rposition(|byte| matches!(byte, b'-' | b'_')).map_or(0, |at| at + 1)
}

impl Columns {
    /// For this view on so many cells; without several sources there is no column for them.
    pub fn of(pane: &LogsPane, width: u16) -> Self {
        if pane.sources.len() < 2 {
            return Self { source: 0, shared: Shared::default() };
        }
        let names: Vec<_> = pane.sources.iter().map(|source| source.name.as_str()).collect();
        let shared = Shared::of(&names);
        let widest = names.iter().map(|name| shared.rest(name).width()).max().unwrap_or(0);
        Self { source: widest.min(usize::from(width / 6).max(8)), shared }
    }
}

/// Lays a line out as the pane shows it.
pub fn compose(ctx: &Ctx<'_>, pane: &LogsPane, columns: Columns, line: &LineRef<'_>) -> Composed {
    let look = ctx.look;
    let line = &LineRef { level: pane.view.show().level(line), ..*line };
    let mut pieces = Vec::new();
    let mut add = |text: String, role: Role| pieces.push((text, look.style(role)));
    let name = pane.source(line.source);
    if line.is_marker() {
        let rule = look.glyph("──", "--");
        let role = match line.level {
            Level::Info => Role::Dim,
            Level::Warn => Role::Warn,
            _ => Role::Bad,
        };
        let name = if columns.source > 0 { format!("{} ", ansi::plain(name)) } else { String::new() };
        add(format!("{rule} {name}"), role);
        add(ansi::shown(line.bytes).into_owned(), role);
        let hits = hits(pane, line, &pieces, 1);
        pieces.push((format!(" {rule}"), look.style(role)));
        return Composed { pieces, hits };
    }
    // Standard error is marked, so that it is told apart without any colour.
    let side = if line.stream == Stream::Stderr { look.glyph("▏", "!") } else { " " };
    add(format!("{}{side}", look.log_clock(line.at_ns)), Role::Faint);
    let role = match line.level {
        Level::Fatal | Level::Error => Role::BadStrong,
        Level::Warn => Role::Warn,
        _ => Role::Dim,
    };
    let level = line.level.as_str().to_ascii_uppercase();
    add(format!("{level:<5} "), role);
    if columns.source > 0 {
        let name = fitted(&columns.shared.rest(name), columns.source);
        let pad = columns.source - name.width().min(columns.source) + 1;
        add(format!("{name}{:pad$}", ""), SOURCE_ROLES[usize::from(line.source.0) % SOURCE_ROLES.len()]);
    }
    let before = pieces.len();
    text(ctx, pane, line, &mut pieces);
    let hits = hits(pane, line, &pieces, before);
    if line.cut_bytes > 0 || line.bytes.len() > MOST_BYTES {
        let more = line.cut_bytes + line.bytes.len().saturating_sub(MOST_BYTES) as u64;
        pieces.push((format!(" ({more} more bytes)"), look.style(Role::Warn)));
    }
    Composed { pieces, hits }
}

/// Where the search found something in the line's own text, the pieces from that one on; nowhere in a line it does not
/// stop at.
fn hits(pane: &LogsPane, line: &LineRef<'_>, pieces: &[(String, Style)], own: usize) -> Vec<Range<usize>> {
    let Some(matcher) = pane.search.as_ref().filter(|matcher| pane.view.show().is_hit(matcher, line)) else {
        return Vec::new();
    };
    let start: usize = pieces[..own].iter().map(|(text, _)| text.len()).sum();
    let text: String = pieces[own..].iter().map(|(text, _)| text.as_str()).collect();
    let found = matcher.hits_in(text.as_bytes()).into_iter();
    found.map(|hit| start + hit.start..start + hit.end).collect()
}

/// A name that is too long keeps of its host and of its container what is told apart: the ends.
fn fitted(name: &str, width: usize) -> String {
    let (host, own) = parts(name);
    if host.is_empty() || name.width() <= width {
        return end_of(name, width);
    }
    let host = end_of(host, (width / 2).max(width.saturating_sub(own.width() + 1)));
    let left = width.saturating_sub(host.width() + 1);
    format!("{host}/{}", end_of(own, left))
}

fn text(ctx: &Ctx<'_>, pane: &LogsPane, line: &LineRef<'_>, pieces: &mut Vec<(String, Style)>) {
    let masked;
    let bytes = match pane.view.show().shown(line.bytes) {
        Shown::Parts(parts) => return fields(ctx, line, parts, pieces),
        Shown::Masked(text) => {
            masked = text;
            masked.as_bytes()
        }
        Shown::Printed => line.bytes,
    };
    let head = &bytes[..bytes.len().min(MOST_BYTES)];
    let base = ctx.look.style(if line.level >= Level::Error { Role::Bright } else { Role::Text });
    for span in ansi::clean(head) {
        pieces.push((span.text.into_owned(), sgr(base, span.sgr)));
    }
}

fn fields(ctx: &Ctx<'_>, line: &LineRef<'_>, parts: Decoded<'_>, pieces: &mut Vec<(String, Style)>) {
    let mut add = |text: String, role: Role| pieces.push((text, ctx.look.style(role)));
    let strong = if line.level >= Level::Error { Role::Bright } else { Role::Text };
    add(parts.message.into_owned(), strong);
    for (key, value) in parts.fields {
        let is_id = CORRELATION_KEYS.contains(&&*key);
        add(format!("  {key}="), Role::Dim);
        add(value.into_owned(), if is_id { Role::Blue } else { Role::Text });
    }
}

/// Only weight survives from a container's own colours: colour means something here.
fn sgr(base: Style, sgr: ansi::Sgr) -> Style {
    if sgr.bold { base.add_modifier(Modifier::BOLD) } else { base }
}

/// Rows it takes when wrapped, at least one.
pub fn rows(line: &Composed, width: u16) -> u16 {
    let cells: usize = line.pieces.iter().map(|(text, _)| text.width()).sum();
    cells.div_ceil(usize::from(width.saturating_sub(2)).max(1)).clamp(1, MOST_ROWS) as u16
}

/// Draws it into `area`: one row cut, or several wrapped.
pub fn draw(ctx: &Ctx<'_>, pane: &LogsPane, line: &Composed, area: Rect, cells: &mut Cells, is_cursor: bool) {
    if is_cursor {
        for y in area.top()..area.bottom() {
            draw_selected(cells, Rect { y, height: 1, ..area }, ctx.look, ctx.is_focused);
        }
    }
    let (left, right) = (area.x + 1, area.right().saturating_sub(1));
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
            let is_hit = line.hits.iter().any(|hit| hit.contains(&at));
            let style = if is_hit { ctx.look.style(Role::Match) } else { *style };
            let shown = if ctx.look.is_ascii && !cluster.is_ascii() { "?" } else { cluster };
            cells.set_stringn(x, y, shown, usize::from(width), style);
            x += width;
        }
    }
}

/// Why there is no line.
pub fn draw_empty(ctx: &Ctx<'_>, pane: &LogsPane, area: Rect, cells: &mut Cells) {
    let (text, role) = match pane.failed.first() {
        Some((_, why)) => (why.as_str(), Role::Bad),
        None if pane.sources.is_empty() => ("select a container", Role::Dim),
        None if pane.is_previewing() => ("no line held passes so far; Enter looks at all", Role::Dim),
        None if !pane.buffer.is_empty() && pane.has_start => {
            ("no line passes the filter; Esc clears it", Role::Dim)
        }
        None if !pane.buffer.is_empty() => {
            ("no line held passes the filter; Up looks further back, Esc clears it", Role::Dim)
        }
        None if pane.is_open => ("nothing logged yet", Role::Dim),
        None => ("asking for the log", Role::Dim),
    };
    let lines = crate::ui::text::wrapped(text, usize::from(area.width.saturating_sub(2)), 0, 4);
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        put(cells, area.x + 1, y, area.width.saturating_sub(2), &line, ctx.look.style(role));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(names: &[&str], width: usize) -> Vec<String> {
        let shared = Shared::of(names);
        names.iter().map(|name| fitted(&shared.rest(name), width)).collect()
    }

    #[test]
    fn what_all_names_begin_with_is_left_out_of_hosts_and_containers() {
        assert_eq!(column(&["prod-web1/shop-api-1", "prod-web2/shop-api-2"], 20), ["web1/1", "web2/2"]);
        assert_eq!(column(&["shop-api-1", "shop-web-1"], 20), ["api-1", "web-1"]);
        assert_eq!(column(&["web1/shop-store-1", "web2/shop-store-1"], 20), ["web1/1", "web2/1"]);
    }

    #[test]
    fn a_name_that_is_cut_still_tells_its_host() {
        let cut = column(&["frankfurt-1/checkout-api", "helsinki-12/checkout-web", "x/worker"], 14);
        assert_eq!(cut, ["~furt-1/~t-api", "~nki-12/~t-web", "x/worker"]);
    }

    #[test]
    fn a_long_name_keeps_the_end_that_tells_it_apart() {
        assert_eq!(end_of("shop-api-1", 10), "shop-api-1");
        assert_eq!(end_of("health-shop-api-1", 8), "~p-api-1");
        assert!(end_of("日本語日本語", 6).width() <= 6);
        assert_eq!(end_of("ab", 1), "~");
    }
}
