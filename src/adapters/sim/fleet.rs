//! All simulated containers and what is due to happen to them. Pure: time comes in, nothing goes out.

mod acts;
mod life;
mod make;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::clock::Ns;
use super::container::SimContainer;
use super::ledger::Shelf;
use super::scenario::{Kind, Scenario};
use super::script::LinkSpec;
use super::store::Gone;
use super::usage::time;
use crate::domain::container::Health;
use crate::domain::ids::{ContainerId, HostId};
use crate::domain::ledger::HOLDER;

pub(super) use acts::{Refusal, Then};

/// The engine keeps this many events for those who ask later.
const EVENTS: usize = 1024;
/// The number of a container: its place in the scenario.
pub(super) type Number = usize;

/// Something the engine reported.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    /// Counts up on each host, so that a stream knows what it has told.
    pub(super) serial: u64,
    pub(super) at: Ns,
    pub(super) action: String,
    pub(super) id: ContainerId,
    pub(super) name: String,
    pub(super) code: Option<i64>,
}

/// What is due.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// An event of the script.
    Script(usize),
    /// A container's check.
    Check(Number, u64),
    /// The end of a run.
    End(Number, u64, Ending),
    /// The engine starts it again.
    StartAgain(Number, u64),
    /// The script begins again.
    Round,
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ending {
    pub(super) code: i64,
    pub(super) is_oom: bool,
    pub(super) then: Then,
    /// Void once its mood has changed since.
    pub(super) mood_since: Option<Ns>,
}

#[derive(Debug, Default)]
struct SimHost {
    events: VecDeque<Happened>,
    serial: u64,
    is_lost: bool,
}

/// All hosts with what runs on them.
pub(super) struct Fleet {
    pub(super) scenario: Arc<Scenario>,
    pub(super) containers: BTreeMap<Number, SimContainer>,
    hosts: BTreeMap<HostId, SimHost>,
    now: Ns,
    due: BTreeMap<(Ns, u64), Due>,
    pub(super) gone: Gone,
    pub(super) ledgers: BTreeMap<HostId, Shelf>,
    /// Images that came by a pull.
    pub(super) pulled: BTreeSet<(HostId, String)>,
    planned: u64,
    made: usize,
}

impl Fleet {
    /// At second 0.
    pub(super) fn new(scenario: &Arc<Scenario>) -> Self {
        let hosts =
            scenario.hosts.keys().map(|name| (HostId::new(name.as_str()), SimHost::default())).collect();
        let containers = scenario.containers.iter().enumerate().filter_map(|(number, spec)| {
            let kind = scenario.kind_of(spec)?;
            Some((number, SimContainer::new(spec, kind, kind.moods.get("normal")?)))
        });
        let containers: BTreeMap<_, _> = containers.collect();
        let mut fleet = Self {
            scenario: Arc::clone(scenario),
            containers,
            hosts,
            now: 0,
            due: BTreeMap::new(),
            gone: Gone::new(),
            ledgers: BTreeMap::new(),
            pulled: BTreeSet::new(),
            planned: 0,
            made: 0,
        };
        fleet.plan_round();
        let numbers: Vec<_> = fleet.containers.keys().copied().collect();
        for number in numbers {
            fleet.plan_checks(number);
            fleet.plan_death(number);
        }
        fleet
    }

