//! Text that fits: figures with units, ages, and lines cut to a width. Everything put on the screen goes through here.

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

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

/// `88M`, `1.1G`: powers of 1024 in at most four characters.
pub fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "K", "M", "G", "T"] {
        if value < 999.5 {
            return if value < 9.95 && unit != "B" {
                format!("{value:.1}{unit}")
            } else {
                format!("{value:.0}{unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.0}P")
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
    fn figures_take_at_most_four_characters() {
        let expected = [(0, "0B"), (999, "999B"), (1023, "1.0K"), (88 << 20, "88M"), (1_181_116_006, "1.1G")];
        for (count, text) in expected {
            assert_eq!(bytes(count), text);
        }
        assert!((0..64).all(|bits| bytes(1 << bits).len() <= 5));
    }

    #[test]
    fn a_wide_character_is_never_halved() {
        assert_eq!(cut("日本語", 4), "日~");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab~");
        assert_eq!(cut("abcd", 0), "");
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        assert_eq!([0, 59, 60, 7199, 86_400 * 3].map(seconds), ["0s", "59s", "1m", "1h", "3d"]);
    }
}
