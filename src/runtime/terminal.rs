//! The terminal: taken at the start, given back at every kind of end.

use std::io::{self, Stdout, Write, stdout};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// A terminal whose output is buffered: one write a frame.
pub type Screen = Terminal<CrosstermBackend<io::BufWriter<Stdout>>>;

/// Takes the terminal; a panic gives it back before it is reported.
///
/// # Errors
/// What the terminal refused.
pub fn take(has_mouse: bool) -> io::Result<Screen> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_back();
        before(info);
    }));
    enter(has_mouse)?;
    Terminal::new(CrosstermBackend::new(io::BufWriter::with_capacity(64 << 10, stdout())))
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
    let mut out = stdout();
    let told = execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    if let Err(error) = told.and_then(|()| out.flush()).and_then(|()| disable_raw_mode()) {
        tracing::debug!(%error, "terminal not restored");
    }
}
