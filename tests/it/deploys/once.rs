//! What changes nothing of a service: its plan, and a command that is run once beside it.

use std::io::BufRead;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::real::{Shop, eventually, image};
use crate::cli::command;
use crate::engine::docker;

/// All containers of the project, errands too.
fn containers(shop: &Shop) -> usize {
    let filter = format!("label=com.docker.compose.project={}", shop.name());
    docker(&["ps", "-aq", "--filter", &filter]).lines().count()
}

#[test]
fn a_plan_is_told_and_nothing_is_touched() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let before = shop.rows();
    let rows = shop.run(&["plan", &shop.target(), &image("good-2"), "--json"]).ended(0).json();
    let steps: Vec<_> = rows.iter().filter_map(|row| row["step"].as_str()).collect();
    assert!(
        steps[0].contains("web-v1-1 from") && steps.iter().any(|step| step.starts_with("stop ")),
        "{steps:?}"
    );
    assert!(rows.iter().all(|row| row["event"] == "plan"), "{rows:?}");
    assert_eq!((shop.rows(), shop.locks()), (before, String::new()));
}

#[test]
fn every_reason_why_there_is_no_plan_is_an_event() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let none = shop.run(&["plan", &shop.target(), "pilothouse-test/none:1", "--json"]).ended(1);
    let rows = none.json();
    assert_eq!((rows.len(), &rows[0]["event"], &rows[1]["event"]), (2, &"refused".into(), &"refused".into()));
    assert!(rows[1]["text"].as_str().unwrap().contains("has no image pilothouse-test/none:1"), "{rows:?}");
}

#[test]
fn a_command_runs_once_with_the_environment_of_the_service_and_its_status_is_passed_on() {
    let Some(shop) = Shop::open(1, &["-e", "MODE=fast"]) else { return };
    let before = shop.rows();
    let script = "echo $MODE; echo 'twice  spaced'; echo bad >&2; exit 3";
    let done = shop.run(&["run", &shop.target(), "--yes", "--", "sh", "-c", script]).ended(3);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("fast\ntwice  spaced\n", "bad\n"));
    assert_eq!(shop.rows(), before);
    let rows = shop.run(&["ledger", "export", "-e", &shop.name(), "--json"]).ended(0).json();
    assert_eq!((rows[0]["act"].as_str(), rows.len()), (Some("run sh (2 arguments)"), 1));
    assert_eq!((rows[0]["outcome"].as_str(), rows[0]["status"].as_i64()), (Some("status"), Some(3)));
}

#[test]
fn a_command_that_is_not_there_is_told_from_one_that_failed_and_leaves_nothing() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let before = containers(&shop);
    let done = shop.run(&["run", &shop.target(), "--yes", "--", "/no/such/program"]).ended(125);
    assert!(done.err.contains("no such file"), "{}", done.err);
    assert_eq!(containers(&shop), before);
}

#[test]
fn a_command_is_found_by_nobody_publishes_nothing_and_ends_with_ctrl_c() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(shop) = Shop::open(1, &["-p", &format!("127.0.0.1:{port}:80")]) else { return };
    let before = containers(&shop);
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pilothouse.toml"), shop.config()).unwrap();
    let target = shop.target();
    let args = ["run", &target, "--yes", "--", "sh", "-c", "echo up; while :; do sleep 1; done"];
    let mut child = command(home.path(), args).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "up\n");
    let filter = format!("label=com.docker.compose.project={}", shop.name());
    let id = docker(&["ps", "-q", "--filter", &filter, "--filter", "label=pilothouse.errand=run"]);
    let form =
        "{{json .HostConfig.PortBindings}} {{range .NetworkSettings.Networks}}{{json .Aliases}}{{end}}";
    let told = docker(&["inspect", "-f", form, &id]);
    assert!(!told.contains(&port.to_string()) && !told.contains("\"web\""), "{told}");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    eventually("its container goes", || containers(&shop) == before);
}
