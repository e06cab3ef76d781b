//! Links that flap, fall silent, are slow or full: streams go on where they were, nobody is hammered, others notice nothing.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::adapters::ssh::connect::ConnectError;
use pilothouse::adapters::ssh::host::{SshHost, WayIn};
use pilothouse::adapters::ssh::link::Door;
use pilothouse::domain::ids::{ContainerId, ContainerKey, HostId};
use pilothouse::jobs::route::{Route, Way};
use pilothouse::jobs::tail::{self, Followed};
use pilothouse::logs::line::SourceId;
use pilothouse::msg::{LogFact, Msg};
use pilothouse::ports::engine::Engine;
use pilothouse::ports::pace::Pace;
use pilothouse::sub::Generation;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::{connector, failure, to};
use crate::engine::{self, Project, docker};
use crate::sshd::Sshd;
use crate::wire::Wire;

/// An ssh_config in which `web1` is that sshd behind that wire.
pub(super) fn behind(sshd: &Sshd, wire: &Wire) -> std::path::PathBuf {
    let config = sshd.config("web1", "HostKeyAlias the-host");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace(&format!("Port {}", sshd.port), &format!("Port {}", wire.port))).unwrap();
    let known = fs::read_to_string(sshd.file("known_hosts")).unwrap();
    let key = known.split_once(' ').unwrap().1;
    fs::write(sshd.file("known_hosts"), format!("the-host {key}")).unwrap();
    config
}

fn host_behind(sshd: &Sshd, wire: &Wire) -> Arc<SshHost> {
    Arc::new(SshHost::new(to("web1"), None, connector(behind(sshd, wire))))
}

fn route(host: &Arc<SshHost>) -> Arc<Route> {
    let engine = Arc::new(DockerEngine::over_ssh(HostId::new("web1"), Arc::clone(host)));
    let way = Way { source: "test".to_owned(), engine, mend: Box::new(|_| String::new()) };
    Arc::new(Route::new(way, Vec::new()).paced_by(Arc::clone(host) as Arc<dyn Pace>))
}

const COUNTING: &str = "i=0; while true; do echo $i; i=$((i+1)); sleep 0.02; done";
/// Much more than a page of lines while the link is away.
const BURST: &str = "i=0; while [ $i -lt 30 ]; do echo $i; i=$((i+1)); sleep 0.05; done; seq 30 5029; \
    i=5030; while true; do echo $i; i=$((i+1)); sleep 0.02; done";

/// Follows a container that counts, cuts the link after every 25 lines while `goes_on`, and compares all that came.
async fn flaps(script: &str, most_cuts: usize, goes_on: impl Fn() -> bool) -> usize {
    let project = Project::new();
    let name = project.run("count", &[], script);
    let id = docker(&["inspect", "--format", "{{.Id}}", &name]);
    let sshd = Sshd::start();
    let wire = Wire::to(sshd.port);
    let host = host_behind(&sshd, &wire);
    let key = ContainerKey { host: HostId::new("web1"), id: ContainerId::new(id.trim()) };
    let followed = Followed { source: SourceId(0), key, route: route(&host) };
    let (_list, wanted) = watch::channel(vec![followed]);
    let (out, mut news) = mpsc::channel(64);
    let following = tokio::spawn(tail::tail(Generation(1), 100_000, wanted, out));
    let (mut next, mut cuts, mut cut_at) = (0_u64, 0, 25);
    let mut last = None;
    while last.is_none_or(|last| next < last) {
        let news = timeout(Duration::from_secs(60), news.recv()).await.expect("the log never came back");
        let Some(Msg::Log(_, LogFact::Lines(batch))) = news else { continue };
        for line in batch.iter() {
            let text = String::from_utf8_lossy(line.bytes);
            assert!(!line.is_marker(), "{text}");
            assert_eq!(text, next.to_string(), "after {cuts} cuts");
            next += 1;
        }
        if cuts < most_cuts && goes_on() {
            if next >= cut_at {
                wire.cut();
                cuts += 1;
                cut_at = next + 25;
            }
        } else {
            last.get_or_insert(next + 100);
        }
    }
    following.abort();
    cuts
}

#[tokio::test]
async fn a_log_over_a_flapping_link_has_every_line_once() {
    if engine::is_there() {
        assert_eq!(flaps(COUNTING, 3, || true).await, 3);
    }
}

