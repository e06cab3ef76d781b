//! A deployment is done by a process of its own: whoever began it may go, be killed or be stopped.

use std::io::{BufRead, Read};
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use super::real::{Running, Shop, eventually, image};

fn of(pid: Pid, file: &str) -> String {
    let read = std::fs::read(format!("/proc/{}/{file}", pid.as_raw_nonzero())).unwrap_or_default();
    String::from_utf8_lossy(&read).replace('\0', " ")
}

fn is_gone(pid: Pid) -> bool {
    !Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists() || of(pid, "stat").contains(") Z ")
}

fn outcome(shop: &Shop) -> Option<String> {
    let ledger = shop.run(&["ledger", "export", "-e", &shop.name(), "--json"]).json();
    ledger.last()?["outcome"].as_str().map(str::to_owned)
}

const LIVE: [&str; 2] = ["web-1 good-1 exited no found", "web-v1-1 good-2 running always found"];

#[test]
fn it_goes_on_when_whoever_began_it_is_gone_or_its_terminal_is() {
    for signal in [Signal::KILL, Signal::HUP, Signal::INT, Signal::TERM] {
        let Some(shop) = Shop::open(1, &[]) else { return };
        let (target, image) = (shop.target(), image("good-2"));
        let (mut running, came) = shop.begin(&["deploy", &target, &image, "--yes", "--json"], "start");
        let worker = running.worker.unwrap();
        assert!(came);
        kill_process(Pid::from_child(&running.child), signal).unwrap();
        running.child.wait().unwrap();
        // And so does what closes the terminal of all that was begun there.
        kill_process(worker, Signal::HUP).unwrap();
        eventually("it ends", || is_gone(worker));
        assert_eq!((shop.rows(), shop.locks()), (LIVE.map(str::to_owned).to_vec(), String::new()));
        assert_eq!(outcome(&shop).as_deref(), Some("done"), "{signal:?}");
    }
}

#[test]
fn its_session_is_its_own_and_no_list_of_processes_tells_what_it_does() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let (target, image) = (shop.target(), image("good-2"));
    let deploy = ["deploy", &target, &image, "--yes", "--json", "--note", "no concern of others"];
    let (mut running, _) = shop.begin(&deploy, "wait");
    let worker = running.worker.unwrap();
    let arguments = of(worker, "cmdline");
    assert!(arguments.trim().ends_with("pilothouse worker"), "{arguments}");
    let stat = of(worker, "stat");
    let after_name: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let pid = worker.as_raw_nonzero().to_string();
    // Its group, its session, its terminal.
    assert_eq!(after_name[2..5], [pid.as_str(), pid.as_str(), "0"], "{stat}");
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), Path::new("/"));
    let mut rest = String::new();
    running.lines.read_to_string(&mut rest).unwrap();
    assert!(rest.trim_end().ends_with(r#""outcome":"done"}"#), "{rest}");
    assert!(running.child.wait().unwrap().success());
}

/// Begun, and at a gate.
fn waiting(shop: &Shop) -> Running {
    let (target, image) = (shop.target(), image("good-2"));
    let (running, came) = shop.begin(&["deploy", &target, &image, "--yes", "--json"], "wait");
    assert!(came);
    running
}

/// Its command reads on until it says so.
fn until(running: &mut Running, event: &str) -> serde_json::Value {
    loop {
        let mut line = String::new();
        assert!(running.lines.read_line(&mut line).unwrap() > 0, "it never said {event}");
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        if told["event"] == event {
            return told;
        }
    }
}

#[test]
fn it_is_held_and_let_go_on_by_whoever_may_and_everybody_sees_who_did() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let environment = shop.name();
    let mut running = waiting(&shop);
    shop.run(&["hold", &environment, "--note", "lunch"]).ended(0);
    let paused = until(&mut running, "paused");
    assert!(paused["text"].as_str().unwrap().ends_with(": lunch"), "{paused}");
    let rows = shop.rows();
    eventually("its sign tells that it waits", || {
        let lock = shop.run(&["lock", &environment, "--json"]).ended(0).json();
        lock[0]["guarded"] == true && lock[0]["paused"].as_str().is_some_and(|why| why.ends_with("lunch"))
    });
    assert_eq!(shop.rows(), rows);
    shop.run(&["undo", &environment, "--yes"]).ended(5);
    let resumed = shop.run(&["resume", &environment]).ended(0);
    for told in ["paused by", "told to go on by", "done\n"] {
        assert!(resumed.out.contains(told), "{told}: {}", resumed.out);
    }
    assert!(running.child.wait().unwrap().success());
    assert_eq!(shop.rows(), LIVE);
    let told = shop.run(&["watch", &environment]).ended(0);
    assert!(told.out.starts_with("deploy web") && told.out.ends_with("done\n"), "{}", told.out);
}

