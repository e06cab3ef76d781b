//! What a console would know of a scenario after so many seconds: for tests and pictures, without a wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Simulation;
use super::clock::{Clock, Ns, SECOND, nanos};
use super::scenario::Scenario;
use crate::config::units::ByteSize;
use crate::domain::environment::Environment;
use crate::domain::host::{Address, HostLoad};
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId};
use crate::domain::usage::Sample;
use crate::logs::line::{Batch, SourceId};
use crate::world::{HISTORY, Host, Link, Now, World};

/// From one reading of the counters to the next, as on the screen.
const SWEEP: Ns = 3 * SECOND;

impl Scenario {
    /// Its environments and hosts, before any of them answered.
    pub fn unasked(&self) -> World {
        let environments = self.environments.iter().map(|e| Environment {
            id: EnvironmentId::new(e.name.as_str()),
            class: e.class,
            is_protected: e.protected,
            hosts: e.hosts.iter().map(|name| HostId::new(name.get_ref().as_str())).collect(),
            projects: Vec::new(),
        });
        let hosts = self.hosts.keys().map(|name| {
            let host = Host {
                address: Address::Other(format!("demo://{name}")),
                link: Link::Asking,
                engine: None,
                load: HostLoad::default(),
                containers: None,
            };
            (HostId::new(name.as_str()), host)
        });
        let (environments, hosts) = (environments.collect(), hosts.collect());
        World { environments, hosts, is_demo: true, ..World::default() }
    }

    /// What a console knows that was opened minutes ago, `at` after second 0, and what time it is there. Always the
    /// same for the same scenario and time.
    pub fn world_at(self: &Arc<Self>, at: Duration) -> (World, Now) {
        let view = View::at(self, at);
        (view.world, view.now)
    }
}

/// A scenario held at a moment, with what a console knows then.
pub struct View {
    /// All that is known.
    pub world: World,
    /// What time it is there.
    pub now: Now,
    simulation: Arc<Simulation>,
}

impl View {
    /// The scenario `at` after second 0.
    pub fn at(scenario: &Arc<Scenario>, at: Duration) -> Self {
        let clock = Clock::held(scenario.starts);
        let simulation = Simulation::new(scenario, clock.clone());
        let mut world = scenario.unasked();
        let end = nanos(at);
        let mut lost: BTreeMap<HostId, Ns> = BTreeMap::new();
        // Sweep for sweep, because rates need the reading before, and a lost host is known as it last was.
        let mut sweep = end.rem_euclid(SWEEP);
        while sweep <= end {
            clock.set(Duration::from_nanos(sweep.unsigned_abs()));
            let is_shown = end - sweep <= HISTORY as Ns * SWEEP;
            simulation.look(&mut world, &mut lost, is_shown);
            sweep += SWEEP;
        }
        let now = Now { at: Instant::now(), wall: clock.wall(end) };
        for (host, since) in lost {
            let age = Duration::from_nanos((end - since).unsigned_abs());
            let why = format!("cannot reach demo://{host}: the connection was lost");
            let since = now.at.checked_sub(age).unwrap_or(now.at);
            if let Some(entry) = world.hosts.get_mut(&host) {
                entry.link = Link::Lost { since, why };
            }
        }
        Self { world, now, simulation }
    }

    /// The last `count` lines of a container, as a log view gets them; empty for one that is not there.
    pub fn log(&self, key: &ContainerKey, count: usize, source: SourceId) -> Batch {
        let mut batch = self.simulation.last_lines(key, count);
        batch.set_source(source);
        batch
    }
}

impl Simulation {
    /// Takes all that is seen now over into `world`.
    fn look(&self, world: &mut World, lost: &mut BTreeMap<HostId, Ns>, with_usage: bool) {
        let now = self.clock.now();
        let names: Vec<HostId> = world.hosts.keys().cloned().collect();
        for host in names {
            if self.fleet().is_lost(&host) {
                lost.entry(host).or_insert(now);
                continue;
            }
            lost.remove(&host);
            let (facts, load, list) = (self.facts(&host), self.load(&host), self.list(&host));
            world.listed(&host, list.iter().map(|(c, _)| c.clone()).collect());
            if let Some(entry) = world.hosts.get_mut(&host) {
                (entry.engine, entry.load) = (facts, load);
            }
            for (container, detail) in list {
                world.detailed(&container.key, Arc::new(detail));
                let sample = with_usage.then(|| self.sample(&container.key)).flatten();
                if let Some(sample) = sample {
                    world.sampled(sample);
                }
            }
        }
    }

    /// One reading of what runs.
    pub(super) fn sample(&self, key: &ContainerKey) -> Option<Sample> {
        let fleet = self.fleet();
        let number = fleet.find(&key.host, key.id.as_str())?;
        let container = fleet.containers.get(&number).filter(|c| c.is_up())?;
        let now = self.clock.now();
        let (counters, memory_bytes) = container.used(now);
        Some(Sample {
            key: key.clone(),
            at_ns: self.clock.wall_ns(now),
            cpu_ns: counters.cpu_ns as u64,
            memory_bytes,
            memory_limit_bytes: fleet.scenario.containers.get(number)?.limit.map(ByteSize::bytes),
            received_bytes: counters.received as u64,
            sent_bytes: counters.sent as u64,
        })
    }
}
