//! A key with its modifiers, and several in a row, from text and to text. Knows no terminal library.

use std::fmt;
use std::str::FromStr;

use crate::config::problem::quote;
use crate::logs::ansi;

/// A key without its modifiers. Shifted characters are themselves: `G`, `?`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Code {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// A function key, 1 to 24.
    F(u8),
}

const NAMES: [(Code, &str); 16] = [
    (Code::Enter, "enter"),
    (Code::Esc, "esc"),
    (Code::Tab, "tab"),
    (Code::BackTab, "shift-tab"),
    (Code::Backspace, "backspace"),
    (Code::Delete, "del"),
    (Code::Insert, "ins"),
    (Code::Home, "home"),
    (Code::End, "end"),
    (Code::PageUp, "pgup"),
    (Code::PageDown, "pgdn"),
    (Code::Up, "up"),
    (Code::Down, "down"),
    (Code::Left, "left"),
    (Code::Right, "right"),
    (Code::Char(' '), "space"),
];

/// Read but never shown.
const OTHER_NAMES: [(Code, &str); 9] = [
    (Code::BackTab, "backtab"),
    (Code::BackTab, "S-tab"),
    (Code::Delete, "delete"),
    (Code::Insert, "insert"),
    (Code::PageUp, "pageup"),
    (Code::PageDown, "pagedown"),
    (Code::Esc, "escape"),
    (Code::Enter, "return"),
    (Code::Char('-'), "minus"),
];

/// A key with its modifiers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Chord {
    /// The key.
    pub code: Code,
    /// Control is held.
    pub ctrl: bool,
    /// Alt is held. No default key uses it: over a slow link it arrives as Esc and a letter.
    pub alt: bool,
}

/// A text that names no key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} names no key; write a character, `ctrl-x`, `f1`, `enter`, `esc`, `space`, `pgup`, …", quote(.0))]
pub struct ChordError(String);

impl From<Code> for Chord {
    fn from(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }
}

impl FromStr for Chord {
    type Err = ChordError;

    fn from_str(text: &str) -> Result<Self, ChordError> {
        let (mut ctrl, mut alt, mut rest) = (false, false, text);
        loop {
            rest = if let Some(inner) = without(rest, &["ctrl-", "C-"]) {
                ctrl = true;
                inner
            } else if let Some(inner) = without(rest, &["alt-", "A-", "M-"]) {
                alt = true;
                inner
            } else {
                break;
            };
        }
        let called = |(_, name): &&(Code, &str)| *name == rest;
        let named = NAMES.iter().chain(&OTHER_NAMES).find(called).map(|(code, _)| *code);
        let function = || {
            let digits =
                rest.strip_prefix('f').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse().ok().filter(|n| (1..=24).contains(n)).map(Code::F)
        };
        let mut chars = rest.chars();
        let single = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_whitespace() && is_shown(c) => Some(Code::Char(c)),
            _ => None,
        };
        // A terminal sends one byte for Ctrl and a letter, whatever the shift key does.
        let single = single.map(|code| match code {
            Code::Char(c) if ctrl => Code::Char(c.to_ascii_lowercase()),
            other => other,
        });
        let code = named.or(single).or_else(function).ok_or_else(|| ChordError(text.to_owned()))?;
        Ok(Self { code, ctrl, alt })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match (NAMES.iter().find(|(code, _)| *code == self.code), self.code) {
            (Some((_, name)), _) => f.write_str(name),
            (None, Code::Char(c)) => write!(f, "{c}"),
            (None, Code::F(n)) => write!(f, "f{n}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

/// Keys to press one after the other, from one to four; written with spaces between: `g g`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Chords(Vec<Chord>);

/// Longest row of keys.
const MOST_CHORDS: usize = 4;

impl Chords {
    /// The keys in order; never empty.
    pub fn as_slice(&self) -> &[Chord] {
        &self.0
    }
}

/// Why a text is no row of keys.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChordsError {
    /// One of them names no key, or there is none.
    #[error(transparent)]
    Chord(#[from] ChordError),
    /// Longer than a hand remembers.
    #[error("{} is more than {MOST_CHORDS} keys in a row", quote(.0))]
    TooMany(String),
    /// The terminal's own.
    #[error("`ctrl-z` suspends the console and `ctrl-c` leaves it; they cannot be set")]
    Reserved,
}

impl FromStr for Chords {
    type Err = ChordsError;

    fn from_str(text: &str) -> Result<Self, ChordsError> {
        let chords = text.split_whitespace().map(str::parse).collect::<Result<Vec<Chord>, _>>()?;
        let is_reserved = |chord: &Chord| chord.ctrl && matches!(chord.code, Code::Char('c' | 'z'));
        match chords.len() {
            0 => Err(ChordError(text.to_owned()).into()),
            n if n > MOST_CHORDS => Err(ChordsError::TooMany(text.to_owned())),
            _ if chords.iter().any(is_reserved) => Err(ChordsError::Reserved),
            _ => Ok(Self(chords)),
        }
    }
}

impl fmt::Display for Chords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, chord) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            write!(f, "{gap}{chord}")?;
        }
        Ok(())
    }
}

