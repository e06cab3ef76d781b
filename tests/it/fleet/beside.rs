//! Two hosts over SSH beside the local engine in one environment: one list, every pane, every act.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::{Fleet, SHOP, SOON};
use crate::cli::{IDLE, QUIET};
use crate::engine::{Project, docker_at};
use crate::pty::Terminal;

/// The console on a fleet with one container of this project, on web2, selected; `None` where there is no engine.
fn open_with(options: &[&str], script: &str) -> Option<(Fleet, Project, Terminal)> {
    let fleet = Fleet::open()?;
    let project = Project::at(&fleet.engine("web2"));
    project.run("web", options, script);
    let terminal = fleet.console(&project.name);
    terminal.until(&format!("{}-web +web2", project.name), SOON);
    terminal.keys(&format!("/ text:{} Enter", project.name));
    terminal.until("1 of 9", SOON);
    Some((fleet, project, terminal))
}

fn leave(terminal: &Terminal) {
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[test]
fn two_hosts_and_the_local_engine_are_one_list() {
    let Some(fleet) = Fleet::open() else { return };
    let project = Project::new();
    project.run("web", QUIET, IDLE);
    let terminal = fleet.console(&project.name);
    for (name, host) in [
        (format!("{SHOP}-api-1"), "web1"),
        (format!("{SHOP}-store-1"), "web1"),
        (format!("{SHOP}-api-2"), "web2"),
        (format!("{SHOP}-store-1"), "web2"),
        (format!("{}-web", project.name), "local"),
    ] {
        terminal.until(&format!("{name} +{host}"), SOON);
    }
    terminal.until("9/9 up", SOON);
    terminal.until("3 hosts", SOON);
    leave(&terminal);
}

#[test]
fn nothing_of_a_host_but_its_sshd_can_be_reached() {
    let Some(fleet) = Fleet::open() else { return };
    for (number, host) in [(1_u8, "web1"), (2, "web2")] {
        let far = format!("10.91.0.{}", 4 * number + 2);
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let container =
            docker_at(&fleet.engine(host), &["inspect", "-f", format, &format!("{SHOP}-store-1")]);
        let port = 18079 + u16::from(number);
        let reaches = |address: &str, port: u16| {
            let at: SocketAddr = format!("{address}:{port}").parse().unwrap();
            TcpStream::connect_timeout(&at, Duration::from_millis(700)).is_ok()
        };
        for (address, port) in [(far.as_str(), port), (container.as_str(), 5432)] {
            let inside = format!("exec 3<>/dev/tcp/{address}/{port}");
            assert!(Fleet::on(host, &inside), "{host} itself reaches {address}:{port}");
            assert!(!reaches(address, port), "{address}:{port} of {host} answers us");
        }
        assert!(reaches(&far, 22), "the sshd of {host}");
    }
}

#[test]
fn every_act_works_on_a_remote_host() {
    let Some(fleet) = Fleet::open() else { return };
    let project = Project::at(&fleet.engine("web2"));
    let name = project.run("web", QUIET, IDLE);
    let state = |name: &str| project.docker(&["inspect", "-f", "{{.State.Status}}", name]);
    let home = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| fleet.command(home.path(), &project.name, args).output().unwrap();
    let started = || project.docker(&["inspect", "-f", "{{.State.StartedAt}}", &name]);
    for (act, after, is_new_start) in [
        ("pause", "paused", false),
        ("unpause", "running", false),
        ("restart", "running", true),
        ("stop", "exited", false),
        ("start", "running", true),
        ("kill", "exited", false),
    ] {
        let before = started();
        let done = run(&[act, "--yes", &name]);
        let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && said.contains("on web2"), "{act}: {said}");
        assert_eq!((state(&name).as_str(), started() != before), (after, is_new_start), "after {act}");
    }
    assert!(run(&["rm", "--yes", &name]).status.success());
    assert_eq!(project.docker(&["ps", "-aq", "--filter", &format!("name={name}")]), "");
}