    /// Lets everything happen that is due until then.
    pub(super) fn advance(&mut self, to: Ns) {
        while let Some(((at, _), _)) = self.due.first_key_value().filter(|((at, _), _)| *at <= to) {
            self.now = *at;
            if let Some((_, due)) = self.due.pop_first() {
                self.happen(due);
            }
        }
        self.now = self.now.max(to);
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Ns> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    fn plan(&mut self, at: Ns, due: Due) {
        self.planned += 1;
        self.due.insert((at, self.planned), due);
    }

    fn plan_round(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        for (index, event) in scenario.events.iter().enumerate().filter(|(_, e)| e.on.is_none()) {
            self.plan(self.now + time(event.at), Due::Script(index));
        }
        if let Some(repeat) = scenario.repeat {
            self.plan(self.now + time(repeat), Due::Round);
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Script(index) => self.play(index),
            Due::Check(number, run) => self.check(number, run),
            Due::End(number, run, ending) => self.end(number, run, ending),
            Due::StartAgain(number, run) => {
                if self.containers.get(&number).is_some_and(|c| c.run == run && !c.is_ending) {
                    self.begin_run(number);
                }
            }
            Due::Round => self.plan_round(),
        }
    }

    fn play(&mut self, index: usize) {
        let scenario = Arc::clone(&self.scenario);
        let Some(event) = scenario.events.get(index) else { return };
        let holds = |(name, mood): (&String, &String)| {
            self.containers.values().any(|c| c.name == *name && c.mood == *mood)
        };
        if !event.only.iter().all(holds) {
            return;
        }
        for host in &event.hosts {
            if let (Some(host), Some(link)) =
                (self.hosts.get_mut(&HostId::new(host.get_ref().as_str())), event.link)
            {
                host.is_lost = link == LinkSpec::Lost;
            }
        }
        for name in &event.containers {
            let Some(number) = self.numbered(name.get_ref()) else { continue };
            if let Some(mood) = &event.mood {
                self.set_mood(number, mood.get_ref());
            }
            if let Some(saying) = &event.say {
                self.say(number, saying);
            }
            if let Some(exit) = event.exit {
                let run = self.containers.get(&number).map_or(0, |c| c.run);
                let ending =
                    Ending { code: exit.code, is_oom: exit.oom, then: Then::Policy, mood_since: None };
                self.end(number, run, ending);
            }
        }
    }

    fn numbered(&self, name: &str) -> Option<Number> {
        self.containers.iter().find(|(_, c)| c.name == name).map(|(number, _)| *number)
    }

    /// The container of that id, or its first digits, or its name, on that host.
    pub(super) fn find(&self, host: &HostId, id: &str) -> Option<Number> {
        let is_it = |c: &SimContainer| {
            c.host == *host
                && (c.id.as_str() == id || c.name == id || id.len() >= 12 && c.id.as_str().starts_with(id))
        };
        self.containers.iter().find(|(_, c)| is_it(c)).map(|(number, _)| *number)
    }

    /// How the container of that number behaves.
    pub(super) fn kind(&self, number: Number) -> Option<&Kind> {
        self.scenario.kind_of(&self.containers.get(&number)?.spec)
    }

    /// Nothing comes through to that host.
    pub(super) fn is_lost(&self, host: &HostId) -> bool {
        self.hosts.get(host).is_some_and(|h| h.is_lost)
    }

    /// What that engine reported from a serial number on, and the next number.
    pub(super) fn events(&self, host: &HostId, from: u64) -> (Vec<Happened>, u64) {
        let Some(host) = self.hosts.get(host) else { return (Vec::new(), from) };
        (host.events.iter().filter(|e| e.serial >= from).cloned().collect(), host.serial)
    }

    /// The serial number of the first event at or after that time.
    pub(super) fn first_event(&self, host: &HostId, since: Option<Ns>) -> u64 {
        let Some(host) = self.hosts.get(host) else { return 0 };
        let first = since.and_then(|since| host.events.iter().find(|e| e.at >= since));
        first.map_or(host.serial, |e| e.serial)
    }

    fn report(&mut self, number: Number, action: &str, code: Option<i64>) {
        let Some(container) = self.containers.get(&number) else { return };
        let (host, id, name) = (container.host.clone(), container.id.clone(), container.name.clone());
        self.tell(&host, action, (id, name), code);
    }

    /// Somebody wrote into a ledger there, which engines tell of the container that leads to it.
    pub(super) fn report_written(&mut self, host: &HostId) {
        self.tell(host, "extract-to-dir", (ContainerId::new(HOLDER), HOLDER.to_owned()), None);
    }

    fn tell(&mut self, host: &HostId, action: &str, (id, name): (ContainerId, String), code: Option<i64>) {
        let (at, Some(host)) = (self.now, self.hosts.get_mut(host)) else { return };
        let serial = host.serial;
        host.serial += 1;
        host.events.push_back(Happened { serial, at, action: action.to_owned(), id, name, code });
        if host.events.len() > EVENTS {
            host.events.pop_front();
        }
    }

    fn set_health(&mut self, number: Number, health: Health) {
        let Some(container) = self.containers.get_mut(&number) else { return };
        if container.health == health {
            return;
        }
        container.health = health;
        match health {
            Health::Healthy => self.report(number, "health_status: healthy", None),
            Health::Unhealthy => self.report(number, "health_status: unhealthy", None),
            Health::None | Health::Starting => {}
        }
    }
}
