//! Hosts over SSH, beside what everybody has today: `docker -H ssh://…` and `ssh HOST docker …`; the floor is the same
//! by the local socket. The host is this machine behind an sshd of the benchmark's own; its engine is the benchmark's.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
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
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::Form;
use super::answers::selection_times;
use super::consoles::{self, SIZE};
use super::engine::{Engine, FLAT_OUT};
use super::figures::{memory_mb, processor_ns, seconds_between, tree};
use super::measures::{PATIENCE, attempt, end, ms};
use super::table::{FLOOR, Table};
use crate::pty::{Launch, Terminal, pilothouse};
use crate::sshd::{Sshd, run};
use crate::wire::Wire;

const OURS: &str = "pilothouse";
const THEIRS: &str = "docker, ssh";
/// Containers that are listed.
const LISTED: usize = 20;
/// Containers whose logs are read, and whose usage is shown, at once.
const STREAMS: usize = 30;
const FLOODS: usize = 4;
const PINGS: usize = 300;
/// Until streams run evenly.
const SETTLE: Duration = Duration::from_secs(5);
/// A line of 100 bytes.
const FILLING: &str =
    "of a long log, with some text to fill it up to one hundred bytes, as lines of logs are";

struct Host<'a> {
    engine: &'a Engine,
    form: &'a Form,
    sshd: Sshd,
    home: tempfile::TempDir,
    table: Table,
}

