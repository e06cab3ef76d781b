//! The console beside its peers on one machine, in one run: one table with ratios. Not a test of anything: `tests/bench`
//! runs it, on an engine of its own whose socket, process and directory it names in `BENCH_ENGINE`.
//!
//! Absolute figures move with whatever else the machine does; only ratios inside one run mean something, so every figure
//! is the median of interleaved runs. What is measured is a stretch of time, so unlike tests it lets time pass.

mod answers;
mod consoles;
mod deploys;
mod engine;
mod figures;
mod hosts;
mod measures;
mod table;

use std::time::Duration;

use engine::Engine;
use measures::Bench;

/// A form to run.
struct Form {
    rounds: usize,
    idle: Duration,
    keys: usize,
    restores: usize,
    big_lines: u64,
    fleet: [usize; 2],
}

const FULL: Form = Form {
    rounds: 3,
    idle: Duration::from_secs(10),
    keys: 40,
    restores: 10,
    big_lines: 1_000_000,
    fleet: [20, 100],
};
const QUICK: Form = Form {
    rounds: 1,
    idle: Duration::from_secs(5),
    keys: 20,
    restores: 3,
    big_lines: 200_000,
    fleet: [20, 100],
};

#[test]
#[ignore = "a benchmark; tests/bench runs it"]
fn table_of_the_console_and_its_peers() {
    type Part = fn(&mut Bench, &Form);
    let form = if std::env::var_os("BENCH_QUICK").is_some() { QUICK } else { FULL };
    let wanted =
        |part: &str| std::env::var("BENCH_PARTS").map_or(true, |parts| parts.split(',').any(|p| p == part));
    let engine = Engine::of_this_run();
    let mut bench = Bench::new(&engine, &form);
    let parts: [(&str, Part); 9] = [
        ("idle", |b, _| b.idle(0)),
        ("log", |b, _| b.long_log()),
        ("paced", |b, _| b.flood("5,000 lines/s", engine::PACED)),
        ("flood", |b, _| b.flood("as fast as it can", engine::FLAT_OUT)),
        ("fresh", |b, _| b.freshness()),
        ("fleet", |b, form| {
            for count in form.fleet {
                b.engine.fleet(count);
                b.idle(count);
            }
            b.start(form.fleet[1]);
            b.engine.clear();
        }),
        ("restore", |b, _| b.restores()),
        // Other columns, and so tables of their own.
        ("ssh", |b, form| hosts::table(b.engine, form).print()),
        ("deploy", |_, form| deploys::table(form).print()),
    ];
    for (name, part) in parts {
        if wanted(name) {
            eprintln!("-- {name}");
            part(&mut bench, &form);
            bench.table.print();
        }
    }
}
