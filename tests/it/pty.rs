//! A terminal for end-to-end tests: a real PTY, a shell that starts the program as a user's shell does, an
//! emulated screen that answers queries. It never sleeps: every wait is on a condition that the reader wakes,
//! and every failure shows the screen. On drop it ends its own session and nothing else.

mod keys;
mod launch;
mod screen;
mod tests;

use std::{
    fmt::Write as _,
    io::{Read, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, mpsc},
    time::{Duration, Instant},
};

use portable_pty::MasterPty;
use regex::Regex;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

pub use launch::Launch;
pub use screen::{Screen, Style};

/// What the shell and the terminal have reported so far.
struct Seen {
    screen: Screen,
    /// Every byte that the program wrote, in order.
    raw: Vec<u8>,
    /// When the newest bytes were read.
    newest: Instant,
    /// Told by the program's own process just before it becomes the program.
    program: Option<(Pid, Instant)>,
    /// True while the program is stopped and the shell has the terminal.
    suspended: bool,
    /// As a shell says it: 128 + n where signal n ended the program.
    status: Option<i32>,
    /// Line settings before the program started and right after it ended.
    line_before: Option<String>,
    line_after: Option<String>,
    /// True once the shell is gone too and every byte was read.
    closed: bool,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        // A failed assertion in another thread must not hide this one's.
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn change(&self, apply: impl FnOnce(&mut Seen)) {
        apply(&mut self.lock());
        self.changed.notify_all();
    }
}

/// A running program in its own terminal, with a home directory of its own.
pub struct Terminal {
    shared: Arc<Shared>,
    master: Arc<Mutex<Box<dyn MasterPty + Send>>>,
    /// To the writing thread, so that a program that does not read cannot block a test.
    input: mpsc::Sender<Vec<u8>>,
    shell: Pid,
    wires: launch::Wires,
    home: tempfile::TempDir,
}

impl Terminal {
    /// Presses keys, named as in [`keys::bytes`] and separated by spaces: `"j j Enter C-c text:web"`.
    pub fn keys(&self, names: &str) {
        for name in names.split_whitespace() {
            let bytes = keys::bytes(name, self.shared.lock().screen.keyboard());
            self.send(&bytes.unwrap_or_else(|why| panic!("{why} in {names:?}")));
        }
    }

    /// Answers a question of the console as soon as it takes keys.
    #[track_caller]
    pub fn answer(&self, question: &str, key: &str) {
        self.until(&format!("(?s){question}.*Esc or Enter cancels"), Duration::from_secs(20));
        self.keys(key);
    }

    /// Pastes as the terminal would: in brackets where the program asked for them.
    pub fn paste(&self, text: &str) {
        let bracketed = self.shared.lock().screen.vt().bracketed_paste();
        if bracketed {
            self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
        } else {
            self.send(text.as_bytes());
        }
    }

