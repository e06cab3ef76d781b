//! What a console would know of a scenario after so many seconds: for tests and pictures, without a wait.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::clock::{Clock, Ns, SECOND, nanos};
use super::scenario::Scenario;
use super::{Simulation, streams};
use crate::config::units::ByteSize;
use crate::domain::container::State;
use crate::domain::environment::Environment;
use crate::domain::host::Address;
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId};
use crate::domain::usage::Sample;
use crate::logs::line::{Batch, SourceId};
use crate::world::{Host, Now, World};

/// From one reading of the counters to the next, as on the screen.
const SWEEP: Ns = 3 * SECOND;

/// The longest past that is looked at before a console opens.
const WATCHED: Duration = Duration::from_secs(3600);

impl Scenario {
    /// Its environments and hosts, before any of them answered.
    pub fn unasked(&self) -> World {
        let environments = self.environments.iter().map(|e| Environment {
            id: EnvironmentId::new(e.name.as_str()),
            class: e.class,
            is_protected: e.protected,
            hosts: e.hosts.iter().map(|name| HostId::new(name.get_ref().as_str())).collect(),
            projects: Vec::new(),
            after: None,
        });
        let hosts = self
            .hosts
            .keys()
            .map(|name| (HostId::new(name.as_str()), Host::asked(Address::Other(format!("demo://{name}")))));
        let (environments, hosts) = (environments.collect(), hosts.collect());
        World { environments, hosts, services: self.services(), is_demo: true, ..World::default() }
    }

    /// What a console knows that was opened minutes ago, `at` after second 0, and what time it is there. Always the
    /// same for the same scenario and time.
    pub fn world_at(self: &Arc<Self>, at: Duration) -> (World, Now) {
        let view = View::at(self, at);
        (view.world, view.now)
    }

    /// What a console knows as this clock begins, had it watched the script until then, for an hour at most: charts
    /// show the past instead of nothing. The same rules played it, on a clock that was moved by hand.
    pub fn watched_until(self: &Arc<Self>, clock: &Clock) -> World {
        match clock.begins() {
            Duration::ZERO => self.unasked(),
            at => View::watched(self, at, at.min(WATCHED), clock.wall(0)).world,
        }
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
        Self::watched(scenario, at, at, scenario.starts)
    }

    /// As [`View::at`], of a console that watched only so long, and where second 0 was then on the wall.
    fn watched(scenario: &Arc<Scenario>, at: Duration, since: Duration, starts: DateTime<Utc>) -> Self {
        let clock = Clock::held(starts);
        let simulation = Simulation::new(scenario, clock.clone());
        let mut world = scenario.unasked();
        let end = nanos(at);
        // What was seen then is so old now.
        let opened = Instant::now().checked_sub(at).unwrap_or_else(Instant::now);
        let mut lost = BTreeSet::new();
        // Sweep for sweep, because rates need the reading before, and a lost host is known as it last was.
        let mut sweep = nanos(at.saturating_sub(since)) / SWEEP * SWEEP + end.rem_euclid(SWEEP);
        while sweep <= end {
            clock.set(Duration::from_nanos(sweep.unsigned_abs()));
            let now =
                Now { at: opened + Duration::from_nanos(sweep.unsigned_abs()), wall: clock.wall(sweep) };
            simulation.look(&mut world, &mut lost, now);
            sweep += SWEEP;
        }
        let now = Now { at: opened + at, wall: clock.wall(end) };
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
    fn look(&self, world: &mut World, lost: &mut BTreeSet<HostId>, now: Now) {
        let names: Vec<HostId> = world.hosts.keys().cloned().collect();
        let since_ns = now.wall.timestamp_nanos_opt().unwrap_or(0) - SWEEP;
        for host in names {
            if self.fleet().is_lost(&host) {
                if lost.insert(host.clone()) {
                    world.lost(&host, format!("cannot reach demo://{host}: no route to host"), now);
                }
                continue;
            }
            lost.remove(&host);
            let (facts, load, list) = (self.facts(&host), self.load(&host), self.list(&host));
            world.listed(&host, list.iter().map(|(c, _)| c.clone()).collect());
            if let Some(entry) = world.hosts.get_mut(&host) {
                (entry.engine, entry.load) = (facts, load);
            }
            world.happened(&host, &streams::past(self, &host, since_ns));
            for (container, detail) in list {
                world.detailed(&container.key, &Arc::new(detail));
                if let Some(sample) = self.sample(&container.key) {
                    world.sampled(sample, now);
                }
            }
        }
        self.ask(world);
    }

    /// Asks everything that runs how it is, as the probes do.
    fn ask(&self, world: &mut World) {
        let environments = world.environments.clone();
        for environment in &environments {
            let running = world.containers(environment).into_iter().filter(|c| c.state == State::Running);
            let targets = running.flat_map(|c| world.targets(&environment.id, c));
            let targets: Vec<_> = targets.filter_map(|(_, target)| target.ok()).collect();
            for target in targets {
                let reading = self.reading(&target, self.clock.now());
                world.probed(target, reading);
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
            memory_limit_bytes: container.spec.limit.map(ByteSize::bytes),
            received_bytes: counters.received as u64,
            sent_bytes: counters.sent as u64,
        })
    }
}
