//! The journal of a deployment, in the ledger of its environment: its plan, and a file for each line.

use std::sync::Arc;

use chrono::Utc;
use futures_util::future::join_all;
use tokio::sync::mpsc::Sender;

use super::{Book, Entry, File, Place, nowhere, written};
use crate::domain::deployment::{Note, Plan};
use crate::domain::ids::{EnvironmentId, HostId};
use crate::domain::ledger::form::{self, Reading};
use crate::domain::ledger::union::{Ledger, is_whole, union};
use crate::domain::ledger::{Begun, Ended, Outcome, Piece, Record, bounded};
use crate::domain::lock;
use crate::jobs::ledger::LedgerError;
use crate::jobs::route::Route;
use crate::msg::{HostFact, Msg};
use crate::ports::engine::EngineError;
use crate::ports::ledger::Kept;

impl Book {
    /// Its hosts, each engine once, in the order that all consoles share.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Writes down what a deployment is to do, wherever its beginning is. Hosts that did not take it, and why.
    ///
    /// # Errors
    /// No host took it: nothing may be done.
    pub async fn planned(
        &self,
        entry: &Entry,
        plan: &Plan,
    ) -> Result<Vec<(HostId, EngineError)>, LedgerError> {
        let (number, id, plan) = (entry.begun.number, entry.begun.id.clone(), Box::new(plan.clone()));
        self.all(entry, &[self.file(&Piece::Planned { number, id, plan })]).await
    }

    /// Writes lines of its journal.
    ///
    /// # Errors
    /// No host took them: the next step must not be done.
    pub async fn noted(
        &self,
        entry: &Entry,
        notes: &[Note],
    ) -> Result<Vec<(HostId, EngineError)>, LedgerError> {
        self.all(entry, &self.lines(notes)).await
    }

    /// As [`Self::end`], with the last lines of its journal.
    pub async fn end_with(
        &self,
        entry: &Entry,
        notes: &[Note],
        outcome: Outcome,
    ) -> (Record, Vec<(HostId, EngineError)>) {
        let outcome = match outcome {
            Outcome::Failed(why) => Outcome::Failed(bounded(&why)),
            Outcome::Undone(why) => Outcome::Undone(bounded(&why)),
            other => other,
        };
        let (begun, at) = (entry.begun.clone(), Utc::now());
        let ended = Ended { number: begun.number, id: begun.id.clone(), at, outcome: outcome.clone() };
        let mut files = self.lines(notes);
        files.push(self.file(&Piece::Ended(ended)));
        let (_, missed) = written(&entry.on, &files).await;
        (Record { begun, end: Some((at, outcome)), plan: None, notes: Vec::new() }, missed)
    }

    fn lines(&self, notes: &[Note]) -> Vec<File> {
        notes.iter().map(|note| self.file(&Piece::Noted(note.clone()))).collect()
    }

    async fn all(&self, entry: &Entry, files: &[File]) -> Result<Vec<(HostId, EngineError)>, LedgerError> {
        let (took, missed) = written(&entry.on, files).await;
        if took.is_empty() { Err(nowhere(&missed)) } else { Ok(missed) }
    }

    /// One record as it stands now; `None` where no host tells.
    pub async fn record(&self, begun: &Begun) -> Option<Record> {
        let ledger = union(&self.pieces(begun).await);
        ledger.records.into_iter().find(|record| record.begun.id == begun.id)
    }

    /// What was asked of whoever is at work on it. The rest of its journal is not looked at.
    pub async fn asked(&self, begun: &Begun) -> Vec<Note> {
        let files = self.pieces(begun).await.into_iter().flat_map(|(_, files)| files);
        let asked = files.filter(|file| form::is_request(&file.path) && is_whole(file));
        let read = asked.filter_map(|file| match form::read(&file.bytes) {
            Reading::Whole(piece) => Some(*piece),
            _ => None,
        });
        let of_it = read.filter_map(|piece| match piece {
            Piece::Noted(note) if note.id == begun.id => Some(note),
            _ => None,
        });
        of_it.collect()
    }

    /// All that hosts have of its number.
    async fn pieces(&self, begun: &Begun) -> Vec<(HostId, Vec<File>)> {
        let place = form::place(&self.environment, begun.number);
        let asked =
            self.places.iter().map(|on| async { (on.host.clone(), on.engine.ledger_files(&place).await) });
        let told = join_all(asked).await.into_iter().filter_map(|(host, answer)| match answer {
            Ok(Kept::Files(files)) => Some((host, files)),
            _ => None,
        });
        told.collect()
    }

    /// A record that stands there, to go on with it.
    pub fn again(&self, record: &Record) -> Entry {
        let (begun, on) = (record.begun.clone(), self.places.clone());
        Entry { begun, on, missed: Vec::new(), is_behind: false }
    }
}

/// Hosts and what came back from them, in words.
pub fn told(missed: &[(HostId, EngineError)]) -> String {
    missed.iter().map(|(host, error)| format!("{host}: {error}")).collect::<Vec<_>>().join("; ")
}

/// The last signs of whoever holds the locks of these hosts, where something has no end yet; later ones are events.
pub(super) async fn signs(
    ledger: &Ledger,
    environment: &EnvironmentId,
    routes: Vec<(HostId, Arc<Route>)>,
    out: &Sender<Msg>,
) {
    let is_open = |record: &Record| record.end.is_none() && record.plan.is_some();
    let routes = if ledger.records.iter().any(is_open) { routes } else { Vec::new() };
    for (host, route) in routes {
        let watched = match route.engine().lock_watched(environment).await {
            Ok(watched) => watched,
            Err(error) => {
                tracing::debug!(%host, %error, "the lock was not looked at");
                continue;
            }
        };
        let last = watched.and_then(|watched| watched.last_sign()?.timestamp_nanos_opt());
        if let Some(at_ns) = last {
            let fact = HostFact::Signed(lock::name(environment), at_ns);
            // The loop ends before its tasks; then nobody wants to know.
            let _ = out.send(Msg::Host(host, fact)).await;
        }
    }
}