#[tokio::test]
async fn what_was_written_while_the_link_was_away_is_told_whole_however_much_it_is() {
    if engine::is_there() {
        assert_eq!(flaps(BURST, 1, || true).await, 1);
    }
}

#[tokio::test]
#[ignore = "a minute of flapping; tests/soak runs it"]
async fn soak_a_log_over_a_link_that_flaps_for_a_minute_has_every_line_once() {
    if engine::is_there() {
        let began = Instant::now();
        let cuts = flaps(COUNTING, usize::MAX, || began.elapsed() < Duration::from_secs(60)).await;
        println!("{cuts} cuts in {} s, every line once", began.elapsed().as_secs());
        assert!(cuts >= 4, "{cuts}");
    }
}

#[tokio::test]
async fn a_link_that_breaks_is_an_error_to_its_streams_and_no_end() {
    let sshd = Sshd::start();
    let wire = Wire::to(sshd.port);
    let host = host_behind(&sshd, &wire);
    let connected = host.connected().await.unwrap();
    let door = |line: &str| Door::Exec(line.to_owned(), None);
    let mut ended = connected.link.open(door("printf whole")).await.unwrap().stream;
    let mut text = String::new();
    ended.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "whole");
    let mut cut = connected.link.open(door("printf half; sleep 1000")).await.unwrap().stream;
    let mut half = [0; 4];
    cut.read_exact(&mut half).await.unwrap();
    wire.cut();
    let error = cut.read(&mut half).await.unwrap_err();
    assert_eq!((&half, error.kind()), (b"half", std::io::ErrorKind::ConnectionReset), "{error}");
}

