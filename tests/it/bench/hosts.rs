//! Hosts over SSH, beside what everybody has today: `docker -H ssh://…` and `ssh HOST docker …`; the floor is the same
//! by the local socket. The host is this machine behind an sshd of the benchmark's own; its engine is the benchmark's.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Form;
use super::answers::selection_times;
use super::consoles::{self, SIZE};
use super::engine::{AGED, Engine};
use super::figures::{memory_mb, processor_ns, seconds_between, tree};
use super::measures::{PATIENCE, attempt, end, ms};
use super::table::{FLOOR, Table};
use crate::pty::{Launch, Terminal, pilothouse};
use crate::sshd::{Sshd, run};
use crate::wire::Wire;

mod pings;

const OURS: &str = "pilothouse";
const THEIRS: &str = "docker, ssh";
/// Containers that are listed.
const LISTED: usize = 20;
/// Hosts in one environment.
const HOSTS: usize = 50;
/// Containers whose logs are read, and whose usage is shown, at once.
const STREAMS: usize = 30;
/// Until streams run evenly.
const SETTLE: Duration = Duration::from_secs(5);
/// Lines that go through a narrow link: 20 MB, ten seconds.
const NARROW_LINES: u64 = 200_000;
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
    type Part<'a> = fn(&mut Host<'a>);
    // What counts no ages first: meanwhile the idle ones grow old.
    let parts: [(&str, usize, Part<'_>); 7] = [
        ("log", 0, Host::long_log),
        ("pings", 0, Host::pings),
        ("lists", LISTED, Host::lists),
        ("reconnects", LISTED, Host::reconnects),
        ("keys", LISTED, Host::keys),
        ("hosts", 1, Host::many),
        ("streams", 0, Host::streams),
    ];
    let wanted = std::env::var("BENCH_SSH").unwrap_or_default();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.split(',').any(|one| one == name);
    let parts: Vec<_> = parts.into_iter().filter(|(name, ..)| is_wanted(name)).collect();
    engine.fill(parts.iter().map(|(_, containers, _)| *containers).max().unwrap_or(0));
    let (began, filled) = (Instant::now(), Instant::now());
    for (name, containers, part) in parts {
        if containers > 0 {
            engine.keep(containers);
            sleep(AGED.saturating_sub(filled.elapsed()));
        } else if name == "streams" {
            engine.clear();
        }
        eprintln!("-- ssh: {name}, {} s after the start", began.elapsed().as_secs());
        let first = host.table.len();
        attempt(|| part(&mut host));
        host.table.print_from(first);
    }
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

    /// This sshd under another name and at another port, in the words of OpenSSH.
    fn block(&self, name: &str, port: u16) -> String {
        let near = fs::read_to_string(self.config()).unwrap();
        let alias = format!("[127.0.0.1]:{}", self.sshd.port);
        let text = near.replace("Host bench", &format!("Host {name}"));
        text.replace(&format!("Port {}", self.sshd.port), &format!("Port {port}\n  HostKeyAlias {alias}"))
    }

    /// The options that open an environment of these names and ports of this sshd.
    fn environment(&self, name: &str, hosts: &[(String, u16)]) -> [String; 4] {
        let config = self.home.path().join(format!("config-{name}"));
        let blocks: Vec<_> = hosts.iter().map(|(host, port)| self.block(host, *port)).collect();
        fs::write(&config, blocks.join("\n")).unwrap();
        let file = self.home.path().join(format!("{name}.toml"));
        let list: Vec<_> =
            hosts.iter().map(|(host, _)| format!("\"ssh://{host}{}\"", self.socket())).collect();
        let head = format!("default_environment = \"{name}\"\n[environments.{name}]\n");
        fs::write(&file, format!("{head}hosts = [{}]\n", list.join(", "))).unwrap();
        ["--config", file.to_str().unwrap(), "--ssh-config", config.to_str().unwrap()].map(str::to_owned)
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
        let dead_port = dead.local_addr().unwrap().port();
        let args = self.environment(
            "three",
            &[
                ("bench".to_owned(), self.sshd.port),
                ("far".to_owned(), wire.port),
                ("dead".to_owned(), dead_port),
            ],
        );
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
            let three = Launch::program(Self::program(), args.clone()).size(SIZE.0, SIZE.1);
            measure(three.start(), OURS, 2 * LISTED);
            let local = Launch::program(Self::program(), ["--host".to_owned(), self.engine.socket.clone()]);
            measure(local.size(SIZE.0, SIZE.1).start(), FLOOR, LISTED);
        }
    }

    /// Many hosts in one environment: until all are up, and what they cost when nothing happens.
    fn many(&mut self) {
        let hosts: Vec<_> = (0..HOSTS).map(|number| (format!("host-{number:02}"), self.sshd.port)).collect();
        let args = self.environment("many", &hosts);
        for _ in 0..self.form.rounds {
            let terminal = Launch::program(Self::program(), args.clone()).size(SIZE.0, SIZE.1).start();
            let (pid, began) = terminal.process();
            let all = terminal.until(&format!(r"\b{HOSTS} of {HOSTS}\b"), PATIENCE);
            sleep(SETTLE);
            let (before, since) = (processor_ns(&tree(pid)), Instant::now());
            sleep(self.form.idle);
            let used = seconds_between(&before, &processor_ns(&tree(pid))) / since.elapsed().as_secs_f64();
            let mut add = |what: &str, value| self.table.add(&format!("{HOSTS} hosts: {what}"), OURS, value);
            add("all connected and listed, ms", ms(began, all));
            add("console CPU idle, %", used * 100.0);
            add("console memory, MB", memory_mb(pid, "VmRSS"));
            end(&terminal);
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
        self.narrow_log();
        self.engine.ask(&["rm", "-f", "long"]);
    }

    /// Its end through a link of 2 MB/s and 20 ms there and back.
    fn narrow_log(&mut self) {
        let wire = Wire::to(self.sshd.port);
        wire.slow(Duration::from_millis(10), 2_000_000);
        let [.., config] = self.environment("log", &[("narrow".to_owned(), wire.port)]);
        let (tail, host) = (NARROW_LINES.to_string(), format!("ssh://narrow{}", self.socket()));
        let row = format!("log of {tail} lines of 100 bytes, 2 MB/s, 20 ms, ms");
        let ours = ["--ssh-config", &config, "--host", &host, "logs", "--raw", "--tail", &tail, "long"];
        self.table.add(&row, OURS, time(self.command(&Self::program(), &ours)));
        let theirs = ["-F", &config, "narrow", "docker", "logs", "--tail", &tail, "long"];
        self.table.add(&row, THEIRS, time(self.command("/usr/bin/ssh", &theirs)));
    }
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
