//! One connection for everything: the engine over it, commands, many streams, cuts and silence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pilothouse::adapters::ssh::driver::Patience;
use pilothouse::adapters::ssh::host::{SshHost, WayIn};
use pilothouse::adapters::ssh::link::Door;
use pilothouse::ports::pace::Pace as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{connector, to};
use crate::engine::{self, SOCKET};
use crate::sshd::Sshd;

fn host(sshd: &Sshd, socket: Option<&str>) -> SshHost {
    SshHost::new(to("web1"), socket.map(str::to_owned), connector(sshd.config("web1", "")))
}

/// One HTTP request over a stream of the host's engine.
async fn ping(host: &SshHost) -> String {
    let mut stream = host.dial().await.unwrap();
    stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_engine_answers_through_the_hosts_socket() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let host = host(&sshd, None);
    assert!(ping(&host).await.contains("OK"));
    assert_eq!(host.way_in(), Some(WayIn::Socket(SOCKET.to_owned())));
}

#[tokio::test]
async fn where_sockets_are_forbidden_docker_itself_is_the_way() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start_with("AllowStreamLocalForwarding no");
    let host = Arc::new(host(&sshd, None));
    assert!(ping(&host).await.contains("OK"));
    assert_eq!(host.way_in(), Some(WayIn::DialStdio));
    // More at once than sshd allows sessions: the rest waits its turn.
    let all: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let host = Arc::clone(&host);
                async move { ping(&host).await }
            })
        })
        .collect();
    for one in all {
        assert!(one.await.unwrap().contains("OK"));
    }
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named_with_what_to_do() {
    let sshd = Sshd::start();
    let error = host(&sshd, Some("/nonexistent/engine.sock")).dial().await.err().unwrap().to_string();
    assert!(error.contains("no engine answers at /nonexistent/engine.sock"), "{error}");
}

#[tokio::test]
async fn commands_give_their_output_errors_and_status() {
    let sshd = Sshd::start();
    let host = host(&sshd, None);
    let said = host.run("cat; echo no >&2; exit 42", b"hello").await.unwrap();
    assert_eq!(
        (said.status, said.output.as_slice(), said.errors.as_slice()),
        (Some(42), &b"hello"[..], &b"no\n"[..])
    );
    let said = host.run("kill -9 $$", b"").await.unwrap();
    // As shells say it: 128 and the signal.
    assert_eq!(said.status, Some(137));
}

