//! The real console in a terminal, on the machine's real engine.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::engine::{self, Project, SOCKET, docker};
use crate::pty::{Launch, Terminal, pilothouse};

const SOON: Duration = Duration::from_secs(30);
const CHATTY: &str = "trap 'exit 0' TERM; i=0; while true; do i=$((i+1)); echo \"line $i\"; sleep 0.2; done";

fn open(args: &[&str], size: (u16, u16)) -> Terminal {
    Launch::pilothouse(args.iter().copied()).size(size.0, size.1).start()
}

/// The console on the real engine, showing only this project's containers.
pub fn open_on(project: &Project, size: (u16, u16)) -> Terminal {
    let terminal = open(&["--host", &format!("unix://{SOCKET}")], size);
    terminal.until(r"of \d", SOON);
    terminal.keys(&format!("/ text:{} Enter", project.name));
    terminal.until(&format!("{}-", project.name), SOON);
    terminal
}

/// Leaves it by its key, and wants the terminal back as it was.
pub fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[test]
fn live_containers_and_the_log_of_the_selected_one_are_shown() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], CHATTY);
    for size in [(80, 24), (160, 48)] {
        let terminal = open_on(&project, size);
        terminal.until(r"line \d+", SOON);
        terminal.until("running", SOON);
        leave(&terminal);
    }
}

#[test]
fn a_container_that_ends_is_seen_with_its_exit_code() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &[], "trap 'exit 5' TERM; while true; do sleep 0.1; done");
    let terminal = open_on(&project, (80, 24));
    terminal.until("running", SOON);
    docker(&["stop", "-t", "5", &name]);
    terminal.until("exited 5", SOON);
    leave(&terminal);
}

#[test]
fn a_restart_loop_is_seen_while_the_container_happens_to_run() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    // It fails four times, and then it runs.
    let script = "read n < /n || n=0; echo $((n+1)) > /n; [ \"$n\" -ge 4 ] || exit 3; sleep 600";
    project.run("web", &["--restart", "always", "--memory", "64m"], script);
    for (size, row) in [((80, 24), "4 restarts "), ((160, 48), r"4 restarts .*/64M +\S+/\S+")] {
        let terminal = open_on(&project, size);
        terminal.until(row, SOON);
        leave(&terminal);
    }
}

#[test]
fn stopping_is_asked_first_and_enter_means_cancel() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &[], CHATTY);
    let terminal = open_on(&project, (80, 24));
    terminal.until("running", SOON);
    terminal.keys("S");
    terminal.answer("Nobody has said yet what local is", "l");
    terminal.until(&format!("stop {name} on local"), SOON);
    terminal.keys("Enter");
    terminal.gone("y does it", SOON);
    assert_eq!(docker(&["inspect", "-f", "{{.State.Running}}", &name]), "true");
    terminal.keys("S");
    terminal.until("y does it", SOON);
    terminal.keys("y");
    terminal.until("exited 0", SOON);
    assert_eq!(docker(&["inspect", "-f", "{{.State.Running}}", &name]), "false");
    leave(&terminal);
}

#[test]
fn every_end_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP] {
        let terminal = open(&["--host", "unix:///nonexistent.sock"], (80, 24));
        terminal.until("no such socket", SOON);
        terminal.signal(signal);
        assert_eq!(terminal.wait_exit(SOON), 0, "{signal:?}");
        terminal.restored();
    }
    let terminal = open(&["--host", "unix:///nonexistent.sock"], (80, 24));
    terminal.until("no such socket", SOON);
    terminal.keys("C-c");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[test]
fn what_a_container_prints_never_acts_on_the_terminal() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let script = r"printf '\033]0;pwned\007\033[2Jbefore\033[31mred\033[0m\0after\n'; sleep 60";
    project.run("evil", &["--label", "x=\u{1b}[2J"], script);
    let terminal = open_on(&project, (120, 30));
    terminal.until("before.*after", SOON);
    let raw = terminal.raw_output();
    let is_there = |needle: &[u8]| raw.windows(needle.len()).any(|w| w == needle);
    assert!(!is_there(b"\x1b]0;") && !is_there(b"pwned"), "{}", terminal.picture());
    leave(&terminal);
}

