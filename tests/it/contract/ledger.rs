//! What a ledger keeps, on one engine: through the engine alone, and whatever is cleared away there.
//!
//! On an engine of their own: what they clear away would be everybody's.

use std::collections::BTreeSet;
use std::sync::Arc;

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{EnvironmentId, HostId};
use pilothouse::domain::ledger::form;
use pilothouse::domain::ledger::union::Finding;
use pilothouse::domain::ledger::{Intent, Outcome, RecordNumber, Subject, Who};
use pilothouse::jobs::ledger::{Book, Entry, LedgerError, Place};
use pilothouse::ports::engine::Engine;
use pilothouse::ports::ledger::{File, Kept, LedgerFiles};

use super::{Sentence, Stage};
use crate::cli::{Done, run};
use crate::own_engine::OwnEngine;

super::on_every_engine! {
    private;
    who_only_looks_leaves_no_trace
    a_record_reads_back_as_it_was_written
    a_record_whose_end_was_never_written_says_so
    records_survive_that_everything_is_cleared_away
    what_was_cleared_away_is_made_again_by_who_writes
    who_only_looks_does_not_make_what_was_cleared_away
    writers_at_once_never_share_a_number
    a_torn_file_is_left_out_and_its_number_not_used_again
    a_lost_hint_costs_no_number
    a_newer_format_is_not_written_to
    ledgers_of_two_environments_do_not_mix
}

/// Of this name on the stage, whatever other sentences write.
fn book(stage: &Stage, name: &str) -> Book {
    let environment = EnvironmentId::new(format!("{}/{name}", stage.project));
    let (host, engine) = (HostId::new("h"), Arc::clone(&stage.engine));
    Book::new(environment, vec![Place { host, engine_id: "id".to_owned(), engine, copy: None }])
}

fn directory(stage: &Stage, name: &str) -> String {
    form::directory(&EnvironmentId::new(format!("{}/{name}", stage.project)))
}

async fn begin(book: &Book, name: &str) -> Result<Entry, LedgerError> {
    let subject = Subject { host: "h".to_owned(), name: name.to_owned(), ..Subject::default() };
    let who = Who { name: "alice".to_owned(), from: Some("10.0.0.7".to_owned()), ..Who::default() };
    let (environment, why) = (EnvironmentId::new("e"), Some("it leaks".to_owned()));
    let intent = Intent { environment, act: "stop".to_owned(), on: vec![subject], why };
    book.begin(book.open().await?, who, intent).await
}

async fn record(book: &Book, name: &str) -> RecordNumber {
    let entry = begin(book, name).await.unwrap();
    assert_eq!(book.end(&entry, Outcome::Done).await.1, []);
    entry.begun.number
}

async fn numbers(book: &Book) -> Vec<u32> {
    book.read().await.ledger.records.iter().map(|record| record.begun.number.0).collect()
}

async fn who_only_looks_leaves_no_trace(stage: &Stage) {
    // Only where nothing was written before is there anything to see; what others wrote is theirs.
    let before = stage.engine.ledger_files("").await.unwrap();
    let book = book(stage, "");
    assert_eq!(book.read().await.ledger.records, []);
    assert_eq!(stage.engine.ledger_files("").await.unwrap() == Kept::NoWay, before == Kept::NoWay);
}

async fn a_record_reads_back_as_it_was_written(stage: &Stage) {
    let book = book(stage, "");
    let entry = begin(&book, "web-1").await.unwrap();
    let why = "no such container".to_owned();
    assert_eq!(book.end(&entry, Outcome::Failed(why.clone())).await.1, []);
    let heard = book.read().await;
    assert_eq!(heard.ledger.findings, []);
    let [read] = heard.ledger.records.as_slice() else { panic!("{heard:?}") };
    assert_eq!((read.begun.number, &read.begun), (RecordNumber(1), &entry.begun));
    assert_eq!(read.end.as_ref().map(|(_, outcome)| outcome), Some(&Outcome::Failed(why)));
}

async fn a_record_whose_end_was_never_written_says_so(stage: &Stage) {
    let book = book(stage, "");
    begin(&book, "web-1").await.unwrap();
    assert_eq!(book.read().await.ledger.records[0].outcome(), "no end recorded");
}

async fn records_survive_that_everything_is_cleared_away(stage: &Stage) {
    let book = book(stage, "");
    record(&book, "web-1").await;
    stage.clear();
    book.reopen().await;
    assert_eq!(numbers(&book).await, [1]);
}

async fn what_was_cleared_away_is_made_again_by_who_writes(stage: &Stage) {
    let book = book(stage, "");
    record(&book, "web-1").await;
    stage.clear();
    assert_eq!(record(&book, "web-2").await, RecordNumber(2));
    assert_eq!(numbers(&book).await, [1, 2]);
}

async fn who_only_looks_does_not_make_what_was_cleared_away(stage: &Stage) {
    let book = book(stage, "");
    record(&book, "web-1").await;
    stage.clear();
    let heard = book.read().await;
    assert_eq!((heard.without_way.len(), heard.ledger.records.len()), (1, 0));
    assert_eq!(stage.engine.ledger_files("").await.unwrap(), Kept::NoWay);
}

async fn writers_at_once_never_share_a_number(stage: &Stage) {
    let book = book(stage, "");
    let names: Vec<_> = (0..5).map(|n| format!("web-{n}")).collect();
    let taken = futures_util::future::join_all(names.iter().map(|name| record(&book, name))).await;
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), names.len(), "{taken:?}");
    let heard = book.read().await;
    assert_eq!((heard.ledger.records.len(), heard.ledger.findings), (names.len(), vec![]));
}

