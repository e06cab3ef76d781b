//! The ledger of an environment over its hosts: read as one, written to each that answers.
//!
//! A number is taken on one host, the first by the id of its engine: who takes it writes its record below the number
//! and looks what else lies there. A record stands once its writer saw no other one that was not withdrawn, and every
//! later writer sees it: two never stand. Of those who see each other all but one withdraw and take the next number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::future::join_all;
use tokio::sync::mpsc::Sender;

use super::route::Route;
use crate::domain::ids::{EnvironmentId, HostId};
use crate::domain::ledger::form::{self, Reading};
use crate::domain::ledger::union::{File, Ledger, union};
use crate::domain::ledger::{
    Begun, Intent, MOST_SUBJECTS, Outcome, Piece, Record, RecordId, RecordNumber, Who, bounded,
};
use crate::msg::Msg;
use crate::ports::engine::EngineError;
use crate::ports::ledger::{Kept, LedgerCopy, LedgerFiles};
use crate::ports::pace::roll;

pub mod journal;
mod new;

/// Numbers that are tried one after the other before it is given up: that many others write at the same time.
const MOST_TRIES: u32 = 64;
/// So often whoever comes first looks whether the others gave way, and so long it waits in between.
const MOST_LOOKS: u32 = 8;
const APART: Duration = Duration::from_millis(40);

/// A ledger that was written to is read so much later.
const GATHER: Duration = Duration::from_millis(250);

/// A host of the environment.
#[derive(Clone)]
pub struct Place {
    /// Its name.
    pub host: HostId,
    /// The id of its engine: by it all consoles have the hosts in one order.
    pub engine_id: String,
    /// Its engine.
    pub engine: Arc<dyn LedgerFiles>,
    /// Keeps what is seen of it.
    pub copy: Option<Arc<dyn LedgerCopy>>,
}

/// The ledger of an environment, on the hosts that may be asked.
#[derive(Clone)]
pub struct Book {
    environment: EnvironmentId,
    places: Vec<Place>,
}

/// Why a record is not, or not everywhere, in the ledger.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LedgerError {
    /// A newer console wrote there.
    #[error("{0}: the ledger is of format {1}, written by a newer console; update this one")]
    Newer(HostId, u32),
    /// No host took it.
    #[error("no host took it: {0}")]
    Nowhere(String),
    /// Others wrote all the time.
    #[error("no number could be taken: {0} others wrote at the same time")]
    Crowded(u32),
}

/// What was heard of a ledger.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// All together.
    pub ledger: Ledger,
    /// Hosts that did not say what they have, and why.
    pub unheard: BTreeMap<HostId, EngineError>,
    /// Hosts on which nothing leads to a ledger: it was cleared away, or there never was one.
    pub without_way: Vec<HostId>,
}

/// A record that was begun.
#[derive(Clone)]
pub struct Entry {
    /// As it was written.
    pub begun: Begun,
    /// Hosts that have it.
    on: Vec<Place>,
    /// Hosts that do not have it, and why.
    pub missed: Vec<(HostId, EngineError)>,
    /// A host that has it lacks older ones.
    pub is_behind: bool,
}

/// A ledger that may be written to.
#[derive(Clone, Default)]
pub struct Opened {
    // With the newest number of each.
    places: Vec<(Place, RecordNumber)>,
    missed: Vec<(HostId, EngineError)>,
}

impl Book {
    /// Of these hosts.
    pub fn new(environment: EnvironmentId, mut places: Vec<Place>) -> Self {
        // One that did not say its id may be any of them.
        places.sort_by_key(|place| (place.engine_id.is_empty(), place.engine_id.clone(), place.host.clone()));
        // Two names of one engine are one host.
        places.dedup_by(|a, b| !a.engine_id.is_empty() && a.engine_id == b.engine_id);
        Self { environment, places }
    }

