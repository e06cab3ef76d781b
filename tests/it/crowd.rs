//! Many containers, and containers that come and go all the time: on an engine of the test's own, so that the list of the
//! console can be held against the engine's. The long forms, named `soak`, are run by `tests/soak`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::console::leave;
use crate::own_engine::OwnEngine;
use crate::pty::{Launch, Screen, Terminal};

const SOON: Duration = Duration::from_secs(30);
/// What a console holds of a thousand containers and all that happened to them.
const MEMORY_KB: u64 = 64 << 10;

/// Makes a container that is not started.
fn create(engine: &OwnEngine, name: &str, program: &str) {
    let body = format!(
        r#"{{"Image":"busybox:1","Cmd":["sh","-c","{program}"],"HostConfig":{{"NetworkMode":"none"}}}}"#
    );
    engine.call("POST", &format!("/containers/create?name={name}"), &body);
}

fn remove(engine: &OwnEngine, name: &str) {
    engine.call("DELETE", &format!("/containers/{name}?force=1"), "");
}

/// An engine with so many stopped containers, a few of which have run.
fn crowded(count: usize) -> Option<OwnEngine> {
    let engine = OwnEngine::start()?;
    engine.image("busybox:1");
    let next = AtomicUsize::new(0);
    std::thread::scope(|all| {
        for _ in 0..8 {
            all.spawn(|| {
                while let number @ 0.. = next.fetch_add(1, Ordering::Relaxed)
                    && number < count
                {
                    create(&engine, &format!("c{number:04}"), "exit 3");
                }
            });
        }
    });
    for number in (0..count).step_by(count / 5) {
        engine.call("POST", &format!("/containers/c{number:04}/start"), "");
        engine.call("POST", &format!("/containers/c{number:04}/wait"), "");
    }
    Some(engine)
}

fn engines_list(engine: &OwnEngine) -> BTreeSet<String> {
    engine.docker(&["ps", "-a", "--format", "{{.Names}}"]).lines().map(str::to_owned).collect()
}

/// Every name that the console's list has, read a page at a time from its top to its end.
fn consoles_list(terminal: &Terminal, last: &str) -> BTreeSet<String> {
    let name = regex::Regex::new(r"\b(c\d{4}|churn-\d+-\d+|mark-\d+)\b").unwrap();
    let selected = regex::Regex::new(r"▌ +(\S+)").unwrap();
    let (names, here) = (RefCell::new(BTreeSet::new()), RefCell::new(String::new()));
    // The cursor goes a page on, whether the view has to follow or not.
    let is_read = |screen: &Screen| {
        let text = screen.text();
        let Some(at) = selected.captures(&text).map(|found| found[1].to_owned()) else { return false };
        let found: BTreeSet<_> = name.find_iter(&text).map(|found| found.as_str().to_owned()).collect();
        // Half of a frame shows half of two pages.
        let is_whole = found.first().zip(found.last()).is_some_and(|(first, last)| {
            let number = |name: &str| name.trim_start_matches('c').parse::<usize>().ok();
            number(last).zip(number(first)).is_some_and(|(last, first)| last - first + 1 == found.len())
        });
        let is_next = is_whole && *here.borrow() != at && (at == "c0000" || !here.borrow().is_empty());
        if is_next {
            *here.borrow_mut() = at;
            names.borrow_mut().extend(found);
        }
        is_next
    };
    terminal.keys("g");
    terminal.until_screen("the top of the list, whole", SOON, is_read);
    while !names.borrow().contains(last) {
        terminal.keys("PgDn");
        terminal.until_screen("the next page, whole", SOON, is_read);
    }
    names.into_inner()
}

/// How long the console takes to show what a key brings about.
fn answered(terminal: &Terminal, keys: &str, pattern: &str, times: &mut Vec<Duration>) {
    let began = Instant::now();
    terminal.keys(keys);
    times.push(terminal.until(pattern, SOON).saturating_duration_since(began));
}

fn memory_kb(terminal: &Terminal) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", terminal.process().0)).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn open(engine: &OwnEngine) -> Terminal {
    Launch::pilothouse(["--host", &engine.address()]).size(120, 60).start()
}

