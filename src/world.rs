//! The last known facts per host, each with its age. Facts go in, nothing goes out; no I/O.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::deploy::plan::AllTerms;
use crate::domain::container::{Container, Detail, State};
use crate::domain::deployment::ENVIRONMENT;
use crate::domain::environment::Environment;
use crate::domain::host::{Address, EngineFacts, HostLoad};
use crate::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId};
use crate::domain::inventory::Inventory;
use crate::domain::ledger::{RecordId, RecordNumber};
use crate::domain::natural::natural;
use crate::domain::skew::Skew;
use crate::domain::usage::Sample;

pub mod changes;
pub mod events;
pub mod health;
pub mod ledgers;
pub mod limits;
pub mod link;
pub mod traffic;
pub mod usage;

pub use limits::Limits;
pub use link::{Course, Link};
pub use usage::UsageHistory;

/// The time, handed in: monotonic for ages, wall clock for showing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Now {
    /// Never goes back.
    pub at: Instant,
    /// What a clock on the wall shows.
    pub wall: DateTime<Utc>,
}

/// What is known of one host.
#[derive(Clone, Debug)]
pub struct Host {
    /// How it is reached.
    pub address: Address,
    /// How its link stands.
    pub link: Link,
    /// What its engine said of itself.
    pub engine: Option<EngineFacts>,
    /// Space, load and memory.
    pub load: HostLoad,
    /// How long its answers take, where that is long enough to be told.
    pub slow: Option<Duration>,
    /// Its containers by service, then name; `None` until a first list came.
    pub containers: Option<Vec<Container>>,
}

/// What an engine keeps, as it was counted on demand.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The last answer and when it came; `None` until one did.
    pub last: Option<(Instant, Arc<Inventory>)>,
    /// Why the newest question was not answered.
    pub failure: Option<String>,
    /// Asked since then, and not answered yet.
    pub asked: Option<Instant>,
}

impl Host {
    /// Asked at that address, nothing known yet.
    pub fn asked(address: Address) -> Self {
        let (link, load) = (Link::Asking, HostLoad::default());
        Self { address, link, engine: None, load, slow: None, containers: None }
    }

    /// How far its clock is off.
    pub fn skew(&self) -> Option<Skew> {
        self.engine.as_ref()?.skew
    }
}

const ACTIVITY: usize = 500;

/// One line of the activity list.
#[derive(Clone, PartialEq, Debug)]
pub struct Deed {
    /// When it was last heard of.
    pub at: DateTime<Utc>,
    /// What was done or tried, and what came back.
    pub text: String,
    /// It failed.
    pub is_failure: bool,
    /// The job it is about; 0 where it is about none.
    pub job: u64,
    /// Its record in the ledger, once it is written.
    pub record: Option<(RecordNumber, RecordId)>,
}

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// In the order they are shown.
    pub environments: Vec<Environment>,
    /// All hosts of all environments.
    pub hosts: BTreeMap<HostId, Host>,
    /// Rates per container; only those that were on a screen.
    pub usage: HashMap<ContainerKey, UsageHistory>,
    /// What engines keep; only those that were asked.
    pub inventories: BTreeMap<HostId, Counted>,
    /// What probes brought back.
    pub probes: health::Probes,
    /// Since when the engine's checks say what they say.
    pub checks: health::Checks,
    /// What engines told while somebody watched.
    pub events: events::Events,
    /// What happened to containers.
    pub changes: changes::Changes,
    /// What the configuration says of services.
    pub services: health::Services,
    /// And of how they are deployed.
    pub terms: AllTerms,
    /// What this console did and what failed, oldest first, at most 500.
    pub activity: Vec<Deed>,
    /// What is recorded on the hosts.
    pub ledgers: ledgers::Ledgers,
    /// What balancers told.
    pub traffic: traffic::Flows,
    /// From where on something is a warning.
    pub limits: Limits,
    /// What is over its limit, and for how long.
    pub strains: limits::Strains,
    /// Hosts whose disk runs short.
    pub short_disks: limits::ShortDisks,
    /// When the hosts were first asked.
    pub opened: Option<Instant>,
    /// Made from the simulated engine.
    pub is_demo: bool,
}

