//! Text of unknown origin made safe to draw: colours survive, everything else that could act on a terminal does not.
//!
//! The only way from a container's bytes to the screen. Never emits a control character, C0 or C1, nor a bidi control.

mod painter;
mod sgr;
#[cfg(test)]
mod tests;

pub use sgr::{Colour, Sgr};

use painter::Painter;
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// Stands for a line break inside one line, so that multi-line values can be split again for a detail view.
pub const NEWLINE_MARK: char = '↵';

/// Stands for a control character that did nothing but be there.
pub const CONTROL_MARK: char = '·';

const TAB_COLUMNS: usize = 8;

/// Text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<'a> {
    /// Safe to draw.
    pub text: Cow<'a, str>,
    /// As the line itself asked for.
    pub sgr: Sgr,
}

/// A line in spans of one style each. Plain ASCII without controls is borrowed; the rest is parsed.
pub fn clean(line: &[u8]) -> Vec<Span<'_>> {
    if line.is_empty() {
        return Vec::new();
    }
    match lossy(line) {
        Cow::Borrowed(text) if is_safe(text) => vec![Span { text: Cow::Borrowed(text), sgr: Sgr::default() }],
        text => Painter::new(true).paint(&text),
    }
}

/// For names, labels, errors: no styles, no controls, one line. Borrowed when there was nothing to do.
pub fn plain(text: &str) -> Cow<'_, str> {
    if is_safe(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(Painter::new(false).paint(text).into_iter().map(|span| span.text).collect())
}

/// The text that [`clean`] shows, without the styles: what a search sees.
pub fn shown(line: &[u8]) -> Cow<'_, str> {
    match lossy(line) {
        Cow::Borrowed(text) => plain(text),
        Cow::Owned(text) => Cow::Owned(plain(&text).into_owned()),
    }
}

/// Broken UTF-8 as U+FFFD. Still unsafe to draw.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Whether a character does something to a terminal instead of being seen: controls, bidi and invisible ones.
pub const fn acts(c: char) -> bool {
    !matches!(fate(c), Fate::Keep)
}

fn is_safe(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || text.chars().all(|c| fate(c) == Fate::Keep)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Keep,
    Drop,
    Mark,
}

/// What becomes of a character that is not part of an escape sequence.
const fn fate(c: char) -> Fate {
    match c {
        // C0 and DEL; line and paragraph separator.
        '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => Fate::Mark,
        // C1; soft hyphen; bidi marks, embeddings, overrides, isolates; zero-width and invisible operators;
        // interlinear annotation; tag characters, which can hide a whole text. What makes one picture of several, or
        // another one of the same: terminals do not agree how wide that is, and all behind it would stand elsewhere.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200d}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0000}'..='\u{e01ef}' => Fate::Drop,
        _ => Fate::Keep,
    }
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}
