//! What an engine can do to the console, and the console to an engine: on an engine of the test's own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::host::{Address, NotTried};
use pilothouse::domain::ids::HostId;
use pilothouse::jobs::route::{Route, Way};
use pilothouse::jobs::watch;
use pilothouse::msg::{HostFact, Msg};
use tokio::sync::mpsc;

use crate::own_engine::OwnEngine;
use crate::pty::{Launch, Terminal};

const SOON: Duration = Duration::from_secs(20);
/// A hang is noticed after 10 s without an event and 10 s without an answer.
const HANG: Duration = Duration::from_secs(45);
const IDLE: &str = "trap 'exit 0' TERM; while true; do sleep 1; done";

fn open(engine: &OwnEngine, size: (u16, u16)) -> Terminal {
    let terminal = Launch::pilothouse(["--host", &engine.address()]).size(size.0, size.1).start();
    terminal.until(r"\d of \d", SOON);
    terminal
}

fn leave(terminal: &Terminal) {
    terminal.keys("C-c");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

/// The first change in an environment nobody has classified asks what it is.
fn leave_unclassified(terminal: &Terminal) {
    terminal.answer("leave it unclassified", "l");
}

#[test]
fn an_engine_that_hangs_is_stale_and_comes_back_with_nothing_lost() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("one", &[], IDLE);
    engine.run("two", &[], IDLE);
    let terminal = open(&engine, (80, 24));
    terminal.keys("/ text:two Enter");
    terminal.until("1 of 2", SOON);
    engine.freeze();
    terminal.until("stale", HANG);
    terminal.until("two +busybox|two +1|two", SOON);
    engine.thaw();
    terminal.gone("stale", HANG);
    terminal.until("1 of 2", SOON);
    leave(&terminal);
}

#[test]
fn an_engine_that_restarts_is_followed_again() {
    let Some(mut engine) = OwnEngine::start() else { return };
    engine.run("one", &[], IDLE);
    engine.run("two", &[], IDLE);
    let terminal = open(&engine, (80, 24));
    terminal.keys("/ text:two Enter");
    terminal.until("1 of 2", SOON);
    engine.stop();
    terminal.until("stale", SOON);
    engine.serve();
    terminal.until("exited", HANG);
    terminal.until("1 of 2", SOON);
    engine.docker(&["start", "two"]);
    terminal.until("running", SOON);
    leave(&terminal);
}

#[test]
fn a_clean_removes_exactly_what_was_shown() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("keeper", &["-v", "data:/data"], IDLE);
    engine.image("old:1");
    engine.docker(&["volume", "create", "left"]);
    let terminal = open(&engine, (80, 24));
    terminal.keys("E");
    terminal.until("counted .* ago", SOON);
    terminal.until("old:1 .* nothing", SOON);
    terminal.keys("X");
    leave_unclassified(&terminal);
    terminal.until("remove image old:1 on local", SOON);
    terminal.until("frees", SOON);
    // Made after the list was shown: it stays.
    engine.image("late:1");
    terminal.keys("y");
    terminal.until("removed 1 image on local: frees", SOON);
    let mut images: Vec<String> =
        engine.docker(&["images", "--format", "{{.Repository}}"]).lines().map(str::to_owned).collect();
    images.sort();
    assert_eq!(images, ["busybox", "late"]);
    terminal.until("late:1 .* nothing", SOON);
    assert_eq!(engine.docker(&["volume", "ls", "-q"]).lines().count(), 2);
    leave(&terminal);
}

#[test]
fn what_is_in_use_is_not_removed_and_says_by_what() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("keeper", &["-v", "data:/data"], IDLE);
    engine.docker(&["volume", "create", "left"]);
    for size in [(80, 24), (160, 48)] {
        let terminal = open(&engine, size);
        terminal.keys("E");
        terminal.until("counted .* ago", SOON);
        terminal.keys("l");
        terminal.until("data .* keeper", SOON);
        terminal.keys("/ text:data Enter");
        terminal.until("1 of 2 volumes", SOON);
        terminal.keys("D");
        terminal.until("volume data stays: used by keeper", SOON);
        leave(&terminal);
    }
    let terminal = open(&engine, (80, 24));
    terminal.keys("E l / text:left Enter");
    terminal.until("1 of 2 volumes", SOON);
    terminal.keys("D");
    leave_unclassified(&terminal);
    terminal.until("the data in a volume is gone for good", SOON);
    terminal.keys("y");
    terminal.until("removed 1 volume", SOON);
    assert_eq!(engine.docker(&["volume", "ls", "-q"]), "data");
    leave(&terminal);
}

