//! Reads the terminal's own file, on its own opening of it, and parses what was typed. Never blocks, never loses a key.
//!
//! Not crossterm's event stream: where a change of size and a key are ready at once it takes one and forgets the other
//! until the next byte, and when the terminal is gone it reads its end for ever, at 100 % of a core.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use termina::{Event, Parser};
use tokio::net::unix::pipe;
use tokio::time::{Instant, timeout_at};

/// An escape character followed by nothing for this long was the Escape key. Over a slow link the rest of a sequence
/// comes in the same packet or right behind it.
const ESCAPE_WAIT: Duration = Duration::from_millis(30);
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// What is typed, in order.
pub struct Keys {
    tty: pipe::Receiver,
    parser: Parser,
    parsed: VecDeque<Event>,
    /// Typed, and not looked at before the events ahead of it are taken.
    unparsed: VecDeque<u8>,
    /// Looked at since the last event: the beginning of the next.
    begun: Vec<u8>,
    /// A paste has begun and its end has not come.
    is_pasting: bool,
    /// When what was begun counts as broken off.
    broken_at: Option<Instant>,
}

impl Keys {
    /// Opens the controlling terminal, or what standard input is where there is none.
    ///
    /// # Errors
    /// What the machine refused. Must be called inside the runtime.
    pub fn open() -> io::Result<Self> {
        // An opening of our own: making standard input non-blocking would make it so for the shell we came from.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let tty = rustix::fs::open("/dev/tty", flags, Mode::empty())
            .or_else(|_| rustix::fs::open("/proc/self/fd/0", flags, Mode::empty()))?;
        // Reads like a pipe; the check for one is what is left out.
        Ok(Self::on(pipe::Receiver::from_owned_fd_unchecked(tty)?))
    }

    fn on(tty: pipe::Receiver) -> Self {
        Self {
            tty,
            parser: Parser::default(),
            parsed: VecDeque::new(),
            unparsed: VecDeque::new(),
            begun: Vec::new(),
            is_pasting: false,
            broken_at: None,
        }
    }

