//! What is known of ledgers. Only ever added to: what a host that is lost told of the past stays true.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Now, World};
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvironmentId, HostId};
use crate::domain::ledger::Record;
use crate::domain::ledger::union::Ledger;
use crate::domain::lock;

/// The ledgers of the environments that were looked at.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ledgers {
    known: BTreeMap<EnvironmentId, Ledger>,
    written: BTreeMap<HostId, u64>,
    signs: BTreeMap<String, DateTime<Utc>>,
}

impl Ledgers {
    /// That of an environment; `None` until it was read.
    pub fn get(&self, environment: &EnvironmentId) -> Option<&Ledger> {
        self.known.get(environment)
    }

    /// How often something was written on these hosts since the console opened.
    pub fn written<'a>(&self, hosts: impl IntoIterator<Item = &'a HostId>) -> u64 {
        hosts.into_iter().filter_map(|host| self.written.get(host)).sum()
    }

    /// Whoever holds the lock of that name gave a sign then, by our clock.
    pub fn signed(&mut self, lock: String, at: DateTime<Utc>) {
        let last = self.signs.entry(lock).or_insert(at);
        *last = at.max(*last);
    }

    /// The last sign of whoever holds an environment, or held it.
    pub fn sign(&self, environment: &EnvironmentId) -> Option<DateTime<Utc>> {
        self.signs.get(&lock::name(environment)).copied()
    }

    /// Somebody wrote on that host.
    pub fn is_written(&mut self, host: &HostId) {
        *self.written.entry(host.clone()).or_default() += 1;
    }

    /// What the hosts that answer have of one.
    pub fn heard(&mut self, environment: &EnvironmentId, ledger: Ledger) {
        let before = self.known.insert(environment.clone(), ledger);
        for record in before.map(|ledger| ledger.records).unwrap_or_default() {
            self.add(environment, record, false);
        }
    }

    /// A record that this console wrote.
    pub fn recorded(&mut self, record: Record) {
        let environment = EnvironmentId::new(record.begun.environment.as_str());
        self.add(&environment, record, true);
    }

    fn add(&mut self, environment: &EnvironmentId, record: Record, is_newer: bool) {
        let records = &mut self.known.entry(environment.clone()).or_default().records;
        let key = |record: &Record| (record.begun.number, record.begun.id.clone());
        match records.binary_search_by_key(&key(&record), key) {
            Ok(at) if is_newer => records[at] = record,
            Ok(at) => complete(&mut records[at], record),
            Err(at) => records.insert(at, record),
        }
    }
}

/// With what was known of it before. Its journal may have grown since, and a host that has more of it may be lost.
fn complete(record: &mut Record, before: Record) {
    record.end = record.end.take().or(before.end);
    record.plan = record.plan.take().or(before.plan);
    if record.notes.len() < before.notes.len() {
        record.notes = before.notes;
    }
}

impl World {
    /// As [`World::note`], of a job.
    pub fn note_of(&mut self, job: u64, now: Now, text: impl Into<String>, is_failure: bool) {
        self.note(now, text, is_failure);
        if let Some(deed) = self.activity.last_mut() {
            deed.job = job;
        }
    }

    /// What a job did is in the ledger.
    pub fn recorded(&mut self, job: u64, record: Record) {
        let of_it = self.activity.iter_mut().filter(|deed| deed.job == job && job != 0);
        of_it.for_each(|deed| deed.record = Some((record.begun.number, record.begun.id.clone())));
        self.ledgers.recorded(record);
    }

    /// The records of an environment, oldest first.
    pub fn records(&self, environment: &Environment) -> &[Record] {
        self.ledgers.get(&environment.id).map_or(&[], |ledger| &ledger.records)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::deployment::{Heading, Note, Phase};
    use crate::domain::ledger::{Begun, Outcome, RecordId, RecordNumber, Who};

    fn record(number: u32, end: Option<Outcome>) -> Record {
        let at = DateTime::UNIX_EPOCH;
        let begun = Begun {
            number: RecordNumber(number),
            id: RecordId::new(u64::from(number)),
            environment: "e".to_owned(),
            at,
            who: Who::default(),
            act: "stop".to_owned(),
            on: Vec::new(),
            more: 0,
            why: None,
        };
        Record { begun, end: end.map(|outcome| (at, outcome)), plan: None, notes: Vec::new() }
    }

    fn heard(ledgers: &mut Ledgers, records: Vec<Record>) {
        ledgers.heard(&EnvironmentId::new("e"), Ledger { records, ..Ledger::default() });
    }

    fn known(ledgers: &Ledgers) -> Vec<(u32, bool)> {
        let ledger = ledgers.get(&EnvironmentId::new("e")).unwrap();
        ledger.records.iter().map(|record| (record.begun.number.0, record.end.is_some())).collect()
    }

    #[test]
    fn what_only_a_lost_host_had_stays_known() {
        let mut ledgers = Ledgers::default();
        heard(&mut ledgers, vec![record(1, Some(Outcome::Done)), record(2, Some(Outcome::Done))]);
        heard(&mut ledgers, vec![record(1, None), record(3, None)]);
        assert_eq!(known(&ledgers), [(1, true), (2, true), (3, false)]);
    }

    #[test]
    fn a_journal_grows_and_never_shrinks() {
        let with = |notes: u32| {
            let note = |step| Note {
                number: RecordNumber(1),
                id: RecordId::new(1),
                epoch: 1,
                heading: Heading::Forward,
                step,
                phase: Phase::Intent,
                at: DateTime::UNIX_EPOCH,
            };
            Record { notes: (0..notes).map(note).collect(), ..record(1, None) }
        };
        let mut ledgers = Ledgers::default();
        for (told, known) in [(1, 1), (2, 2), (0, 2)] {
            heard(&mut ledgers, vec![with(told)]);
            assert_eq!(ledgers.get(&EnvironmentId::new("e")).unwrap().records[0].notes.len(), known);
        }
    }

    #[test]
    fn an_end_that_is_heard_later_completes_its_record() {
        let mut ledgers = Ledgers::default();
        heard(&mut ledgers, vec![record(1, None)]);
        heard(&mut ledgers, vec![record(1, Some(Outcome::Done))]);
        assert_eq!(known(&ledgers), [(1, true)]);
    }
}