/// All of it, as one table.
pub fn table(engine: &Engine, form: &Form) -> Table {
    engine.clear();
    // Whoever comes in finds the benchmark's engine, not the machine's.
    let sshd = Sshd::start_with(&format!("SetEnv DOCKER_HOST={}", engine.socket));
    let home = tempfile::tempdir().unwrap();
    let config = sshd.config("bench", "");
    // The docker client takes whatever `ssh` is on its path.
    let wrapper = home.path().join("ssh");
    fs::write(&wrapper, format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", config.display())).unwrap();
    run("chmod", &["755", wrapper.to_str().unwrap()]);
    let mut host = Host { engine, form, sshd, home, table: Table::new([OURS, THEIRS]) };
    engine.fleet(LISTED);
    attempt(|| host.lists());
    attempt(|| host.reconnects());
    attempt(|| host.keys());
    engine.clear();
    attempt(|| host.streams());
    engine.clear();
    attempt(|| host.long_log());
    engine.clear();
    attempt(|| host.pings());
    engine.clear();
    host.table
}

impl Host<'_> {
    fn socket(&self) -> &str {
        self.engine.socket.trim_start_matches("unix://")
    }

    fn address(&self) -> String {
        format!("ssh://bench{}", self.socket())
    }

    fn config(&self) -> String {
        self.sshd.file("config-bench")
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command.args(args).env("PATH", format!("{}:{path}", self.home.path().display())).stdin(Stdio::null());
        command
    }

    fn program() -> String {
        let program = std::env::var_os("BENCH_PROGRAM").map_or_else(pilothouse, PathBuf::from);
        program.to_str().unwrap().to_owned()
    }

    fn console(&self, address: &str) -> Terminal {
        let args = ["--host", address, "--ssh-config", &self.config()].map(str::to_owned);
        Launch::program(Self::program(), args).size(SIZE.0, SIZE.1).start()
    }

    /// From nothing to the complete list: by a command, and on the screen.
    fn lists(&mut self) {
        let listed = format!(r"\b{LISTED} of {LISTED}\b");
        for _ in 0..self.form.restores.max(3) {
            let row = "complete list, by a command, ms";
            let ours = ["--ssh-config", &self.config(), "--host", &self.address(), "containers", "--json"];
            self.table.add(row, OURS, time(self.command(&Self::program(), &ours)));
            self.table.add(row, THEIRS, time(self.command("docker", &["-H", "ssh://bench", "ps", "-a"])));
            self.table.add(
                row,
                FLOOR,
                time(self.command("docker", &["-H", &self.engine.socket, "ps", "-a"])),
            );
            let row = "complete list, on the screen, ms";
            for (column, address) in [(OURS, self.address()), (FLOOR, self.engine.socket.clone())] {
                let terminal = self.console(&address);
                let (_, began) = terminal.process();
                self.table.add(row, column, ms(began, terminal.until(&listed, PATIENCE)));
                end(&terminal);
            }
        }
    }

    /// The connection stands still without a word: until that is seen, and until the rows live again.
    fn reconnects(&mut self) {
        let terminal = self.console(&self.address());
        terminal.until(&format!(r"\b{LISTED} of {LISTED}\b"), PATIENCE);
        sleep(SETTLE);
        let held = self.sshd.serving();
        for pid in &held {
            signal(*pid, Signal::STOP);
        }
        // Its own pane, wide enough for a sentence on one line.
        terminal.keys("a z");
        let began = Instant::now();
        let noticed = terminal.until("lost:", 2 * PATIENCE);
        self.table.add("black hole: noticed after, ms", OURS, ms(began, noticed));
        // By itself after one second.
        terminal.keys("C-r");
        let began = Instant::now();
        let back = terminal.until("answers again", PATIENCE);
        self.table.add("black hole: key to connected again, ms", OURS, ms(began, back));
        end(&terminal);
        for pid in &held {
            signal(*pid, Signal::CONT);
        }
    }

    /// A key on the list of three hosts, of which one is dead and one far away, against one on the list of this machine.
    fn keys(&mut self) {
        let wire = Wire::to(self.sshd.port);
        wire.slow(Duration::from_millis(100), 0);
        // Takes connections and never answers.
        let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = fs::read_to_string(self.config()).unwrap();
        let block = |name: &str, port: u16| {
            let text = near.replace("Host bench", &format!("Host {name}"));
            let alias = format!("[127.0.0.1]:{}", self.sshd.port);
            text.replace(&format!("Port {}", self.sshd.port), &format!("Port {port}\n  HostKeyAlias {alias}"))
        };
        let config = self.home.path().join("config-three");
        let blocks =
            [near.clone(), block("far", wire.port), block("dead", dead.local_addr().unwrap().port())];
        fs::write(&config, blocks.join("\n")).unwrap();
        let file = self.home.path().join("three.toml");
        let hosts = ["bench", "far", "dead"].map(|name| format!("\"ssh://{name}{}\"", self.socket()));
        let text = format!(
            "default_environment = \"three\"\n[environments.three]\nhosts = [{}]\n",
            hosts.join(", ")
        );
        fs::write(&file, text).unwrap();
        let ours = &consoles::all()[0];
        let mut measure = |terminal: Terminal, column: &'static str, count: usize| {
            terminal.until(&format!(r"\b{count} of {count}\b"), 2 * PATIENCE);
            sleep(SETTLE);
            let times = selection_times(&terminal, ours, 2 * self.form.keys);
            self.table.add(
                "key to the selection moved, three hosts, p50, ms",
                column,
                percentile(&times, 0.5),
            );
            self.table.add(
                "key to the selection moved, three hosts, p95, ms",
                column,
                percentile(&times, 0.95),
            );
            end(&terminal);
        };
        for _ in 0..self.form.rounds {
            let args = ["--config", file.to_str().unwrap(), "--ssh-config", config.to_str().unwrap()];
            let three = Launch::program(Self::program(), args.map(str::to_owned)).size(SIZE.0, SIZE.1);
            measure(three.start(), OURS, 2 * LISTED);
            let local = Launch::program(Self::program(), ["--host".to_owned(), self.engine.socket.clone()]);
            measure(local.size(SIZE.0, SIZE.1).start(), FLOOR, LISTED);
        }
    }

    /// Thirty logs in one view, ten lines a second each, and the usage of all their containers.
    fn streams(&mut self) {
        for number in 0..STREAMS {
            let name = format!("talk-{number:02}");
            self.engine.run(&name, &[], "i=0; while true; do echo line $i; i=$((i+1)); usleep 100000; done");
        }
        for _ in 0..self.form.rounds {
            for (column, address) in [(OURS, self.address()), (FLOOR, self.engine.socket.clone())] {
                let terminal = self.console(&address);
                let (pid, _) = terminal.process();
                terminal.until(&format!(r"\b{STREAMS} of {STREAMS}\b"), PATIENCE);
                for _ in 0..STREAMS {
                    terminal.keys("Space Down");
                }
                terminal.keys("t");
                sleep(2 * SETTLE);
                let (before, began) = (processor_ns(&tree(pid)), Instant::now());
                let served = processor_ns(&self.serving());
                sleep(self.form.idle);
                let took = began.elapsed().as_secs_f64();
                let used = seconds_between(&before, &processor_ns(&tree(pid))) / took * 100.0;
                let add = |table: &mut Table, what: &str, value| {
                    table.add(&format!("30 logs and 30 usages: {what}"), column, value);
                };
                add(&mut self.table, "console CPU, %", used);
                add(&mut self.table, "console memory, MB", memory_mb(pid, "VmRSS"));
                if column == OURS {
                    let used = seconds_between(&served, &processor_ns(&self.serving())) / took * 100.0;
                    add(&mut self.table, "sshd CPU, %", used);
                    add(&mut self.table, "processes on the host", self.sshd.serving().len() as f64);
                    add(&mut self.table, "SSH connections", connections(&self.sshd) as f64);
                }
                end(&terminal);
            }
        }
    }

    fn serving(&self) -> Vec<i32> {
        self.sshd.serving().into_iter().filter_map(|pid| pid.try_into().ok()).collect()
    }

    /// A log of a hundred bytes a line, read to its end.
    fn long_log(&mut self) {
        let lines = self.form.big_lines;
        let script = format!(
            "awk 'BEGIN {{ for (i = 1; i <= {lines}; i++) printf \"%07d {FILLING}\\n\", i }}'; sleep 86400"
        );
        self.engine.run("long", &[], &script);
        let newest = format!("{lines:07} of a long log");
        let deadline = Instant::now() + 6 * PATIENCE;
        while !self.engine.ask(&["logs", "--tail", "1", "long"]).contains(&newest) {
            assert!(Instant::now() < deadline, "the long log was not written in time");
        }
        let row = format!("log of {lines} lines of 100 bytes, ms");
        for _ in 0..self.form.rounds {
            let ours = ["--ssh-config", &self.config(), "--host", &self.address(), "logs", "--raw", "long"];
            self.table.add(&row, OURS, time(self.command(&Self::program(), &ours)));
            self.table.add(&row, THEIRS, time(self.command("ssh", &["bench", "docker", "logs", "long"])));
            self.table.add(
                &row,
                FLOOR,
                time(self.command("docker", &["-H", &self.engine.socket, "logs", "long"])),
            );
        }
    }

    /// `GET /_ping` while four containers log as fast as they can and all of it is read.
    fn pings(&mut self) {
        let names: Vec<_> = (0..FLOODS).map(|number| format!("flood-{number}")).collect();
        for name in &names {
            self.engine.run(name, &[], FLAT_OUT);
        }
        let connector = Connector {
            local: Local { home: "/nonexistent".into(), user: "bench".into(), agent: None },
            config: Some(self.config().into()),
            identity: None,
            patience: Patience::default(),
            prompter: Arc::new(Nobody),
        };
        let workers =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let socket = self.socket().to_owned();
        let (mut over_ssh, mut local) = (Vec::new(), Vec::new());
        workers.block_on(async {
            let to = Destination::parse("bench").unwrap();
            let ssh = Arc::new(SshHost::new(to, Some(socket.clone()), connector));
            let engine = DockerEngine::over_ssh(HostId::new("bench"), Arc::clone(&ssh));
            let readers = read_all(engine, &names).await;
            tokio::time::sleep(SETTLE).await;
            for _ in 0..PINGS {
                let began = Instant::now();
                ping(ssh.dial().await.unwrap()).await;
                over_ssh.push(ms(began, Instant::now()));
            }
            readers.iter().for_each(tokio::task::JoinHandle::abort);
            let here = DockerEngine::new(HostId::new("here"), &Address::Unix(socket.clone().into()));
            let readers = read_all(here, &names).await;
            tokio::time::sleep(SETTLE).await;
            for _ in 0..PINGS {
                let began = Instant::now();
                ping(UnixStream::connect(&socket).await.unwrap()).await;
                local.push(ms(began, Instant::now()));
            }
            readers.iter().for_each(tokio::task::JoinHandle::abort);
        });
        workers.shutdown_background();
        for (row, share) in [("p50", 0.5), ("p99", 0.99)] {
            let row = format!("GET /_ping beside {FLOODS} log floods, {row}, ms");
            self.table.add(&row, OURS, percentile(&over_ssh, share));
            self.table.add(&row, FLOOR, percentile(&local, share));
        }
    }
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

/// How long a command takes to its end; what it prints is read and thrown away.
fn time(mut command: Command) -> f64 {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success(), "{command:?} failed");
    ms(began, Instant::now())
}

/// The listener's own children: with privileges separated each connection has one, and that one may have another.
fn connections(sshd: &Sshd) -> usize {
    let pid = sshd.pid();
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .count()
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Gone meanwhile.
        let _ = kill_process(pid, signal);
    }
}

fn percentile(times: &[f64], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(((times.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}
