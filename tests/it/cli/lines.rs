//! Log lines and events: which are printed, how, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{IDLE, QUIET, command, environment, run, run_with};
use crate::engine::{self, Project, SOCKET, docker};
use crate::own_engine::OwnEngine;
use crate::pty::Launch;

const SOON: Duration = Duration::from_secs(20);
/// Apart in time where the stream changes: an engine reads the two beside each other.
const LEVELS: &str = r#"echo level=debug msg=a; sleep 0.3; echo '{"level":"error","msg":"b"}' >&2; sleep 0.3; echo plain; echo WARN c"#;

fn ended(project: &Project, service: &str, script: &str) -> String {
    let name = project.run(service, QUIET, script);
    docker(&["wait", &name]);
    name
}

#[test]
fn a_log_is_printed_whole_and_in_order() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = ended(&project, "web", "seq 1 5000");
    let done = run(&["logs", &name]).ended(0);
    assert!(done.out.lines().eq((1..=5000).map(|n| n.to_string())), "{} lines", done.out.lines().count());
    let done = run(&["logs", "--tail", "2", &name]).ended(0);
    assert_eq!(done.out, "4999\n5000\n");
}

#[test]
fn a_stack_trace_goes_with_the_line_it_belongs_to() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let script =
        r"printf 'INFO up\n  with care\nERROR boom\n\tat x.y\nat z\nCaused by: w\nINFO on\n  and on\n'";
    let name = ended(&project, "web", script);
    let done = run(&["logs", &name, "--level", "error"]).ended(0);
    assert_eq!(done.out, "ERROR boom\n        at x.y\nat z\nCaused by: w\n");
}

#[test]
fn lines_are_chosen_by_text_and_level() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = ended(&project, "web", LEVELS);
    let lines = |args: &[&str]| run(&[&["logs", &name], args].concat()).ended(0).out;
    assert_eq!(lines(&["--level", "warn"]), "{\"level\":\"error\",\"msg\":\"b\"}\nWARN c\n");
    assert_eq!(lines(&["--grep", "PLAIN|warn"]), "", "a capital letter makes case count");
    assert_eq!(lines(&["--grep", "plain|warn"]), "plain\nWARN c\n");
    assert_eq!(lines(&["--grep", "a", "--exclude", "level"]), "plain\nWARN c\n");
    assert_eq!(lines(&["--grep", "level|warn", "--tail", "1"]), "WARN c\n", "the newest that pass");
    let done = run(&["logs", &name, "--grep", "a(b"]).ended(2);
    assert!(done.err.contains("unclosed group"), "{}", done.err);
}

#[test]
fn lines_as_data_say_where_they_come_from() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = ended(&project, "web", LEVELS);
    let rows = run(&["logs", "--json", &name]).ended(0).json();
    let row = rows.iter().find(|row| row["stream"] == "stderr").expect("one went to stderr");
    assert_eq!((row["level"].as_str(), row["container"].as_str()), (Some("error"), Some(&*name)));
    assert_eq!(row["line"], r#"{"level":"error","msg":"b"}"#);
    let plain = rows.iter().find(|row| row["line"] == "plain").expect("the plain line");
    assert!(plain["level"].is_null() && plain["stream"] == "stdout", "{plain}");
}

#[test]
fn lines_are_chosen_by_time() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = ended(&project, "web", "echo one; sleep 0.3; echo two; sleep 0.3; echo three");
    let rows = run(&["logs", "--json", &name]).ended(0).json();
    let time = |n: usize| rows[n]["time"].as_str().expect("a time").to_owned();
    let lines = |args: &[&str]| run(&[&["logs", &name], args].concat()).ended(0).out;
    assert_eq!(lines(&["--since", &time(1)]), "two\nthree\n");
    assert_eq!(lines(&["--until", &time(1)]), "one\n");
    assert_eq!(lines(&["--since", &time(1), "--until", &time(2)]), "two\n");
    assert_eq!(lines(&["--until", &time(2), "--tail", "1"]), "two\n");
    assert_eq!(lines(&["--since", "1h"]), "one\ntwo\nthree\n");
    let done = run(&["logs", &name, "--since", "soon"]).ended(2);
    assert!(done.err.contains("--since: `soon` is no time"), "{}", done.err);
}

#[test]
fn lines_of_several_containers_are_in_order_of_time_with_their_names() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let script = "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i; sleep 0.02; done";
    let config = environment("shop", "development", &project);
    let one = project.run("one", QUIET, script);
    let two = project.run("two", QUIET, script);
    docker(&["wait", &one, &two]);
    let done = run_with(&config, &["logs", "-t", "--utc"]).ended(0);
    let times: Vec<_> = done.out.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert!(times.len() == 40 && times.is_sorted(), "{}", done.out);
    assert!(done.out.contains(&format!(" {one} | 20")) && done.out.contains(&format!(" {two} | 20")));
}

