//! The journal of a deployment, in the ledger of its environment: its plan, and a file for each line.

use super::{Book, Entry, File, nowhere, written};
use crate::domain::deployment::{Note, Plan};
use crate::domain::ids::HostId;
use crate::domain::ledger::{Piece, Record};
use crate::jobs::ledger::LedgerError;
use crate::ports::engine::EngineError;

impl Book {
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
        let files: Vec<File> = notes.iter().map(|note| self.file(&Piece::Noted(note.clone()))).collect();
        self.all(entry, &files).await
    }

    async fn all(&self, entry: &Entry, files: &[File]) -> Result<Vec<(HostId, EngineError)>, LedgerError> {
        let (took, missed) = written(&entry.on, files).await;
        if took.is_empty() { Err(nowhere(&missed)) } else { Ok(missed) }
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
