//! The terminal that the program believes in: cells, modes and answers to its questions. Holds no process.

use std::num::NonZeroU16;

use vt100::{Callbacks, Color, MouseProtocolMode};

use super::keys::Keyboard;

/// How one cell is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub foreground: Color,
    pub background: Color,
    pub is_bold: bool,
    pub is_dim: bool,
    pub is_italic: bool,
    pub is_underlined: bool,
    pub is_inverse: bool,
}

/// Modes that `vt100` leaves to its user, and answers that wait to be sent.
#[derive(Default)]
struct Modes {
    reports_focus: bool,
    is_mid_frame: bool,
    /// The kitty protocol's stack; empty is the legacy keyboard.
    keyboard_flags: Vec<u16>,
    speaks_kitty: bool,
    answers: Vec<u8>,
    clipboard: Option<String>,
}

impl Callbacks for Modes {
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _kind: &[u8], data: &[u8]) {
        self.clipboard = Some(String::from_utf8_lossy(data).into_owned());
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        intermediate: Option<u8>,
        _second: Option<u8>,
        params: &[&[u16]],
        letter: char,
    ) {
        let first = params.first().and_then(|param| param.first()).copied().unwrap_or(0);
        match (intermediate, letter) {
            (Some(b'?'), 'h' | 'l') => {
                for param in params {
                    match param {
                        [1004] => self.reports_focus = letter == 'h',
                        [2026] => self.is_mid_frame = letter == 'h',
                        _ => {}
                    }
                }
            }
            // A VT220 with colour: what xterm-like terminals say to DA1.
            (None, 'c') => self.answers.extend(b"\x1b[?62;22c"),
            (None, 'n') if first == 5 => self.answers.extend(b"\x1b[0n"),
            (None, 'n') if first == 6 => {
                let (row, column) = screen.cursor_position();
                self.answers.extend(format!("\x1b[{};{}R", row + 1, column + 1).into_bytes());
            }
            (Some(b'?'), 'u') if self.speaks_kitty => {
                let flags = self.keyboard_flags.last().copied().unwrap_or(0);
                self.answers.extend(format!("\x1b[?{flags}u").into_bytes());
            }
            (Some(b'>'), 'u') if self.speaks_kitty => self.keyboard_flags.push(first),
            (Some(b'<'), 'u') if self.speaks_kitty => {
                let keep = self.keyboard_flags.len().saturating_sub(usize::from(first.max(1)));
                self.keyboard_flags.truncate(keep);
            }
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        match params {
            [b"10", b"?"] => self.answers.extend(b"\x1b]10;rgb:d8d8/dede/e9e9\x1b\\"),
            [b"11", b"?"] => self.answers.extend(b"\x1b]11;rgb:1010/1414/1a1a\x1b\\"),
            _ => {}
        }
    }
}

/// Cells and modes, fed with the program's output.
pub struct Screen {
    parser: vt100::Parser<Modes>,
}

impl Screen {
    /// `speaks_kitty`: whether the kitty keyboard protocol is answered and obeyed.
    pub fn new(columns: u16, rows: u16, speaks_kitty: bool) -> Self {
        let modes = Modes { speaks_kitty, ..Modes::default() };
        Self { parser: vt100::Parser::new_with_callbacks(cells(rows), cells(columns), 0, modes) }
    }

    /// Takes output in; gives what the terminal answers to it.
    pub fn process(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.parser.process(bytes);
        std::mem::take(&mut self.parser.callbacks_mut().answers)
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.set_size(cells(rows), cells(columns));
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let (rows, columns) = self.vt().size();
        (columns.get(), rows.get())
    }

    pub fn vt(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// True between the begin and the end of a synchronized update.
    pub fn is_mid_frame(&self) -> bool {
        self.parser.callbacks().is_mid_frame
    }

    pub fn keyboard(&self) -> Keyboard {
        let flags = self.parser.callbacks().keyboard_flags.last().copied().unwrap_or(0);
        Keyboard { application_cursor: self.vt().application_cursor(), is_disambiguated: flags & 1 == 1 }
    }

    pub fn clipboard(&self) -> Option<String> {
        self.parser.callbacks().clipboard.clone()
    }

    /// A line a row, blanks at line ends cut.
    pub fn text(&self) -> String {
        let lines: Vec<_> = self.vt().rows(0, self.size().0).map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }

    /// Column and row of the first cell of a text that stands in one row.
    pub fn find(&self, text: &str) -> Option<(u16, u16)> {
        let (columns, rows) = self.size();
        (0..rows).find_map(|row| {
            (0..columns).find(|&column| self.reads(column, row, text)).map(|column| (column, row))
        })
    }

    fn reads(&self, column: u16, row: u16, text: &str) -> bool {
        if self.vt().cell(row, column).is_some_and(vt100::Cell::is_wide_continuation) {
            return false;
        }
        // An empty cell holds no text but reads as a blank; a wide character's second cell holds nothing.
        let mut rest = text;
        let cells = (column..self.size().0).filter_map(|column| self.vt().cell(row, column));
        for cell in cells.filter(|cell| !cell.is_wide_continuation()) {
            if rest.is_empty() {
                break;
            }
            let contents = if cell.has_contents() { cell.contents() } else { " " };
            let Some(after) = rest.strip_prefix(contents) else { return false };
            rest = after;
        }
        rest.is_empty()
    }

    pub fn style_at(&self, column: u16, row: u16) -> Option<Style> {
        self.vt().cell(row, column).map(|cell| Style {
            foreground: cell.fgcolor(),
            background: cell.bgcolor(),
            is_bold: cell.bold(),
            is_dim: cell.dim(),
            is_italic: cell.italic(),
            is_underlined: cell.underline(),
            is_inverse: cell.inverse(),
        })
    }

    /// Modes that a program must not leave set.
    pub fn left_behind(&self) -> Vec<String> {
        let (vt, modes) = (self.vt(), self.parser.callbacks());
        let has_style = vt.fgcolor() != Color::Default
            || vt.bgcolor() != Color::Default
            || vt.bold()
            || vt.inverse()
            || vt.underline();
        let is_so = [
            ("the alternate screen", vt.alternate_screen()),
            ("a hidden cursor", vt.hide_cursor()),
            ("application cursor keys", vt.application_cursor()),
            ("the application keypad", vt.application_keypad()),
            ("mouse reports", vt.mouse_protocol_mode() != MouseProtocolMode::None),
            ("bracketed paste", vt.bracketed_paste()),
            ("focus reports", modes.reports_focus),
            ("kitty keyboard flags", !modes.keyboard_flags.is_empty()),
            ("an unfinished frame", modes.is_mid_frame),
            ("a text style", has_style),
        ];
        is_so.into_iter().filter(|(_, so)| *so).map(|(name, _)| name.to_owned()).collect()
    }
}

/// A terminal of no size at all is drawn as one cell: `vt100` has no less.
fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN)
}
