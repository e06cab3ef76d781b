//! The ledger of an environment over its hosts: read as one, written to each that answers.
//!
//! A number is taken on one host, the first by the id of its engine: who takes it writes its record below the number
//! and looks what else lies there. Whoever sees another one that was not withdrawn withdraws its own and takes the next
//! number. A record stands once its writer saw it alone, and every later writer sees it: two never stand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::future::join_all;

use crate::domain::ids::{EnvironmentId, HostId};
use crate::domain::ledger::form::{self, Reading};
use crate::domain::ledger::union::{File, Ledger, union};
use crate::domain::ledger::{Begun, Ended, Outcome, Piece, RecordId, RecordNumber, Subject, Who, bounded};
use crate::domain::ledger::{MOST_SUBJECTS, Record};
use crate::ports::engine::{Engine, EngineError};
use crate::ports::ledger::Kept;
use crate::ports::pace::roll;

/// Numbers that are tried one after the other before it is given up: that many others write at the same time.
const MOST_TRIES: u32 = 64;
/// Two that want the same numbers come apart: the most that one of them waits, times the tries so far.
const APART: Duration = Duration::from_millis(40);

/// A host of the environment.
#[derive(Clone)]
pub struct Place {
    /// Its name.
    pub host: HostId,
    /// The id of its engine: by it all consoles have the hosts in one order.
    pub engine_id: String,
    /// Its engine.
    pub engine: Arc<dyn Engine>,
}

/// The ledger of an environment, on the hosts that may be asked.
#[derive(Clone)]
pub struct Book {
    environment: EnvironmentId,
    places: Vec<Place>,
}

/// What is to be recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    /// Who does it.
    pub who: Who,
    /// What: `stop`.
    pub act: String,
    /// To what.
    pub on: Vec<Subject>,
    /// What for.
    pub why: Option<String>,
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
}

impl Book {
    /// Of these hosts.
    pub fn new(environment: EnvironmentId, mut places: Vec<Place>) -> Self {
        places.sort_by(|a, b| (&a.engine_id, &a.host).cmp(&(&b.engine_id, &b.host)));
        // Two names of one engine are one host.
        places.dedup_by(|a, b| !a.engine_id.is_empty() && a.engine_id == b.engine_id);
        Self { environment, places }
    }

