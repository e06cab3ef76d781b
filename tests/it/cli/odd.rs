//! What nobody should type, and outputs that take nothing: named, with what to write instead, and the right status.

use std::fs::File;

use super::{IDLE, QUIET, command, environment, run, run_with};
use crate::engine::{self, Project};

/// Everything that takes the name of a container, with what else it wants.
const OF_CONTAINERS: [&[&str]; 15] = [
    &["containers"],
    &["logs"],
    &["start", "--yes"],
    &["stop", "--yes"],
    &["restart", "--yes"],
    &["pause", "--yes"],
    &["unpause", "--yes"],
    &["kill", "--yes"],
    &["rm", "--yes"],
    &["inspect"],
    &["top"],
    &["events", "--until", "now"],
    &["health"],
    &["releases"],
    &["exec", "--yes"],
];

#[test]
fn a_name_that_nothing_has_is_named_with_what_there_is_and_acts_on_no_terminal() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", QUIET, IDLE);
    let config = environment("shop", "staging", &project);
    for words in OF_CONTAINERS {
        // A title, a turn to the left.
        let odd = "no\u{1b}]0;x\u{7}such\u{202e}";
        let program = (words[0] == "exec").then_some("true");
        let args: Vec<_> = words.iter().copied().chain([odd]).chain(program).collect();
        let done = run_with(&config, &args).ended(if program.is_some() { 125 } else { 1 });
        assert_eq!(done.out, "", "{words:?}");
        let wanted = "no service or container `nosuch` in shop; there are: ";
        assert!(done.err.contains(wanted), "{words:?}: {}", done.err);
    }
}

#[test]
fn an_empty_name_and_an_unknown_environment_are_wrong_everywhere() {
    if !engine::is_there() {
        return;
    }
    for words in OF_CONTAINERS {
        let with = |target: &'static str| -> Vec<&str> {
            let program = (words[0] == "exec").then_some("true");
            words.iter().copied().chain([target]).chain(program).collect()
        };
        let done = run(&with("")).ended(2);
        assert!(done.err.contains("a target is [ENVIRONMENT/][HOST/]SERVICE"), "{words:?}: {}", done.err);
        let done = run(&with("nosuch/web"));
        assert!(matches!(done.status, 1 | 125), "{words:?}: {}", done.status);
        assert!(
            done.err.contains("no environment or host `nosuch`; there are: local"),
            "{words:?}: {}",
            done.err
        );
    }
}

#[test]
fn a_time_a_number_or_a_pattern_that_is_none_says_which_and_how_it_is_written() {
    if !engine::is_there() {
        return;
    }
    for (args, wanted) in [
        (&["logs", "--since", "banana"][..], "--since: `banana` is no time; write now, 15m, 14:20 or"),
        (&["logs", "--since", ""], "--since: `` is no time"),
        (&["logs", "--since", "-5m"], "--since: `-5m` is no time"),
        (&["logs", "--until", "14:20-14:35"], "--until: `14:20-14:35` is no time"),
        (&["logs", "--until", "5m", "--since", "1m"], "--since is later than --until"),
        (&["events", "--since", "99999999999999d"], "--since: `99999999999999d` is no time"),
        (&["events", "--until", "5m", "--since", "1m"], "--since is later than --until"),
        (&["logs", "--tail", "-1"], "a number of lines, from 0"),
        (&["logs", "--tail", "many"], "a number of lines, from 0"),
        (&["logs", "--level", "loud"], "possible values: trace, debug"),
        (&["logs", "--grep", "("], "cannot search for (: "),
        (&["events", "--kind", "nosuch"], "possible values: container, image"),
        (&["exec", "-e", "A=b", "web", "true"], "a variable is set with --env A=b"),
        (&["status", "--host", ""], "write unix:///path"),
        (&["status", "--host", "web1:2375"], "write unix:///path"),
        (&["status", "--host", "ssh://"], "write unix:///path"),
        (&["demo"], "the demo needs a terminal"),
        (&[], "the console needs a terminal"),
    ] {
        let done = run(args).ended(2);
        assert!(done.err.contains(wanted) && done.out.is_empty(), "{args:?}: {}", done.err);
    }
}

#[test]
fn an_engine_that_is_named_is_the_only_one_that_is_asked() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", QUIET, IDLE);
    let (here, config) = (format!("unix://{}", engine::SOCKET), environment("shop", "production", &project));
    let both = config.replace("hosts = [", "hosts = [\"unix:///nonexistent/engine.sock\", ");
    run_with(&both, &["containers"]).ended(6);
    let done = run_with(&both, &["--host", &here, "containers"]).ended(0);
    assert!(done.out.contains("web") && done.err.is_empty(), "{} {}", done.out, done.err);
    let done = run_with(&both, &["--host", &here, "restart", "web", "--yes"]).ended(2);
    assert!(done.err.contains("shop is protected"), "{}", done.err);
}

#[test]
fn an_address_that_is_none_says_what_is_wrong_with_it_and_no_password() {
    for (address, wanted) in [
        ("ssh://web1:99999", "`99999` is no port"),
        ("ssh://op:geheim@web1", "a password stands before the `@`"),
        ("ssh://web1?x=1", "`web1?x=1` is no host"),
    ] {
        let done = run(&["containers", "--host", address]).ended(2);
        assert!(done.err.contains(wanted) && !done.err.contains("geheim"), "{}", done.err);
    }
}

#[test]
fn an_output_that_takes_nothing_is_named() {
    if !engine::is_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for args in [&["status"][..], &["disk"], &["environments", "--json"], &["man"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = command(home.path(), args).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("standard output: No space left on device"), "{args:?}: {said}");
    }
}
