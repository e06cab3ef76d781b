//! A host whose clock is off: that is measured, told, and taken off wherever times of hosts meet.

use std::process::Command;
use std::time::Duration;

use crate::cli::{Done, command, done};
use crate::fake_engine::{FakeEngine, Served};
use crate::pty::Launch;

const SOON: Duration = Duration::from_secs(30);
const AHEAD_NS: i64 = 90_500_000_000;
const LINES: i64 = 20;

fn now_ns() -> i64 {
    chrono::Utc::now().timestamp_nanos_opt().unwrap()
}

/// Two hosts of one environment. Each second one of them printed a line in turn; the clock of the second is ahead.
struct Hosts {
    engines: [FakeEngine; 2],
    home: tempfile::TempDir,
    /// When the first line was printed.
    first_ns: i64,
}

impl Hosts {
    fn new() -> Self {
        let first_ns = now_ns() - 60_000_000_000;
        let engine = |name: &'static str, of: i64, ahead_ns: i64| {
            let own = (0..LINES).filter(|number| number % 2 == of);
            let log = own.map(|n| (first_ns + n * 1_000_000_000 + ahead_ns, format!("line {n}."))).collect();
            FakeEngine::start(Served { log, name, ahead_ns, ..Served::default() })
        };
        let engines = [engine("right", 0, 0), engine("wrong", 1, AHEAD_NS)];
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("pilothouse.toml"), config(&engines)).unwrap();
        Self { engines, home, first_ns }
    }

    /// The command line on both, beside the runtime that the engines live on.
    async fn run(&self, args: &[&str]) -> Done {
        let mut command: Command = command(self.home.path(), args);
        done(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
    }
}

fn config(engines: &[FakeEngine]) -> String {
    let hosts: Vec<_> = engines.iter().map(|e| format!("\"unix://{}\"", e.socket.display())).collect();
    format!("[environments.two]\nkind = \"development\"\nhosts = [{}]\n", hosts.join(", "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_two_clocks_come_in_the_order_in_which_they_were_printed() {
    let hosts = Hosts::new();
    let rows = hosts.run(&["logs", "--json"]).await.ended(0).json();
    let texts: Vec<_> = rows.iter().map(|row| row["line"].as_str().unwrap().to_owned()).collect();
    let wanted: Vec<_> = (0..LINES).map(|n| format!("line {n}.")).collect();
    assert_eq!(texts, wanted);
    for (row, n) in rows.iter().zip(0..) {
        let at: chrono::DateTime<chrono::Utc> = row["time"].as_str().unwrap().parse().unwrap();
        let off_ns = at.timestamp_nanos_opt().unwrap() - (hosts.first_ns + n * 1_000_000_000);
        assert!(off_ns.abs() < 500_000_000, "{row} is {off_ns} ns off");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_is_asked_for_by_the_clock_of_each_host() {
    let hosts = Hosts::new();
    let at = |n: i64| {
        chrono::DateTime::from_timestamp_nanos(hosts.first_ns + n * 1_000_000_000 + 500_000_000).to_rfc3339()
    };
    let rows = hosts.run(&["logs", "--json", "--since", &at(7), "--until", &at(11)]).await.ended(0).json();
    let texts: Vec<_> = rows.iter().map(|row| row["line"].as_str().unwrap()).collect();
    assert_eq!(texts, ["line 8.", "line 9.", "line 10.", "line 11."]);
    // The engine itself was asked for it, not the lines sorted out here.
    let asked = hosts.engines[1].served.lock().unwrap().asked.clone();
    assert!(asked.iter().all(|path| path.contains("since=") && path.contains("until=")), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_is_told_by_status_and_doctor() {
    let hosts = Hosts::new();
    let rows = hosts.run(&["status", "--json"]).await.json();
    let known = rows[0]["hosts"].as_array().unwrap();
    let off: Vec<_> = known.iter().map(|host| host["clock_ahead_ms"].as_i64().unwrap()).collect();
    assert!(off[0].abs() < 500 && (off[1] - AHEAD_NS / 1_000_000).abs() < 500, "{off:?}");
    let said = rows[0]["problems"].to_string();
    assert!(said.contains("its clock is 90s ahead of ours"), "{said}");
    let steps = hosts.run(&["doctor", "--json"]).await.json();
    let clocks: Vec<_> = steps.iter().filter(|step| step["step"] == "clock").collect();
    let verdicts: Vec<_> = clocks.iter().map(|step| step["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["ok", "warn"], "{clocks:?}");
    assert!(clocks[1]["mend"].as_str().unwrap().contains("set-ntp"), "{clocks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_tells_of_a_clock_that_is_off_and_merges_without_it() {
    let hosts = Hosts::new();
    let file = config(&hosts.engines);
    let look = move || {
        let terminal =
            Launch::pilothouse(["--utc"]).size(160, 48).home_file("pilothouse.toml", &file).start();
        terminal.until("^│ +clock 90s ahead", SOON);
        terminal.until("clock 90s ahead.*2 hosts", SOON);
        terminal.keys("t t");
        terminal.until(r"(?s)line 16\..*line 17\..*line 18\..*line 19\.", SOON);
        terminal.keys("q");
        assert_eq!(terminal.wait_exit(SOON), 0);
    };
    tokio::task::spawn_blocking(look).await.unwrap();
}
