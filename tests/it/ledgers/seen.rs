//! What was seen of a ledger before is not asked again: only what is new, and what may still change.

use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use pilothouse::adapters::ledger_copy::OnDisk;
use pilothouse::domain::host::Address;
use pilothouse::ports::ledger::{File, Kept, LedgerCopy, LedgerFiles};

use super::*;

/// Tells what was asked of it.
struct Heard {
    engine: Arc<SimEngine>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl LedgerFiles for Heard {
    async fn ledger_files(&self, below: &str) -> Result<Kept, EngineError> {
        self.asked.lock().unwrap().push(below.to_owned());
        self.engine.ledger_files(below).await
    }

    async fn ledger_reopen(&self) -> Result<bool, EngineError> {
        self.engine.ledger_reopen().await
    }

    async fn ledger_write(&self, files: &[File]) -> Result<(), EngineError> {
        self.engine.ledger_write(files).await
    }

    async fn ledger_written(&self) -> Result<BoxStream<'static, ()>, EngineError> {
        self.engine.ledger_written().await
    }
}

/// One host, seen by a console that keeps what it saw.
struct Desk {
    pair: Pair,
    heard: Arc<Heard>,
    state: tempfile::TempDir,
    copy: Arc<dyn LedgerCopy>,
}

impl Desk {
    fn new() -> Self {
        let (pair, state) = (Pair::new(), tempfile::tempdir().unwrap());
        let heard = Heard { engine: Arc::clone(&pair.engines[0]), asked: Mutex::default() };
        let copy = Self::copy(&state);
        Self { pair, heard: Arc::new(heard), state, copy }
    }

    fn copy(state: &tempfile::TempDir) -> Arc<dyn LedgerCopy> {
        Arc::new(OnDisk::new(state.path(), &Address::parse("unix:///run/docker.sock")))
    }

    /// The same console another time.
    fn again(&mut self) {
        self.copy = Self::copy(&self.state);
    }

    /// What is read, number and whether it is over, and what the host was asked for that.
    async fn read(&self) -> (Vec<(u32, bool)>, Vec<String>) {
        let engine = Arc::clone(&self.heard) as Arc<dyn LedgerFiles>;
        let (host, copy) = (HostId::new("web1"), Some(Arc::clone(&self.copy)));
        let place = Place { host, engine_id: "web1".to_owned(), engine, copy };
        let heard = Book::new(EnvironmentId::new("e"), vec![place]).read_new(true).await;
        assert!(heard.unheard.is_empty(), "{heard:?}");
        let records = heard.ledger.records.iter();
        let told = records.map(|record| (record.begun.number.0, record.end.is_some())).collect();
        let mut asked = std::mem::take(&mut *self.heard.asked.lock().unwrap());
        asked.sort();
        (told, asked)
    }

    async fn begin(&self) -> record::Recording {
        let environment = EnvironmentId::new("e");
        let intent = Intent { environment, act: "stop".to_owned(), on: Vec::new(), why: None };
        record::begin(self.pair.book(), Who::default(), intent).await.unwrap()
    }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn all_of_it_is_read_once_and_then_what_is_new() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.pair.act("web").await;
    }
    let all = vec![(1, true), (2, true), (3, true)];
    assert_eq!(desk.read().await, (all.clone(), names(&["e"])));
    assert_eq!(desk.read().await, (all, names(&["e/000004", "e/head"])));
    desk.pair.act("web").await;
    let all = vec![(1, true), (2, true), (3, true), (4, true)];
    assert_eq!(desk.read().await, (all.clone(), names(&["e/000004", "e/000005", "e/head"])));
    desk.again();
    assert_eq!(desk.read().await, (all, names(&["e/000005", "e/head"])));
}

#[tokio::test]
async fn what_was_not_over_is_asked_again_until_it_is() {
    let desk = Desk::new();
    desk.pair.act("web").await;
    let recording = desk.begin().await;
    // Its beginning is written beside; it is there once its end is.
    desk.read().await;
    recording.end(Outcome::Done).await;
    desk.pair.act("web").await;
    let all = vec![(1, true), (2, true), (3, true)];
    assert_eq!(desk.read().await.0, all);
    assert_eq!(desk.read().await, (all, names(&["e/000004", "e/head"])));
}

#[tokio::test]
async fn where_much_is_new_all_of_it_is_read_at_once() {
    let desk = Desk::new();
    desk.pair.act("web").await;
    desk.read().await;
    for _ in 0..40 {
        desk.pair.act("web").await;
    }
    let (told, asked) = desk.read().await;
    assert_eq!((told.len(), asked.contains(&"e".to_owned())), (41, true), "{asked:?}");
}

#[tokio::test]
async fn a_host_that_was_made_anew_is_read_whole_and_what_it_lost_is_not_shown_as_its_own() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.pair.act("web").await;
    }
    desk.read().await;
    desk.pair = Pair::new();
    desk.heard = Arc::new(Heard { engine: Arc::clone(&desk.pair.engines[0]), asked: Mutex::default() });
    desk.pair.act("web").await;
    assert_eq!(desk.read().await.0, [(1, true)]);
}
