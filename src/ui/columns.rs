//! Tables as lines of text: every column as wide as what stands in it, numbers to the right.

use unicode_width::UnicodeWidthStr;

use crate::logs::ansi;

/// Between two columns.
const GAP: &str = "  ";
/// A column that is not the last one is cut beyond this: one long name must not push everything off the screen.
const WIDEST: usize = 32;

/// The head and the rows, aligned. The last column has no end: whoever shows it cuts or scrolls. A row that is short
/// has empty cells; cells beyond the head belong to the last column.
pub fn aligned(titles: &[String], rows: &[Vec<String>]) -> (String, Vec<String>) {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row, titles.len())).collect();
    let head = cells(titles, titles.len());
    let column = |i: usize| rows.iter().map(move |row| row[i].as_str());
    let widths: Vec<_> = (0..head.len())
        .map(|i| column(i).chain([head[i].as_str()]).map(UnicodeWidthStr::width).max().unwrap_or(0))
        .collect();
    let is_right: Vec<_> = (0..head.len()).map(|i| !rows.is_empty() && column(i).all(is_number)).collect();
    let line = |row: &Vec<String>| {
        let last = row.len().saturating_sub(1);
        let cell = |(i, text): (usize, &String)| {
            let blanks = " ".repeat(widths[i].saturating_sub(text.width()));
            match (is_right[i], i == last) {
                (true, _) => format!("{blanks}{text}"),
                (false, true) => text.clone(),
                (false, false) => format!("{text}{blanks}"),
            }
        };
        row.iter().enumerate().map(cell).collect::<Vec<_>>().join(GAP)
    };
    (line(&head), rows.iter().map(line).collect())
}

/// As many cells as there are columns, each safe and on one line.
fn cells(row: &[String], count: usize) -> Vec<String> {
    let last = count.saturating_sub(1);
    let cell = |i: usize| match row.get(i) {
        None => String::new(),
        Some(_) if i == last => ansi::plain(&row[i..].join(" ")).into_owned(),
        Some(text) => super::text::cut(&ansi::plain(text), WIDEST),
    };
    (0..count).map(cell).collect()
}

/// `412`, `0.0`, `12.5%`; not a time, which is as wide as its neighbours anyway.
fn is_number(text: &str) -> bool {
    let digits = text.strip_suffix('%').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Vec<String> {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|c| (*c).to_owned()).collect()).collect();
        let (head, lines) = aligned(&rows[0], &rows[1..]);
        [vec![head], lines].concat()
    }

    #[test]
    fn columns_are_as_wide_as_their_content_and_numbers_stand_right() {
        let shown = table(&[
            &["UID", "PID", "TTY", "CMD"],
            &["root", "7", "?", "sh -c a"],
            &["systemd+", "31415", "pts/0", "sleep 1"],
        ]);
        assert_eq!(
            shown,
            [
                "UID         PID  TTY    CMD",
                "root          7  ?      sh -c a",
                "systemd+  31415  pts/0  sleep 1",
            ]
        );
    }

    #[test]
    fn wide_and_hostile_cells_keep_the_columns() {
        let shown = table(&[&["A", "B"], &["日本", "x"], &["e\u{1b}[31m", "\u{202e}y\nz"]]);
        assert_eq!(shown[0], "A     B");
        assert_eq!(shown[1], "日本  x");
        assert!(shown[2].starts_with("e     "), "{shown:?}");
        assert!(!shown[2].contains(['\u{1b}', '\u{202e}', '\n']), "{shown:?}");
    }

    #[test]
    fn a_row_of_another_length_loses_nothing() {
        assert_eq!(table(&[&["A", "B"], &["1"], &["2", "x", "y"]]), ["A  B", "1  ", "2  x y"]);
        assert_eq!(table(&[&[], &["1"]]), ["", ""]);
    }
}
