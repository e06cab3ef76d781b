//! Programs in containers: their status, their streams byte for byte, their terminal.

use std::time::Duration;

use super::{IDLE, QUIET, environment, run, run_fed, run_with};
use crate::engine::{self, Project, SOCKET, docker};
use crate::pty::Launch;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn the_status_of_the_program_is_passed_on() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    for status in [0, 1, 2, 7, 255] {
        run(&["exec", "-y", &name, "sh", "-c", &format!("exit {status}")]).ended(status);
    }
    let done = run(&[
        "exec",
        "-y",
        "--env",
        "WHO=me",
        "-w",
        "/bin",
        &name,
        "sh",
        "-c",
        "echo $WHO $PWD; echo no >&2",
    ])
    .ended(0);
    assert_eq!((&*done.out, &*done.err), ("me /bin\n", "no\n"));
}

#[test]
fn what_could_not_be_started_is_125_whatever_the_reason() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let done = run(&["exec", "-y", &name, "nosuch"]);
    assert!(matches!(done.status, 126 | 127), "as docker has it: {}", done.status);
    docker(&["kill", &name]);
    let done = run(&["exec", "-y", &name, "true"]).ended(125);
    assert!(done.err.contains("is not running"), "{}", done.err);
    run(&["exec", "nosuch", "true"]).ended(125);
    run(&["--host", "unix:///nonexistent.sock", "exec", &name, "true"]).ended(125);
}

#[test]
fn bytes_pass_unchanged_both_ways_and_the_end_of_input_is_passed_on() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let input: Vec<u8> = (0..400_000u32).map(|n| (n * 7 % 256) as u8).collect();
    let done = run_fed(&["exec", "-yi", &name, "cat"], &input);
    assert_eq!(done.status.code(), Some(0));
    assert!(done.stdout == input, "{} of {} bytes came back", done.stdout.len(), input.len());
}

#[test]
fn without_i_the_program_has_no_input() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let done = run(&["exec", "-y", &name, "cat"]).ended(0);
    assert_eq!(done.out, "");
}

#[test]
fn a_service_of_several_containers_is_not_guessed() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let config = environment("shop", "development", &project);
    let label = "com.docker.compose.service=pair";
    let one = project.run("one", &["--network", "none", "--label", label], IDLE);
    project.run("two", &["--network", "none", "--label", label], IDLE);
    let done = run_with(&config, &["exec", "pair", "true"]).ended(125);
    assert!(done.err.contains("pair has 2 containers") && done.err.contains(&one), "{}", done.err);
}

#[test]
fn a_protected_environment_wants_its_name_for_a_program_too() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", QUIET, IDLE);
    let config = environment("live", "production", &project);
    let done = run_with(&config, &["exec", "web", "true"]).ended(2);
    assert!(done.err.contains("add --confirm live"), "{}", done.err);
    run_with(&config, &["exec", "--confirm", "live", "web", "true"]).ended(0);
}

#[test]
fn only_development_runs_a_program_unasked_as_in_the_console() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    for kind in ["staging", ""] {
        let config = environment("here", kind, &project).replace("kind = \"\"\n", "");
        let done = run_with(&config, &["exec", "web", "true"]).ended(2);
        assert!(done.err.contains(&format!("run true in {name} in here: nobody can be asked; add --yes")));
        run_with(&config, &["exec", "--yes", "web", "true"]).ended(0);
    }
    run_with(&environment("here", "development", &project), &["exec", "web", "true"]).ended(0);
}

#[test]
fn a_terminal_wanted_where_there_is_none_is_wrong_use() {
    if !engine::is_there() {
        return;
    }
    let done = run(&["exec", "-t", "web", "true"]).ended(2);
    assert!(done.err.contains("-t needs a terminal"), "{}", done.err);
    run(&["shell", "web"]).ended(2);
}

#[test]
fn on_a_terminal_the_program_has_one_that_follows_its_size() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let host = format!("unix://{SOCKET}");
    let terminal = Launch::pilothouse(["--host", &host, "exec", &name, "/bin/busybox", "sh"]).start();
    terminal.until(r"do it\? \[y/N\]", SOON);
    terminal.keys("y Enter");
    terminal.until("^/ #", SOON);
    let ask = || terminal.keys("text:busybox Space text:stty Space text:size Enter");
    ask();
    terminal.until("24 80", SOON);
    terminal.resize(100, 30);
    // The new size is on its way; what asks too early is told the old one, and asks again.
    terminal.keys("text:while Space text:! Space text:busybox Space text:stty Space text:size|busybox Space text:grep Space text:30.100;do Space text::;done Enter");
    // The answer to what the shell asked of the terminal may stand before it.
    terminal.until("30 100$", SOON);
    terminal.keys("text:exit Space 9 Enter");
    assert_eq!(terminal.wait_exit(SOON), 9);
    terminal.restored();
}
