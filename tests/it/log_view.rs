//! The log view of the real console on real containers: whose lines, their ends, what cannot be read, what is hostile.

use std::time::Duration;

use crate::console::{leave, open_on};
use crate::engine::{self, Project, docker};

const SOON: Duration = Duration::from_secs(30);
const QUIET: &str = "trap 'exit 0' TERM; while true; do sleep 0.2; done";
const QUIET_LOOP: &str = "while true; do sleep 0.2; done";

/// Prints a line and waits to be told to end.
fn says(text: &str) -> String {
    format!("echo {text}; {QUIET}")
}

/// As [`Project::run`], as one of several containers of the service.
fn replica(project: &Project, number: u32, script: &str) -> String {
    let label = "com.docker.compose.service=api";
    project.run(&format!("api-{number}"), &["--label", label], script)
}

#[test]
fn a_service_is_followed_and_its_new_containers_join_by_themselves() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    replica(&project, 1, &says("first-speaks"));
    replica(&project, 2, &says("second-speaks"));
    let terminal = open_on(&project, (120, 40));
    terminal.keys("t t");
    terminal.until("2 containers", SOON);
    terminal.until("first-speaks", SOON);
    terminal.until("second-speaks", SOON);
    let third = replica(&project, 3, &says("third-speaks"));
    terminal.until("third-speaks", SOON);
    terminal.until("3 containers", SOON);
    docker(&["kill", &third]);
    terminal.until(r"api-3 exited 137", SOON);
    leave(&terminal);
}

#[test]
fn a_restart_is_marked_at_its_place_and_no_line_is_lost_or_doubled() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name =
        project.run("web", &[], "trap 'echo bye; exit 3' TERM; echo hello; while true; do sleep 0.1; done");
    let terminal = open_on(&project, (100, 40));
    terminal.keys("t");
    terminal.until("hello", SOON);
    docker(&["restart", "-t", "5", &name]);
    terminal.until(r"hello(?s:.*)bye(?s:.*)exited 3(?s:.*)hello", SOON);
    let text = terminal.screen_text();
    assert_eq!((text.matches("hello").count(), text.matches("bye").count()), (2, 1), "{text}");
    leave(&terminal);
}

#[test]
fn a_log_that_the_engine_cannot_read_names_its_driver_and_the_way_out() {
    if !engine::is_there() {
        return;
    }
    // Since 20.10 the engine keeps a copy of what it hands to others, unless told not to.
    let syslog = [
        "--log-driver",
        "syslog",
        "--log-opt",
        "syslog-address=udp://127.0.0.1:9",
        "--log-opt",
        "cache-disabled=true",
    ];
    for (driver, options) in [("none", &["--log-driver", "none"][..]), ("syslog", &syslog)] {
        let project = Project::new();
        project.run("web", options, &says("unheard"));
        let terminal = open_on(&project, (120, 40));
        terminal.keys("t");
        terminal.until(&format!("log driver {driver}"), SOON);
        terminal.until("--log-driver local", SOON);
        leave(&terminal);
    }
}

/// How often each of these lines stands on the screen.
fn counts(terminal: &crate::pty::Terminal, lines: &[String]) -> Vec<usize> {
    let text = terminal.screen_text();
    lines.iter().map(|line| text.matches(line.as_str()).count()).collect()
}

#[test]
fn a_container_made_anew_under_its_service_goes_on_in_the_same_view() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let talks = |who: &str| {
        format!(
            "trap 'echo {who}-bye; exit 0' TERM; for i in 1 2 3 4 5 6; do echo {who}-$i.; sleep 0.1; done; {QUIET_LOOP}"
        )
    };
    let first = replica(&project, 1, &talks("old"));
    let terminal = open_on(&project, (120, 48));
    terminal.keys("t t");
    terminal.until(r"\(1 container\)", SOON);
    terminal.until("old-6", SOON);
    docker(&["stop", "-t", "5", &first]);
    docker(&["rm", &first]);
    replica(&project, 1, &talks("new"));
    terminal.until("new-6", SOON);
    // The old one is gone, the new one is all there is.
    terminal.until(r"\(1 container\) · following", SOON);
    let mut lines: Vec<_> = (1..=6).flat_map(|i| [format!("old-{i}."), format!("new-{i}.")]).collect();
    lines.push("old-bye".to_owned());
    assert_eq!(counts(&terminal, &lines), vec![1; lines.len()], "{}", terminal.picture());
    leave(&terminal);
}

#[test]
fn the_past_is_searched_although_a_container_of_the_service_is_gone() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    replica(&project, 1, "echo needle-in-hay; seq 1 5000; sleep 600");
    let second = replica(&project, 2, &says("second-speaks"));
    let terminal = open_on(&project, (120, 40));
    terminal.keys("t t");
    terminal.until(r"\(2 containers\)", SOON);
    docker(&["rm", "-f", &second]);
    terminal.until(r"\(1 container\)", SOON);
    terminal.keys("/ text:needle Enter");
    terminal.until("needle-in-hay", SOON);
    leave(&terminal);
}

#[test]
fn long_broken_and_binary_lines_are_shown_without_harm() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    // 100,000 characters in one line; the engine splits it every 16 KiB.
    let script = r"i=0; while [ $i -lt 1000 ]; do printf '%0100d' 7; i=$((i+1)); done; echo END;
        printf 'nul:\000:nul\nbroken:\377\376:utf8\nesc:\033[2J\033]0;owned\007:esc\n'; sleep 60";
    project.run("web", &[], script);
    let terminal = open_on(&project, (120, 40));
    terminal.keys("t");
    terminal.until("broken:.*:utf8", SOON);
    terminal.until("nul:.:nul", SOON);
    terminal.until("esc:.*:esc", SOON);
    terminal.until("4 lines", SOON);
    let raw = terminal.raw_output();
    assert!(!raw.windows(5).any(|bytes| bytes == b"owned"), "{}", terminal.picture());
    // A line as long as this is copied whole, by the escape sequence of the clipboard.
    terminal.keys("p k k k y");
    terminal.until("line copied", SOON);
    assert!(terminal.clipboard().is_some_and(|text| text.len() > 130_000));
    leave(&terminal);
}

#[test]
fn a_line_is_copied_as_its_text_without_what_would_act_on_the_terminal() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    // A clipboard of its own, a colour, a title.
    let script =
        r"printf 'before \033]52;c;b3duZWQ=\007\033[31mred\033[0m\033]0;owned\007 after\n'; sleep 60";
    project.run("web", &[], script);
    let terminal = open_on(&project, (120, 40));
    terminal.keys("t");
    terminal.until("before red after", SOON);
    assert_eq!(terminal.clipboard(), None);
    terminal.keys("p y");
    terminal.until("line copied", SOON);
    // "before red after"
    assert_eq!(terminal.clipboard().as_deref(), Some("YmVmb3JlIHJlZCBhZnRlcg=="));
    leave(&terminal);
}

#[test]
fn a_search_goes_past_what_is_held_and_can_be_stopped() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    project.run("web", &[], "seq 1 300; echo needle-in-hay; seq 301 20000; sleep 60");
    let terminal = open_on(&project, (120, 40));
    terminal.keys("t");
    terminal.until("20000", SOON);
    terminal.keys("/ text:needle Enter");
    terminal.until("needle-in-hay", SOON);
    terminal.until("more lines follow", SOON);
    terminal.keys("/ text:nowhere Enter");
    terminal.until("no hit for nowhere", SOON);
    terminal.keys("G");
    terminal.until("following", SOON);
    terminal.until("20000", SOON);
    leave(&terminal);
}
