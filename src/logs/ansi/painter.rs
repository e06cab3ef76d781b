//! The parser's listener: collects printable text into spans and lets SGR alone through.
//!
//! Never keeps an escape sequence, an operating system command or a device control string.

use super::{CONTROL_MARK, Fate, NEWLINE_MARK, Sgr, Span, TAB_COLUMNS, columns, fate};
use std::borrow::Cow;
use vte::{Params, Parser, Perform};

pub(super) struct Painter {
    spans: Vec<Span<'static>>,
    text: String,
    sgr: Sgr,
    column: usize,
    keeps_styles: bool,
    // A carriage return is shown only when text follows it; before a line end it is part of that.
    has_return: bool,
}

impl Painter {
    pub(super) fn new(keeps_styles: bool) -> Self {
        Self {
            spans: Vec::new(),
            text: String::new(),
            sgr: Sgr::default(),
            column: 0,
            keeps_styles,
            has_return: false,
        }
    }

    pub(super) fn paint(mut self, text: &str) -> Vec<Span<'static>> {
        let mut parser = Parser::new();
        parser.advance(&mut self, text.as_bytes());
        self.end_span();
        self.spans
    }

    fn put(&mut self, c: char) {
        if std::mem::take(&mut self.has_return) {
            self.put(CONTROL_MARK);
        }
        self.text.push(c);
        self.column += columns(c);
    }

    fn end_span(&mut self) {
        if !self.text.is_empty() {
            let text = Cow::Owned(std::mem::take(&mut self.text));
            self.spans.push(Span { text, sgr: self.sgr.legible() });
        }
    }
}

impl Perform for Painter {
    fn print(&mut self, c: char) {
        match fate(c) {
            Fate::Keep => self.put(c),
            Fate::Mark => self.put(CONTROL_MARK),
            Fate::Drop => {}
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\t' => {
                for _ in 0..TAB_COLUMNS - self.column % TAB_COLUMNS {
                    self.put(' ');
                }
            }
            b'\n' => {
                self.has_return = false;
                self.put(NEWLINE_MARK);
            }
            b'\r' => self.has_return = true,
            0x80.. => {}
            _ => self.put(CONTROL_MARK),
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if !self.keeps_styles || ignore || !intermediates.is_empty() || action != 'm' {
            return;
        }
        let next = self.sgr.after(params.iter());
        if next != self.sgr {
            self.end_span();
            self.sgr = next;
        }
    }
}