async fn a_torn_file_is_left_out_and_its_number_not_used_again(stage: &Stage) {
    let book = book(stage, "");
    record(&book, "web-1").await;
    let path = format!("{}/000002/00000000000000ff.begun", directory(stage, ""));
    let torn = File { path: path.clone(), bytes: b"pilothouse 1 abc".to_vec() };
    stage.engine.ledger_write(&[torn]).await.unwrap();
    assert_eq!(record(&book, "web-2").await, RecordNumber(3));
    let ledger = book.read().await.ledger;
    assert_eq!(ledger.findings, [Finding::Torn(HostId::new("h"), path)]);
}

async fn a_lost_hint_costs_no_number(stage: &Stage) {
    let book = book(stage, "");
    record(&book, "web-1").await;
    let torn = File { path: format!("{}/head", directory(stage, "")), bytes: Vec::new() };
    stage.engine.ledger_write(&[torn]).await.unwrap();
    assert_eq!(record(&book, "web-2").await, RecordNumber(2));
}

async fn a_newer_format_is_not_written_to(stage: &Stage) {
    let book = book(stage, "");
    record(&book, "web-1").await;
    let path = format!("{}/head", directory(stage, ""));
    let Kept::Files(files) = stage.engine.ledger_files(&path).await.unwrap() else { panic!("it is there") };
    let text = String::from_utf8(files[0].bytes.clone()).unwrap();
    let bytes = text.replacen("pilothouse 1", "pilothouse 2", 1).into_bytes();
    stage.engine.ledger_write(&[File { path, bytes }]).await.unwrap();
    let refused = begin(&book, "web-2").await.err();
    assert_eq!(refused, Some(LedgerError::Newer(HostId::new("h"), 2)));
    assert_eq!((book.read().await.ledger.newer, numbers(&book).await), (Some(2), vec![1]));
}

async fn ledgers_of_two_environments_do_not_mix(stage: &Stage) {
    let (one, other) = (book(stage, "../a"), book(stage, "A b"));
    assert_eq!(
        (record(&one, "web-1").await, record(&other, "web-1").await),
        (RecordNumber(1), RecordNumber(1))
    );
    assert_eq!((numbers(&one).await, numbers(&other).await), (vec![1], vec![1]));
}

/// What an operator who sees no more than this engine is told of its ledger.
fn told(address: &str, args: &[&str]) -> Done {
    run(&[&["--host", address, "ledger"], args].concat())
}

#[test]
fn the_command_line_tells_the_records_of_a_real_engine_and_what_is_wrong_with_them() {
    let Some(own) = OwnEngine::start() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let address = own.address();
    assert_eq!(told(&address, &["export"]).ended(0).out, "nothing is recorded\n");
    assert_eq!(own.docker(&["ps", "-aq"]), "", "who only looks leaves no trace");
    let engine = Arc::new(DockerEngine::new(HostId::new("h"), &Address::parse(&address)));
    let place = Place {
        host: HostId::new("h"),
        engine_id: String::new(),
        engine: Arc::clone(&engine) as Arc<dyn Engine>,
        copy: None,
    };
    let book = Book::new(EnvironmentId::new("local"), vec![place]);
    runtime.block_on(async {
        engine.greet().await.unwrap();
        record(&book, "web-1\u{1b}[2J").await;
    });
    let rows = told(&address, &["export", "--json"]).ended(0).json();
    let row = &rows[0];
    assert_eq!((row["number"].as_u64(), row["operator"].as_str()), (Some(1), Some("alice")), "{row}");
    assert_eq!((row["outcome"].as_str(), row["why"].as_str()), (Some("done"), Some("it leaks")), "{row}");
    let table = told(&address, &["export", "--utc"]).ended(0).out;
    assert!(table.contains("alice") && table.contains("stop") && !table.contains('\u{1b}'), "{table}");
    assert_eq!(own.docker(&["ps", "-aq"]).lines().count(), 1);
    assert_eq!(
        run(&["--host", &address, "ps", "--json"]).ended(0).out,
        "",
        "the holder is no service of anybody"
    );
    own.docker(&["system", "prune", "-a", "--volumes", "-f"]);
    assert!(told(&address, &["verify"]).ended(0).out.contains("1 record on 1 of 1 hosts, all whole"));
    let torn = File { path: "local/000003/00000000000000ff.begun".to_owned(), bytes: b"half".to_vec() };
    runtime.block_on(engine.ledger_write(&[torn])).unwrap();
    let rows = told(&address, &["verify", "--json"]).ended(3).json();
    let found: Vec<_> = rows.iter().map(|row| row["finding"].as_str().unwrap()).collect();
    assert_eq!(found, ["torn", "gap"], "{rows:?}");
}

#[test]
fn the_first_half_holds_on_a_real_engine() {
    they_hold(&ALL[..ALL.len() / 2]);
}

#[test]
fn the_other_half_holds_on_a_real_engine() {
    they_hold(&ALL[ALL.len() / 2..]);
}

fn they_hold(sentences: &[(&str, Sentence)]) {
    let Some(own) = OwnEngine::start() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let address = own.address();
    let engine = Arc::new(DockerEngine::new(HostId::new("h"), &Address::parse(&address)));
    for (name, sentence) in sentences {
        eprintln!("{name}");
        runtime.block_on(async {
            engine.greet().await.unwrap();
            sentence(&Stage::by(Arc::clone(&engine) as Arc<dyn Engine>, &address)).await;
        });
    }
}