impl World {
    /// With what another one knows, but of those hosts.
    #[must_use]
    pub fn resuming(mut self, mut other: Self, anew: &BTreeSet<HostId>) -> Self {
        for host in anew {
            other.forget(host, |_| false);
            other.hosts.remove(host);
            other.inventories.remove(host);
            other.short_disks.remove(host);
            other.traffic.retain(|front, _| front.host != *host);
        }
        for (id, host) in &mut self.hosts {
            if let Some(known) = other.hosts.remove(id) {
                *host = known;
            }
        }
        other.activity.extend(self.activity);
        Self {
            environments: self.environments,
            hosts: self.hosts,
            services: self.services,
            terms: self.terms,
            limits: self.limits,
            opened: self.opened,
            ..other
        }
    }

    /// The environment of that name.
    pub fn environment(&self, id: &EnvironmentId) -> Option<&Environment> {
        self.environments.iter().find(|e| e.id == *id)
    }

    /// How far a host's clock is ahead of ours; this is taken off all times that it tells.
    pub fn ahead(&self, host: &HostId) -> TimeDelta {
        let skew = self.hosts.get(host).and_then(Host::skew);
        TimeDelta::nanoseconds(skew.map_or(0, Skew::certain_ns))
    }

    /// What an engine says of itself. What was told before its clock was known is put right.
    pub fn described(&mut self, host: &HostId, facts: EngineFacts) {
        let before = self.ahead(host);
        let Some(entry) = self.hosts.get_mut(host) else { return };
        entry.engine = Some(facts);
        let more = self.ahead(host) - before;
        if more.is_zero() {
            return;
        }
        let known = self.hosts.get_mut(host).and_then(|entry| entry.containers.as_mut());
        for container in known.into_iter().flatten() {
            container.created -= more;
            container.detail = container.detail.take().map(|detail| Arc::new(detail.earlier(more)));
        }
        self.changes.moved(host, more);
    }

    /// Its containers over all its hosts, by service, name and host: those of its projects, and what was made for it.
    pub fn containers<'a>(&'a self, environment: &'a Environment) -> Vec<&'a Container> {
        let is_wanted = |c: &&Container| {
            environment.projects.is_empty()
                || c.project.as_ref().is_some_and(|p| environment.projects.iter().any(|w| **w == **p))
                || c.labels.get(ENVIRONMENT).is_some_and(|made_for| *made_for == environment.id.as_str())
        };
        let hosts = environment.hosts.iter().filter_map(|id| self.hosts.get(id));
        let mut all: Vec<_> =
            hosts.filter_map(|h| h.containers.as_ref()).flatten().filter(is_wanted).collect();
        // One host's list is in order already; this is asked for often.
        if environment.hosts.len() > 1 {
            all.sort_by(|a, b| order(a, b));
        }
        all
    }

    /// That container, if it is still known.
    pub fn container(&self, key: &ContainerKey) -> Option<&Container> {
        self.hosts.get(&key.host)?.containers.as_ref()?.iter().find(|c| c.key == *key)
    }

    /// A whole new list of a host. Details known before are kept where the state is the same, or where the container came
    /// up again: until the new ones are there its count of restarts must not vanish.
    pub fn listed(&mut self, host: &HostId, mut list: Vec<Container>) {
        let ahead = self.ahead(host);
        let Some(entry) = self.hosts.get_mut(host) else { return };
        for container in &mut list {
            container.created -= ahead;
        }
        list.sort_by(order);
        if let Some(old) = entry.containers.take() {
            let mut details: HashMap<_, _> =
                old.into_iter().map(|c| (c.key.id.clone(), (c.state, c.detail))).collect();
            for container in list.iter_mut().filter(|c| c.detail.is_none()) {
                if let Some((state, detail)) = details.remove(&container.key.id)
                    && (state == container.state
                        || container.state.is_up()
                        || container.state == State::Restarting)
                {
                    container.detail = detail;
                }
            }
        }
        entry.link = Link::Up;
        let keys: std::collections::HashSet<_> = list.iter().map(|c| c.key.clone()).collect();
        entry.containers = Some(list);
        self.forget(host, |key| keys.contains(key));
    }

