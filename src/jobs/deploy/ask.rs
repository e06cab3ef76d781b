//! Asks something of a deployment that runs, and takes its lock away from whoever does not answer.

use chrono::Utc;
use tokio::time::sleep;

use super::begin::{NotBegun, Site, epoch_after, unfinished};
use super::lock::{FRESH, break_up_to};
use crate::deploy::request::next;
use crate::domain::deployment::{Asked, Heading, Note, Phase};
use crate::domain::ids::HostId;
use crate::domain::ledger::union::Ledger;
use crate::domain::ledger::{Record, RecordId};
use crate::domain::lock::Watched;
use crate::ports::pace::roll;

impl Site {
    /// The locks of its hosts, each with the last sign of its holder.
    ///
    /// # Errors
    /// The first host that does not answer.
    pub async fn watched(&self) -> Result<Vec<(HostId, Watched)>, NotBegun> {
        let mut all = Vec::new();
        for (host, engine) in &self.hosts.0 {
            let watched = engine.lock_watched(&self.environment).await;
            let watched = watched.map_err(|error| NotBegun::Engine(host.clone(), error))?;
            all.extend(watched.map(|watched| (host.clone(), watched)));
        }
        Ok(all)
    }

    /// Asks it of whoever is at work on this record. It stands in the journal then; whether it is heard the journal tells.
    ///
    /// # Errors
    /// A host does not answer, or the journal cannot be written.
    pub async fn ask(&self, record: &Record, what: Asked, why: Option<String>) -> Result<(), NotBegun> {
        let seen = self.watched().await?;
        let claimed = seen.iter().filter_map(|(_, watched)| Some(watched.lock.claim.as_ref()?.epoch));
        let epoch = claimed.chain(record.notes.iter().map(|note| note.epoch)).max().unwrap_or(0);
        let id = RecordId::new(roll());
        let request = next(&record.notes, epoch, id, self.who.clone(), what, why);
        self.note(record, epoch, Phase::Asked(Box::new(request))).await
    }

    /// Takes the lock away from whoever has it: he begins no further step. What he was doing can be taken up then.
    ///
    /// # Errors
    /// A host does not answer, or the journal cannot be written.
    pub async fn oust(&self) -> Result<(), NotBegun> {
        let ledger = self.ledger().await?;
        let epoch = self.next_epoch(&ledger).await?;
        if let Some(record) = unfinished(&ledger) {
            self.note(record, epoch, Phase::TakenUp(RecordId::new(roll()))).await?;
        }
        break_up_to(&self.hosts, &self.environment, epoch - 1).await?;
        // He may have been sure of it right before.
        sleep(FRESH).await;
        Ok(())
    }

    /// Higher than that of all who ever had the lock.
    pub(super) async fn next_epoch(&self, ledger: &Ledger) -> Result<u32, NotBegun> {
        let mut epoch = epoch_after(ledger);
        for (host, engine) in &self.hosts.0 {
            let seen = engine.lock_seen(&self.environment).await;
            let seen = seen.map_err(|error| NotBegun::Engine(host.clone(), error))?;
            let claimed = seen.and_then(|lock| lock.claim).map_or(0, |claim| claim.epoch);
            epoch = epoch.max(claimed.saturating_add(1));
        }
        Ok(epoch)
    }

    /// A line of its journal that is about no step.
    pub(super) async fn note(&self, record: &Record, epoch: u32, phase: Phase) -> Result<(), NotBegun> {
        let (number, id) = (record.begun.number, record.begun.id.clone());
        let (heading, step, at) = (Heading::Forward, 0, Utc::now());
        let note = Note { number, id, epoch, heading, step, phase, at };
        self.book.noted(&self.book.again(record), std::slice::from_ref(&note)).await?;
        Ok(())
    }
}