    /// Of the hosts behind these ways.
    pub async fn over(environment: EnvironmentId, routes: Vec<(HostId, Arc<Route>)>) -> Self {
        let named = routes.into_iter().map(|(host, route)| async move {
            let engine_id = route.engine_id().await.to_string();
            Place { host, engine_id, engine: route.engine(), copy: route.copy() }
        });
        Self::new(environment, join_all(named).await)
    }

    /// What all hosts have; changes nothing on them.
    pub async fn read(&self) -> Heard {
        let below = form::directory(&self.environment);
        let asked = self.places.iter().map(|place| place.engine.ledger_files(&below));
        let mut heard = Heard::default();
        let mut shelves = Vec::new();
        for (place, answer) in self.places.iter().zip(join_all(asked).await) {
            match answer {
                Ok(Kept::Files(files)) => {
                    keep(place, &files).await;
                    shelves.push((place.host.clone(), files));
                }
                Ok(Kept::NoWay) => heard.without_way.push(place.host.clone()),
                Err(error) => drop(heard.unheard.insert(place.host.clone(), error)),
            }
        }
        heard.ledger = union(&shelves);
        heard
    }

    /// Makes the way to ledgers that are there and were cleared away; what fails is found out by who reads.
    pub async fn reopen(&self) {
        let asked = self.places.iter().map(|place| place.engine.ledger_reopen());
        for (place, answer) in self.places.iter().zip(join_all(asked).await) {
            if let Err(error) = answer {
                tracing::debug!(host = %place.host, %error, "no way to the ledger");
            }
        }
    }

    /// Looks how far the ledger is on each host, and whether it may be written to.
    ///
    /// # Errors
    /// [`LedgerError::Newer`], or that no host answers.
    pub async fn open(&self) -> Result<Opened, LedgerError> {
        let answers = join_all(self.places.iter().map(|place| self.newest_on(place))).await;
        let mut opened = Opened::default();
        for (place, answer) in self.places.iter().zip(answers) {
            match answer {
                Ok(Ok(number)) => opened.places.push((place.clone(), number)),
                Ok(Err(format)) => return Err(LedgerError::Newer(place.host.clone(), format)),
                Err(error) => opened.missed.push((place.host.clone(), error)),
            }
        }
        if opened.places.is_empty() { Err(nowhere(&opened.missed)) } else { Ok(opened) }
    }

    /// Records that something is about to be done, under the next number, on every host that answers.
    ///
    /// # Errors
    /// It is recorded nowhere.
    pub async fn begin(&self, opened: Opened, who: Who, intent: Intent) -> Result<Entry, LedgerError> {
        let Opened { places, mut missed } = opened;
        let mut number = places.iter().map(|(_, number)| *number).max().unwrap_or(RecordNumber(0));
        let is_behind = places.iter().any(|(_, newest)| *newest < number);
        let mut places: Vec<Place> = places.into_iter().map(|(place, _)| place).collect();
        let more = intent.on.len().saturating_sub(MOST_SUBJECTS);
        let mut begun = Begun {
            number,
            id: RecordId::new(roll()),
            environment: self.environment.as_str().to_owned(),
            at: Utc::now(),
            who,
            act: bounded(&intent.act),
            on: intent.on.into_iter().take(MOST_SUBJECTS).collect(),
            more,
            why: intent.why.as_deref().map(bounded),
        };
        let mut lost = Vec::new();
        for tries in 0..MOST_TRIES {
            number = number.next().ok_or(LedgerError::Crowded(tries))?;
            begun.number = number;
            let Some(first) = places.first() else { return Err(nowhere(&missed)) };
            match self.take(first, &begun).await {
                Ok(true) => {
                    // A number that was lost is no gap, wherever it is looked for.
                    lost.extend(self.files(&begun));
                    let (others, failed) = written(&places[1..], &lost).await;
                    missed.extend(failed);
                    let on = [first.clone()].into_iter().chain(others).collect();
                    return Ok(Entry { begun, on, missed, is_behind });
                }
                Ok(false) => lost.push(self.file(&withdrawn(&begun))),
                Err(error) => missed.push((places.remove(0).host, error)),
            }
        }
        Err(LedgerError::Crowded(MOST_TRIES))
    }

