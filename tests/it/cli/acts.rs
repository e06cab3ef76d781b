//! What changes something: done to exactly what was named, and never without being confirmed.

use std::time::Duration;

use super::{IDLE, QUIET, command, environment, run, run_with};
use crate::engine::{self, Project, SOCKET, docker};
use crate::pty::Launch;

const SOON: Duration = Duration::from_secs(20);

fn state(name: &str) -> String {
    docker(&["inspect", "-f", "{{.State.Status}}", name])
}

#[test]
fn every_act_does_what_it_says() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    for (act, after) in [
        ("pause", "paused"),
        ("unpause", "running"),
        ("stop", "exited"),
        ("start", "running"),
        ("restart", "running"),
        ("kill", "exited"),
    ] {
        let done = run(&[act, "--yes", "--json", &name]).ended(0);
        let [row] = &done.json()[..] else { panic!("{}", done.out) };
        assert_eq!((row["act"].as_str(), row["done"].as_bool()), (Some(act), Some(true)), "{row}");
        assert_eq!(state(&name), after, "after {act}");
    }
    let done = run(&["rm", "-y", &name]).ended(0);
    assert!(done.out.contains(&format!("{name} removed on ")), "{}", done.out);
    assert_eq!(docker(&["ps", "-aq", "--filter", &format!("name={name}")]), "");
}

#[test]
fn a_service_means_all_its_containers() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    // The last of two equal labels holds.
    let label = "com.docker.compose.service=pair";
    let one = project.run("one", &["--network", "none", "--label", label], IDLE);
    let two = project.run("two", &["--network", "none", "--label", label], IDLE);
    let other = project.run("other", QUIET, IDLE);
    let config = environment("shop", "development", &project);
    let done = run_with(&config, &["stop", "--yes", "shop/pair", "--json"]).ended(0);
    assert_eq!(done.json().len(), 2, "{}", done.out);
    assert_eq!([&one, &two, &other].map(|n| state(n)), ["exited", "exited", "running"]);
}

#[test]
fn what_runs_is_removed_only_by_force() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let done = run(&["rm", "--yes", &name]).ended(1);
    assert!(done.err.contains("--force"), "{}", done.err);
    assert_eq!(state(&name), "running");
    run(&["rm", "--yes", "--force", &name]).ended(0);
    assert_eq!(docker(&["ps", "-aq", "--filter", &format!("name={name}")]), "");
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_done() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let done = run(&["stop", &name]).ended(2);
    assert!(done.err.contains("add --yes"), "{}", done.err);
    assert_eq!(state(&name), "running");
}

#[test]
fn a_protected_environment_wants_its_name() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let config = environment("live", "production", &project);
    let done = run_with(&config, &["stop", "--yes", "web"]).ended(2);
    assert!(done.err.contains("--yes is not enough; add --confirm live"), "{}", done.err);
    let done = run_with(&config, &["stop", "--confirm", "staging", "web"]).ended(2);
    assert!(done.err.contains("but this is live; nothing was done"), "{}", done.err);
    assert_eq!(state(&name), "running");
    run_with(&config, &["stop", "--confirm", "live", "web"]).ended(0);
    assert_eq!(state(&name), "exited");
}

#[test]
fn development_is_asked_only_where_something_ends() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let config = environment("dev", "development", &project);
    run_with(&config, &["stop", "web"]).ended(2);
    assert_eq!(state(&name), "running");
    docker(&["stop", &name]);
    run_with(&config, &["start", "web"]).ended(0);
    assert_eq!(state(&name), "running");
}

#[test]
fn an_act_the_engine_refuses_is_an_error_that_names_it_and_the_others_are_done() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let ended = project.run("job", QUIET, "true");
    docker(&["wait", &ended]);
    // What does not run cannot be paused.
    let done = run(&["pause", "--yes", &ended, &name]).ended(1);
    assert!(done.err.contains(&format!("pause {ended}")), "{}", done.err);
    assert_eq!(state(&name), "paused");
    docker(&["unpause", &name]);
}

#[test]
fn on_a_terminal_it_asks_and_enter_means_no() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let ask = || {
        let host = format!("unix://{SOCKET}");
        let terminal = Launch::pilothouse(["--host", &host, "stop", &name]).start();
        terminal.until(r"do it\? \[y/N\]", SOON);
        terminal.until(&format!("stop {name} on "), SOON);
        terminal
    };
    let terminal = ask();
    terminal.keys("Enter");
    assert_eq!(terminal.wait_exit(SOON), 1);
    terminal.until("nothing was done", SOON);
    assert_eq!(state(&name), "running");
    let terminal = ask();
    terminal.keys("C-c");
    assert_eq!(terminal.wait_exit(SOON), 130);
    assert_eq!(state(&name), "running");
    let terminal = ask();
    terminal.keys("y Enter");
    assert_eq!(terminal.wait_exit(SOON), 0);
    assert_eq!(state(&name), "exited");
}

#[test]
fn on_a_terminal_a_protected_environment_wants_its_name_typed() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let config = environment("live", "production", &project);
    let ask = || {
        let terminal =
            Launch::pilothouse(["restart", "live/web"]).home_file("pilothouse.toml", &config).start();
        terminal.until("live is protected; type its name", SOON);
        terminal
    };
    let started = || docker(&["inspect", "-f", "{{.State.StartedAt}}", &name]);
    let before = started();
    let terminal = ask();
    terminal.keys("y Enter");
    assert_eq!(terminal.wait_exit(SOON), 1);
    assert_eq!(started(), before);
    let terminal = ask();
    terminal.keys("text:live Enter");
    assert_eq!(terminal.wait_exit(SOON), 0);
    assert_ne!(started(), before);
}

#[test]
fn nothing_is_done_where_one_of_the_names_is_wrong() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let home = tempfile::tempdir().unwrap();
    let status = command(home.path(), ["stop", "--yes", &name, "nosuch"]).output().unwrap().status;
    assert_eq!(status.code(), Some(1));
    assert_eq!(state(&name), "running");
}
