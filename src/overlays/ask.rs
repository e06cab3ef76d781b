//! A host's question: its key, a passphrase, a password, a second factor. What is typed shows only where it may.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use zeroize::Zeroize;

use super::confirm::dialog;
use crate::config::keymap::{Chord, Code};
use crate::config::theme::Role;
use crate::domain::ids::HostId;
use crate::domain::prompt::{Nth, PromptId, Question, Secret};
use crate::ui::look::Look;
use crate::ui::text::{put, wrapped};

/// Longest answer that is taken.
const MOST: usize = 1024;

/// The dialog.
pub struct Ask {
    /// Which question.
    pub id: PromptId,
    host: HostId,
    question: Question,
    // Nobody waits for the answer any more.
    is_withdrawn: bool,
    // Never grows beyond its first room, so that no copy of a secret is left behind.
    typed: String,
}

impl Drop for Ask {
    fn drop(&mut self) {
        self.typed.zeroize();
    }
}

impl Ask {
    /// For a question of this host.
    pub fn new(id: PromptId, host: HostId, question: Question) -> Self {
        Self { id, host, question, is_withdrawn: false, typed: String::with_capacity(MOST) }
    }

    /// The host waits no longer.
    pub fn withdraw(&mut self) {
        self.is_withdrawn = true;
        self.typed.zeroize();
    }

    /// Whether the host waits no longer.
    pub fn is_withdrawn(&self) -> bool {
        self.is_withdrawn
    }

