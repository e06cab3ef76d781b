//! Text that fits: figures with units, ages, and lines cut to a width. Everything put on the screen goes through here.

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use crate::domain::size::bytes;
use crate::logs::ansi;

/// Writes `text` at (x, y) in at most `width` cells, made safe, cut with `~` when it is longer; returns the cells used.
pub fn put(buf: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    let area = buf.area;
    if y < area.top() || y >= area.bottom() || x >= area.right() || width == 0 {
        return 0;
    }
    let width = width.min(area.right() - x);
    let safe = ansi::plain(text);
    let needed = safe.width();
    let fitted = if needed > usize::from(width) { cut(&safe, usize::from(width)) } else { safe.into_owned() };
    buf.set_stringn(x, y, &fitted, usize::from(width), style);
    fitted.width() as u16
}

/// As [`put`], ending at the right edge of the given width.
pub fn put_right(buf: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) {
    let safe = ansi::plain(text);
    let needed = (safe.width() as u16).min(width);
    put(buf, x + width - needed, y, needed, &safe, style);
}

/// The first cells of `text`, the last of them `~` if anything was left off.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let cells = cluster.width();
        if used + cells + 1 > width {
            break;
        }
        used += cells;
        out.push_str(cluster);
    }
    if width > 0 {
        out.push('~');
    }
    out
}

/// What is left of `text` without its first cells; a blank stands for the other half of a wide character.
pub fn skip(text: &str, cells: usize) -> String {
    let (mut out, mut used) = (String::new(), 0);
    for cluster in text.graphemes(true) {
        let (before, after) = (used, used + cluster.width());
        used = after;
        if before >= cells {
            out.push_str(cluster);
        } else if after > cells {
            out.push_str(&" ".repeat(after - cells));
        }
    }
    out
}

/// The last cells of a name that is too long: what is alike differs at the end.
pub fn end_of(name: &str, width: usize) -> String {
    let mut left = name.width();
    if left <= width {
        return name.to_owned();
    }
    let clusters = name.graphemes(true).skip_while(|cluster| {
        let is_over = left + 1 > width;
        left -= cluster.width().min(left) * usize::from(is_over);
        is_over
    });
    format!("~{}", clusters.collect::<String>())
}

/// Lines of at most `width` cells, broken at blanks; the first is `indent` cells shorter. What is beyond `most` lines is
/// left off, and the last of them then ends in `~`.
pub fn wrapped(text: &str, width: usize, indent: usize, most: usize) -> Vec<String> {
    let safe = ansi::plain(text);
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let room = |lines: &[String]| if lines.len() == 1 { width.saturating_sub(indent).max(1) } else { width };
    for word in safe.split_whitespace() {
        let line = lines.last().map_or(0, |l| l.width());
        // The last line is filled: a word that goes over it is cut, not left out.
        if line > 0 && lines.len() < most && line + 1 + word.width() > room(&lines) {
            lines.push(String::new());
        } else if line > 0 {
            push(&mut lines, " ");
        }
        for cluster in word.graphemes(true) {
            if lines.last().map_or(0, |l| l.width()) + cluster.width() > room(&lines) {
                lines.push(String::new());
            }
            push(&mut lines, cluster);
        }
        if lines.len() > most {
            break;
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        let room = room(&lines);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last}~~"), last.width().clamp(1, room));
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// `3s`, `12m`, `5h`, `41d`: the largest unit, rounded down; the future counts as now.
pub fn age(from: DateTime<Utc>, now: DateTime<Utc>) -> String {
    seconds((now - from).num_seconds().max(0))
}

/// As [`age`], of a count of seconds.
pub fn seconds(count: i64) -> String {
    match count {
        0..60 => format!("{count}s"),
        60..3600 => format!("{}m", count / 60),
        3600..86_400 => format!("{}h", count / 3600),
        _ => format!("{}d", count / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_character_is_never_halved() {
        assert_eq!(cut("日本語", 4), "日~");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab~");
        assert_eq!(cut("abcd", 0), "");
    }

    #[test]
    fn what_is_skipped_leaves_every_other_cell_in_its_place() {
        assert_eq!(skip("abc", 1), "bc");
        assert_eq!(skip("日本", 1), " 本");
        assert_eq!(skip("abc", 9), "");
    }

    #[test]
    fn text_is_wrapped_at_blanks_and_a_long_word_where_it_must_be() {
        assert_eq!(wrapped("cannot stop web-1", 11, 0, 9), ["cannot stop", "web-1"]);
        assert_eq!(wrapped("cannot stop", 10, 4, 9), ["cannot", "stop"]);
        assert_eq!(wrapped("abcdefgh", 3, 0, 9), ["abc", "def", "gh"]);
        assert_eq!(wrapped("a b c d", 1, 0, 2), ["a", "~"]);
        assert_eq!(wrapped("", 5, 0, 2), [""]);
        assert_eq!(wrapped("GET 200: {\"status\":\"ok\"}", 16, 0, 1), ["GET 200: {\"stat~"]);
        assert_eq!(wrapped("one two three four", 7, 0, 2), ["one two", "three ~"]);
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        assert_eq!([0, 59, 60, 7199, 86_400 * 3].map(seconds), ["0s", "59s", "1m", "1h", "3d"]);
    }
}