#[tokio::test]
async fn login_scripts_that_print_are_passed_over() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start_with("AllowStreamLocalForwarding no\nPermitUserEnvironment yes");
    // bash reads this for a command too, as it reads .bashrc below sshd.
    let noise = sshd.file("noise");
    std::fs::write(&noise, "echo Welcome to the machine; echo HTTP/1.1 500 no >&2\n\n").unwrap();
    let keys = std::fs::read_to_string(sshd.file("authorized_keys")).unwrap();
    let command = format!("command=\". {noise}; eval \\\"$SSH_ORIGINAL_COMMAND\\\"\" {keys}");
    std::fs::write(sshd.file("authorized_keys"), command).unwrap();
    let host = host(&sshd, None);
    let said = host.run("echo out; echo err >&2", b"").await.unwrap();
    assert_eq!((said.output.as_slice(), said.errors.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    assert!(ping(&host).await.starts_with("HTTP/1.0 200"), "noise came through");
    assert_eq!(host.way_in(), Some(WayIn::DialStdio));
}

#[tokio::test]
async fn a_command_ends_when_whoever_ran_it_leaves() {
    let sshd = Sshd::start();
    let host = Arc::new(host(&sshd, None));
    let pid_file = sshd.file("pid-of-command");
    let line = format!("echo $$ > {pid_file}; sleep 1000 & wait");
    let running = tokio::spawn({
        let (host, line) = (Arc::clone(&host), line.clone());
        async move { host.run(&line, b"").await }
    });
    let pid = loop {
        match std::fs::read_to_string(&pid_file).unwrap_or_default().trim().parse::<u32>() {
            Ok(pid) => break pid,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let is_there = || std::path::Path::new(&format!("/proc/{pid}")).exists();
    assert!(is_there());
    running.abort();
    let gone = async {
        while is_there() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the command lives on");
}

#[tokio::test]
async fn sixty_streams_share_one_connection_and_none_is_refused() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let host = host(&sshd, None);
    let mut open = Vec::new();
    for _ in 0..60 {
        open.push(host.dial().await.unwrap());
    }
    for one in &mut open {
        one.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").await.unwrap();
    }
    for mut one in open {
        let mut answer = Vec::new();
        one.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(b"OK"));
    }
    assert!(host.run("echo still", b"").await.is_ok());
    let log = std::fs::read_to_string(sshd.file("log")).unwrap();
    assert!(log.matches("Accepted publickey").count() <= 1, "{log}");
}

#[tokio::test]
async fn large_answers_come_whole_beside_one_that_nobody_reads() {
    let sshd = Sshd::start();
    let connected = connector(sshd.config("web1", "")).connect(&to("web1")).await.unwrap();
    let stalled = connected.link.open(Door::Exec("yes stalled".into(), None)).await.unwrap();
    let opened = connected.link.open(Door::Exec("head -c 20000000 /dev/zero".into(), None)).await.unwrap();
    let mut all = Vec::new();
    let (mut stream, status) = (opened.stream, opened.status.unwrap());
    stream.read_to_end(&mut all).await.unwrap();
    assert_eq!((all.len(), status.await.unwrap()), (20_000_000, Some(0)));
    drop(stalled);
    assert!(connected.link.round_trip().await.is_ok());
}

#[tokio::test]
async fn a_command_that_fails_at_once_ends_its_stream_though_nobody_reads_its_errors() {
    let sshd = Sshd::start();
    let connected = connector(sshd.config("web1", "")).connect(&to("web1")).await.unwrap();
    for command in
        ["echo no >&2; exit 1", "exec >&-; echo no >&2; exit 1", "head -c 100000 /dev/zero >&2; exit 1"]
    {
        let mut stream = connected.link.open(Door::Exec(command.into(), None)).await.unwrap().stream;
        // The command may be gone already.
        let _ = stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").await;
        let mut all = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all)).await;
        assert!(end.is_ok(), "`{command}` never ended");
    }
}

#[tokio::test]
async fn a_killed_connection_ends_its_streams_at_once_and_the_next_use_makes_a_new_one() {
    let sshd = Sshd::start();
    let host = host(&sshd, None);
    let first = host.connected().await.unwrap();
    let mut opened = first.link.open(Door::Exec("cat".into(), None)).await.unwrap();
    for pid in sshd.serving() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    let mut rest = Vec::new();
    let began = Instant::now();
    let _ = opened.stream.read_to_end(&mut rest).await;
    first.link.ended().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // Not at once: who asks before its time is told why.
    let refused = host.connected().await.err().expect("tried without a pause").to_string();
    assert!(refused.contains("the SSH connection broke"), "{refused}");
    tokio::time::sleep_until(host.next_try().expect("it is tried again").into()).await;
    assert!(host.connected().await.is_ok());
    assert!(host.run("true", b"").await.is_ok());
}

#[tokio::test]
async fn a_host_that_falls_silent_is_given_up_after_the_patience_for_it() {
    let sshd = Sshd::start();
    let mut connector = connector(sshd.config("web1", ""));
    connector.patience = Patience { ask_after: Duration::from_secs(1), gone_after: Duration::from_secs(3) };
    let connected = connector.connect(&to("web1")).await.unwrap();
    // Quiet is not gone: the question is answered.
    let quiet = tokio::time::timeout(Duration::from_secs(5), connected.link.ended()).await;
    assert!(quiet.is_err(), "given up although it answers");
    let mut stream = connected.link.open(Door::Exec("sleep 1000".into(), None)).await.unwrap().stream;
    let stopped: Vec<_> =
        sshd.serving().into_iter().filter_map(|p| rustix::process::Pid::from_raw(p as i32)).collect();
    for pid in &stopped {
        rustix::process::kill_process(*pid, rustix::process::Signal::STOP).unwrap();
    }
    let began = Instant::now();
    tokio::time::timeout(Duration::from_secs(8), connected.link.ended()).await.expect("never given up");
    // Counted from when it was last heard: at most a question and a look before it was stopped.
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let error = stream.read(&mut [0]).await.unwrap_err().to_string();
    assert!(error.contains("nothing heard for 3 s"), "{error}");
}
