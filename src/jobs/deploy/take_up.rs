//! Goes on with a deployment whose worker is not heard of any more: to its end, or back.

use tokio::time::sleep;

use super::Run;
use super::begin::{NotBegun, Site, unfinished};
use super::lock::{FRESH, Locked, break_up_to};
use crate::deploy::progress::Progress;
use crate::domain::deployment::{Heading, Note, Phase};
use crate::domain::ledger::{Outcome, Record, RecordId};
use crate::ports::pace::roll;

/// Where it shall go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// Where it was going.
    On,
    /// Back; why.
    Back(String),
}

impl Site {
    /// Takes up what was cut off; `None` where nothing was. A lock that was left without a deployment is broken.
    ///
    /// Whoever did it so far finds another's lock in place of its own, or none and this in the journal.
    ///
    /// # Errors
    /// Somebody else took it up at the same time, or a host does not answer.
    pub async fn take_up(&self, way: Way) -> Result<Option<Run>, NotBegun> {
        let ledger = self.ledger().await?;
        let epoch = self.next_epoch(&ledger).await?;
        let Some(record) = unfinished(&ledger).cloned() else {
            break_up_to(&self.hosts, &self.environment, epoch - 1).await?;
            self.close(ledger.records).await?;
            return Ok(None);
        };
        let entry = self.book.again(&record);
        let (number, id) = (record.begun.number, record.begun.id.clone());
        let phase = Phase::TakenUp(RecordId::new(roll()));
        let at = chrono::Utc::now();
        let note = Note { number, id, epoch, heading: Heading::Forward, step: 0, phase, at };
        self.book.noted(&entry, std::slice::from_ref(&note)).await?;
        break_up_to(&self.hosts, &self.environment, epoch - 1).await?;
        let purpose = record.begun.act.clone();
        let locks = Locked::take(&self.hosts, self.claim(epoch, purpose)).await?;
        // Whoever did it so far may have been sure of its lock right before.
        sleep(FRESH).await;
        // As it stands now that nobody else goes on with it.
        let ledger = self.ledger().await?;
        let same = |other: &&Record| other.begun.number == number && other.begun.id == record.begun.id;
        let now = ledger.records.iter().find(same).filter(|now| now.end.is_none());
        let Some((record, plan)) = now.and_then(|now| Some((now, now.plan.clone()?))) else {
            locks.give_back(&self.hosts).await?;
            return Ok(None);
        };
        let mut progress = Progress::of(&record.notes);
        if let Way::Back(why) = way
            && progress.heading == Heading::Forward
        {
            if !progress.may_turn(&plan) {
                locks.give_back(&self.hosts).await?;
                return Err(NotBegun::Unfinished(format!(
                    "{number} ({}) already removes what it replaced: resume it, then roll back",
                    entry.begun.act
                )));
            }
            let phase = Phase::Failed(why);
            let note = Note { phase, ..note };
            self.book.noted(&entry, std::slice::from_ref(&note)).await?;
            progress.note(&note);
        }
        let seen = ledger.last.unwrap_or(number);
        Ok(Some(self.run(entry, plan.as_seen_by(&self.engines), progress, seen, locks)))
    }

    /// What was begun without a plan touched nothing.
    async fn close(&self, records: Vec<Record>) -> Result<(), NotBegun> {
        let is_open = |record: &Record| {
            let verb = record.begun.act.split(' ').next().unwrap_or_default();
            record.end.is_none() && record.plan.is_none() && matches!(verb, "deploy" | "rollback" | "scale")
        };
        for record in records.into_iter().filter(is_open) {
            let outcome = Outcome::Failed("cut off before anything was done".to_owned());
            self.book.end(&self.book.again(&record), outcome).await;
        }
        Ok(())
    }
}
