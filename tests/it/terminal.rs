//! What a terminal can do to the console: sizes, storms, stops, hang-ups; the shell gets its terminal back each time.

use std::time::Duration;

use rustix::process::Signal;

use crate::pty::{Launch, Terminal};

const SOON: Duration = Duration::from_secs(15);

/// A console that needs no engine: it says that none answers.
fn open(size: (u16, u16)) -> Terminal {
    Launch::pilothouse(["--host", "unix:///nonexistent.sock"]).size(size.0, size.1).start()
}

fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0, "{}", terminal.picture());
    terminal.restored();
}

#[test]
fn a_terminal_of_one_cell_is_drawn_and_left() {
    let terminal = open((1, 1));
    terminal.until_screen("a first cell", SOON, |screen| !screen.text().trim().is_empty());
    leave(&terminal);
}

#[test]
fn any_size_follows_any_size() {
    let terminal = open((80, 24));
    terminal.until("no such socket", SOON);
    for size in
        [(1, 1), (160, 48), (2, 60), (300, 1), (39, 8), (40, 7), (120, 30), (500, 200), (3, 3), (60, 15)]
    {
        terminal.resize(size.0, size.1);
    }
    terminal.resize(100, 30);
    terminal.until("no such socket", SOON);
    leave(&terminal);
}

#[test]
fn a_storm_of_sizes_leaves_a_screen_that_answers() {
    let terminal = open((80, 24));
    terminal.until("no such socket", SOON);
    for round in 0..200_u16 {
        terminal.resize(1 + round * 7 % 170, 1 + round * 5 % 50);
        if round % 10 == 0 {
            terminal.keys("j k Tab");
        }
    }
    terminal.resize(100, 30);
    terminal.keys("2");
    terminal.until("no such socket", SOON);
    leave(&terminal);
}

#[test]
fn a_storm_of_size_signals_leaves_a_screen_that_answers() {
    let terminal = open((80, 24));
    terminal.until("no such socket", SOON);
    for _ in 0..2000 {
        terminal.signal(Signal::WINCH);
    }
    terminal.keys("?");
    terminal.gone("no such socket", SOON);
    terminal.keys("Esc");
    terminal.until("no such socket", SOON);
    leave(&terminal);
}

#[test]
fn the_console_is_left_at_one_cell_whatever_it_showed_before() {
    for end in ["q", "C-c"] {
        for before in ["1", "2", "3", "4", "5", "a", "z"] {
            let terminal = open((80, 24));
            terminal.until("no such socket", SOON);
            terminal.keys(before);
            terminal.resize(1, 1);
            terminal.keys(end);
            assert_eq!(terminal.wait_exit(SOON), 0, "{before} {end}");
            terminal.restored();
        }
    }
}

#[test]
fn escape_and_a_letter_right_behind_it_are_two_keys() {
    let terminal = open((80, 24));
    terminal.until("no such socket", SOON);
    terminal.keys("?");
    terminal.gone("no such socket", SOON);
    terminal.send(b"\x1bq");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}
