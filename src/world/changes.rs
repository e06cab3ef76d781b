//! The list of what changed, from events, inspections and probes; each thing once.

use std::collections::VecDeque;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::World;
use crate::domain::change::{Change, What};
use crate::domain::container::Detail;
use crate::domain::environment::Environment;
use crate::domain::event::EngineEvent;
use crate::domain::ids::{ContainerId, ContainerKey, HostId, ServiceId};

/// Changes that are kept; the oldest go first.
const MOST: usize = 1000;
/// An event and the inspection that tells the same are this close.
const SAME: TimeDelta = TimeDelta::milliseconds(1500);

/// In order of time; each with whether somebody saw it happen. What an inspection dates was only there afterwards.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Changes(VecDeque<(Change, bool)>);

impl Changes {
    /// Adds one that was seen to happen. It takes the place of what an inspection dated about so; the very same one,
    /// told again, is dropped.
    pub fn saw(&mut self, change: Change) {
        let range = self.about(&change);
        if self.0.range(range.clone()).any(|(known, was_seen)| *was_seen && *known == change) {
            return;
        }
        let is_same = |(known, was_seen): &(Change, bool)| {
            !was_seen && known.key == change.key && known.what == change.what
        };
        if let Some(n) = self.0.range(range.clone()).position(is_same) {
            self.0.remove(range.start + n);
        }
        self.insert(change, true);
    }

    /// Adds one that an inspection dates, unless it is known.
    pub fn dated(&mut self, change: Change) {
        let is_same = |(known, _): &(Change, bool)| known.key == change.key && known.what == change.what;
        if !self.0.range(self.about(&change)).any(is_same) {
            self.insert(change, false);
        }
    }

    /// What the engine of a host told happened so much earlier.
    pub(super) fn moved(&mut self, host: &HostId, by: TimeDelta) {
        let is_told = |what: &What| !matches!(what, What::Asked(..) | What::Probe(..) | What::Dependency(..));
        for (change, _) in self.0.iter_mut().filter(|(c, _)| c.key.host == *host && is_told(&c.what)) {
            change.at -= by;
        }
        self.0.make_contiguous().sort_by_key(|(change, _)| change.at);
    }

    /// Those about the same time.
    fn about(&self, change: &Change) -> Range<usize> {
        let start = self.0.partition_point(|(known, _)| known.at < change.at - SAME);
        start..self.0.partition_point(|(known, _)| known.at <= change.at + SAME)
    }

    fn insert(&mut self, change: Change, was_seen: bool) {
        let at = self.0.partition_point(|(known, _)| known.at <= change.at);
        self.0.insert(at, (change, was_seen));
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.0.iter().map(|(change, _)| change)
    }
}

impl World {
    /// What the engine of a host told, now or of the past.
    pub fn happened(&mut self, host: &HostId, events: &[EngineEvent]) {
        let ahead = self.ahead(host);
        for event in events.iter().filter(|event| event.kind == "container") {
            let Some(what) = What::of(event) else { continue };
            let key = ContainerKey { host: host.clone(), id: ContainerId::new(event.id.as_str()) };
            let at = DateTime::from_timestamp_nanos(event.at_ns) - ahead;
            if let What::Check(is_ok) = what {
                self.checks.entry(key.clone()).or_default().turned(at, is_ok);
            }
            let change = self.change(key, at, what, &event.name);
            self.changes.saw(change);
        }
    }

    /// An operator of this console asked for something: who, and what.
    pub fn asked(
        &mut self,
        key: ContainerKey,
        name: &str,
        (who, what): (String, &'static str),
        at: DateTime<Utc>,
    ) {
        let change = self.change(key, at, What::Asked(who, what), name);
        self.changes.saw(change);
    }

    /// `name` is for a container that is not known.
    pub(super) fn change(&self, key: ContainerKey, at: DateTime<Utc>, what: What, name: &str) -> Change {
        let known = self.container(&key);
        let (name, service) = match known {
            Some(container) => (container.name.clone(), container.service.clone()),
            None => (name.into(), ServiceId::new(name)),
        };
        Change { at, key, name, service, what }
    }

    /// What an inspection says of the past: when it was made, started and ended.
    pub(super) fn dated(&mut self, key: &ContainerKey, detail: &Detail) {
        let Some(container) = self.container(key) else { return };
        let (created, release) = (container.created, container.release().to_owned());
        // Of one that ended at once the engine dates the start a little behind the end (seen on 20.10: 0.7 ms).
        let ended = detail.finished.filter(|_| !container.state.is_up());
        let started =
            detail.started.map(|at| ended.filter(|end| at - *end <= SAME).map_or(at, |end| at.min(end)));
        let mut told = vec![(Some(created), What::Created(release)), (started, What::Started)];
        let has_ended = detail.exit_code.is_some();
        if has_ended && detail.is_oom_killed {
            told.push((detail.finished, What::OutOfMemory));
        }
        if has_ended {
            told.push((detail.finished, What::Ended(detail.exit_code)));
        }
        for (at, what) in told {
            if let Some(at) = at.filter(|at| at.timestamp() > 0) {
                let change = self.change(key.clone(), at, what, "");
                self.changes.dated(change);
            }
        }
    }

    /// Changes of the containers that belong to an environment, or did; oldest first.
    pub fn changes_in<'a>(&'a self, environment: &'a Environment) -> impl Iterator<Item = &'a Change> {
        let belongs = |change: &&Change| {
            environment.hosts.contains(&change.key.host)
                && (environment.projects.is_empty()
                    || self
                        .container(&change.key)
                        .and_then(|c| c.project.as_ref())
                        .is_some_and(|p| environment.projects.iter().any(|wanted| **wanted == **p)))
        };
        self.changes.iter().filter(belongs)
    }
}
