//! `GET /_ping` beside floods of logs: over SSH on loopback, over a slow link, and by the local socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use pilothouse::adapters::docker::DockerEngine;
use pilothouse::adapters::ssh::connect::Connector;
use pilothouse::adapters::ssh::destination::Destination;
use pilothouse::adapters::ssh::driver::Patience;
use pilothouse::adapters::ssh::host::SshHost;
use pilothouse::adapters::ssh::settings::Local;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{ContainerId, HostId};
use pilothouse::ports::engine::{Engine as _, LogRequest};
use pilothouse::ports::prompt::Nobody;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::{Host, OURS, SETTLE, percentile};
use crate::bench::engine::FLAT_OUT;
use crate::bench::measures::ms;
use crate::bench::table::FLOOR;
use crate::wire::Wire;

const FLOODS: usize = 4;
const PINGS: usize = 300;
/// No way is pinged for longer, however few it were.
const PINGED: Duration = Duration::from_secs(12);
/// One that has no answer by then never has.
const ANSWERED: Duration = Duration::from_secs(10);

impl Host<'_> {
    /// `GET /_ping` while four containers log as fast as they can and all of it is read.
    pub fn pings(&mut self) {
        let names: Vec<_> = (0..FLOODS).map(|number| format!("flood-{number}")).collect();
        for name in &names {
            self.engine.run(name, &[], FLAT_OUT);
        }
        let narrow = Wire::to(self.sshd.port);
        narrow.slow(Duration::from_millis(10), 2_000_000);
        let args = self.environment(
            "wires",
            &[("bench".to_owned(), self.sshd.port), ("narrow".to_owned(), narrow.port)],
        );
        let workers =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let socket = self.socket().to_owned();
        let over_ssh = |name: &str| {
            let connector = Connector {
                local: Local {
                    home: "/nonexistent".into(),
                    user: "bench".into(),
                    agent: None,
                    ..Local::default()
                },
                config: Some(args[3].clone().into()),
                identity: None,
                patience: Patience::default(),
                prompter: Arc::new(Nobody),
            };
            let to = Destination::parse(name).unwrap();
            let ssh = Arc::new(SshHost::new(to, Some(socket.clone()), connector));
            let engine = DockerEngine::over_ssh(HostId::new(name), Arc::clone(&ssh));
            workers.block_on(beside_floods(engine, &names, async || ssh.dial().await.unwrap()))
        };
        let (near, far) = (over_ssh("bench"), over_ssh("narrow"));
        let here = DockerEngine::new(HostId::new("here"), &Address::Unix(socket.clone().into()));
        let connect = async || UnixStream::connect(&socket).await.unwrap();
        let local = workers.block_on(beside_floods(here, &names, connect));
        workers.shutdown_background();
        for name in &names {
            self.engine.ask(&["rm", "-f", name]);
        }
        for (row, share) in [("p50", 0.5), ("p99", 0.99)] {
            let beside = format!("GET /_ping beside {FLOODS} log floods");
            let (loopback, wire) =
                (format!("{beside}, {row}, ms"), format!("{beside}, 2 MB/s, 20 ms, {row}, ms"));
            self.table.add(&loopback, OURS, percentile(&near, share));
            self.table.add(&loopback, FLOOR, percentile(&local, share));
            self.table.add(&wire, OURS, percentile(&far, share));
        }
    }
}

/// What pings take while the logs of these containers are read and thrown away, ms.
async fn beside_floods<W: AsyncRead + AsyncWrite + Unpin>(
    engine: DockerEngine,
    names: &[String],
    connect: impl AsyncFn() -> W,
) -> Vec<f64> {
    let readers = read_all(engine, names).await;
    tokio::time::sleep(SETTLE).await;
    let mut times = Vec::new();
    let end = Instant::now() + PINGED;
    while times.len() < PINGS && Instant::now() < end {
        let began = Instant::now();
        let answer = async { ping(connect().await).await };
        let is_answered = tokio::time::timeout(ANSWERED, answer).await.is_ok();
        times.push(if is_answered { ms(began, Instant::now()) } else { f64::INFINITY });
    }
    readers.iter().for_each(tokio::task::JoinHandle::abort);
    times
}

/// Reads the logs of these containers and throws them away, for as long as its tasks live.
async fn read_all(engine: DockerEngine, names: &[String]) -> Vec<tokio::task::JoinHandle<()>> {
    let request = LogRequest { tail: Some(0), follow: true, ..LogRequest::default() };
    let mut readers = Vec::new();
    for name in names {
        let mut lines = engine.logs(&ContainerId::new(name.as_str()), request).await.unwrap();
        readers.push(tokio::spawn(async move { while lines.next().await.is_some() {} }));
    }
    readers
}

async fn ping(mut wire: impl AsyncRead + AsyncWrite + Unpin) {
    wire.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    wire.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"OK"), "{}", String::from_utf8_lossy(&answer));
}
