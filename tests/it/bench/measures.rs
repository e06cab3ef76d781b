//! What is measured, each on every program in turn, the order turned round between rounds.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::Form;
use super::answers::{behind_ms, help_times, newest_in, selection_times};
use super::consoles::{self, Console};
use super::engine::Engine;
use super::figures::{memory_mb, open_files, processor_ns, seconds_between, tree};
use super::table::{FLOOR, Table, spread};
use crate::pty::Terminal;

const LONG: Duration = Duration::from_secs(60);
/// What does not come in this time never comes.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Starts in a round.
const STARTS: usize = 3;
const SETTLE: Duration = Duration::from_secs(4);

/// The programs, the engine and the figures so far.
pub struct Bench<'a> {
    pub engine: &'a Engine,
    pub table: Table,
    form: &'a Form,
    consoles: Vec<Console>,
}

pub fn ms(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1e3
}

/// Runs `of`; a wait in it that fails does not end the run.
pub fn attempt<T>(of: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(of)).ok()
}

/// Adds the time from `began` to what `reached` waits for.
fn add_time(
    table: &mut Table,
    row: &str,
    console: &Console,
    began: Instant,
    reached: impl FnOnce() -> Instant,
) -> Option<Instant> {
    let at = attempt(reached);
    table.add(row, console.name, at.map_or(f64::INFINITY, |at| ms(began, at)));
    at
}

pub fn end(terminal: &Terminal) {
    terminal.signal(Signal::KILL);
    attempt(|| terminal.wait_exit(PATIENCE));
}

impl<'a> Bench<'a> {
    pub fn new(engine: &'a Engine, form: &'a Form) -> Self {
        let consoles = consoles::all();
        Self { engine, form, table: Table::new(consoles.iter().map(|c| c.name)), consoles }
    }

    /// Each program in turn, the first another one in each round.
    fn rounds(&mut self, mut measure: impl FnMut(&Engine, &Form, &mut Table, &Console)) {
        for round in 0..self.form.rounds {
            for turn in 0..self.consoles.len() {
                let console = &self.consoles[(turn + round) % self.consoles.len()];
                measure(self.engine, self.form, &mut self.table, console);
            }
        }
    }

    /// From the start of the process to its first and to its complete screen.
    pub fn start(&mut self, count: usize) {
        let complete = format!("complete list of {count}, ms");
        for _ in 0..STARTS {
            self.rounds(|engine, _, table, console| {
                if console.is_ours() {
                    let began = Instant::now();
                    engine.read_list();
                    table.add(&complete, FLOOR, ms(began, Instant::now()));
                }
                let terminal = console.start(&engine.socket);
                let (_, began) = terminal.process();
                add_time(table, "spawn to first screen, ms", console, began, || {
                    terminal.until_screen("a first screen", PATIENCE, |s| !s.text().trim().is_empty())
                });
                let listed = console.listed(count);
                add_time(table, &complete, console, began, || terminal.until(&listed, PATIENCE));
                end(&terminal);
            });
        }
    }

    /// Processor, memory and bytes while nothing happens, then the time from a key to its answer.
    pub fn idle(&mut self, count: usize) {
        let before = processor_ns(&self.engine.processes());
        sleep(self.form.idle);
        let alone = seconds_between(&before, &processor_ns(&self.engine.processes()));
        let percent = |seconds: f64, form: &Form| seconds / form.idle.as_secs_f64() * 100.0;
        let with = |what: &str| format!("{what} ({count} containers)");
        self.table.add(&with("idle: engine CPU, %"), FLOOR, percent(alone, self.form));
        self.rounds(|engine, form, table, console| {
            let terminal = console.start(&engine.socket);
            let (pid, _) = terminal.process();
            if count > 0 && attempt(|| terminal.until(&console.listed(count), PATIENCE)).is_none() {
                return end(&terminal);
            }
            sleep(SETTLE);
            let (own, theirs, bytes) =
                (processor_ns(&tree(pid)), processor_ns(&engine.processes()), terminal.written());
            sleep(form.idle);
            let own = seconds_between(&own, &processor_ns(&tree(pid)));
            let theirs = seconds_between(&theirs, &processor_ns(&engine.processes()));
            let bytes = (terminal.written() - bytes) as f64 / form.idle.as_secs_f64();
            let mut add = |what: &str, value| table.add(&with(what), console.name, value);
            add("idle: console CPU, %", percent(own, form));
            add("idle: engine CPU, %", percent(theirs, form));
            add("idle: bytes to the terminal per second", bytes);
            add("memory, MB", memory_mb(pid, "VmRSS"));
            add("open files", open_files(pid));
            if count > 0 {
                let (middle, most) = spread(selection_times(&terminal, console, form.keys));
                add("key to the selection moved, p50, ms", middle);
                add("key to the selection moved, p95, ms", most);
                add("memory after the keys, MB", memory_mb(pid, "VmRSS"));
            }
            end(&terminal);
        });
    }