#[test]
fn every_command_that_asks_works_on_a_remote_host() {
    let Some(fleet) = Fleet::open() else { return };
    let api = &format!("{SHOP}-api-2");
    for (args, wanted) in [
        (&["inspect", api][..], "SHOP_ROLE=api"),
        (&["top", api], "/service run"),
        (&["exec", api, "/service", "healthcheck"], ""),
        (&["logs", "-n", "1", api], "request_processed"),
        (&["events", "--since", "10m", "--until", "now"], r"web2 container top fleetshop-api-2"),
        (&["releases", "api"], r"(?s)fleetshop/api:1\.[34]\.0.*fleetshop/api:1\.[34]\.0"),
        (&["disk"], r"web1 +disk(.*\n)+web2 +disk(.*\n)+local +disk"),
        (&["prune", "--dry-run"], r"(?s)web1.*web2.*local"),
        (&["status"], "(?s)web1 +engine.*web2 +engine.*local +engine"),
        (&["health", "api"], r"web1 +ready +ok(.*\n)+.*web2 +ready +ok"),
        (&["doctor", "web2"], "ssh://web2 by configuration"),
    ] {
        let done = fleet.run(args);
        assert!(matches!(done.status, 0 | 3), "{args:?}: {}\n{}", done.out, done.err);
        let said = regex::Regex::new(wanted).unwrap();
        assert!(said.is_match(&done.out), "{args:?} without {wanted:?}:\n{}\n{}", done.out, done.err);
    }
}

#[test]
fn every_pane_works_on_a_remote_host() {
    let script = "trap 'exit 0' TERM; while true; do echo here I am; sleep 0.3; done";
    let Some((_fleet, _project, terminal)) = open_with(&[], script) else { return };
    for (keys, wanted) in [
        ("2", "here I am"),
        ("i", "inspect .*lines"),
        ("/ text:com.docker.compose.project Enter", "/com.docker.compose.project  [1-9]"),
        ("Esc Esc T", "processes of .*rows?"),
        ("Esc 4", "Health .*-web"),
        ("5", "Releases · web"),
        ("V", "web2 .*start"),
        ("Esc E", r"(?s)Engine · web2.*images +\d.*counted"),
        ("Esc 3", "here I am"),
    ] {
        terminal.keys(keys);
        terminal.until(wanted, SOON);
    }
    leave(&terminal);
}

#[test]
fn every_act_of_the_console_works_on_a_remote_host() {
    let Some((_fleet, _project, terminal)) = open_with(QUIET, IDLE) else { return };
    for (key, question, wanted) in [
        ("p", "pause .* on web2", "web2 .*paused"),
        ("p", "", "web2 .*running"),
        ("R", "restart .* on web2", "restarted"),
        ("S", "stop .* on web2", "web2 .*exited 0"),
        ("S", "", "web2 .*running"),
        ("K", "kill .* on web2", "web2 .*exited 137"),
        ("D", "remove .* on web2", "0 of 8"),
    ] {
        terminal.keys(key);
        if !question.is_empty() {
            terminal.answer(question, "y");
        }
        terminal.until(wanted, SOON);
    }
    leave(&terminal);
}

#[test]
fn a_shell_on_a_remote_host_follows_the_window() {
    let Some((_fleet, _project, terminal)) = open_with(QUIET, IDLE) else { return };
    terminal.keys("x");
    terminal.until("/ #", SOON);
    terminal.keys("text:stty Space text:size Enter");
    terminal.until("^48 160", SOON);
    terminal.resize(100, 30);
    // The engine hears of the new size beside what is typed.
    terminal.keys("text:until Space text:stty Space text:size|busybox Space text:grep Space text:100;do Space text::;done Enter");
    terminal.until("^30 100", SOON);
    terminal.keys("text:exit Space 3 Enter");
    terminal.until("ended with status 3", SOON);
    leave(&terminal);
}

#[test]
fn health_is_asked_where_only_the_host_can_reach() {
    let Some(fleet) = Fleet::open() else { return };
    let terminal = fleet.console(SHOP);
    for (service, number, host) in
        [("api", 1, "web1"), ("api", 2, "web2"), ("web", 1, "web1"), ("web", 2, "web2")]
    {
        terminal.until(&format!(r"{SHOP}-{service}-{number} +{host} .*ok \d+ms"), SOON);
    }
    leave(&terminal);
}
