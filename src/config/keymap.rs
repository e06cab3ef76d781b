//! Keys as data: chords with their names, and which action a sequence of them means in a context.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::action::{ACTIONS, Action, Context};

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
#[error("`{0}` names no key; write a character, `ctrl-x`, `f1`, `enter`, `esc`, `space`, `pgup`, …")]
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
            rest = if let Some(inner) = rest.strip_prefix("ctrl-") {
                ctrl = true;
                inner
            } else if let Some(inner) = rest.strip_prefix("alt-") {
                alt = true;
                inner
            } else {
                break;
            };
        }
        let named = NAMES.iter().find(|(_, name)| *name == rest).map(|(code, _)| *code);
        let function = || rest.strip_prefix('f')?.parse().ok().filter(|n| (1..=24).contains(n)).map(Code::F);
        let mut chars = rest.chars();
        let single = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_whitespace() && !c.is_control() => Some(Code::Char(c)),
            _ => None,
        };
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

/// Which action a key means in which context.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: BTreeMap<(Context, Chord), Action>,
}

impl Keymap {
    /// The keys of the action table.
    ///
    /// # Errors
    /// A key of the table that does not parse, which a test rules out.
    pub fn standard() -> Result<Self, ChordError> {
        let mut bindings = BTreeMap::new();
        for entry in ACTIONS {
            for key in entry.keys {
                bindings.insert((entry.context, key.parse()?), entry.action);
            }
        }
        Ok(Self { bindings })
    }

    /// The action of `chord` in the first of `contexts` that has one.
    pub fn action(&self, contexts: &[Context], chord: Chord) -> Option<Action> {
        contexts.iter().find_map(|context| self.bindings.get(&(*context, chord)).copied())
    }

    /// The key to show for an action: the first of the table that still means it, else any that does.
    pub fn key_of(&self, action: Action) -> Option<String> {
        let entry = action.entry();
        let means = |chord: &Chord| self.bindings.get(&(entry.context, *chord)) == Some(&action);
        let standard = entry.keys.iter().filter_map(|key| key.parse().ok()).find(means);
        let any = || self.bindings.iter().find(|(_, a)| **a == action).map(|((_, chord), _)| *chord);
        standard.or_else(any).map(|chord| chord.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_key_of_the_table_parses_and_is_shown_as_written() {
        let keymap = Keymap::standard().unwrap();
        for entry in ACTIONS {
            assert_eq!(keymap.key_of(entry.action).as_deref(), entry.keys.first().copied());
        }
    }

    #[test]
    fn a_pane_is_asked_before_the_rest() {
        let keymap = Keymap::standard().unwrap();
        let slash = "/".parse().unwrap();
        assert_eq!(keymap.action(&[Context::Logs, Context::Global], slash), Some(Action::Search));
        assert_eq!(keymap.action(&[Context::List, Context::Global], slash), Some(Action::Filter));
        assert_eq!(keymap.action(&[Context::Global], slash), None);
    }

    #[test]
    fn what_names_no_key_is_refused_with_its_text() {
        for text in ["", "ctrl-", "f0", "f99", "hello", "  "] {
            assert!(text.parse::<Chord>().unwrap_err().to_string().contains(text));
        }
    }

    proptest! {
        #[test]
        fn a_chord_reads_back_as_it_is_shown(c in "[!-~äß日]", ctrl: bool, alt: bool) {
            let chord = Chord { code: Code::Char(c.chars().next().unwrap()), ctrl, alt };
            prop_assert_eq!(chord.to_string().parse::<Chord>().unwrap(), chord);
        }
    }
}
