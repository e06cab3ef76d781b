//! The terminal: taken at the start, given back at every kind of end.

use std::io::{self, Stdout, Write, stdout};
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use rustix::process::{Signal, kill_current_process_group};

use super::diagnostics;
use super::quiet::Quiet;
use super::signals::Signals;

/// A stop that has not come by then will not come: nobody could continue us.
const STOPS_WITHIN: Duration = Duration::from_millis(300);

/// A terminal whose output is buffered: one write a frame.
pub type Screen = Terminal<Quiet<io::BufWriter<Stdout>>>;

/// As the standard library ends a program whose main thread panics.
const PANICKED: i32 = 101;

/// Takes the terminal; a panic, in whatever thread, gives it back, is reported and ends the program.
///
/// # Errors
/// What the terminal refused.
pub fn take(has_mouse: bool) -> io::Result<Screen> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // Kept to the end: a loop that still runs must not draw on the screen that was given back.
        let _nobody_else_draws = stdout().lock();
        give_back();
        before(info);
        // A task that died silently would leave a console that shows old facts as if they were new.
        diagnostics::end();
        std::process::exit(PANICKED);
    }));
    enter(has_mouse)?;
    Terminal::new(Quiet::new(io::BufWriter::with_capacity(64 << 10, stdout())))
}

/// Raw mode, the other screen, pastes told apart.
///
/// # Errors
/// What the terminal refused.
pub fn enter(has_mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if has_mouse { execute!(stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Undoes [`enter`]. Safe to call twice; a terminal that is gone cannot be told anything.
pub fn give_back() {
    lend();
    give_back_settings();
}

/// As [`give_back`], but keys still come one by one and unseen: for a program elsewhere that has a terminal of its own.
pub fn lend() {
    let mut out = stdout();
    // A frame may have been cut off in the middle, hence the end of a synchronized one and of all colours.
    let told = execute!(
        out,
        EndSynchronizedUpdate,
        SetAttribute(Attribute::Reset),
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    if let Err(error) = told.and_then(|()| out.flush()) {
        tracing::debug!(%error, "terminal not restored");
    }
}

/// Throws away what was typed and nobody has read.
pub fn forget_typed() {
    if let Err(error) = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush) {
        tracing::debug!(%error, "what was typed is not thrown away");
    }
}

/// What a program in a shell may have left on when it was killed: key and margin modes (DECSTR, DECCKM, keypad), mouse,
/// focus and paste reports, its own screen, a line-drawing character set.
const TIDY: &str = "\x1b[!p\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?1049l\x1b(B\x0f";

/// Switches off what somebody else's program left on.
pub fn tidy() {
    let mut out = stdout();
    if let Err(error) = out.write_all(TIDY.as_bytes()).and_then(|()| out.flush()) {
        tracing::debug!(%error, "terminal not tidied");
    }
}

/// The line settings alone: of a terminal that takes no output.
pub fn give_back_settings() {
    if let Err(error) = disable_raw_mode() {
        tracing::debug!(%error, "terminal settings not restored");
    }
}

/// Gives the terminal back and stops, as a shell's own Ctrl-Z does; returns when the shell's `fg` let us go on and the
/// terminal is ours again.
///
/// # Errors
/// What the terminal refused.
pub async fn suspend(signals: &mut Signals, has_mouse: bool) -> io::Result<()> {
    give_back();
    // The whole group, so that a script that started us stops too and its shell sees it.
    kill_current_process_group(Signal::TSTP)?;
    // The stop may reach us a moment later, and must not find the terminal taken again.
    signals.until_continued(STOPS_WITHIN).await;
    enter(has_mouse)
}