    /// What all hosts have; changes nothing on them.
    pub async fn read(&self) -> Heard {
        let below = form::directory(&self.environment);
        let asked = self.places.iter().map(|place| place.engine.ledger_files(&below));
        let mut heard = Heard::default();
        let mut shelves = Vec::new();
        for (place, answer) in self.places.iter().zip(join_all(asked).await) {
            match answer {
                Ok(Kept::Files(files)) => shelves.push((place.host.clone(), files)),
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

    /// Records that something is about to be done, under the next number, on every host that answers.
    ///
    /// # Errors
    /// It is recorded nowhere.
    pub async fn begin(&self, deed: Deed) -> Result<Entry, LedgerError> {
        let (mut places, mut missed) = (self.places.clone(), Vec::new());
        let mut number = self.newest(&mut places, &mut missed).await?;
        let id = RecordId::new(roll());
        let more = deed.on.len().saturating_sub(MOST_SUBJECTS);
        let mut begun = Begun {
            number,
            id,
            environment: self.environment.as_str().to_owned(),
            at: Utc::now(),
            who: deed.who,
            act: bounded(&deed.act),
            on: deed.on.into_iter().take(MOST_SUBJECTS).collect(),
            more,
            why: deed.why.as_deref().map(bounded),
        };
        for tries in 0..MOST_TRIES {
            number = number.next().ok_or(LedgerError::Crowded(tries))?;
            begun.number = number;
            let Some(first) = places.first() else { return Err(nowhere(&missed)) };
            match self.take(first, &begun).await {
                Ok(true) => {
                    let files = self.files(&begun);
                    let (others, failed) = written(&places[1..], &files).await;
                    missed.extend(failed);
                    let on = [first.clone()].into_iter().chain(others).collect();
                    return Ok(Entry { begun, on, missed });
                }
                Ok(false) => tokio::time::sleep(APART.mul_f64(share(tries))).await,
                Err(error) => missed.push((places.remove(0).host, error)),
            }
        }
        Err(LedgerError::Crowded(MOST_TRIES))
    }

    /// Records how it ended, wherever its beginning is. Hosts that do not have it, and why.
    pub async fn end(&self, entry: &Entry, outcome: Outcome) -> Vec<(HostId, EngineError)> {
        let outcome = match outcome {
            Outcome::Failed(why) => Outcome::Failed(bounded(&why)),
            other => other,
        };
        let Begun { number, id, .. } = &entry.begun;
        let piece = Piece::Ended(Ended { number: *number, id: id.clone(), at: Utc::now(), outcome });
        written(&entry.on, &[self.file(&piece)]).await.1
    }

    /// Gives each host the pieces that others have and it has not. Hosts that did not take them, and why.
    pub async fn catch_up(&self, ledger: &Ledger) -> Vec<(HostId, EngineError)> {
        let behind = self.places.iter().filter_map(|place| Some((place, ledger.missing.get(&place.host)?)));
        let asked = behind.map(|(place, files)| async move {
            place.engine.ledger_write(files).await.err().map(|error| (place.host.clone(), error))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// The newest number of all hosts; those that do not answer are left out.
    async fn newest(
        &self,
        places: &mut Vec<Place>,
        missed: &mut Vec<(HostId, EngineError)>,
    ) -> Result<RecordNumber, LedgerError> {
        let asked = places.iter().map(|place| self.newest_on(place));
        let answers = join_all(asked).await;
        let mut newest = RecordNumber(0);
        let mut answering = Vec::new();
        for (place, answer) in places.drain(..).zip(answers) {
            match answer {
                Ok(Ok(number)) => {
                    newest = newest.max(number);
                    answering.push(place);
                }
                Ok(Err(format)) => return Err(LedgerError::Newer(place.host, format)),
                Err(error) => missed.push((place.host, error)),
            }
        }
        *places = answering;
        Ok(newest)
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
        let there = place.engine.ledger_files(&form::place(&self.environment, begun.number)).await?;
        let Kept::Files(files) = there else {
            return Err(EngineError::Broken {
                what: "read the ledger".to_owned(),
                cause: "it was cleared away in the middle of a record".to_owned(),
            });
        };
        if is_alone(&files, &begun.id) {
            return Ok(true);
        }
        let withdrawn = Piece::Withdrawn { number: begun.number, id: begun.id.clone() };
        place.engine.ledger_write(&[self.file(&withdrawn)]).await?;
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

/// Nobody else has a record below this number that was not withdrawn. What is torn may be one that is being written.
fn is_alone(files: &[File], id: &RecordId) -> bool {
    let names = || files.iter().filter_map(|file| file.path.rsplit('/').next()?.split_once('.'));
    let is_withdrawn = |other: &str| names().any(|(id, kind)| id == other && kind == "withdrawn");
    names().filter(|(other, _)| *other != id.as_str()).all(|(other, _)| is_withdrawn(other))
}

/// Those that took the files, and those that did not.
async fn written(places: &[Place], files: &[File]) -> (Vec<Place>, Vec<(HostId, EngineError)>) {
    let answers = join_all(places.iter().map(|place| place.engine.ledger_write(files))).await;
    let (mut took, mut failed) = (Vec::new(), Vec::new());
    for (place, answer) in places.iter().zip(answers) {
        match answer {
            Ok(()) => took.push(place.clone()),
            Err(error) => failed.push((place.host.clone(), error)),
        }
    }
    (took, failed)
}

fn nowhere(missed: &[(HostId, EngineError)]) -> LedgerError {
    let told = missed.iter().map(|(host, error)| format!("{host}: {error}")).collect::<Vec<_>>().join("; ");
    LedgerError::Nowhere(if told.is_empty() { "none answers".to_owned() } else { told })
}

/// A part of so many and one, another one each time.
fn share(tries: u32) -> f64 {
    f64::from(tries + 1) * (roll() % 1000) as f64 / 1000.0
}

impl Entry {
    /// The record as far as it is known before it ended.
    pub fn record(&self) -> Record {
        Record { begun: self.begun.clone(), end: None }
    }
}
