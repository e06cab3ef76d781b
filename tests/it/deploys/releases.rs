//! The history of a service, as the command line reads it from the ledger.

use std::time::Instant;

use chrono::{DateTime, TimeDelta};
use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::deployment::{Act, Heading, Note, Phase, Plan, Purpose, Release, Step};
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{EnvironmentId, HostId};
use pilothouse::domain::ledger::{Begun, Ended, Outcome, Piece, RecordId, RecordNumber, Who, form};
use pilothouse::ports::ledger::{File, LedgerFiles};

use super::real::{Shop, image};
use crate::engine::SOCKET;
use crate::pty::pilothouse;

#[test]
fn each_deployment_is_told_with_who_why_what_became_of_it_and_where_it_is() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let target = shop.target();
    let run = |args: &[&str], status| shop.run(&[args, &["--yes"]].concat()).ended(status);
    run(&["deploy", &target, &image("good-2"), "--note", "faster"], 0);
    run(&["deploy", &target, &image("bad"), "--ready-within", "2s"], 4);
    run(&["rollback", &target], 0);
    let rows = shop.run(&["releases", &target, "--json"]).ended(0).json();
    let told = |row: &serde_json::Value| {
        let word = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} {} {} {}",
            row["number"],
            word("release"),
            word("purpose"),
            word("outcome"),
            word("why"),
            row["hosts"][0]["has"]
        )
    };
    let told: Vec<_> = rows.iter().map(told).collect();
    let expected = [
        "3 v0 rollback live - \"live\"",
        "2 v2 deploy taken back - \"gone\"",
        "1 v1 deploy was good faster \"kept\"",
    ];
    assert_eq!(told, expected);
    assert!(rows[1]["error"].as_str().unwrap().contains("its health check fails"), "{}", rows[1]);
    assert!(
        rows.iter().all(|row| row["took_s"].as_f64().unwrap() > 0.0 && row["who"].is_string()),
        "{rows:?}"
    );
    let table = shop.run(&["releases", &target]).ended(0).out;
    assert!(table.contains("taken back") && table.contains("faster"), "{table}");
}

/// A thousand deployments of web, each with its journal, in one archive.
fn thousand(environment: &str) -> Vec<File> {
    let id = EnvironmentId::new(environment);
    let at = |n: u32| DateTime::UNIX_EPOCH + TimeDelta::minutes(n.into());
    let mut files = Vec::new();
    let mut add =
        |piece: &Piece| files.push(File { path: form::path(&id, piece), bytes: form::write(piece) });
    for n in 1..=1000 {
        let (number, record) = (RecordNumber(n), RecordId::new(n.into()));
        let steps = (0..8)
            .map(|n| Step { host: HostId::new("local"), act: Act::Pull { image: format!("shop/web:{n}") } });
        let image = format!("shop/web:{n}");
        let releases = (Release(n - 1), Release(n));
        let plan = Box::new(Plan::new(Purpose::Deploy, "web", releases, &image, steps.collect()));
        add(&Piece::Begun(Begun {
            number,
            id: record.clone(),
            environment: environment.to_owned(),
            at: at(n),
            who: Who { name: "alice".to_owned(), ..Who::default() },
            act: plan.title(),
            on: Vec::new(),
            more: 0,
            why: Some("faster".to_owned()),
        }));
        add(&Piece::Planned { number, id: record.clone(), plan });
        for step in 0..8 {
            for phase in [Phase::Intent, Phase::Done] {
                let (heading, id) = (Heading::Forward, record.clone());
                add(&Piece::Noted(Note { number, id, epoch: n, heading, step, phase, at: at(n) }));
            }
        }
        add(&Piece::Ended(Ended { number, id: record, at: at(n), outcome: Outcome::Done }));
    }
    add(&Piece::Head { number: RecordNumber(1000) });
    files
}

/// How long each of so many runs took, in ms.
fn times(shop: &Shop, home: &std::path::Path, runs: usize) -> Vec<u128> {
    let program = std::env::var_os("BENCH_PROGRAM").map_or_else(pilothouse, Into::into);
    let run = |_| {
        let mut command = std::process::Command::new(&program);
        command.env_clear().env("HOME", home).current_dir(home);
        let began = Instant::now();
        let output = command.args(["releases", &shop.target(), "--json"]).output().unwrap();
        let took = began.elapsed().as_millis();
        let lines = String::from_utf8(output.stdout).unwrap().lines().count();
        assert_eq!(lines, 1001, "{}", String::from_utf8_lossy(&output.stderr));
        took
    };
    let mut all: Vec<_> = (0..runs).map(run).collect();
    all.sort_unstable();
    all
}

#[test]
#[ignore = "a measurement: BENCH_PROGRAM=target/release/pilothouse cargo test --test it thousand -- --ignored --nocapture"]
fn a_thousand_releases_are_told_from_what_was_seen_before() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let engine = DockerEngine::new(HostId::new("local"), &Address::Unix(SOCKET.into()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let files = thousand(&shop.name());
    runtime.block_on(engine.ledger_write(&files)).unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pilothouse.toml"), shop.config()).unwrap();
    let (first, again) = (times(&shop, home.path(), 1), times(&shop, home.path(), 9));
    println!("{} files; the first time {} ms, then {again:?} ms", files.len(), first[0]);
}