    /// A container that logs on and on while its log is on the screen.
    pub fn flood(&mut self, pace: &str, script: &str) {
        self.engine.clear();
        let row = |what: &str| format!("{pace}: {what}");
        self.rounds(|engine, form, table, console| {
            // A new one each time, so that the log is as long for each.
            engine.run("flood", &[], script);
            let terminal = console.start(&engine.socket);
            let (pid, _) = terminal.process();
            attempt(|| {
                terminal.until(&console.listed(1), PATIENCE);
                terminal.keys(console.to_log);
                sleep(SETTLE);
                let (own, theirs) = (processor_ns(&tree(pid)), processor_ns(&engine.processes()));
                let began = Instant::now();
                sleep(form.idle / 2);
                let took = began.elapsed().as_secs_f64();
                let own = seconds_between(&own, &processor_ns(&tree(pid))) / took * 100.0;
                let theirs = seconds_between(&theirs, &processor_ns(&engine.processes())) / took * 100.0;
                table.add(&row("console CPU, %"), console.name, own);
                table.add(&row("engine CPU, %"), console.name, theirs);
                let behind = behind_ms(&terminal, engine);
                table.add(&row("screen behind the engine, ms"), console.name, behind);
                let (middle, most) = spread(help_times(&terminal, console, form.keys));
                table.add(&row("key to its answer, p50, ms"), console.name, middle);
                table.add(&row("key to its answer, p95, ms"), console.name, most);
                table.add(&row("memory, MB"), console.name, memory_mb(pid, "VmRSS"));
                table.add(&row("memory, peak, MB"), console.name, memory_mb(pid, "VmHWM"));
                engine.ask(&["pause", "flood"]);
                let (newest, began) = (engine.newest_number("flood"), Instant::now());
                add_time(table, &row("level after its end, ms"), console, began, || {
                    terminal.until_screen("the newest line", PATIENCE, |s| newest_in(&s.text()) >= newest)
                });
                engine.ask(&["unpause", "flood"]);
            });
            end(&terminal);
            engine.clear();
        });
    }

    /// A log of a million lines: its newest, its first, and a search over all of it.
    pub fn long_log(&mut self) {
        self.engine.clear();
        let lines = self.form.big_lines;
        let script = format!(
            "awk 'BEGIN {{ for (i = 1; i <= {lines}; i++) print \"line \" i \" of a long log, with some text to fill it\" }}'; sleep 86400"
        );
        self.engine.run("long", &[], &script);
        let newest = format!(r"line {lines} of a long log");
        let deadline = Instant::now() + LONG;
        while !self.engine.ask(&["logs", "--tail", "1", "long"]).contains(&newest) {
            assert!(Instant::now() < deadline, "the long log was not written in time");
        }
        let row = |what: &str| format!("log of {lines} lines: {what}");
        self.rounds(|engine, _, table, console| {
            if console.is_ours() {
                let began = Instant::now();
                engine.read_tail("long");
                table.add(&row("newest line, ms"), FLOOR, ms(began, Instant::now()));
            }
            let terminal = console.start(&engine.socket);
            let (pid, began) = terminal.process();
            if !console.to_log.is_empty()
                && attempt(|| terminal.until(&console.listed(1), PATIENCE)).is_some()
            {
                terminal.keys(console.to_log);
            }
            let shown = add_time(table, &row("newest line, ms"), console, began, || {
                terminal.until(&newest, PATIENCE)
            });
            table.add(&row("memory, MB"), console.name, memory_mb(pid, "VmRSS"));
            if shown.is_some() && !console.to_first.is_empty() {
                let keys: Vec<_> = console.to_first.rsplitn(2, ' ').collect();
                keys.get(1).into_iter().for_each(|way| terminal.keys(way));
                let began = Instant::now();
                terminal.keys(keys[0]);
                add_time(table, &row("first line, ms"), console, began, || {
                    terminal.until(r"line 1 of a long log", PATIENCE)
                });
            }
            if shown.is_some() && console.is_ours() {
                attempt(|| search_all(&terminal, engine, table, lines, &row));
            }
            table.add(&row("memory, peak, MB"), console.name, memory_mb(pid, "VmHWM"));
            end(&terminal);
        });
        self.engine.clear();
    }

