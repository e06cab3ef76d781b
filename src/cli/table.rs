//! Rows under heads. In a pipe all columns stand whole; on a terminal the least needed are left off until it fits.

use unicode_width::UnicodeWidthStr;

use super::failure::Failure;
use super::out::{Out, Tone};
use crate::logs::ansi;
use crate::ui::text::cut;

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    head: String,
    is_right: bool,
    // The greatest goes first; 0 never goes.
    spare: u8,
    // Its beginning says enough: it is cut before others are left off.
    is_text: bool,
}

/// Always there.
pub fn left(head: &str) -> Column {
    Column { head: head.to_owned(), is_right: false, spare: 0, is_text: false }
}

/// Figures.
pub fn right(head: &str) -> Column {
    Column { head: head.to_owned(), is_right: true, spare: 0, is_text: false }
}

impl Column {
    /// Left off on a narrow terminal; the greatest number first.
    #[must_use]
    pub fn spare(self, rank: u8) -> Self {
        Self { spare: rank, ..self }
    }

    /// Words of any length, at the end of a row: cut on a narrow terminal.
    #[must_use]
    pub fn text(self) -> Self {
        Self { is_text: true, ..self }
    }
}

/// One field of a row.
pub struct Cell {
    text: String,
    tone: Tone,
}

/// Text of any origin, in its meaning.
pub fn cell(tone: Tone, text: impl AsRef<str>) -> Cell {
    Cell { text: ansi::plain(text.as_ref()).into_owned(), tone }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        cell(Tone::Plain, text)
    }
}

/// Rows under heads.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

const GAP: usize = 2;
/// So much of a text is worth more than another column.
const LEAST_TEXT: usize = 24;
/// Less of a cell says nothing.
const LEAST_CELL: usize = 4;

impl Table {
    /// Without rows.
    pub fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new() }
    }

    /// Adds a row: as many cells as there are columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// No row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Prints it with `indent` blanks before each line; nothing when it has no row.
    pub fn print(&self, out: &mut Out, indent: usize) -> Result<(), Failure> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let room = out.width().map(|width| width.saturating_sub(indent));
        let shown = self.fitting(&widths, room);
        let heads = self.columns.iter().map(|column| cell(Tone::Dim, &column.head)).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let line = self.line(row, &shown, &widths, room, out);
            out.safe(&format!("{:indent$}{}\n", "", line.trim_end()))?;
        }
        Ok(())
    }

    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| cell.text.width()).max().unwrap_or(0).max(self.columns[at].head.width())
    }

    /// Which columns are shown.
    fn fitting(&self, widths: &[usize], room: Option<usize>) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let Some(room) = room else { return shown };
        let least =
            |at: usize| if self.columns[at].is_text { widths[at].min(LEAST_TEXT) } else { widths[at] };
        while shown.iter().map(|at| least(*at) + GAP).sum::<usize>() > room + GAP {
            let Some(place) = (0..shown.len()).max_by_key(|place| self.columns[shown[*place]].spare) else {
                break;
            };
            if self.columns[shown[place]].spare == 0 {
                break;
            }
            shown.remove(place);
        }
        shown
    }

    fn line(
        &self,
        row: &[Cell],
        shown: &[usize],
        widths: &[usize],
        room: Option<usize>,
        out: &Out,
    ) -> String {
        let (mut line, mut used) = (String::new(), 0);
        for (place, at) in shown.iter().enumerate() {
            let Some(cell) = row.get(*at) else { break };
            let width = widths[*at];
            // What cannot even begin there is left off, with all behind it.
            if room.is_some_and(|room| used + width.min(LEAST_CELL) > room) {
                break;
            }
            let text = match room {
                Some(room) => cut(&cell.text, room.saturating_sub(used).min(width)),
                None => cell.text.clone(),
            };
            let width = room.map_or(width, |room| width.min(room.saturating_sub(used)));
            let blanks = width.saturating_sub(text.width());
            let is_last = place + 1 == shown.len();
            let painted = out.paint(if text.is_empty() { Tone::Plain } else { cell.tone }, &text);
            match (self.columns[*at].is_right, is_last) {
                (true, _) => line.push_str(&format!("{:blanks$}{painted}", "")),
                (false, true) => line.push_str(&painted),
                (false, false) => line.push_str(&format!("{painted}{:blanks$}", "")),
            }
            used += width + GAP;
            if !is_last {
                line.push_str("  ");
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = [left("SERVICE"), left("HOST").spare(2), right("UP").spare(1), left("SAID").text()];
        let mut table = Table::new(columns);
        table.row(["api", "web1", "3m", "GET http://10.0.0.2:8080/health/ready 200 in 1 ms"]);
        table
    }

    /// The lines of the row on a terminal so wide; whole where there is none.
    fn shown(room: Option<usize>) -> String {
        let table = table();
        let widths: Vec<_> = (0..4).map(|at| table.width(at)).collect();
        let out = Out::new(false);
        table.line(&table.rows[0], &table.fitting(&widths, room), &widths, room, &out)
    }

    #[test]
    fn in_a_pipe_nothing_is_cut() {
        assert_eq!(shown(None), "api      web1  3m  GET http://10.0.0.2:8080/health/ready 200 in 1 ms");
    }

    #[test]
    fn a_long_text_is_cut_before_a_column_is_left_off() {
        assert_eq!(shown(Some(44)), "api      web1  3m  GET http://10.0.0.2:8080~");
    }

    #[test]
    fn the_least_needed_column_goes_first() {
        assert_eq!(shown(Some(40)), "api      3m  GET http://10.0.0.2:8080/h~");
        assert_eq!(shown(Some(34)), "api      GET http://10.0.0.2:8080~");
    }

    #[test]
    fn a_row_is_never_wider_than_the_terminal() {
        for room in 1..90 {
            assert!(shown(Some(room)).trim_end().width() <= room, "{room}: {:?}", shown(Some(room)));
        }
    }
}