    /// Clicks the left button on a cell, counted from 0; needs SGR mouse reports, as every modern terminal has.
    pub fn click(&self, column: u16, row: u16) {
        let (x, y) = (column + 1, row + 1);
        self.send(format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m").as_bytes());
    }

    /// Turns the wheel one notch over a cell.
    pub fn wheel(&self, column: u16, row: u16, up: bool) {
        let (button, x, y) = (if up { 64 } else { 65 }, column + 1, row + 1);
        self.send(format!("\x1b[<{button};{x};{y}M").as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send(&self, bytes: &[u8]) {
        self.input.send(bytes.to_vec()).expect("the writing thread lives as long as the terminal");
    }

    /// Waits until the pattern is on the screen; gives the time at which the bytes that completed it were read.
    #[track_caller]
    pub fn until(&self, pattern: &str, within: Duration) -> Instant {
        let regex = multi_line(pattern);
        self.until_screen(&format!("/{pattern}/ on the screen"), within, |screen| {
            regex.is_match(&screen.text())
        })
    }

    /// Waits until the pattern is not on the screen (any more).
    #[track_caller]
    pub fn gone(&self, pattern: &str, within: Duration) -> Instant {
        let regex = multi_line(pattern);
        self.until_screen(&format!("/{pattern}/ gone"), within, |screen| !regex.is_match(&screen.text()))
    }

    /// Waits until the screen is as wanted; half-drawn (synchronized) frames are not looked at.
    #[track_caller]
    pub fn until_screen(&self, what: &str, within: Duration, is_so: impl Fn(&Screen) -> bool) -> Instant {
        self.wait(what, within, |seen| !seen.screen.is_mid_frame() && is_so(&seen.screen)).newest
    }

    /// How many bytes the program has written to the terminal.
    pub fn written(&self) -> usize {
        self.shared.lock().raw.len()
    }

    /// Waits until the program has ended and all its output was read. The status is the one a shell shows.
    #[track_caller]
    pub fn wait_exit(&self, within: Duration) -> i32 {
        let seen = self.wait("the end of the program", within, |seen| seen.status.is_some() && seen.closed);
        seen.status.expect("waited for")
    }

    /// Waits until the program has stopped itself (Ctrl-Z) and the shell has the terminal.
    #[track_caller]
    pub fn until_suspended(&self, within: Duration) {
        drop(self.wait("the program being suspended", within, |seen| seen.suspended));
    }

    /// Types `fg` in the shell.
    pub fn resume(&self) {
        self.shared.change(|seen| (seen.suspended, seen.line_after) = (false, None));
        self.wires.tell("fg");
    }

    /// Makes the window another size; the kernel tells the program by SIGWINCH.
    pub fn resize(&self, columns: u16, rows: u16) {
        // The emulated screen first: output drawn for the new size must not meet the old one.
        self.shared.change(|seen| seen.screen.resize(columns, rows));
        let master = self.master.lock().expect("no holder panics");
        master.resize(launch::pty_size(columns, rows)).expect("a PTY takes any size");
    }

    /// Sends a signal to the program alone. Does nothing once it has ended.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let seen = self.wait("the program's start", Duration::from_secs(10), |seen| seen.program.is_some());
        if let (Some((pid, _)), None) = (seen.program, seen.status) {
            kill_process(pid, signal).expect("the program is ours");
        }
    }

    /// The program's process and the instant before it was executed: for figures from /proc and start times.
    #[track_caller]
    pub fn process(&self) -> (i32, Instant) {
        let seen = self.wait("the program's start", Duration::from_secs(10), |seen| seen.program.is_some());
        let (pid, at) = seen.program.expect("waited for");
        (pid.as_raw_nonzero().get(), at)
    }

    /// What a look at the screen tells.
    pub fn look<T>(&self, of: impl FnOnce(&Screen) -> T) -> T {
        of(&self.shared.lock().screen)
    }

    /// The screen as text, a line a row, blanks at line ends cut.
    pub fn screen_text(&self) -> String {
        self.shared.lock().screen.text()
    }

    /// Where a text stands on the screen (column, row), the topmost if several.
    pub fn find(&self, text: &str) -> Option<(u16, u16)> {
        self.shared.lock().screen.find(text)
    }

    /// What stands in one cell, and how; empty for the second cell of a wide character. Panics outside the screen.
    pub fn cell(&self, column: u16, row: u16) -> (String, Style) {
        let seen = self.shared.lock();
        let text = seen.screen.vt().cell(row, column).map_or_else(String::new, |c| c.contents().to_owned());
        (text, seen.screen.style_at(column, row).expect("a cell of the screen"))
    }

    /// Colours and attributes of one cell. Panics outside the screen.
    pub fn style_at(&self, column: u16, row: u16) -> Style {
        self.shared.lock().screen.style_at(column, row).expect("a cell of the screen")
    }

    /// Every byte that the program has written to the terminal.
    pub fn raw_output(&self) -> Vec<u8> {
        self.shared.lock().raw.clone()
    }

    /// The last text that the program copied to the clipboard by OSC 52, decoded no further than base64.
    pub fn clipboard(&self) -> Option<String> {
        self.shared.lock().screen.clipboard()
    }

    /// The home directory that the program sees.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// What the program left behind in the terminal: an empty list is a restored terminal.
    /// Line settings are compared once the program has ended or is suspended.
    pub fn left_behind(&self) -> Vec<String> {
        let seen = self.shared.lock();
        let mut left = seen.screen.left_behind();
        match (&seen.line_before, &seen.line_after) {
            (Some(before), Some(after)) if before == after => {}
            (Some(before), Some(after)) => left.push(format!("line settings: {before} became {after}")),
            _ => left.push("line settings unknown: the program still has the terminal".into()),
        }
        left
    }

    /// Fails, with the screen, unless the terminal is as the program found it.
    #[track_caller]
    pub fn restored(&self) {
        let mut left = self.left_behind();
        // A program that stopped is reported at once; what it wrote before may still be on its way.
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut seen = self.shared.lock();
        while !left.is_empty() && !seen.closed && Instant::now() < deadline {
            let woken = self.shared.changed.wait_timeout(seen, Duration::from_millis(100));
            drop(woken.unwrap_or_else(std::sync::PoisonError::into_inner));
            left = self.left_behind();
            seen = self.shared.lock();
        }
        drop(seen);
        assert!(left.is_empty(), "left behind in the terminal: {}\n{}", left.join("; "), self.picture());
    }

    /// The screen in a frame with the program's state, for messages.
    pub fn picture(&self) -> String {
        picture(&self.shared.lock())
    }

    #[track_caller]
    fn wait(&self, what: &str, within: Duration, is_so: impl Fn(&Seen) -> bool) -> MutexGuard<'_, Seen> {
        let deadline = Instant::now() + within;
        let mut seen = self.shared.lock();
        loop {
            if is_so(&seen) {
                return seen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.closed {
                let end = if seen.closed { "the program ended" } else { "time ran out" };
                let picture = picture(&seen);
                drop(seen);
                panic!("{end} while waiting {within:?} for {what}\n{picture}");
            }
            let woken = self.shared.changed.wait_timeout(seen, left);
            seen = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let seen = self.shared.lock();
        // The shell reaps the program before it reports, and itself lives until it is told to end: a pid that is
        // not reported as ended is still ours. An error means that the process went first.
        if let (Some((program, _)), None) = (seen.program, seen.status) {
            let _ = kill_process_group(program, Signal::KILL);
        }
        if !seen.closed {
            let _ = kill_process_group(self.shell, Signal::KILL);
        }
        drop(seen);
        self.wires.end();
    }
}

fn multi_line(pattern: &str) -> Regex {
    regex::RegexBuilder::new(pattern).multi_line(true).build().expect("a valid pattern")
}

fn picture(seen: &Seen) -> String {
    let (columns, rows) = seen.screen.size();
    let mut picture = format!("┌{columns}x{rows}, {} bytes written, ", seen.raw.len());
    let state = match (seen.status, seen.suspended) {
        (Some(code), _) => format!("ended with {code}"),
        (None, true) => "suspended".into(),
        (None, false) => "running".into(),
    };
    picture.push_str(&state);
    for line in seen.screen.text().lines() {
        let _ = write!(picture, "\n│{line}");
    }
    picture.push_str("\n└");
    picture
}

/// Reads the terminal until it closes, keeps the screen and answers what the program asks.
fn read_terminal(mut from: Box<dyn Read + Send>, shared: &Shared, answers: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = vec![0; 64 * 1024];
    // EIO is how Linux says that nobody has the other side open any more.
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        // Before the wait for whoever looks at the screen just now.
        let read_at = Instant::now();
        shared.change(|seen| {
            seen.newest = read_at;
            seen.raw.extend_from_slice(&buffer[..count]);
            let answer = seen.screen.process(&buffer[..count]);
            if !answer.is_empty() {
                // The writer is gone only when the terminal is being dropped.
                let _ = answers.send(answer);
            }
        });
    }
    shared.change(|seen| seen.closed = true);
}

fn write_terminal(mut to: Box<dyn std::io::Write + Send>, input: &mpsc::Receiver<Vec<u8>>) {
    for bytes in input {
        if to.write_all(&bytes).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Where a program of this crate lies.
pub fn pilothouse() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_pilothouse"))
}