    /// The details of one container.
    pub fn detailed(&mut self, key: &ContainerKey, detail: &Arc<Detail>) {
        let ahead = self.ahead(&key.host);
        let detail = &if ahead.is_zero() { Arc::clone(detail) } else { Arc::new(detail.earlier(ahead)) };
        if let Some(container) = self.find_mut(key) {
            if let (State::Exited(code), Some(known)) = (&mut container.state, detail.exit_code) {
                *code = Some(known);
            }
            container.detail = Some(Arc::clone(detail));
        }
        self.dated(key, detail);
        self.checked(key, detail);
    }

    /// A state told by an event, before the next list confirms it.
    pub fn changed(&mut self, key: &ContainerKey, state: State) {
        if let Some(container) = self.find_mut(key) {
            container.state = state;
        }
    }

    /// A container is gone.
    pub fn removed(&mut self, host: &HostId, id: &ContainerId) {
        if let Some(list) = self.hosts.get_mut(host).and_then(|h| h.containers.as_mut()) {
            list.retain(|c| c.key.id != *id);
        }
    }

    /// The link broke; rows stay, and grow old from the first failure on. Who never answered did not since we came.
    pub fn lost(&mut self, host: &HostId, why: String, now: Now) {
        self.unheard(host, why, false, now);
    }

    /// The link is not tried again before somebody answered or looked.
    pub fn asks(&mut self, host: &HostId, why: String, now: Now) {
        self.unheard(host, why, true, now);
    }

    /// Who was lost was heard last then: silence is noticed later than it begins, and rows are as old as their news.
    pub fn heard_last(&mut self, host: &HostId, at: Instant) {
        if let Some(Link::Lost { since, .. }) = self.hosts.get_mut(host).map(|entry| &mut entry.link) {
            *since = at.min(*since);
        }
    }

    /// When a host that is lost is tried again; now where the try begins.
    pub fn tried_again_at(&mut self, host: &HostId, at: Instant) {
        if let Some(Link::Lost { next_try, .. }) = self.hosts.get_mut(host).map(|entry| &mut entry.link) {
            *next_try = Some(at);
        }
    }

    fn unheard(&mut self, host: &HostId, why: String, needs_person: bool, now: Now) {
        let opened = self.opened.unwrap_or(now.at);
        if let Some(entry) = self.hosts.get_mut(host) {
            let since = match &entry.link {
                Link::Lost { since, .. } => *since,
                Link::Asking => opened,
                Link::Up => now.at,
            };
            entry.link = Link::Lost { since, why, needs_person, next_try: None };
            entry.slow = None;
        }
        self.break_off(host);
    }

    /// What its engine keeps was counted, or could not be; the figures before stay, with their age.
    pub fn inventoried(&mut self, host: &HostId, answer: Result<Arc<Inventory>, String>, now: Now) {
        let entry = self.inventories.entry(host.clone()).or_default();
        entry.asked = None;
        match answer {
            Ok(inventory) => {
                entry.last = Some((now.at, inventory));
                entry.failure = None;
            }
            Err(why) => entry.failure = Some(why),
        }
    }

    /// A reading of a container's counters.
    pub fn sampled(&mut self, sample: Sample, now: Now) {
        let key = sample.key.clone();
        match self.usage.entry(key.clone()) {
            Entry::Occupied(mut known) => known.get_mut().sampled(sample, now.wall),
            Entry::Vacant(none) => drop(none.insert(UsageHistory::new(sample))),
        }
        self.watch(&key, now.wall);
    }

    /// Adds a line to the activity list.
    pub fn note(&mut self, now: Now, text: impl Into<String>, is_failure: bool) {
        if self.activity.len() == ACTIVITY {
            self.activity.remove(0);
        }
        let text = text.into();
        self.activity.push(Deed { at: now.wall, text, is_failure, job: 0, record: None });
    }

    fn find_mut(&mut self, key: &ContainerKey) -> Option<&mut Container> {
        self.hosts.get_mut(&key.host)?.containers.as_mut()?.iter_mut().find(|c| c.key == *key)
    }
}

/// How containers stand in a list.
fn order(a: &Container, b: &Container) -> Ordering {
    a.service
        .cmp(&b.service)
        .then_with(|| natural(&a.name, &b.name))
        .then_with(|| a.key.host.cmp(&b.key.host))
}
