//! What is shown: containers and how things stand.

use std::process::Stdio;
use std::time::Duration;

use super::{IDLE, QUIET, command, environment, run, run_with};
use crate::engine::{self, Project, docker};
use crate::pty::Launch;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn containers_are_listed_with_their_state() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let ended = project.run("job", QUIET, "exit 3");
    docker(&["wait", &ended]);
    let done = run(&["containers"]).ended(0);
    let line =
        |name: &str| done.out.lines().find(|l| l.contains(name)).unwrap_or_else(|| panic!("{}", done.out));
    assert!(line(&name).contains("running") && line(&ended).contains("exited 3"), "{}", done.out);
    assert!(done.out.starts_with("SERVICE "), "{}", done.out);
    assert!(!done.out.contains('\u{1b}'), "no colour without a terminal: {}", done.out);
}

#[test]
fn containers_as_data_are_one_object_a_line() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", &["--network", "none", "--label", "x=\u{1b}[2J\u{202e}"], IDLE);
    let done = run(&["containers", "--json", "--usage", &name]).ended(0);
    let [row] = &done.json()[..] else { panic!("{}", done.out) };
    assert_eq!(row["container"], *name);
    assert_eq!(row["service"], "web");
    assert_eq!(row["project"], *project.name);
    assert_eq!((row["state"].as_str(), row["health"].as_str()), (Some("running"), Some("none")));
    assert!(row["usage"]["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{row}");
    assert!(row["started"].is_string() && row["finished"].is_null(), "{row}");
}

#[test]
fn a_name_that_means_several_projects_is_an_error_that_says_how_to_name_one() {
    if !engine::is_there() {
        return;
    }
    let (one, other) = (Project::new(), Project::new());
    let service = format!("twice{}", one.name);
    one.run(&service, QUIET, IDLE);
    other.run(&service, QUIET, IDLE);
    let done = run(&["containers", &service]).ended(1);
    let qualified = |p: &Project| format!("{}-{service}", p.name);
    assert!(done.err.contains(&qualified(&one)) && done.err.contains(&qualified(&other)), "{}", done.err);
    assert!(done.out.is_empty());
    let done = run(&["containers", "--json", &qualified(&one)]).ended(0);
    assert_eq!(done.json().len(), 1);
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let config = environment("shop", "development", &project);
    project.run("web", QUIET, IDLE);
    let done = run_with(&config, &["containers", "wbe"]).ended(1);
    assert!(done.err.contains("no service or container `wbe` in shop; there are: web"), "{}", done.err);
    let done = run_with(&config, &["containers", "-e", "shp"]).ended(1);
    assert!(done.err.contains("no environment `shp`; there are: shop"), "{}", done.err);
}

#[test]
fn status_says_what_is_bad_and_ends_with_3() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let config = environment("shop", "production", &project);
    project.run("web", QUIET, IDLE);
    let done = run_with(&config, &["status", "-e", "shop", "--json"]).ended(0);
    let [row] = &done.json()[..] else { panic!("{}", done.out) };
    assert_eq!((row["standing"] == "bad", row["protected"].as_bool()), (false, Some(true)), "{row}");
    let ended = project.run("job", QUIET, "exit 3");
    docker(&["wait", &ended]);
    let done = run_with(&config, &["status"]).ended(3);
    assert!(done.out.contains("PRODUCTION") && done.out.contains("exited 3"), "{}", done.out);
    let done = run_with(&config, &["status", "--json"]).ended(3);
    let row = &done.json()[0];
    assert_eq!(row["standing"], "bad");
    assert_eq!(row["problems"][0]["container"], *ended, "{row}");
    assert!(row["problems"][0]["since"].is_string(), "{row}");
}

#[test]
fn a_host_that_does_not_answer_is_said_and_ends_with_6() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let config = environment("shop", "staging", &project)
        .replace("hosts = [", "hosts = [\"unix:///nonexistent.sock\", ");
    for args in [&["status"][..], &["containers"]] {
        let done = run_with(&config, args).ended(6);
        assert!(done.err.contains("does not answer") && done.err.contains("no such socket"), "{}", done.err);
        assert!(done.err.contains("try: "), "{}", done.err);
    }
    let done = run_with(&config, &["containers"]).ended(6);
    assert!(done.out.contains(&name), "the other host is still told: {}", done.out);
    let done = run_with(&config, &["containers", "nosuch"]).ended(6);
    assert!(done.err.contains("not asked: "), "it may be there: {}", done.err);
}

#[test]
fn where_no_host_answers_the_containers_are_unknown_not_none() {
    let done = run(&["--host", "unix:///nonexistent.sock", "status"]).ended(6);
    assert!(done.out.contains("containers unknown") && !done.out.contains("0/0"), "{}", done.out);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    if !engine::is_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for args in [&["disk", "--items", "--json"][..], &["man"], &["events", "--since", "1h", "--until", "now"]]
    {
        let mut child =
            command(home.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let left = child.wait_with_output().unwrap();
        // A busy engine has forgotten what happened an hour ago, and that is told.
        let told = String::from_utf8_lossy(&left.stderr);
        let wrong: Vec<_> = told.lines().filter(|line| !line.contains("kept nothing from before")).collect();
        assert_eq!((left.status.code(), wrong), (Some(0), Vec::new()), "{args:?}");
    }
}

#[test]
fn a_narrow_terminal_cuts_texts_and_drops_columns_and_a_pipe_does_not() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("web", QUIET, IDLE);
    let config = environment("shop", "staging", &project);
    for width in [40_u16, 80] {
        let terminal = Launch::pilothouse(["containers", "--usage"])
            .size(width, 24)
            .home_file("pilothouse.toml", &config)
            .start();
        terminal.until(&format!(r"{name} .*running +no check"), SOON);
        assert_eq!(terminal.wait_exit(SOON), 0);
        // A line too long would have gone on in the next: head, row, and no third.
        assert_eq!(
            terminal.screen_text().lines().filter(|line| !line.trim().is_empty()).count(),
            2,
            "{}",
            terminal.screen_text()
        );
    }
    let done = run_with(&config, &["containers", "--usage"]).ended(0);
    assert!(
        done.out.lines().next().is_some_and(|head| head.contains("PORTS") && head.contains("ID")),
        "{}",
        done.out
    );
}