#[tokio::test]
async fn a_host_that_is_down_is_tried_at_its_pace_however_many_want_it() {
    let sshd = Sshd::start();
    let wire = Wire::to(sshd.port);
    wire.refuse(true);
    let host = host_behind(&sshd, &wire);
    let began = Instant::now();
    let many = (0..50).map(|_| {
        let host = Arc::clone(&host);
        tokio::spawn(async move {
            while began.elapsed() < Duration::from_secs(4) {
                assert!(host.connected().await.is_err());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    });
    for one in many.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    // At 0, 1 and 3 s.
    assert!((2..=3).contains(&wire.accepted()), "{} tries in 4 s", wire.accepted());
    let next = host.next_try().expect("a time for the next try");
    assert!(next > Instant::now() && next < Instant::now() + Duration::from_secs(5));
    wire.refuse(false);
    tokio::time::sleep_until(next.into()).await;
    assert!(host.connected().await.is_ok());
    assert_eq!(host.next_try(), None);
}

#[tokio::test]
async fn a_host_that_stands_still_holds_up_no_other() {
    if !engine::is_there() {
        return;
    }
    let (dead, alive) = (Sshd::start(), Sshd::start());
    let of = |sshd: &Sshd| Arc::new(SshHost::new(to("web1"), None, connector(sshd.config("web1", ""))));
    let (dead_host, alive_host) = (of(&dead), of(&alive));
    dead_host.connected().await.unwrap();
    alive_host.connected().await.unwrap();
    for pid in dead.serving() {
        kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::STOP).unwrap();
    }
    let waiting = tokio::spawn(async move { dead_host.dial().await.err().map(|e| e.to_string()) });
    let began = Instant::now();
    let engine = DockerEngine::over_ssh(HostId::new("b"), alive_host);
    while !waiting.is_finished() {
        let asked = Instant::now();
        timeout(Duration::from_secs(2), engine.facts()).await.expect("held up by another host").unwrap();
        tokio::time::sleep(Duration::from_millis(100).saturating_sub(asked.elapsed())).await;
    }
    let error = waiting.await.unwrap().expect("a host that stands still let us in");
    let took = began.elapsed().as_secs();
    assert!((12..=20).contains(&took), "given up after {took} s: {error}");
}

#[tokio::test]
async fn a_host_that_accepts_and_never_answers_is_given_up_after_its_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    let port = listener.local_addr().unwrap().port();
    fs::write(&file, format!("Host web1\n HostName 127.0.0.1\n Port {port}\n ConnectTimeout 2\n")).unwrap();
    let began = Instant::now();
    let error = failure(&connector(file), "web1").await;
    assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
    assert!(error.to_string().contains("2 s"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// A filter drops what one sends: as a listener does whose queue is full.
#[tokio::test]
async fn a_host_behind_a_filter_is_given_up_after_its_timeout() {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    let full = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&full, &std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&full, 0).unwrap();
    let address = std::net::SocketAddr::try_from(getsockname(&full).unwrap()).unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queued.push(stream);
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    let port = address.port();
    fs::write(&file, format!("Host web1\n HostName 127.0.0.1\n Port {port}\n ConnectTimeout 2\n")).unwrap();
    let began = Instant::now();
    let error = failure(&connector(file), "web1").await;
    assert!(matches!(error, ConnectError::Tcp { .. }), "{error}");
    assert!(
        error.to_string().contains("no answer within 2 s; is it off, or does a filter drop it?"),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn over_a_slow_line_a_question_is_answered_beside_a_flood() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let name = project.run("flood", &[], "yes 0123456789012345678901234567890123456789");
    let sshd = Sshd::start();
    let wire = Wire::to(sshd.port);
    wire.slow(Duration::from_millis(100), 1_000_000);
    let host = host_behind(&sshd, &wire);
    let began = Instant::now();
    host.connected().await.unwrap();
    let connected = began.elapsed();
    let mut flood = host.dial().await.unwrap();
    let request = format!("GET /containers/{name}/logs?stdout=1&follow=1 HTTP/1.0\r\n\r\n");
    flood.write_all(request.as_bytes()).await.unwrap();
    let flooding = tokio::spawn(async move { tokio::io::copy(&mut flood, &mut tokio::io::sink()).await });
    let mut worst = Duration::ZERO;
    for _ in 0..5 {
        let asked = Instant::now();
        let mut stream = host.dial().await.unwrap();
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("OK"), "{answer}");
        worst = worst.max(asked.elapsed());
    }
    assert!(!flooding.is_finished(), "the flood ended");
    flooding.abort();
    println!("200 ms and 1 MB/s: connected in {connected:?}, worst answer beside a flood {worst:?}");
    assert!(worst < Duration::from_secs(4), "{worst:?}");
}

#[tokio::test]
async fn sixty_streams_find_room_where_each_costs_a_session() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start_with("AllowStreamLocalForwarding no\nMaxSessions 10\nMaxStartups 5");
    let host = SshHost::new(to("web1"), None, connector(sshd.config("web1", "")));
    let mut open = Vec::new();
    for _ in 0..60 {
        let mut stream = host.dial().await.unwrap();
        stream.write_all(b"GET /events HTTP/1.1\r\nHost: docker\r\n\r\n").await.unwrap();
        open.push(stream);
    }
    assert_eq!(host.way_in(), Some(WayIn::DialStdio));
    for stream in &mut open {
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
    // Files and figures have their places still.
    assert_eq!(host.run("echo still", b"").await.unwrap().output, b"still\n");
    let dialled = dials(&sshd);
    assert_eq!(dialled, 60);
    drop(open);
    let ended = async {
        while dials(&sshd) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(15), ended).await.expect("commands are left behind on the host");
}

/// Commands that join a stream to the engine, below that sshd.
fn dials(sshd: &Sshd) -> usize {
    let is_dial = |pid: &&u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.starts_with(b"docker\0")
    };
    sshd.serving().iter().filter(is_dial).count()
}

#[tokio::test]
async fn many_hosts_behind_one_gate_never_overrun_its_logins() {
    // Drops every login above eight that is not over; its own count of them lags behind.
    let gate = Sshd::start_with("MaxStartups 8");
    let inner = Sshd::start();
    let mut blocks = vec![fs::read_to_string(gate.config("gate", "")).unwrap()];
    for number in 0..20 {
        let config = inner.config(&format!("h{number}"), "ProxyJump gate");
        blocks.push(fs::read_to_string(config).unwrap());
    }
    let file = gate.dir.path().join("config");
    fs::write(&file, blocks.join("\n")).unwrap();
    let all = (0..20).map(|number| {
        let connector = connector(file.clone());
        async move {
            connector.connect(&to(&format!("h{number}"))).await.map(|c| c.link).map_err(|e| e.to_string())
        }
    });
    for one in futures_util::future::join_all(all).await {
        assert!(one.is_ok(), "{:?}", one.err());
    }
    let log = fs::read_to_string(gate.file("log")).unwrap();
    assert!(!log.contains("drop connection") && !log.contains("past MaxStartups"), "{log}");
}
