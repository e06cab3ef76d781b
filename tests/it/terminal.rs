//! What a terminal can do to the console: sizes, storms, stops, hang-ups; the shell gets its terminal back each time.

mod faults;
mod frames;
pub mod soak;

use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, ExitStatus, PtySize, native_pty_system};
use rustix::process::Signal;

use crate::pty::{Launch, Terminal, pilothouse};

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
    terminal.until_screen("the console", SOON, |screen| screen.vt().alternate_screen());
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

#[test]
fn ctrl_z_suspends_and_fg_brings_the_console_back() {
    let terminal = open((80, 24));
    terminal.until("no such socket", SOON);
    for _ in 0..3 {
        terminal.keys("C-z");
        terminal.until_suspended(SOON);
        terminal.restored();
        terminal.gone("no such socket", SOON);
        // It takes the size that the window got meanwhile.
        terminal.resize(100, 30);
        terminal.resume();
        terminal.until("no such socket", SOON);
        terminal.keys("?");
        terminal.gone("no such socket", SOON);
        terminal.keys("Esc");
        terminal.until("no such socket", SOON);
    }
    leave(&terminal);
}

/// Runs one of this file's children in a terminal of its own.
fn child(name: &str) -> Terminal {
    let this = std::env::current_exe().unwrap();
    Launch::program(this, ["--ignored", "--exact", name, "--nocapture", "--test-threads=1"]).start()
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_told() {
    for name in ["child_that_panics", "child_whose_task_panics"] {
        let terminal = child(&format!("terminal::{name}"));
        assert_eq!(terminal.wait_exit(SOON), 101);
        terminal.restored();
        terminal.until("the reason of the panic", SOON);
    }
}

#[test]
#[ignore = "a child of the test about panics"]
fn child_that_panics() {
    let mut screen = pilothouse::runtime::terminal::take(true).unwrap();
    screen.draw(|_| panic!("the reason of the panic")).unwrap();
}

#[test]
#[ignore = "a child of the test about panics"]
fn child_whose_task_panics() {
    let mut screen = pilothouse::runtime::terminal::take(true).unwrap();
    let workers = tokio::runtime::Runtime::new().unwrap();
    workers.spawn(async { panic!("the reason of the panic") });
    // The loop knows nothing of it and draws on.
    for round in 0_u32.. {
        screen.draw(|frame| frame.render_widget(round.to_string(), frame.area())).unwrap();
    }
}

/// Starts the console in a terminal that nobody but `with` reads, and gives how it ended.
fn bare(shell: &str, size: (u16, u16), with: impl FnOnce(Box<dyn Read>, u32)) -> ExitStatus {
    let home = tempfile::tempdir().unwrap();
    let pty = PtySize { rows: size.1, cols: size.0, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(pty).unwrap();
    let mut command = CommandBuilder::new("sh");
    let console = "exec \"$0\" --host unix:///nonexistent.sock";
    command.args(["-c", &format!("{shell} {console}")]);
    command.arg(pilothouse());
    command.env("HOME", home.path());
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let pid = child.process_id().unwrap();
    with(pair.master.try_clone_reader().unwrap(), pid);
    drop(pair.master);
    let mut killer = child.clone_killer();
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait().unwrap()));
    end.recv_timeout(SOON).unwrap_or_else(|_| {
        killer.kill().unwrap();
        panic!("the console outlived its terminal");
    })
}

fn read_until(terminal: &mut dyn Read, text: &str) {
    let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&seen).contains(text) {
        let count = terminal.read(&mut bytes).unwrap();
        assert!(count > 0, "the console ended before it showed {text}");
        seen.extend_from_slice(&bytes[..count]);
    }
}

#[test]
fn a_terminal_that_vanishes_ends_the_console_even_without_a_hang_up() {
    for shell in ["", "trap '' HUP;"] {
        bare(shell, (80, 24), |mut terminal, _| read_until(&mut terminal, "such"));
    }
}

#[test]
fn a_terminal_that_takes_no_output_does_not_keep_the_console_from_ending() {
    let status = bare("", (1000, 1000), |mut terminal, pid| {
        // Its first screen is larger than what a terminal holds unread.
        read_until(&mut terminal, "\x1b[?1049h");
        let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
        // Until it is gone nothing more is read.
        while std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
            .is_ok_and(|stat| !stat.contains(") Z "))
        {
            std::thread::yield_now();
        }
    });
    assert_eq!(status.exit_code(), 1);
}