#[test]
fn what_a_container_is_called_and_given_never_acts_on_the_terminal() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let evil = "\u{1b}]0;pwned\u{7}\u{1b}[2Jgone\u{202e}live\u{65e5}\u{672c}\u{200b}\u{9b}5mend";
    let service = format!("com.docker.compose.service={evil}");
    let (label, variable) = (format!("note={evil}"), format!("NOTE={evil}"));
    let script = format!("echo before; printf '%s\\n' '{evil}'; while true; do sleep 1; done # {evil}");
    let name = project.run("evil", &["--label", &label, "-e", &variable], &script);
    let renamed = format!("{}-renamed", project.name);
    let own = format!("com.docker.compose.project={}", project.name);
    let image = docker(&["inspect", "-f", "{{.Image}}", &name]);
    docker(&["create", "--name", &renamed, "--label", &own, "--label", &service, &image, "true"]);
    let terminal = open_on(&project, (120, 30));
    // Its service as it is read: without what would have been a title, a move or a turn.
    terminal.until(&format!("gonelive.*{renamed}"), SOON);
    terminal.keys(&format!("2 / C-u text:{name} Enter"));
    terminal.until(&format!("/{name} +1 of"), SOON);
    terminal.until("before", SOON);
    for (keys, wanted) in [("i", "inspect .*lines"), ("/ text:NOTE Enter", "/NOTE  [1-9]"), ("Esc T", "CMD")]
    {
        terminal.keys(keys);
        terminal.until(wanted, SOON);
    }
    terminal.until("rows", SOON);
    terminal.keys("Esc V");
    terminal.until("live", SOON);
    docker(&["kill", &name]);
    terminal.until("die", SOON);
    let raw = terminal.raw_output();
    let is_there = |needle: &str| raw.windows(needle.len()).any(|w| w == needle.as_bytes());
    for needle in ["\u{1b}]0;pwned", "\u{1b}[2Jgone", "\u{202e}", "\u{9b}"] {
        assert!(!is_there(needle), "{needle:?}\n{}", terminal.picture());
    }
    leave(&terminal);
}

#[test]
fn without_an_engine_each_place_is_named_and_the_console_comes_alive_when_one_answers() {
    if !engine::is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("late.sock");
    let terminal = open(&["--host", &format!("unix://{}", socket.display())], (100, 30));
    terminal.until("cannot reach unix://.*late.sock: no such socket", SOON);
    terminal.until("try: is the path right", SOON);
    std::os::unix::fs::symlink(SOCKET, &socket).unwrap();
    terminal.until(r"\d+/\d+ up|the engine runs no container", Duration::from_secs(30));
    leave(&terminal);
}

#[test]
fn without_a_terminal_it_is_an_error_that_names_what_was_tried() {
    let done = Command::new(pilothouse())
        .args(["--host", "unix:///nonexistent.sock"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(6), "{said}");
    assert!(said.contains("unix:///nonexistent.sock") && said.contains("try: "), "{said}");
    assert!(done.stdout.is_empty());
}

#[test]
fn the_screen_follows_the_size_of_the_window() {
    let terminal = open(&["--host", "unix:///nonexistent.sock"], (80, 24));
    terminal.until("no such socket", SOON);
    terminal.resize(160, 48);
    terminal.until("1 Environments", SOON);
    terminal.resize(80, 24);
    terminal.until("no such socket", SOON);
    leave(&terminal);
}

#[test]
fn a_shell_takes_the_terminal_and_gives_it_back() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], CHATTY);
    let terminal = open_on(&project, (80, 24));
    terminal.until("running", SOON);
    terminal.keys("x");
    terminal.answer("Nobody has said yet what local is", "l");
    terminal.answer("y +open it", "y");
    terminal.gone("2 containers", SOON);
    terminal.keys("text:echo Space text:shell-$((40+2)) Enter");
    terminal.until("shell-42", SOON);
    terminal.keys("text:exit Space 3 Enter");
    terminal.until("ended with status 3", SOON);
    terminal.until("2 containers", SOON);
    terminal.keys("4");
    terminal.until("Health", SOON);
    leave(&terminal);
}

#[test]
fn what_is_typed_while_a_shell_is_opened_reaches_the_shell() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], CHATTY);
    let terminal = open_on(&project, (80, 24));
    terminal.until("running", SOON);
    terminal.keys("x");
    terminal.answer("leave it unclassified", "l");
    // In one write, and more of it before the shell can have come.
    terminal.answer("A shell in", "text:y");
    terminal.send(b"echo typed-$((40+2)) q R S\r");
    terminal.keys("text:echo Space text:more-$((1+1)) Enter text:exit Space 4 Enter");
    terminal.until("ended with status 4", SOON);
    let raw = String::from_utf8_lossy(&terminal.raw_output()).into_owned();
    assert!(raw.contains("typed-42 q R S") && raw.contains("more-2"), "{}", terminal.picture());
    leave(&terminal);
}

