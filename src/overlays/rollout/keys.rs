//! Keys of the dialog: which do something now, and what they do to a line.

use std::time::Instant;

use tui_textarea::{Input as Keystroke, Key, TextArea};

use super::{Field, Goal, Rollout, Stage};
use crate::config::keymap::{Chord, Code};
use crate::domain::grade::Grade;

impl Rollout {
    /// Keys that do something now, for the last line.
    pub fn keys(&self, now: Instant) -> Vec<(String, &'static str)> {
        let key = |key: &str, label| (key.to_owned(), label);
        let mut keys = match (&self.stage, self.field) {
            (Stage::Asked(_), _) => {
                let choose = (!self.shown().is_empty()).then(|| key("Tab", "next"));
                [key("Enter", "plan it")].into_iter().chain(choose).collect()
            }
            (Stage::Planning(_), _) => Vec::new(),
            (Stage::Refused(_), _) if self.goal == Goal::Promote => Vec::new(),
            (Stage::Refused(_), _) => vec![key("Enter", "something else")],
            (Stage::Planned(..), Field::Note) => vec![key("Tab", "back")],
            // Whoever types ahead has not read it.
            (Stage::Planned(..), _) if !self.is_open(now) => vec![key("Tab", "note")],
            (Stage::Planned(_, Grade::Name(_)), _) => vec![key("Enter", "confirm"), key("Tab", "note")],
            (Stage::Planned(..), _) => vec![key("y", "do it"), key("Tab", "note")],
        };
        keys.push(key("Esc", "cancel, nothing happens"));
        keys
    }
}

/// As a line editor takes it; what would leave the field is the caller's.
pub(super) fn edit(area: &mut TextArea<'static>, chord: Chord) {
    let key = match chord.code {
        Code::Char('u') if chord.ctrl => {
            area.delete_line_by_head();
            return;
        }
        Code::Char(c) => Key::Char(c),
        Code::Backspace => Key::Backspace,
        Code::Delete => Key::Delete,
        Code::Left => Key::Left,
        Code::Right => Key::Right,
        Code::Up => Key::Up,
        Code::Down => Key::Down,
        Code::Home => Key::Home,
        Code::End => Key::End,
        Code::Enter => Key::Enter,
        _ => return,
    };
    area.input(Keystroke { key, ctrl: chord.ctrl, alt: chord.alt, shift: false });
}