    /// Records how it ended, wherever its beginning is. The record, and hosts that do not have its end, and why.
    pub async fn end(&self, entry: &Entry, outcome: Outcome) -> (Record, Vec<(HostId, EngineError)>) {
        self.end_with(entry, &[], outcome).await
    }

    /// Gives each host the pieces that others have and it has not. Hosts that did not take them, and why.
    pub async fn catch_up(&self, ledger: &Ledger) -> Vec<(HostId, EngineError)> {
        let behind = self.places.iter().filter_map(|place| Some((place, ledger.missing.get(&place.host)?)));
        let asked = behind.map(|(place, files)| async move {
            place.engine.ledger_write(files).await.err().map(|error| (place.host.clone(), error))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// By the hint of one host, else by all that it has; the format where it is a newer one.
    async fn newest_on(&self, place: &Place) -> Result<Result<RecordNumber, u32>, EngineError> {
        let hint = form::path(&self.environment, &Piece::Head { number: RecordNumber(0) });
        let Kept::Files(files) = place.engine.ledger_files(&hint).await? else {
            // Cleared away, or never there: whoever writes makes the way, and then it is looked again.
            if !place.engine.ledger_reopen().await? {
                return Ok(Ok(RecordNumber(0)));
            }
            return self.counted(place).await;
        };
        match files.first().map(|file| form::read(&file.bytes)) {
            Some(Reading::Whole(piece)) => match *piece {
                Piece::Head { number } => Ok(Ok(number)),
                _ => self.counted(place).await,
            },
            Some(Reading::Newer(format)) => Ok(Err(format)),
            Some(Reading::Torn) | None => self.counted(place).await,
        }
    }

    async fn counted(&self, place: &Place) -> Result<Result<RecordNumber, u32>, EngineError> {
        let files = match place.engine.ledger_files(&form::directory(&self.environment)).await? {
            Kept::Files(files) => files,
            Kept::NoWay => Vec::new(),
        };
        let ledger = union(&[(place.host.clone(), files)]);
        Ok(ledger.newer.map_or(Ok(ledger.last.unwrap_or(RecordNumber(0))), Err))
    }

    /// Whether the record stands under its number.
    async fn take(&self, place: &Place, begun: &Begun) -> Result<bool, EngineError> {
        place.engine.ledger_write(&self.files(begun)).await?;
        for _ in 0..MOST_LOOKS {
            let there = place.engine.ledger_files(&form::place(&self.environment, begun.number)).await?;
            let Kept::Files(files) = there else {
                return Err(EngineError::Broken {
                    what: "read the ledger".to_owned(),
                    cause: "it was cleared away in the middle of a record".to_owned(),
                });
            };
            match standing(&files, &begun.id) {
                Standing::Alone => return Ok(true),
                Standing::First => tokio::time::sleep(APART).await,
                Standing::Behind => break,
            }
        }
        place.engine.ledger_write(&[self.file(&withdrawn(begun))]).await?;
        Ok(false)
    }

    /// Its record, then the hint: whoever finds the hint finds the record.
    fn files(&self, begun: &Begun) -> [File; 2] {
        [self.file(&Piece::Begun(begun.clone())), self.file(&Piece::Head { number: begun.number })]
    }

    fn file(&self, piece: &Piece) -> File {
        File { path: form::path(&self.environment, piece), bytes: form::write(piece) }
    }
}

/// Reads it once, a moment later: whoever writes, writes twice. First comes what was seen before on all of `routes`,
/// then what those say of which `is_up` says that they answer.
pub async fn tell(
    environment: EnvironmentId,
    routes: Vec<(HostId, Arc<Route>)>,
    is_up: impl Fn(&HostId) -> bool,
    out: Sender<Msg>,
) {
    let before = union(&copies(&environment, &routes).await);
    if !before.records.is_empty() {
        let seen = Ledger { records: before.records, ..Ledger::default() };
        let _ = out.send(Msg::Ledger(environment.clone(), Box::new(seen))).await;
    }
    let routes: Vec<_> = routes.into_iter().filter(|(host, _)| is_up(host)).collect();
    if routes.is_empty() {
        return;
    }
    tokio::time::sleep(GATHER).await;
    let Heard { mut ledger, unheard, .. } =
        Book::over(environment.clone(), routes.clone()).await.read_new(true).await;
    for (host, error) in unheard {
        tracing::warn!(%host, %error, "the ledger was not read");
    }
    for finding in &ledger.findings {
        tracing::warn!(%finding, "ledger");
    }
    // Whole files, for who catches up.
    ledger.missing.clear();
    journal::signs(&ledger, &environment, routes, &out).await;
    // The loop ends before its tasks; then nobody wants to know.
    let _ = out.send(Msg::Ledger(environment, Box::new(ledger))).await;
}

/// How a record stands among those of its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// No other one is there that was not withdrawn.
    Alone,
    /// Others are, and all of them will give way unless one of them stands already.
    First,
    /// It gives way.
    Behind,
}

/// Of those who write at the same time the one with the least id stays. What is torn may be one that is being written.
fn standing(files: &[File], id: &RecordId) -> Standing {
    let names = || files.iter().filter_map(|file| file.path.rsplit('/').next()?.split_once('.'));
    let is_withdrawn = |other: &str| names().any(|(id, kind)| id == other && kind == "withdrawn");
    let mut others = names().filter(|(other, _)| *other != id.as_str() && !is_withdrawn(other)).peekable();
    if others.peek().is_none() {
        Standing::Alone
    } else if others.all(|(other, kind)| other > id.as_str() && kind != "ended") {
        Standing::First
    } else {
        Standing::Behind
    }
}

fn withdrawn(begun: &Begun) -> Piece {
    Piece::Withdrawn { number: begun.number, id: begun.id.clone() }
}

/// Those that took the files, and those that did not.
async fn written(places: &[Place], files: &[File]) -> (Vec<Place>, Vec<(HostId, EngineError)>) {
    let answers = join_all(places.iter().map(|place| place.engine.ledger_write(files))).await;
    let (mut took, mut failed) = (Vec::new(), Vec::new());
    for (place, answer) in places.iter().zip(answers) {
        match answer {
            Ok(()) => {
                keep(place, files).await;
                took.push(place.clone());
            }
            Err(error) => failed.push((place.host.clone(), error)),
        }
    }
    (took, failed)
}

/// Keeps what was seen. A disk that takes nothing keeps nobody from seeing.
async fn keep(place: &Place, files: &[File]) {
    let Some(copy) = place.copy.clone() else { return };
    let files = files.to_vec();
    match tokio::task::spawn_blocking(move || copy.keep(&files)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(host = %place.host, %error, "the ledger is not kept here"),
        Err(error) => tracing::warn!(host = %place.host, %error, "the ledger is not kept here"),
    }
}

/// What was seen of an environment on these hosts, one after the other.
async fn copies(environment: &EnvironmentId, routes: &[(HostId, Arc<Route>)]) -> Vec<(HostId, Vec<File>)> {
    let mut shelves = Vec::new();
    for (host, route) in routes {
        let (Some(copy), directory) = (route.copy(), form::directory(environment)) else { continue };
        match tokio::task::spawn_blocking(move || copy.kept(&directory, true)).await {
            Ok(Ok(files)) => shelves.push((host.clone(), files)),
            Ok(Err(error)) => tracing::warn!(%host, %error, "the copy of the ledger is not read"),
            Err(error) => tracing::warn!(%host, %error, "the copy of the ledger is not read"),
        }
    }
    shelves
}

fn nowhere(missed: &[(HostId, EngineError)]) -> LedgerError {
    let told = journal::told(missed);
    LedgerError::Nowhere(if told.is_empty() { "none answers".to_owned() } else { told })
}