#[test]
fn what_is_typed_behind_a_key_that_asks_a_question_does_not_answer_it() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], CHATTY);
    for (asks, title) in [("x", "shell"), ("R", "restart"), ("K", "kill"), ("D", "remove")] {
        let terminal = open_on(&project, (80, 24));
        terminal.until("running", SOON);
        // In one write, as by somebody who expects a shell at once: `p` is production there, Enter is no.
        terminal.send(format!("{asks}ps\r").as_bytes());
        terminal.until("3 keys typed before this: no answer", SOON);
        terminal
            .until(&format!("(?s){title}.*Nobody has said yet what local is.*Esc or Enter cancels"), SOON);
        terminal.keys("Esc");
        terminal.gone("Nobody has said", SOON);
        assert!(!terminal.screen_text().contains("PRODUCTION"), "{}", terminal.picture());
        leave(&terminal);
    }
    assert_eq!(docker(&["ps", "-q", "--filter", &format!("name={}", project.name)]).lines().count(), 1);
}

#[test]
fn an_inspection_masks_secrets_and_is_searched() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &["-e", "API_TOKEN=s3cr3t-value", "-e", "PLAIN=seen"], CHATTY);
    let terminal = open_on(&project, (100, 30));
    terminal.keys("i");
    terminal.until("inspect .*lines", SOON);
    terminal.keys("/ text:API_TOKEN Enter");
    terminal.until(r"API_TOKEN=\*+", SOON);
    terminal.until("PLAIN=seen", SOON);
    assert!(!String::from_utf8_lossy(&terminal.raw_output()).contains("s3cr3t-value"));
    terminal.keys("Esc");
    terminal.gone("inspect .*lines", SOON);
    leave(&terminal);
}

#[test]
fn processes_stand_in_columns_and_are_asked_for_again_in_place() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &[], CHATTY);
    let terminal = open_on(&project, (80, 24));
    terminal.until("running", SOON);
    terminal.keys("T");
    terminal.until("processes of .* rows?", SOON);
    terminal.until("UID +PID +PPID", SOON);
    docker(&["exec", "-d", &name, "sleep", "4242"]);
    terminal.keys("/ text:sh Enter C-r");
    terminal.until("sleep 4242", SOON);
    terminal.until("/sh  [0-9]+ hits?", SOON);
    let text = terminal.screen_text();
    // Of this very list: a busier process makes the columns before it wider.
    let head = text.lines().find(|line| line.contains("PPID")).unwrap();
    let column = head.chars().count() - head.split_once("CMD").unwrap().1.chars().count() - 3;
    let line = text.lines().find(|line| line.contains("sleep 4242")).unwrap();
    assert_eq!(line.chars().skip(column).take(10).collect::<String>(), "sleep 4242", "{text}");
    terminal.keys("Esc");
    terminal.gone("processes of", SOON);
    leave(&terminal);
}

#[test]
fn a_search_of_nothing_repeats_the_last_one_further_up() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], "echo needle one; seq 1 300; echo needle two; seq 301 600; sleep 60");
    let terminal = open_on(&project, (80, 24));
    terminal.until("600", SOON);
    terminal.keys("3 / text:needle Enter");
    terminal.until("needle two", SOON);
    terminal.keys("/ Enter");
    terminal.until("needle one", SOON);
    leave(&terminal);
}

#[test]
fn a_log_is_paused_searched_and_filtered() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], "seq 1 3000; echo needle in hay; seq 3001 3010; sleep 60");
    let terminal = open_on(&project, (80, 24));
    terminal.until("3010", SOON);
    terminal.keys("3 / text:needle Enter");
    terminal.until("paused", SOON);
    terminal.until("needle in hay", SOON);
    terminal.keys("& text:!hay Enter");
    terminal.gone("needle in hay", SOON);
    terminal.keys("Esc");
    terminal.until("needle in hay", SOON);
    terminal.keys("g");
    terminal.until("start of the log", SOON);
    terminal.until(r"\.\d{3} +1$", SOON);
    terminal.keys("G");
    terminal.until("following", SOON);
    terminal.until("3010", SOON);
    leave(&terminal);
}