#[test]
fn what_a_container_prints_is_clean_in_a_pipe_unless_raw_is_asked_for() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name =
        ended(&project, "evil", r"printf '\033]0;pwned\007\033[2Jbefore\033[31mred\342\200\256\0after\n'");
    let done = run(&["logs", &name]).ended(0);
    assert!(done.out.contains("before") && done.out.contains("after"), "{:?}", done.out);
    assert!(done.out.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", done.out);
    assert!(!done.out.contains('\u{202e}') && !done.out.contains("pwned"), "{:?}", done.out);
    let done = run(&["logs", "--json", &name]).ended(0);
    assert!(done.out.chars().all(|c| c == '\n' || !c.is_control()) && !done.out.contains('\u{202e}'));
    assert!(done.json()[0]["line"].as_str().is_some_and(|line| line.contains("\u{1b}[2Jbefore")));
    let home = tempfile::tempdir().unwrap();
    let raw = command(home.path(), ["logs", "--raw", &name]).output().unwrap().stdout;
    assert_eq!(raw, b"\x1b]0;pwned\x07\x1b[2Jbefore\x1b[31mred\xe2\x80\xae\0after\n");
}

#[test]
fn on_a_terminal_nothing_a_container_prints_acts_and_raw_is_refused() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = ended(&project, "evil", r"printf '\033]0;pwned\007\033[2Jbefore\n'");
    let host = format!("unix://{SOCKET}");
    let terminal = Launch::pilothouse(["--host", &host, "logs", &name]).start();
    terminal.until("before", SOON);
    assert_eq!(terminal.wait_exit(SOON), 0);
    let raw = terminal.raw_output();
    assert!(!raw.windows(4).any(|w| w == b"\x1b]0;" || w == b"\x1b[2J"), "{}", terminal.picture());
    let terminal = Launch::pilothouse(["--host", &host, "logs", "--raw", &name]).start();
    assert_eq!(terminal.wait_exit(SOON), 2);
}

/// Reads lines until one holds the text.
#[track_caller]
fn until(lines: &mut impl BufRead, text: &str) {
    let mut seen = String::new();
    while lines.read_line(&mut seen).unwrap() > 0 {
        if seen.lines().last().is_some_and(|line| line.contains(text)) {
            return;
        }
    }
    panic!("{text} did not come: {seen}");
}

fn interrupt(child: &mut Child) -> Option<i32> {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
    child.wait().unwrap().code()
}

#[test]
fn following_shows_what_comes_over_a_restart_until_it_is_interrupted() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name =
        project.run("web", QUIET, "echo up; trap 'echo down; exit 0' TERM; while true; do sleep 0.1; done");
    let home = tempfile::tempdir().unwrap();
    let mut child = command(home.path(), ["logs", "--follow", &name]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    until(&mut lines, "up");
    docker(&["restart", "-t", "5", &name]);
    until(&mut lines, "down");
    until(&mut lines, "up");
    assert_eq!(interrupt(&mut child), Some(130));
}

#[test]
fn following_ends_when_the_container_is_gone() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, "echo up; while true; do sleep 0.1; done");
    let home = tempfile::tempdir().unwrap();
    let mut child = command(home.path(), ["logs", "-f", &name]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    until(&mut lines, "up");
    docker(&["rm", "-f", &name]);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = ended(&project, "web", "seq 1 200000");
    let home = tempfile::tempdir().unwrap();
    let mut child =
        command(home.path(), ["logs", &name]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), String::from_utf8_lossy(&done.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_log_nobody_can_read_is_an_error_that_says_what_to_do() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("mute", &["--network", "none", "--log-driver", "none"], "echo unheard");
    docker(&["wait", &name]);
    let done = run(&["logs", &name]).ended(1);
    assert!(done.err.contains(&name) && done.err.contains("--log-driver local"), "{}", done.err);
}

#[test]
fn events_come_as_they_happen() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let home = tempfile::tempdir().unwrap();
    let mut child = command(home.path(), ["events", "--since", "1m", "--json", &name])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    until(&mut lines, "\"action\":\"start\"");
    docker(&["kill", &name]);
    until(&mut lines, "\"exit_code\":137");
    assert_eq!(interrupt(&mut child), Some(130));
}

#[test]
fn events_to_a_time_are_printed_and_end() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = ended(&project, "job", "exit 3");
    let past = run(&["events", "--since", "1m", "--until", "now", "--json", &name]).ended(0).json();
    let die = past.iter().find(|row| row["action"] == "die").unwrap_or_else(|| panic!("{past:?}"));
    assert_eq!(die["exit_code"], 3, "{die}");
    let until = (chrono::Utc::now() + chrono::TimeDelta::seconds(2)).to_rfc3339();
    let begun = std::time::Instant::now();
    run(&["events", "--until", &until, &name]).ended(0);
    assert!(begun.elapsed() > Duration::from_secs(1), "it waits for a time to come");
    let done = run(&["events", "--since", "1m", "--until", "2m"]).ended(2);
    assert!(done.err.contains("--since is later than --until"), "{}", done.err);
}

#[test]
fn the_end_of_a_container_is_told_once_however_often_its_engine_is_lost() {
    let Some(mut engine) = OwnEngine::start() else { return };
    // With another code each time.
    engine.run("one", &[], "if [ -e /twice ]; then exit 4; fi; >/twice; exit 3");
    let home = tempfile::tempdir().unwrap();
    let args = ["--host", &engine.address(), "logs", "--follow", "one"];
    let mut child = command(home.path(), args).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut says = |words: &str| {
        let line = said.find(|line| line.starts_with("pilothouse: ")).unwrap_or_default();
        assert!(line.contains(words), "{line} instead of {words}");
    };
    says("ended with 3");
    for _ in 0..2 {
        engine.stop();
        says("trying again");
        engine.serve();
        says("is back");
    }
    engine.docker(&["start", "one"]);
    says("ended with 4");
    engine.docker(&["rm", "one"]);
    says("one is gone");
    assert!(child.wait().unwrap().success());
}
