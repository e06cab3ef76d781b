//! Questions of hosts on the terminal of a command, as `ssh` asks them: on `/dev/tty`, whatever the outputs are, one at
//! a time, without an echo of what is secret. Where there is no terminal nobody is asked.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr};
use zeroize::Zeroize;

use crate::domain::prompt::{Nth, Question, Secret};
use crate::logs::ansi;

/// Longest answer that is taken.
const MOST: usize = 1024;
/// One question at a time, whichever hosts are asked at once.
static TURN: Mutex<()> = Mutex::new(());

/// What a terminal gives back.
enum Typed {
    Answer(Secret),
    Declined,
    /// Ctrl-C: the command ends as it would have without us.
    Interrupted,
}

/// Whether somebody may sit in front of it: a terminal, and no CI.
pub fn is_there() -> bool {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    !is_ci && open().is_ok()
}

fn open() -> io::Result<File> {
    let tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    if isatty(&tty) { Ok(tty) } else { Err(io::Error::other("no terminal")) }
}

/// Asks, and waits so long at most; `None` where nobody answers.
pub fn ask(question: &Question, patience: Duration) -> Option<Secret> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let typed = open().and_then(|tty| read_line(&tty, &text(question), question.is_echoed(), patience));
    match typed {
        Ok(Typed::Answer(secret)) => Some(secret),
        Ok(Typed::Declined) => None,
        Ok(Typed::Interrupted) => {
            // The terminal is as it was: nothing is left but to end. An answer now would be told as an error before that.
            let end = Instant::now() + patience;
            if kill_process(getpid(), Signal::INT).is_ok() {
                while let Some(rest) = end.checked_duration_since(Instant::now()) {
                    std::thread::park_timeout(rest);
                }
            }
            None
        }
        Err(error) => {
            tracing::debug!(%error, "nobody could be asked");
            None
        }
    }
}

/// What is printed; the host's own words are hostile.
fn text(question: &Question) -> String {
    let again =
        |nth: &Nth| if nth.number > 1 { format!("that was not it; try {nth}\n") } else { String::new() };
    let clean =
        |text: &str| text.lines().map(|line| ansi::plain(line).into_owned()).collect::<Vec<_>>().join("\n");
    match question {
        Question::Passphrase { key, nth } => format!("{}passphrase of {}: ", again(nth), clean(key)),
        Question::Password { login, nth } => format!("{}password of {}: ", again(nth), clean(login)),
        Question::Challenge { login, instruction, question, nth, .. } => {
            let mut text = again(nth);
            if !instruction.trim().is_empty() {
                text.push_str(&format!("{}\n", clean(instruction)));
            }
            format!("{text}{} asks: {} ", clean(login), clean(question).trim())
        }
        Question::HostKey { host, key_type, fingerprint, others } => {
            let known: String = others
                .iter()
                .flat_map(|other| ["known: ".to_owned(), clean(other), "\n".to_owned()])
                .collect();
            format!(
                "nobody vouches for the {} key of {}\n{fingerprint}\n{known}compare it with what the host's owner \
                 says; yes, or the fingerprint, trusts it: ",
                clean(key_type),
                clean(host)
            )
        }
    }
}

/// The terminal's settings, given back when dropped.
struct Quiet<'a> {
    tty: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn new(tty: &'a File) -> io::Result<Self> {
        let before = tcgetattr(tty)?;
        let mut quiet = before.clone();
        // Without signals: Ctrl-C must not leave a terminal behind that shows nothing.
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 0;
        // In tenths of a second.
        quiet.special_codes[SpecialCodeIndex::VTIME] = 5;
        tcsetattr(tty, OptionalActions::Flush, &quiet)?;
        Ok(Self { tty, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(self.tty, OptionalActions::Flush, &self.before) {
            tracing::debug!(%error, "the terminal keeps its settings");
        }
    }
}

fn read_line(tty: &File, text: &str, is_echoed: bool, patience: Duration) -> io::Result<Typed> {
    let (mut reader, end) = (tty.try_clone()?, Instant::now() + patience);
    // Before the question shows: nobody types too early then.
    let quiet = Quiet::new(tty)?;
    reader.write_all(text.as_bytes())?;
    // Never grows beyond its first room, so that no copy of a secret is left behind.
    let mut typed: Vec<u8> = Vec::with_capacity(MOST);
    let mut key = [0];
    let result = loop {
        if Instant::now() > end {
            break Typed::Declined;
        }
        if reader.read(&mut key)? == 0 {
            continue;
        }
        match key[0] {
            b'\r' | b'\n' => break Typed::Answer(Secret(String::from_utf8_lossy(&typed).into_owned())),
            3 => break Typed::Interrupted,
            4 if typed.is_empty() => break Typed::Declined,
            8 | 127 => {
                if typed.pop().is_some() && is_echoed {
                    reader.write_all(b"\x08 \x08")?;
                }
            }
            21 => {
                if is_echoed {
                    reader.write_all("\x08 \x08".repeat(typed.len()).as_bytes())?;
                }
                typed.clear();
            }
            byte if byte >= b' ' && typed.len() < MOST => {
                typed.push(byte);
                if is_echoed {
                    reader.write_all(&[byte])?;
                }
            }
            _ => {}
        }
    };
    typed.zeroize();
    reader.write_all(b"\n")?;
    drop(quiet);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_own_words_reach_no_terminal_raw() {
        let question = Question::Challenge {
            login: "op@web1".to_owned(),
            instruction: "\x1b]0;title\x07Hello".to_owned(),
            question: "Code\x1b[2J\nPassword: ".to_owned(),
            is_echoed: false,
            nth: Nth { number: 2, of: 3 },
        };
        let text = text(&question);
        assert!(text.starts_with("that was not it; try 2 of 3\nHello\nop@web1 asks: Code"), "{text:?}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
}
