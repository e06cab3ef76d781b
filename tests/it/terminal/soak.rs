//! What needs many repetitions: ends, floods, sizes, churn. `tests/soak` runs these with `SOAK_REPS` repetitions each
//! and prints their figures; `tests/run` runs a few.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::console::{leave, open_on};
use crate::engine::{self, Project, docker};
use crate::pty::{Launch, Terminal};

const SOON: Duration = Duration::from_secs(20);

/// How often what is soaked is repeated.
pub fn repetitions() -> usize {
    std::env::var("SOAK_REPS").ok().and_then(|count| count.parse().ok()).unwrap_or(10)
}

fn memory_kb(terminal: &Terminal) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", terminal.process().0)).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "tests/soak runs it"]
fn soak_every_end_gives_the_terminal_back() {
    let mut ends = 0;
    for round in 0..repetitions() * 2 {
        for end in ["TERM", "HUP", "q", "C-c", "C-z"] {
            let terminal = Launch::pilothouse(["--host", "unix:///nonexistent.sock"]).start();
            // At every stage of its life: as soon as it has the terminal, and with a whole screen.
            if round % 2 == 0 {
                terminal.until_screen("the terminal taken", SOON, |screen| screen.vt().alternate_screen());
            } else {
                terminal.until("no such socket", SOON);
            }
            match end {
                "TERM" => terminal.signal(Signal::TERM),
                "HUP" => terminal.signal(Signal::HUP),
                "C-z" => {
                    terminal.keys("C-z");
                    terminal.until_suspended(SOON);
                    terminal.restored();
                    terminal.resume();
                    terminal.until("no such socket", SOON);
                    terminal.keys("q");
                }
                key => terminal.keys(key),
            }
            assert_eq!(terminal.wait_exit(SOON), 0, "{end}");
            terminal.restored();
            ends += 1;
        }
    }
    println!("soak: {ends} of {ends} ends gave the terminal back");
}

#[test]
#[ignore = "tests/soak runs it"]
fn soak_sizes_and_signals_never_break_the_screen() {
    let terminal = Launch::pilothouse(["--host", "unix:///nonexistent.sock"]).start();
    let began = Instant::now();
    let mut random = 1_u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) % below
    };
    for round in 0..repetitions() {
        for _ in 0..200 {
            terminal.resize(1 + next(250) as u16, 1 + next(80) as u16);
            match next(8) {
                0 => terminal.signal(Signal::WINCH),
                1 => terminal.keys("Tab"),
                2 => terminal.keys("j"),
                3 => terminal.keys("z"),
                _ => {}
            }
        }
        terminal.resize(if round % 2 == 0 { 100 } else { 160 }, 48);
        terminal.keys("2");
        terminal.until("no such socket", SOON);
    }
    println!("soak: {} sizes in {:.1?}", repetitions() * 200, began.elapsed());
    leave(&terminal);
}

#[test]
#[ignore = "tests/soak runs it"]
fn soak_a_flood_leaves_keys_quick_and_memory_bounded() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let bounded = ["--log-opt", "max-size=20m", "--log-opt", "max-file=2"];
    project.run("flood", &bounded, "seq 1 2000000000");
    let terminal = open_on(&project, (120, 40));
    terminal.until(r"\d{6}", SOON);
    let mut times = Vec::new();
    for _ in 0..repetitions() * 5 {
        for (key, wanted) in [("?", true), ("?", false)] {
            let began = Instant::now();
            terminal.keys(key);
            let seen = terminal.until_screen("the help", SOON, |screen| help(screen) == wanted);
            times.push(seen.saturating_duration_since(began));
        }
    }
    times.sort();
    let (middle, most) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    let memory = memory_kb(&terminal);
    println!(
        "soak: flood, {} keys: p50 {middle:.1?}, p95 {most:.1?}; memory {} MB",
        times.len(),
        memory >> 10
    );
    assert!(memory < 64 << 10, "{memory} kB\n{}", terminal.picture());
    leave(&terminal);
}

/// Whether the help lies over the panes: its first heading names where the keys work.
fn help(screen: &crate::pty::Screen) -> bool {
    ["IN CONTAINERS", "IN LISTS"].iter().any(|head| screen.text().contains(head))
}

#[test]
#[ignore = "tests/soak runs it"]
fn soak_containers_that_come_and_go_are_followed() {
    if !engine::is_there() {
        return;
    }
    let project = Project::new();
    let stays = project.run("stays", &[], "while true; do echo on and on; sleep 1; done");
    let terminal = open_on(&project, (120, 40));
    terminal.until("on and on", SOON);
    let label = format!("com.docker.compose.project={}", project.name);
    let (began, mut count) = (Instant::now(), 0);
    for round in 0..repetitions() {
        // Created and removed without a start: the most that an engine does in a second.
        for half in 0..5 {
            let names: Vec<_> =
                (0..5).map(|n| format!("{}-churn-{round}-{half}-{n}", project.name)).collect();
            let create = |name: &String| {
                docker(&["create", "--name", name, "--label", &label, engine::image(), "true"]);
            };
            std::thread::scope(|all| names.iter().for_each(|name| drop(all.spawn(move || create(name)))));
            let mut remove = vec!["rm", "-f"];
            remove.extend(names.iter().map(String::as_str));
            docker(&remove);
            count += names.len();
        }
        terminal.keys("?");
        terminal.until_screen("the help", SOON, help);
        terminal.keys("?");
        terminal.until_screen("the panes", SOON, |screen| !help(screen));
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    // What came and went may still be told among the changes; the list has the one that stays.
    terminal.until(r"\b1 of \d", SOON);
    terminal.until(&stays, SOON);
    println!(
        "soak: {count} containers came and went, {rate:.0} a second; memory {} MB",
        memory_kb(&terminal) >> 10
    );
    leave(&terminal);
}
