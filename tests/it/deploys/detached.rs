//! A deployment is done by a process of its own: whoever began it may go, be killed or be stopped.

use std::io::Read;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use super::real::{Shop, eventually, image};

fn of(pid: Pid, file: &str) -> String {
    let read = std::fs::read(format!("/proc/{}/{file}", pid.as_raw_nonzero())).unwrap_or_default();
    String::from_utf8_lossy(&read).replace('\0', " ")
}

fn is_gone(pid: Pid) -> bool {
    !Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists() || of(pid, "stat").contains(") Z ")
}

fn outcome(shop: &Shop) -> Option<String> {
    let ledger = shop.run(&["ledger", "export", "-e", &shop.target().replace("/web", ""), "--json"]).json();
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