/// Connections of a process, of whatever kind.
fn sockets(pid: i32) -> usize {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let targets = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

#[test]
fn going_through_the_list_quickly_leaves_no_stream_behind() {
    let Some(engine) = OwnEngine::start() else { return };
    for i in 0..12 {
        engine.run(&format!("c{i:02}"), &[], IDLE);
    }
    let terminal = open(&engine, (80, 24));
    terminal.until("12/12 up", SOON);
    let (pid, _) = terminal.process();
    for _ in 0..5 {
        terminal.keys(&format!("{}{}", "j ".repeat(11), "k ".repeat(11)));
    }
    // Events, one log, one usage stream, and what a sweep of samples has open at once; the rest of the sockets are the
    // program's own.
    let most = 14;
    let begun = std::time::Instant::now();
    while sockets(pid) > most {
        assert!(begun.elapsed() < SOON, "{} sockets are open", sockets(pid));
        std::thread::yield_now();
    }
    leave(&terminal);
}

#[test]
fn the_list_of_events_is_live_and_is_filtered() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.image("busybox:1");
    for size in [(80, 24), (160, 48)] {
        let terminal = open_empty(&engine, size);
        terminal.keys("V");
        terminal.until("EVENT", SOON);
        let name = format!("seen{}", size.0);
        engine.run(&name, &[], "exit 7");
        terminal.until(&format!("container +start +{name}"), SOON);
        terminal.until(&format!("container +die +{name} .*exitCode=7"), SOON);
        terminal.keys("/ C-u text:create Enter");
        terminal.gone(" die ", SOON);
        terminal.until(&format!("container +create +{name}"), SOON);
        leave(&terminal);
    }
}

/// The first act in an environment nobody has classified, and then a shell outside of development: both ask.
fn open_shell(terminal: &Terminal) {
    terminal.keys("x");
    leave_unclassified(terminal);
    terminal.answer("A shell in", "y");
}

fn open_empty(engine: &OwnEngine, size: (u16, u16)) -> Terminal {
    let terminal = Launch::pilothouse(["--host", &engine.address()]).size(size.0, size.1).start();
    terminal.until(r"\d of \d|the engine runs no container", SOON);
    terminal
}

#[test]
fn a_shell_follows_the_size_gets_ctrl_c_and_ends_with_its_container() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("one", &[], IDLE);
    let terminal = open(&engine, (80, 24));
    terminal.until("1/1 up", SOON);
    open_shell(&terminal);
    terminal.gone("1/1 up", SOON);
    terminal.keys("text:stty Space text:size Enter");
    terminal.until("24 80", SOON);
    terminal.resize(100, 30);
    // The size is on its way while the shell already reads: it waits for it.
    terminal
        .keys("text:until Space text:[ Space text:\"$(stty Space text:size)\" Space text:= Space text:\"30");
    terminal.keys(
        "Space text:100\" Space text:];do Space text:sleep Space text:0.1;done;stty Space text:size Enter",
    );
    terminal.until(r"^30 100", SOON);
    terminal.keys("text:sleep Space text:1000 Enter");
    let begun = std::time::Instant::now();
    while !engine.docker(&["top", "one"]).contains("sleep 1000") {
        assert!(begun.elapsed() < SOON, "the shell does not start what was typed");
    }
    terminal.keys("C-c text:echo Space text:back-$((1+1)) Enter");
    terminal.until("back-2", SOON);
    engine.docker(&["kill", "one"]);
    terminal.until("shell in one ended with status 137", SOON);
    terminal.until("exited 137", SOON);
    leave(&terminal);
}

#[test]
fn a_mistyped_last_command_is_no_missing_shell_but_a_missing_shell_is() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("one", &[], IDLE);
    let terminal = open(&engine, (80, 24));
    terminal.until("1/1 up", SOON);
    open_shell(&terminal);
    terminal.gone("1/1 up", SOON);
    terminal.keys("text:nosuch Enter");
    // Before its prompt is back the shell does not read, and an end that nobody reads is lost.
    terminal.until(r"not found\s+/ #", SOON);
    terminal.keys("C-d");
    terminal.until("shell in one ended with status 127", SOON);
    leave(&terminal);
    engine.docker(&["rm", "-f", "one"]);
    engine.image_without_shell("bare:1");
    engine.docker(&[
        "run",
        "-d",
        "--name",
        "bare",
        "--network",
        "none",
        "bare:1",
        "/bin/busybox",
        "sleep",
        "1000",
    ]);
    let terminal = open(&engine, (80, 24));
    terminal.until("1/1 up", SOON);
    open_shell(&terminal);
    terminal.until("no shell in bare: its image has no /bin/sh", SOON);
    terminal.until("1/1 up", SOON);
    leave(&terminal);
}

#[test]
fn a_console_that_is_ended_while_a_shell_is_open_gives_the_terminal_back() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("one", &[], IDLE);
    let terminal = open(&engine, (80, 24));
    terminal.until("1/1 up", SOON);
    open_shell(&terminal);
    terminal.gone("1/1 up", SOON);
    terminal.keys("text:echo Space text:in-$((1+1)) Enter");
    terminal.until("in-2", SOON);
    terminal.signal(rustix::process::Signal::TERM);
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[tokio::test]
async fn a_try_that_begins_before_its_time_is_told() {
    let why = NotTried { why: "for the test".to_owned(), mend: String::new() };
    let engine = DockerEngine::refused(HostId::new("web1"), &Address::parse("tcp://web1:2375"), why);
    let way = Way { source: "test".to_owned(), engine: Arc::new(engine), mend: Box::new(|_| String::new()) };
    let route = Arc::new(Route::new(way, Vec::new()));
    let (out, mut news) = mpsc::channel(8);
    let watching = tokio::spawn(watch::watch(HostId::new("web1"), Arc::clone(&route), out));
    let mut next_try = async || loop {
        let news = tokio::time::timeout(SOON, news.recv()).await.expect("the link says nothing");
        if let Some(Msg::Host(_, HostFact::NextTry(at))) = news {
            break at;
        }
    };
    assert!(next_try().await > Instant::now());
    route.gate().open();
    assert!(next_try().await <= Instant::now());
    watching.abort();
}