/// The whole list is there, and every key that goes through it answers.
fn a_crowd_is_listed(count: usize) {
    let Some(engine) = crowded(count) else { return };
    let began = Instant::now();
    let terminal = open(&engine);
    let complete = terminal.until(&format!(r"\d of {count}\b"), SOON).saturating_duration_since(began);
    terminal.keys("z");
    let last = format!("c{:04}", count - 1);
    let mut times = Vec::new();
    for _ in 0..3 {
        answered(&terminal, "End", &format!(r"{last}\b"), &mut times);
        answered(&terminal, "Home", r"c0000\b", &mut times);
        answered(&terminal, "o", "sort worst first", &mut times);
        answered(&terminal, "o", "sort cpu", &mut times);
        answered(&terminal, "o", "sort memory", &mut times);
        answered(&terminal, "o G", &format!(r"{last}\b"), &mut times);
        answered(&terminal, &format!("/ text:{last} Enter"), &format!("1 of {count}"), &mut times);
        answered(&terminal, "/ C-u Enter", &format!("{count} of {count}"), &mut times);
    }
    let shown = consoles_list(&terminal, &last);
    assert_eq!(shown, engines_list(&engine));
    let memory = memory_kb(&terminal);
    times.sort();
    println!(
        "soak: {count} stopped containers: all listed after {complete:.1?}; {} keys: p50 {:.1?}, most {:.1?}; memory {} MB",
        times.len(),
        times[times.len() / 2],
        times[times.len() - 1],
        memory >> 10
    );
    assert!(memory < MEMORY_KB, "{memory} kB");
    leave(&terminal);
}

/// What one churn saw.
#[derive(Default)]
struct Churn {
    over: AtomicBool,
    came: AtomicUsize,
    ran: AtomicUsize,
}

impl Churn {
    /// Makes and removes containers until it is over; every one of `runs` is started and ends before it goes.
    fn go(&self, engine: &OwnEngine, lane: usize, runs: bool) {
        for round in 0.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let name = format!("churn-{lane}-{round}");
            create(engine, &name, "exit 3");
            if runs {
                engine.call("POST", &format!("/containers/{name}/start"), "");
                engine.call("POST", &format!("/containers/{name}/wait"), "");
                self.ran.fetch_add(1, Ordering::Relaxed);
            }
            remove(engine, &name);
            self.came.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// While containers come and go the list is never seconds behind, and it is the engine's when they have stopped.
fn a_churn_is_followed(count: usize, how_long: Duration) {
    let Some(engine) = crowded(count) else { return };
    let terminal = open(&engine);
    terminal.until(&format!(r"\d of {count}\b"), SOON);
    terminal.keys("z / text:mark- Enter");
    terminal.until(r"\b0 of \d", SOON);
    let (churn, began) = (Churn::default(), Instant::now());
    let mut behind = Vec::new();
    std::thread::scope(|all| {
        for lane in 0..16 {
            let (churn, engine) = (&churn, &engine);
            all.spawn(move || churn.go(engine, lane, lane == 0));
        }
        for number in 0.. {
            if began.elapsed() > how_long {
                break;
            }
            let name = format!("mark-{number}");
            create(&engine, &name, "true");
            let made = Instant::now();
            behind.push(terminal.until(&format!(r"{name}\b"), SOON).saturating_duration_since(made));
            remove(&engine, &name);
            let removed = Instant::now();
            behind.push(terminal.gone(&format!(r"{name}\b"), SOON).saturating_duration_since(removed));
        }
        churn.over.store(true, Ordering::Relaxed);
    });
    let seconds = began.elapsed().as_secs_f64();
    terminal.keys("/ C-u Enter");
    terminal.until(&format!("{count} of {count}"), SOON);
    assert_eq!(consoles_list(&terminal, &format!("c{:04}", count - 1)), engines_list(&engine));
    let memory = memory_kb(&terminal);
    behind.sort();
    let (came, ran) = (churn.came.into_inner(), churn.ran.into_inner());
    let most = behind[behind.len() - 1];
    println!(
        "soak: {came} containers came and went beside {count}, {:.0} a second, {ran} of them ran; the list was behind by {:.1?}, at most {most:.1?}; memory {} MB",
        came as f64 / seconds,
        behind[behind.len() / 2],
        memory >> 10
    );
    assert!(most < Duration::from_secs(5), "{behind:?}");
    assert!(memory < MEMORY_KB, "{memory} kB");
    leave(&terminal);
}

#[test]
fn many_stopped_containers_are_all_listed_and_every_key_answers() {
    a_crowd_is_listed(150);
}

#[test]
#[ignore = "tests/soak runs it"]
fn soak_a_thousand_stopped_containers_are_all_listed_and_every_key_answers() {
    a_crowd_is_listed(1000);
}

#[test]
fn a_list_is_the_engines_again_after_containers_came_and_went() {
    a_churn_is_followed(50, Duration::from_secs(5));
}

#[test]
#[ignore = "tests/soak runs it"]
fn soak_a_list_beside_a_thousand_is_never_seconds_behind_containers_that_come_and_go() {
    a_churn_is_followed(1000, Duration::from_secs(30));
}
