//! The list of what changed, from events, inspections and probes; each thing once.

use std::collections::VecDeque;

use chrono::TimeDelta;

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

/// In order of time.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Changes(VecDeque<Change>);

impl Changes {
    /// Adds one where its time puts it, unless it is known.
    pub fn add(&mut self, change: Change) {
        let at = self.0.partition_point(|known| known.at <= change.at);
        let near = |known: &&Change| (known.at - change.at).abs() <= SAME;
        let is_same = |known: &Change| known.key == change.key && known.what == change.what;
        let before = self.0.range(..at).rev().take_while(near);
        if before.chain(self.0.range(at..).take_while(near)).any(is_same) {
            return;
        }
        self.0.insert(at, change);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.0.iter()
    }
}

impl World {
    /// What the engine of a host told, now or of the past.
    pub fn happened(&mut self, host: &HostId, events: &[EngineEvent]) {
        for event in events.iter().filter(|event| event.kind == "container") {
            let Some(what) = What::of(event) else { continue };
            let key = ContainerKey { host: host.clone(), id: ContainerId::new(event.id.as_str()) };
            let at = chrono::DateTime::from_timestamp_nanos(event.at_ns);
            if let What::Check(is_ok) = what {
                self.checks.entry(key.clone()).or_default().turned(at, is_ok);
            }
            self.change(key, at, what, &event.name);
        }
    }

    /// `name` is for a container that is not known.
    pub(super) fn change(
        &mut self,
        key: ContainerKey,
        at: chrono::DateTime<chrono::Utc>,
        what: What,
        name: &str,
    ) {
        let known = self.container(&key);
        let (name, service) = match known {
            Some(container) => (container.name.clone(), container.service.clone()),
            None => (name.into(), ServiceId::new(name)),
        };
        self.changes.add(Change { at, key, name, service, what });
    }

    /// What an inspection says of the past: when it was made, started and ended.
    pub(super) fn dated(&mut self, key: &ContainerKey, detail: &Detail) {
        let Some(container) = self.container(key) else { return };
        let (created, release) = (container.created, container.release().to_owned());
        let mut told = vec![(Some(created), What::Created(release)), (detail.started, What::Started)];
        let has_ended = detail.exit_code.is_some();
        if has_ended && detail.is_oom_killed {
            told.push((detail.finished, What::OutOfMemory));
        }
        if has_ended {
            told.push((detail.finished, What::Ended(detail.exit_code)));
        }
        for (at, what) in told {
            if let Some(at) = at.filter(|at| at.timestamp() > 0) {
                self.change(key.clone(), at, what, "");
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