    /// The next event, or `None` once the terminal is gone. Nothing is lost when the wait is given up.
    ///
    /// # Errors
    /// What reading the terminal came back with.
    pub async fn next(&mut self) -> io::Result<Option<Event>> {
        loop {
            self.parse();
            if let Some(event) = self.parsed.pop_front() {
                return Ok(Some(event));
            }
            let ready = match self.broken_at {
                None => self.tty.readable().await,
                Some(at) => match timeout_at(at, self.tty.readable()).await {
                    Ok(ready) => ready,
                    Err(_) => {
                        self.break_off();
                        continue;
                    }
                },
            };
            let mut bytes = [0; 4096];
            ready?;
            match self.tty.try_read(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(count) => self.take(&bytes[..count]),
                // How Linux says that the other side of the terminal is closed.
                Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => return Ok(None),
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What was typed behind the last event that was taken, as it was typed: for somebody else who reads the terminal now.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.begun);
        rest.extend(std::mem::take(&mut self.unparsed));
        self.break_off();
        self.parsed.clear();
        rest
    }

    fn take(&mut self, bytes: &[u8]) {
        self.unparsed.extend(bytes);
        // A paste ends with its mark, however long that takes: its text must never be read as keys.
        self.broken_at = (!self.is_pasting).then(|| Instant::now() + ESCAPE_WAIT);
    }

    /// Up to the next event and no further, so that what follows can still be given to somebody else.
    fn parse(&mut self) {
        while self.parsed.is_empty()
            && let Some(byte) = self.unparsed.pop_front()
        {
            self.begun.push(byte);
            if self.begun.ends_with(PASTE_BEGINS) {
                (self.is_pasting, self.broken_at) = (true, None);
            } else if self.begun.ends_with(PASTE_ENDS) {
                (self.is_pasting, self.broken_at) = (false, Some(Instant::now() + ESCAPE_WAIT));
            }
            self.parser.parse(&[byte], true);
            self.parsed.extend(std::iter::from_fn(|| self.parser.pop()));
            if !self.parsed.is_empty() {
                self.begun.clear();
            }
        }
    }

    /// Nothing came after an escape character, or a sequence stopped half-way: that must not eat the keys that follow.
    fn break_off(&mut self) {
        self.broken_at = None;
        self.begun.clear();
        self.parser.parse(&[], false);
        self.parsed.extend(std::iter::from_fn(|| self.parser.pop()));
        self.parser = Parser::default();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use termina::event::KeyCode;

    use super::*;

    /// Keys that read a pipe, and its other end.
    fn wired() -> (Keys, std::fs::File) {
        let (to, from) = pipe::pipe().unwrap();
        (Keys::on(from), to.into_blocking_fd().unwrap().into())
    }

    async fn codes(keys: &mut Keys, count: usize) -> Vec<String> {
        let mut seen = Vec::new();
        for _ in 0..count {
            seen.push(match keys.next().await.unwrap().unwrap() {
                Event::Key(key) if key.code == KeyCode::Escape => "Esc".to_owned(),
                Event::Key(key) => format!("{:?}", key.code),
                Event::Paste(text) => format!("paste {}", text.len()),
                other => format!("{other:?}"),
            });
        }
        seen
    }

    #[tokio::test]
    async fn an_escape_alone_is_the_key_and_with_its_sequence_an_arrow() {
        let (mut keys, mut to) = wired();
        to.write_all(b"\x1b[A\x1b").unwrap();
        assert_eq!(codes(&mut keys, 2).await, ["Up", "Esc"]);
        to.write_all(b"\x1b[").unwrap();
        tokio::task::yield_now().await;
        to.write_all(b"B").unwrap();
        assert_eq!(codes(&mut keys, 1).await, ["Down"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sequence_broken_off_does_not_eat_the_next_key() {
        let (mut keys, mut to) = wired();
        for broken in [&b"\x1b]"[..], b"\x1bP", b"\x1b[1;"] {
            to.write_all(broken).unwrap();
            // Reads it and waits for the rest until the wait is over.
            assert!(timeout_at(Instant::now() + ESCAPE_WAIT * 3, keys.next()).await.is_err());
            to.write_all(b"q").unwrap();
            assert_eq!(codes(&mut keys, 1).await, ["Char('q')"]);
        }
    }

    #[tokio::test]
    async fn a_paste_in_pieces_is_never_read_as_keys() {
        let (mut keys, mut to) = wired();
        to.write_all(b"\x1b[20").unwrap();
        let late = tokio::spawn(async move {
            for piece in [&b"0~S"[..], b"y", b"q\x1b[20", b"1~"] {
                tokio::time::sleep(ESCAPE_WAIT * if piece == b"0~S" { 0 } else { 2 }).await;
                to.write_all(piece).unwrap();
            }
            to
        });
        assert_eq!(codes(&mut keys, 1).await, ["paste 3"]);
        late.await.unwrap();
    }

    #[tokio::test]
    async fn what_was_typed_behind_a_key_can_be_given_away_as_it_was_typed() {
        let (mut keys, mut to) = wired();
        to.write_all(b"xecho \x1b[A\x1b[").unwrap();
        assert_eq!(codes(&mut keys, 1).await, ["Char('x')"]);
        assert_eq!(keys.rest(), b"echo \x1b[A\x1b[");
        to.write_all(b"B").unwrap();
        assert_eq!(codes(&mut keys, 1).await, ["Char('B')"]);
    }

    #[tokio::test]
    async fn the_end_of_the_terminal_is_told_once_all_keys_are() {
        let (mut keys, mut to) = wired();
        to.write_all(b"a").unwrap();
        drop(to);
        assert_eq!(codes(&mut keys, 1).await, ["Char('a')"]);
        assert!(keys.next().await.unwrap().is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_the_parser(chunks in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..40), 0..20)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let _inside = runtime.enter();
            let (mut keys, _to) = wired();
            for chunk in &chunks {
                keys.take(chunk);
                while !keys.unparsed.is_empty() {
                    keys.parse();
                    keys.parsed.clear();
                }
            }
            keys.break_off();
        }
    }
}
