//! The demo as its users run it: with nothing on the machine, labelled, and with acts that are really done.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::pty::{Launch, Terminal, pilothouse};
use crate::still::Still;

const SOON: Duration = Duration::from_secs(20);

fn open(args: &[&str], size: (u16, u16)) -> Terminal {
    let all: Vec<_> = ["demo"].iter().chain(args).copied().collect();
    Launch::pilothouse(all).env("DOCKER_HOST", "unix:///nonexistent.sock").size(size.0, size.1).start()
}

fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[test]
fn every_screen_says_that_it_is_the_demo() {
    for size in [(160, 48), (80, 24), (40, 9), (30, 5)] {
        for keys in ["1", "2", "3", "4", "5", "a", "E", "?", ":", "S", "z", "/"] {
            let mut still = Still::incident(size);
            still.press(keys);
            let text = still.text();
            assert!(text.contains("DEMO"), "{size:?} {keys}\n{text}");
        }
    }
}

#[test]
fn it_opens_with_nothing_on_the_machine_and_plays_the_incident() {
    let terminal = open(&["--at", "2m30s", "--speed", "2", "--theme", "light"], (160, 48));
    terminal.until("DEMO", SOON);
    terminal.until("11/14 up", SOON);
    terminal.until(r"restarting \(\d+\)", SOON);
    terminal.until("db timeout", SOON);
    terminal.until("database timeout", SOON);
    leave(&terminal);
}

#[test]
fn a_container_that_is_stopped_stops() {
    let terminal = open(&[], (120, 36));
    terminal.until("12/14 up", SOON);
    terminal.keys("1 j j 2");
    terminal.until("shop-db-1", SOON);
    terminal.keys("/ text:shop-db-1 Enter");
    terminal.until("1 of 4", SOON);
    terminal.keys("S");
    terminal.until("stop shop-db-1 on laptop", SOON);
    terminal.keys("y");
    terminal.until("exited 0", SOON);
    terminal.keys("S");
    terminal.until("shop-db-1 started on laptop", SOON);
    terminal.until("starting PostgreSQL", SOON);
    leave(&terminal);
}

#[test]
fn production_is_read_only_until_somebody_unlocks_it() {
    let terminal = open(&[], (120, 36));
    terminal.until("12/14 up", SOON);
    terminal.until("read-only", SOON);
    terminal.keys("S");
    terminal.until("`:write` unlocks it", SOON);
    terminal.keys(": text:write Space text:15m Enter");
    terminal.until(r"writable 1[45]m", SOON);
    leave(&terminal);
}

#[test]
fn a_bad_image_is_taken_back_by_itself_and_the_good_one_goes_live() {
    let terminal = open(&["--speed", "4"], (120, 36));
    terminal.until("12/14 up", SOON);
    terminal.keys(": text:write Space text:15m Enter : text:web-43-green-1 Enter d BSpace text:5 Enter");
    terminal.until("to confirm", SOON);
    terminal.keys("text:production");
    terminal.until("Enter confirm", SOON);
    terminal.keys("Enter");
    terminal.until("taken back after", SOON);
    terminal.until("PAYMENTS_URL", SOON);
    terminal.keys("d BSpace text:4 Enter");
    terminal.until("to confirm", SOON);
    terminal.keys("text:production");
    terminal.until("Enter confirm", SOON);
    terminal.keys("Enter");
    terminal.until("done in", Duration::from_secs(60));
    terminal.keys("5");
    terminal.until("v44", SOON);
    leave(&terminal);
}

#[test]
fn its_shell_says_that_it_is_simulated_and_gives_the_terminal_back() {
    let terminal = open(&[], (100, 30));
    terminal.until("api-7-1", SOON);
    terminal.keys("1 j j 2");
    terminal.until("scratch", SOON);
    terminal.keys("/ text:shop-api-1 Enter");
    terminal.until("1 of 4", SOON);
    terminal.keys("x");
    terminal.until("simulated shell in shop-api-1", SOON);
    terminal.keys("text:exit Space 3 Enter");
    terminal.until("ended with status 3", SOON);
    terminal.until("DEMO", SOON);
    leave(&terminal);
}

#[test]
fn where_no_engine_answers_one_key_opens_it() {
    let terminal = Launch::pilothouse(["--host", "unix:///nonexistent.sock"]).size(100, 30).start();
    terminal.until("no such socket", SOON);
    terminal.until("v demo", SOON);
    terminal.keys("v");
    terminal.until("DEMO", SOON);
    terminal.until("api-7-1", SOON);
    leave(&terminal);
}

fn run(args: &[&str]) -> (Option<i32>, Vec<u8>, String) {
    let done = Command::new(pilothouse()).args(args).stdin(Stdio::null()).output().unwrap();
    (done.status.code(), done.stdout, String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn without_a_terminal_it_is_an_error_without_a_control_character() {
    let (status, out, said) = run(&["demo"]);
    assert_eq!((status, out), (Some(2), Vec::new()));
    assert!(said.contains("needs a terminal") && !said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_wrong_scenario_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    std::fs::write(&file, "about = 'x'\nstarts = 5\n").unwrap();
    let path = file.display().to_string();
    let (status, _, said) = run(&["demo", "--scenario", &path]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains(&format!("{path}:2:10: ")), "{said}");
    let (status, _, said) = run(&["demo", "--scenario", "nonesuch"]);
    assert!(status == Some(2) && said.contains("there are incident"), "{said}");
}
