//! Logs whose files rotate while they are followed: every line once and in order, or a marker where some are lost.

use std::time::Duration;

use futures_util::StreamExt;
use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{ContainerId, HostId};
use pilothouse::ports::engine::{Engine, LogRequest};
use tokio::time::timeout;

use crate::engine::{self, Project, SOCKET, docker};
use crate::fake_engine::{FakeEngine, ID, Served};
use crate::terminal::soak::repetitions;

const LONG: Duration = Duration::from_secs(120);

/// What a followed log told: its numbered lines, and how many markers stood between those that do not join.
#[derive(Default)]
struct Told {
    lines: usize,
    losses: usize,
    first: usize,
    lost: usize,
    /// First line lost, the next told, milliseconds between them.
    unmarked: Vec<(usize, usize, i64)>,
    last: usize,
    last_ns: i64,
}

impl Told {
    /// Takes a line; fails where it is told twice or out of order.
    fn take(&mut self, text: &str, at_ns: i64, is_marker: bool, has_marker: &mut bool) {
        if is_marker {
            assert!(text.contains("lost here: "), "{text}");
            *has_marker = true;
            return;
        }
        let Some(number) = text.strip_prefix("line ").and_then(|t| t.split(' ').next()?.parse().ok()) else {
            return;
        };
        assert!(self.last == 0 || number > self.last, "{number} after {}", self.last);
        if self.last > 0 && number != self.last + 1 {
            if !*has_marker {
                self.unmarked.push((self.last + 1, number, (at_ns - self.last_ns) / 1_000_000));
            }
            self.losses += 1;
            self.lost += number - self.last - 1;
        }
        *has_marker = false;
        // What was rotated away before anybody looked is not there.
        self.first = if self.lines == 0 { number } else { self.first };
        self.lines += 1;
        (self.last, self.last_ns) = (number, at_ns);
    }
}

fn prints(count: usize, pause: &str) -> String {
    let text = "x".repeat(56);
    format!(
        "i=0; while [ $i -lt {count} ]; do i=$((i+1)); echo \"line $i {text}\"; {pause} done; echo done; sleep 300"
    )
}

async fn follow(name: &str, tail: Option<u32>) -> Told {
    let engine = DockerEngine::new(HostId::new("local"), &Address::Unix(SOCKET.into()));
    let id = ContainerId::new(docker(&["inspect", "-f", "{{.Id}}", name]));
    let request = LogRequest { tail, follow: true, ..LogRequest::default() };
    let mut batches = engine.logs(&id, request).await.unwrap();
    let (mut told, mut has_marker) = (Told::default(), false);
    loop {
        let batch = timeout(LONG, batches.next()).await.expect("the log goes on until it is done");
        let batch = batch.expect("a container that runs").unwrap();
        for line in batch.iter() {
            let text = String::from_utf8_lossy(line.bytes);
            if text == "done" {
                return told;
            }
            told.take(&text, line.at_ns, line.is_marker(), &mut has_marker);
        }
    }
}

async fn flood() -> Told {
    let project = Project::new();
    let small = ["--log-opt", "max-size=1m", "--log-opt", "max-file=3"];
    let name = project.run("flood", &small, &prints(150_000, ""));
    let told = follow(&name, None).await;
    println!("{} lines, {} losses of {} lines", told.lines, told.losses, told.lost);
    told
}

#[tokio::test]
async fn a_flood_over_many_rotations_is_told_once_and_in_order_to_its_end() {
    if !engine::is_there() {
        return;
    }
    let told = flood().await;
    assert_eq!((told.last, told.lines + told.lost), (150_000, 150_001 - told.first));
}

/// What is lost at full speed is inferred from times, and times alone do not tell every loss: of 110 losses on a busy
/// disk 5 were told without a mark. More than one in ten, and two of a few, is worse than that.
#[tokio::test]
#[ignore = "soak: needs many floods to tell a rate"]
async fn soak_what_a_flood_over_many_rotations_loses_is_marked_but_for_a_few() {
    let (mut losses, mut unmarked) = (0, Vec::new());
    for _ in 0..repetitions() {
        let told = flood().await;
        losses += told.losses;
        unmarked.extend(told.unmarked);
    }
    println!("soak: {losses} losses, {} of them without a mark", unmarked.len());
    assert!(unmarked.len() * 10 <= losses + 20, "{} of {losses}: {unmarked:?}", unmarked.len());
}

#[tokio::test]
async fn a_log_that_rotates_no_faster_than_it_is_read_is_told_whole() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let small = ["--log-opt", "max-size=100k", "--log-opt", "max-file=5"];
    // About 5,000 lines a second, so a new file every 150 ms or so.
    let pause = "[ $((i % 50)) = 0 ] && sleep 0.01;";
    let name = project.run("steady", &small, &prints(20_000, pause));
    let told = follow(&name, Some(1000)).await;
    assert_eq!((told.last, told.losses, &told.unmarked[..]), (20_000, 0, &[][..]));
}

/// Whether lines that were left out are looked for before all of a log is told: the clock of its engine is so far ahead, and so long before
/// the log is opened the container was silent for a while.
async fn looks_for_lines(ahead_ns: i64, before_ns: i64) -> bool {
    const STEP_NS: i64 = 500_000;
    const LINES: i64 = 2_000;
    let silent_ns = chrono::Utc::now().timestamp_nanos_opt().unwrap() + ahead_ns - before_ns;
    let text = "x".repeat(100);
    let mut log: Vec<_> =
        (0..LINES).map(|n| (silent_ns - (LINES - n) * STEP_NS, format!("{n} {text}"))).collect();
    log.push((silent_ns + 1_000_000_000, "done".to_owned()));
    let engine = FakeEngine::start(Served { log, ahead_ns, max_size: "100k", ..Served::default() });
    let docker = DockerEngine::new(HostId::new("fake"), &Address::Unix(engine.socket.clone()));
    let request = LogRequest { follow: true, ..LogRequest::default() };
    let mut batches = docker.logs(&ContainerId::new(ID), request).await.unwrap();
    loop {
        let batch = timeout(LONG, batches.next()).await.expect("all is told").unwrap().unwrap();
        if batch.iter().any(|line| line.bytes == b"done") {
            return engine.served.lock().unwrap().asked.len() > 1;
        }
    }
}

#[tokio::test]
async fn what_a_rotation_may_have_left_out_is_looked_for_by_the_clock_of_the_host() {
    for ahead_ns in [0, -3_600_000_000_000, 3_600_000_000_000] {
        assert!(looks_for_lines(ahead_ns, 1_500_000_000).await, "followed, {ahead_ns} ns ahead");
        assert!(!looks_for_lines(ahead_ns, 60_000_000_000).await, "of the past, {ahead_ns} ns ahead");
    }
}
