//! Reads a ledger whose past was seen before: of the hosts only what is new is asked. Nothing of a record changes once it
//! has its end.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};

use super::{Book, Heard, Place, keep};
use crate::domain::ledger::RecordNumber;
use crate::domain::ledger::form;
use crate::domain::ledger::union::{File, Finding, number_in, union};
use crate::ports::engine::EngineError;
use crate::ports::ledger::Kept;

/// Where more numbers than this are new, all of it is read at once.
const MOST_ASKED: usize = 32;

impl Book {
    /// As [`Book::read`], but what a host lost since it was seen there is not found out. Without journals those of records
    /// that were over when they were seen are left out.
    pub async fn read_new(&self, with_journals: bool) -> Heard {
        let asked = self.places.iter().map(|place| self.shelf(place, with_journals));
        let (mut heard, mut shelves) = (Heard::default(), Vec::new());
        for (place, answer) in self.places.iter().zip(join_all(asked).await) {
            match answer {
                Ok(Kept::Files(files)) => shelves.push((place.host.clone(), files)),
                Ok(Kept::NoWay) => heard.without_way.push(place.host.clone()),
                Err(error) => drop(heard.unheard.insert(place.host.clone(), error)),
            }
        }
        heard.ledger = union(&shelves);
        // A copy that is not whole any more has to be told from a host that is not.
        if heard.ledger.findings.iter().any(|finding| matches!(finding, Finding::Torn(..))) {
            return self.read().await;
        }
        heard
    }

    async fn shelf(&self, place: &Place, with_journals: bool) -> Result<Kept, EngineError> {
        let before = self.seen(place, with_journals).await;
        let open = before.as_deref().and_then(unsettled);
        let (Some(mut files), Some((open, last))) = (before, open) else { return self.whole(place).await };
        // Mostly nothing came, or one.
        let (head, mut fresh) =
            join(self.newest_on(place), self.numbers(place, open.into_iter().chain([last + 1]))).await;
        let newest = match head? {
            Ok(newest) if newest.0 >= last && (newest.0 - last) as usize <= MOST_ASKED => newest.0,
            _ => return self.whole(place).await,
        };
        if newest > last {
            // The hint may be one behind.
            let more = self.numbers(place, last + 2..=newest + 1).await;
            fresh = fresh.and_then(|mut fresh| {
                fresh.extend(more?);
                Ok(fresh)
            });
        }
        let fresh = fresh?;
        keep(place, &fresh).await;
        let known: BTreeSet<&str> = fresh.iter().map(|file| file.path.as_str()).collect();
        files.retain(|file| !known.contains(file.path.as_str()));
        files.extend(fresh.iter().cloned());
        Ok(Kept::Files(files))
    }

    async fn whole(&self, place: &Place) -> Result<Kept, EngineError> {
        let kept = place.engine.ledger_files(&form::directory(&self.environment)).await?;
        if let Kept::Files(files) = &kept {
            keep(place, files).await;
        }
        Ok(kept)
    }

    async fn seen(&self, place: &Place, with_journals: bool) -> Option<Vec<File>> {
        let (copy, directory) = (place.copy.clone()?, form::directory(&self.environment));
        match tokio::task::spawn_blocking(move || copy.kept(&directory, with_journals)).await {
            Ok(Ok(files)) => Some(files),
            // All of it is on the host too.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    async fn numbers(
        &self,
        place: &Place,
        numbers: impl IntoIterator<Item = u32>,
    ) -> Result<Vec<File>, EngineError> {
        let below: Vec<_> =
            numbers.into_iter().map(|number| form::place(&self.environment, RecordNumber(number))).collect();
        let mut files = Vec::new();
        for answer in join_all(below.iter().map(|below| place.engine.ledger_files(below))).await {
            if let Kept::Files(more) = answer? {
                files.extend(more);
            }
        }
        Ok(files)
    }
}

/// Numbers up to the newest that was seen whose records may still change, and that newest one. `None` where nothing was
/// seen, or so many are open that all of it is read as fast.
fn unsettled(seen: &[File]) -> Option<(Vec<u32>, u32)> {
    // Names tell enough: only whole pieces are kept, each under its own.
    let mut by_number: BTreeMap<u32, BTreeMap<&str, bool>> = BTreeMap::new();
    for file in seen {
        let Some(number) = number_in(&file.path) else { continue };
        let Some((id, kind)) = file.path.rsplit('/').next().and_then(|name| name.split_once('.')) else {
            continue;
        };
        let is_over = by_number.entry(number.0).or_default().entry(id).or_default();
        *is_over |= matches!(kind, "ended" | "withdrawn");
    }
    let last = *by_number.keys().next_back()?;
    let is_over = |number: &u32| by_number.get(number).is_some_and(|of| of.values().all(|is_over| *is_over));
    let open: Vec<u32> = (1..=last).filter(|number| !is_over(number)).collect();
    (open.len() <= MOST_ASKED).then_some((open, last))
}