/// Whether a screen shows a character as itself; a key that turns the text around it, or hides, is no key.
fn is_shown(c: char) -> bool {
    ansi::shown(c.encode_utf8(&mut [0; 4]).as_bytes()).starts_with(c)
}

/// The rest of `text` after any of these beginnings, unless nothing is left: `C-` is `ctrl-`, but `-` is a key.
fn without<'a>(text: &'a str, beginnings: &[&str]) -> Option<&'a str> {
    beginnings.iter().find_map(|one| text.strip_prefix(one)).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_names_no_key_is_refused_with_its_text() {
        for text in ["", "ctrl-", "f0", "f99", "f+1", "hello", "shift-a"] {
            assert!(text.parse::<Chord>().unwrap_err().to_string().contains(text));
        }
    }

    #[test]
    fn what_no_screen_shows_names_no_key() {
        for text in ["\u{202e}", "ctrl-\u{2066}", "\u{200b}", "\u{feff}", "\u{7f}", "\u{9b}"] {
            assert!(text.parse::<Chord>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn other_spellings_are_shown_in_the_one() {
        let spellings = [
            ("C-d", "ctrl-d"),
            ("ctrl-D", "ctrl-d"),
            ("backtab", "shift-tab"),
            ("minus", "-"),
            ("pagedown", "pgdn"),
            ("M-x", "alt-x"),
            ("alt-ctrl-x", "ctrl-alt-x"),
            (" g   g ", "g g"),
            ("C--", "ctrl--"),
        ];
        for (written, shown) in spellings {
            assert_eq!(written.parse::<Chords>().unwrap().to_string(), shown, "{written}");
        }
    }

    #[test]
    fn what_the_terminal_needs_cannot_be_set() {
        for text in ["ctrl-z", "C-c", "g ctrl-Z"] {
            assert_eq!(text.parse::<Chords>(), Err(ChordsError::Reserved));
        }
    }

    fn chord() -> impl Strategy<Value = Chord> {
        let names = NAMES.iter().map(|(code, _)| *code).collect::<Vec<_>>();
        let code = prop_oneof![
            "[!-~äß日]".prop_map(|text| Code::Char(text.chars().next().unwrap())),
            prop::sample::select(names),
            (1_u8..=24).prop_map(Code::F),
        ];
        (code, any::<bool>(), any::<bool>()).prop_map(|(code, ctrl, alt)| {
            let code = match code {
                Code::Char(c) if ctrl => Code::Char(c.to_ascii_lowercase()),
                other => other,
            };
            Chord { code, ctrl, alt }
        })
    }

    proptest! {
        #[test]
        fn a_chord_reads_back_as_it_is_shown(chord in chord()) {
            prop_assert_eq!(chord.to_string().parse::<Chord>().unwrap(), chord);
        }

        #[test]
        fn keys_in_a_row_read_back_as_they_are_shown(chords in prop::collection::vec(chord(), 1..=4)) {
            let text = Chords(chords.clone()).to_string();
            match text.parse::<Chords>() {
                Ok(read) => prop_assert_eq!(read.0, chords),
                Err(error) => prop_assert_eq!(error, ChordsError::Reserved),
            }
        }

        #[test]
        fn whatever_parses_is_shown_so_that_it_parses_the_same(text in "(ctrl-|C-|alt-|M-){0,3}([!-~ ]{1,4}|tab|f[0-9]{1,2})") {
            if let Ok(chords) = text.parse::<Chords>() {
                prop_assert_eq!(chords.to_string().parse::<Chords>(), Ok(chords));
            }
        }
    }
}