    /// From a line written, and from a container killed, to the screen.
    pub fn freshness(&mut self) {
        self.engine.clear();
        self.rounds(|engine, form, table, console| {
            engine.run("echo", &["-i"], "cat");
            let mut attached = engine.attach("echo");
            let mut input = attached.stdin.take().unwrap();
            let terminal = console.start(&engine.socket);
            attempt(|| {
                terminal.until(&console.listed(1), PATIENCE);
                terminal.keys(console.to_log);
                sleep(SETTLE);
                let mut follow = console.is_ours().then(|| engine.follow("echo"));
                let (mut times, mut floor) = (Vec::new(), Vec::new());
                for number in 0..form.keys {
                    let began = Instant::now();
                    let mark = format!("mark-{number}-end");
                    writeln!(input, "{mark}").unwrap();
                    if let Some(follow) = &mut follow {
                        until_read(follow, &mark);
                        floor.push(ms(began, Instant::now()));
                    }
                    times.push(ms(began, terminal.until(&mark, PATIENCE)));
                    // Not in step with anything that ticks.
                    sleep(Duration::from_millis(100 + (number as u64 * 37) % 90));
                }
                if follow.is_some() {
                    table.add("new log line to the screen, p50, ms", FLOOR, spread(floor).0);
                }
                table.add("new log line to the screen, p50, ms", console.name, spread(times).0);
            });
            end(&terminal);
            let terminal = console.start(&engine.socket);
            attempt(|| {
                terminal.until(&console.listed(1), PATIENCE);
                sleep(SETTLE / 2);
                terminal.gone(console.exited, Duration::ZERO);
                let mut events = engine.docker();
                events.args(["events", "--filter", "event=die"]).stdout(Stdio::piped());
                let mut events = events.spawn().unwrap();
                let mut told = BufReader::new(events.stdout.take().unwrap());
                sleep(SETTLE / 4);
                let began = Instant::now();
                let mut kill = engine.docker();
                let mut kill = kill.args(["kill", "echo"]).stdout(Stdio::null()).spawn().unwrap();
                told.read_line(&mut String::new()).unwrap();
                table.add("killed to exited on the screen, ms", FLOOR, ms(began, Instant::now()));
                add_time(table, "killed to exited on the screen, ms", console, began, || {
                    terminal.until(console.exited, PATIENCE)
                });
                kill.wait().unwrap();
                events.kill().unwrap();
                events.wait().unwrap();
            });
            end(&terminal);
            drop(input);
            attached.kill().unwrap();
            attached.wait().unwrap();
            engine.clear();
        });
    }

    /// How many of a hundred ends by SIGTERM leave the terminal as it was.
    pub fn restores(&mut self) {
        self.rounds(|engine, form, table, console| {
            for _ in 0..form.restores {
                let terminal = console.start(&engine.socket);
                terminal.until_screen("a first screen", PATIENCE, |s| !s.text().trim().is_empty());
                terminal.signal(Signal::TERM);
                let is_tidy =
                    attempt(|| terminal.wait_exit(PATIENCE)).is_some() && terminal.left_behind().is_empty();
                table.add(
                    "SIGTERM: terminal not restored, % (0 is best)",
                    console.name,
                    if is_tidy { 0.0 } else { 100.0 },
                );
            }
        });
    }
}

/// Reads a stream up to a text.
fn until_read(from: &mut impl BufRead, text: &str) {
    let mut line = Vec::new();
    while memchr::memmem::find(&line, text.as_bytes()).is_none() {
        line.clear();
        assert!(from.read_until(b'\n', &mut line).unwrap() > 0, "the engine closed the log");
    }
}

fn search_all(
    terminal: &Terminal,
    engine: &Engine,
    table: &mut Table,
    lines: u64,
    row: &dyn Fn(&str) -> String,
) {
    terminal.keys("G");
    terminal.until(&format!(r"line {lines} of a long log"), PATIENCE);
    let began = Instant::now();
    engine.read_all("long");
    table.add(&row("search over all, ms"), FLOOR, ms(began, Instant::now()));
    // Nothing has it: the whole log must be read.
    terminal.keys("/ text:nowhere");
    let began = Instant::now();
    terminal.keys("Enter");
    let searched = terminal.until("no hit for nowhere.* searched", LONG);
    table.add(&row("search over all, ms"), "pilothouse", ms(began, searched));
}
