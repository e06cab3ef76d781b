//! The diagnostic log as an operator asks for it: off, in a file of one's own, and what a report needs in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::cli::{Done, command, done, run_in};
use crate::pty::Launch;

const SOON: Duration = Duration::from_secs(15);
/// Where the log goes when no file is named.
const USUAL: &str = ".local/state/pilothouse/pilothouse.log";

/// The status of a host that is not there, with these options.
fn status(home: &Path, options: &[&str]) -> Done {
    let args = [&["--host", "unix:///nonexistent.sock", "status"], options].concat();
    run_in(home, &args)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn no_log_is_made_unasked() {
    let home = tempfile::tempdir().unwrap();
    status(home.path(), &[]).ended(6);
    status(home.path(), &["--log-level", "off", "--log-file", "off.log"]).ended(6);
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_command_tells_its_file_what_ran_what_it_read_and_what_failed() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("pilothouse.toml");
    fs::write(&config, "").unwrap();
    status(home.path(), &["--log-file", "here.log"]).ended(6);
    let log = home.path().join("here.log");
    let (text, mode) = (read(&log), fs::metadata(&log).unwrap().permissions().mode() & 0o777);
    assert_eq!(mode, 0o600);
    let started = format!("started version=\"{}\" command=\"status\"", env!("CARGO_PKG_VERSION"));
    let config = config.canonicalize().unwrap();
    let read = format!("configuration kind=Project path={}", config.display());
    for told in [&*started, &read, "unix:///nonexistent.sock: no such socket", "ended status=6"] {
        assert!(text.contains(told), "no {told:?} in\n{text}");
    }
    assert!(text.lines().all(|line| line.contains("Z ") && line.contains(" pilothouse::")), "{text}");
}

#[test]
fn a_level_alone_logs_where_the_paths_say_and_variables_do_the_same() {
    let home = tempfile::tempdir().unwrap();
    let told = run_in(home.path(), &["config", "paths"]).ended(0).out;
    let usual = home.path().join(USUAL);
    assert!(told.contains(&format!("log       off; --log-level debug writes {}", usual.display())), "{told}");
    let told = run_in(home.path(), &["config", "paths", "--log-level", "info"]).ended(0).out;
    assert!(told.contains(&format!("log       {}\n", usual.display())), "{told}");
    assert!(read(&usual).contains("started"));
    let named = home.path().join("named.log");
    let mut by_variables = command(home.path(), ["environments"]);
    by_variables.env("PILOTHOUSE_LOG_FILE", &named).env("PILOTHOUSE_LOG", "error");
    done(by_variables.output().unwrap()).ended(0);
    assert_eq!(read(&named), "");
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_that_names_it() {
    let home = tempfile::tempdir().unwrap();
    for (path, why) in [("none/x.log", "No such file"), (".", "it is no file")] {
        let done = status(home.path(), &["--log-file", path]).ended(1);
        assert!(done.err.contains(&format!("cannot write the log file {path}: {why}")), "{}", done.err);
        assert!(done.err.contains("--log-file"), "{}", done.err);
    }
    let done = status(home.path(), &["--log-level", "loud"]).ended(2);
    assert!(done.err.contains("loud is neither a level"), "{}", done.err);
}

#[test]
fn hostile_words_neither_act_on_a_terminal_nor_forge_a_line() {
    let home = tempfile::tempdir().unwrap();
    let address = "unix:///no\u{1b}[2J\u{202e}\n2026-01-01T00:00:00Z ERROR forged";
    run_in(home.path(), &["--host", address, "--log-file", "x.log", "status"]).ended(6);
    let text = read(&home.path().join("x.log"));
    assert!(text.contains("forged") && !text.lines().any(|line| line.contains("Z ERROR forged\"")), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("2026-01-01T00:00:00Z")), "{text}");
    assert!(!text.contains(|c: char| c != '\n' && pilothouse::logs::ansi::acts(c)), "{text:?}");
}

#[test]
fn the_console_tells_how_its_hosts_stand_and_that_it_was_left() {
    let terminal =
        Launch::pilothouse(["--host", "unix:///nonexistent.sock", "--log-file", "console.log"]).start();
    terminal.until("no such socket", SOON);
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
    let text = read(&terminal.home().join("console.log"));
    for told in ["command=\"console\"", "does not answer host=local why=", "no such socket", "ended status=0"]
    {
        assert!(text.contains(told), "no {told:?} in\n{text}");
    }
}

#[test]
fn frames_and_keys_are_not_logged() {
    let terminal = Launch::pilothouse(["demo", "--log-file", "demo.log", "--log-level", "trace"]).start();
    terminal.until(r"\d up", SOON);
    for _ in 0..40 {
        terminal.keys("j k");
    }
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    let text = read(&terminal.home().join("demo.log"));
    assert!(text.contains("answers") && text.lines().count() < 40, "{text}");
}

#[test]
fn a_panic_is_logged_with_the_way_there() {
    let this = std::env::current_exe().unwrap();
    let child = "diagnostics::child_that_panics";
    let terminal =
        Launch::program(this, ["--ignored", "--exact", child, "--nocapture", "--test-threads=1"]).start();
    assert_eq!(terminal.wait_exit(SOON), 101);
    terminal.restored();
    let text = read(&terminal.home().join("panic.log"));
    assert!(text.contains("the reason of the panic") && text.contains("diagnostics.rs"), "{text}");
    assert!(text.contains("diagnostics::child_that_panics"), "{text}");
}

#[test]
#[ignore = "a child of the test about panics"]
fn child_that_panics() {
    let _log = pilothouse::runtime::diagnostics::open(
        Path::new("panic.log"),
        pilothouse::runtime::diagnostics::Levels::default(),
    );
    let mut screen = pilothouse::runtime::terminal::take(true).unwrap();
    screen.draw(|_| panic!("the reason of the panic")).unwrap();
}