#[test]
fn whoever_aborts_it_takes_it_back_whether_its_process_lives_or_not() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let (environment, before) = (shop.name(), shop.rows());
    let mut running = waiting(&shop);
    let aborted = shop.run(&["abort", &environment, "--yes", "--note", "it looks wrong"]).ended(4);
    assert!(aborted.out.contains("it looks wrong"), "{}", aborted.out);
    assert_eq!(running.child.wait().unwrap().code(), Some(4));
    assert_eq!((shop.rows(), shop.locks()), (before.clone(), String::new()));
    let mut running = waiting(&shop);
    kill_process(running.worker.unwrap(), Signal::KILL).unwrap();
    running.child.wait().unwrap();
    shop.run(&["abort", &environment, "--yes"]).ended(4);
    assert_eq!((shop.rows(), shop.locks()), (before, String::new()));
    shop.run(&["watch", &environment]).ended(4);
    shop.run(&["abort", &environment, "--yes"]).ended(0);
}

#[test]
fn a_lock_is_broken_with_a_reason_and_keeps_its_holder_from_going_on() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let (environment, before) = (shop.name(), shop.rows());
    let mut running = waiting(&shop);
    shop.run(&["lock", &environment, "--break", "--yes"]).ended(2);
    shop.run(&["lock", &environment, "--break", "--yes", "--note", "its machine is gone"]).ended(0);
    assert_eq!(running.child.wait().unwrap().code(), Some(5));
    let nobody = shop.run(&["lock", &environment]).ended(0);
    assert_eq!(nobody.out, format!("nobody holds {environment}\n"));
    shop.run(&["watch", &environment]).ended(1);
    shop.run(&["undo", &environment, "--yes"]).ended(4);
    assert_eq!((shop.rows(), shop.locks()), (before, String::new()));
    let ledger = shop.run(&["ledger", "export", "-e", &environment, "--json"]).json();
    let broken = ledger.iter().find(|row| row["act"] == "lock --break").unwrap();
    assert_eq!((&broken["why"], &broken["outcome"]), (&"its machine is gone".into(), &"done".into()));
}

#[test]
fn a_command_that_does_not_wait_leaves_it_to_who_watches() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let (environment, target, image) = (shop.name(), shop.target(), image("good-2"));
    let begun = shop.run(&["deploy", &target, &image, "--yes", "--no-wait"]).ended(0);
    assert!(begun.out.trim_end().ends_with("follows it"), "{}", begun.out);
    shop.run(&["watch", &environment, "--timeout", "60s"]).ended(0);
    assert_eq!(shop.rows(), LIVE);
    shop.run(&["rollback", &target, "--yes", "--timeout", "1s"]).ended(7);
    shop.run(&["watch", &environment]).ended(0);
}

#[test]
fn one_that_was_stopped_changes_nothing_once_another_finished_what_it_did() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let target = shop.target();
    let environment = shop.name();
    // All of them take more than a minute: SOAK_REPS asks for them.
    let is_long = std::env::var_os("SOAK_REPS").is_some();
    for (way, status, few) in [("undo", 4, ["start", "stop"]), ("resume", 0, ["create", "let"])] {
        let all = ["create", "start", "wait", "let", "stop"];
        for step in all.into_iter().filter(|step| is_long || few.contains(step)) {
            let (running, _) = shop.begin(&["deploy", &target, "--yes", "--json"], step);
            let worker = running.worker.unwrap();
            kill_process(worker, Signal::STOP).unwrap();
            shop.run(&[way, &environment, "--yes"]).ended(5);
            shop.run(&[way, "-e", &environment, "--yes", "--take-over"]).ended(status);
            let (rows, ledger) = (shop.rows(), outcome(&shop));
            kill_process(worker, Signal::CONT).unwrap();
            let status = { running }.child.wait().unwrap();
            eventually("it ends", || is_gone(worker));
            assert!(matches!(status.code(), Some(1 | 5)), "{way} at {step}: {status}");
            assert_eq!((shop.rows(), outcome(&shop), shop.locks()), (rows, ledger, String::new()), "{step}");
        }
    }
}
