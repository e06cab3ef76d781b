//! What the command line did is in the ledger, on an engine of the test's own; and what cannot be written there is said.

use std::path::{Path, PathBuf};

use pilothouse::domain::ledger::HOLDER;
use serde_json::Value;

use super::{Done, IDLE, command, done};
use crate::own_engine::OwnEngine;
use crate::pty::Launch;

const CONFIG: &str = "operator = \"alice\"\n";

fn run(engine: &OwnEngine, args: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let address = engine.address();
    let all = ["--host", &address, "--config", config.to_str().unwrap()];
    let mut command = command(home.path(), all.into_iter().chain(args.iter().copied()));
    done(command.env("USER", "deploy").env("SSH_CLIENT", "10.0.0.7 5022 22").output().unwrap())
}

fn records(engine: &OwnEngine) -> Vec<Value> {
    run(engine, &["ledger", "export", "--json"]).ended(0).json()
}

/// Its act, the names of what it was done to, and how it ended.
fn told(record: &Value) -> (String, Vec<String>, String) {
    let names = record["on"].as_array().unwrap().iter().map(|on| on["name"].as_str().unwrap().to_owned());
    let outcome = record["outcome"].as_str().unwrap_or("none");
    (record["act"].as_str().unwrap().to_owned(), names.collect(), outcome.to_owned())
}

/// Where the engine's ledgers are.
fn directory(engine: &OwnEngine) -> PathBuf {
    let address = engine.address();
    Path::new(address.strip_prefix("unix://").unwrap()).with_file_name("pilothouse")
}

#[test]
fn every_act_is_recorded_with_who_what_and_how_it_ended() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("web", &[], IDLE);
    run(&engine, &["ps"]).ended(0);
    assert!(!directory(&engine).exists(), "who only looks leaves no trace");
    run(&engine, &["stop", "web", "--yes"]).ended(0);
    let refused = run(&engine, &["pause", "web", "--yes"]).ended(1).err;
    run(&engine, &["start", "web", "--yes"]).ended(0);
    run(&engine, &["exec", "web", "--yes", "/bin/sh", "-c", "exit 3 # secret"]).ended(3);
    run(&engine, &["rm", "--force", "web", "--yes"]).ended(0);
    run(&engine, &["prune", "images", "--yes"]).ended(0);
    let records = records(&engine);
    let web = || vec!["web".to_owned()];
    let wanted = [
        ("stop".to_owned(), web(), "done".to_owned()),
        ("pause".to_owned(), web(), "failed".to_owned()),
        ("start".to_owned(), web(), "done".to_owned()),
        ("exec sh (2 arguments)".to_owned(), web(), "status".to_owned()),
        ("remove".to_owned(), web(), "done".to_owned()),
        ("prune".to_owned(), vec!["busybox:1".to_owned()], "done".to_owned()),
    ];
    assert_eq!(records.iter().map(told).collect::<Vec<_>>(), wanted);
    let numbers: Vec<_> = records.iter().map(|record| record["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let first = &records[0];
    let who = ["operator", "login", "from"].map(|key| first[key].as_str().unwrap().to_owned());
    assert_eq!(who, ["alice", "deploy", "10.0.0.7"]);
    assert_eq!(records[3]["status"].as_i64(), Some(3));
    let why = records[1]["error"].as_str().unwrap();
    assert!(why.contains("is not running") && refused.contains("is not running"), "{why}; {refused}");
    let holder = engine.docker(&["inspect", "--format", "{{.State.Status}} {{.HostConfig.Binds}}", HOLDER]);
    assert_eq!(holder, format!("created [{}:/pilothouse-ledger]", directory(&engine).display()));
    let rows = run(&engine, &["disk", "--items", "--json"]).ended(0).json();
    let items = rows[0]["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["name"] == HOLDER && item["kind"] == "container").unwrap();
    assert_eq!(item["kept_because"], "kept by pilothouse", "our own prune leaves it alone, and says so");
}

#[test]
fn an_act_whose_record_cannot_be_written_is_done_and_that_is_said() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("web", &[], IDLE);
    std::fs::write(directory(&engine), "in the way").unwrap();
    let stopped = run(&engine, &["stop", "web", "--yes"]).ended(0);
    assert!(stopped.err.contains("stop is not recorded in the ledger: no host took it"), "{}", stopped.err);
    assert_eq!(engine.docker(&["inspect", "--format", "{{.State.Status}}", "web"]), "exited");
}

#[test]
fn nothing_is_done_where_a_newer_console_keeps_the_ledger() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("web", &[], IDLE);
    run(&engine, &["restart", "web", "--yes"]).ended(0);
    let head = directory(&engine).join("ledger/local/head");
    let text = std::fs::read_to_string(&head).unwrap();
    std::fs::write(&head, text.replacen("pilothouse 1", "pilothouse 2", 1)).unwrap();
    let refused = run(&engine, &["stop", "web", "--yes"]).ended(1).err;
    assert!(refused.contains("local is read-only here") && refused.contains("update this one"), "{refused}");
    assert_eq!(engine.docker(&["inspect", "--format", "{{.State.Status}}", "web"]), "running");
}

#[test]
fn the_console_records_what_it_does_and_shows_what_others_did() {
    let Some(engine) = OwnEngine::start() else { return };
    engine.run("web", &[], IDLE);
    let soon = std::time::Duration::from_secs(60);
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    let local = format!("[environments.local]\nkind = \"staging\"\nhosts = [\"{}\"]\n", engine.address());
    std::fs::write(&config, local).unwrap();
    let args = ["--host", &engine.address(), "--config", config.to_str().unwrap()];
    let terminal = Launch::pilothouse(args).size(120, 30).start();
    terminal.until("running", soon);
    assert!(!directory(&engine).exists(), "who only looks leaves no trace");
    terminal.keys("S");
    terminal.until("y does it", soon);
    terminal.keys("y");
    terminal.until("exited", soon);
    terminal.keys("a");
    terminal.until(r"web stopped on local +#1", soon);
    run(&engine, &["start", "web", "--yes"]).ended(0);
    terminal.until(r"#2 alice \(deploy@.* from 10\.0\.0\.7\): start web: done", soon);
    crate::console::leave(&terminal);
    assert_eq!(told(&records(&engine)[0]).2, "done");
}