    /// Takes a key. `Some` ends the dialog: with the answer, or with `None` where it was declined.
    pub fn key(&mut self, chord: Chord) -> Option<Option<Secret>> {
        match chord.code {
            Code::Esc => return Some(None),
            Code::Enter if self.is_withdrawn => return Some(None),
            _ if self.is_withdrawn => {}
            Code::Enter => return Some(Some(Secret(std::mem::take(&mut self.typed)))),
            Code::Backspace => drop(self.typed.pop()),
            Code::Char('u') if chord.ctrl => self.typed.clear(),
            Code::Char(c) if !chord.ctrl => self.paste(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        None
    }

    /// Takes pasted text up to its first line end.
    pub fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        if !self.is_withdrawn && self.typed.len() + line.len() <= MOST {
            self.typed.push_str(line);
        }
    }

    /// What is asked, by lines.
    fn lines(&self) -> Vec<(String, Role)> {
        let again = |nth: Nth| (nth.number > 1).then(|| (format!("that was not it; try {nth}"), Role::Warn));
        let mut lines = Vec::new();
        match &self.question {
            Question::Passphrase { key, nth } => {
                lines.push((format!("passphrase of {key}"), Role::Text));
                lines.extend(again(*nth));
            }
            Question::Password { login, nth } => {
                lines.push((format!("password of {login}"), Role::Text));
                lines.extend(again(*nth));
            }
            Question::Challenge { login, instruction, question, nth, .. } => {
                lines.push((format!("{login} asks:"), Role::Dim));
                lines.extend(instruction.lines().map(|line| (line.to_owned(), Role::Dim)));
                lines.extend(question.lines().map(|line| (line.to_owned(), Role::Text)));
                lines.extend(again(*nth));
            }
            Question::HostKey { host, key_type, fingerprint, others } => {
                lines.push((format!("nobody vouches for the {key_type} key of {host}"), Role::Warn));
                lines.push((fingerprint.clone(), Role::Bright));
                lines.extend(others.iter().map(|other| (format!("known: {other}"), Role::Dim)));
                lines.push(("compare it with what the host's owner says".to_owned(), Role::Dim));
                lines.push(("type yes, or the fingerprint, to trust it".to_owned(), Role::Key));
            }
        }
        lines
    }

    /// Draws it over the middle of `area`; gives where the cursor stands.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) -> (u16, u16) {
        let room = usize::from(area.width.min(70).saturating_sub(4)).max(1);
        let lines: Vec<_> = self
            .lines()
            .into_iter()
            .flat_map(|(text, role)| wrapped(&text, room, 0, 3).into_iter().map(move |part| (part, role)))
            .collect();
        let height = lines.len() as u16 + 6;
        let inner = dialog(buf, area, (70, height), ["Question", self.host.as_str()], look);
        let (x, width) = (inner.x + 2, inner.width.saturating_sub(4));
        let mut y = inner.y + 1;
        for (text, role) in &lines {
            if y + 2 < inner.bottom() {
                put(buf, x, y, width, text, look.style(*role));
                y += 1;
            }
        }
        let shown = if self.question.is_echoed() {
            self.typed.clone()
        } else {
            "*".repeat(self.typed.chars().count())
        };
        // The end of a long answer is what is being typed.
        let skipped = shown.chars().count().saturating_sub(usize::from(width.saturating_sub(3)));
        let shown: String = shown.chars().skip(skipped).collect();
        let used = put(buf, x, y, width, &format!("> {shown}"), look.style(Role::Bright));
        let hint = if self.is_withdrawn {
            "the host waits no longer   Esc closes, ctrl-r connects again"
        } else {
            "Enter answers   Esc declines, the host stays away"
        };
        put(buf, x, inner.bottom().saturating_sub(1), width, hint, look.style(Role::Dim));
        ((x + used).min(area.right().saturating_sub(1)), y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::theme::Theme;

    fn ask(question: Question) -> Ask {
        Ask::new(PromptId(1), HostId::new("web1"), question)
    }

    #[test]
    fn a_passphrase_never_shows_and_is_handed_over_once() {
        let mut ask = ask(Question::Passphrase { key: "/k".into(), nth: Nth { number: 1, of: 3 } });
        ask.paste("s3cret\nrest");
        let look = Look::new(&Theme::named("dark").unwrap(), true, true);
        let area = Rect::new(0, 0, 80, 24);
        let mut buf = Buffer::empty(area);
        ask.draw(&look, area, &mut buf);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(!text.contains("s3cret") && text.contains("******") && text.contains("web1"));
        assert_eq!(ask.key(Code::Enter.into()), Some(Some(Secret("s3cret".into()))));
        assert_eq!(ask.typed, "");
        assert_eq!(format!("{:?}", Secret("s3cret".into())), "Secret");
    }

    #[test]
    fn a_question_that_nobody_waits_for_takes_nothing_more_and_says_so() {
        let mut ask = ask(Question::Password { login: "op@web1".into(), nth: Nth { number: 1, of: 3 } });
        ask.paste("half of a pass");
        ask.withdraw();
        ask.paste("word");
        assert_eq!(ask.key(Code::Char('x').into()), None);
        assert_eq!(ask.typed, "");
        assert_eq!(ask.key(Code::Enter.into()), Some(None));
    }

    #[test]
    fn escape_declines() {
        let mut ask = ask(Question::Password { login: "op@web1".into(), nth: Nth { number: 2, of: 3 } });
        assert!(ask.lines().iter().any(|(line, _)| line == "that was not it; try 2 of 3"));
        ask.key(Chord::from(Code::Char('x')));
        assert_eq!(ask.key(Code::Esc.into()), Some(None));
    }

    #[test]
    fn it_draws_at_any_size() {
        let look = Look::new(&Theme::named("dark").unwrap(), false, true);
        let question = Question::HostKey {
            host: "[web1]:2222".into(),
            key_type: "ssh-ed25519".into(),
            fingerprint: "SHA256:abc".into(),
            others: vec!["ssh-rsa at /known_hosts:3".into()],
        };
        for (width, height) in [(1, 1), (3, 3), (20, 6), (80, 24), (160, 48)] {
            let area = Rect::new(0, 0, width, height);
            ask(question.clone()).draw(&look, area, &mut Buffer::empty(area));
        }
    }
}
