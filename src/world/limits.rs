//! What is too much: disks that run short, containers that use all they may, and those that are started again and again.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::World;
use crate::domain::alert::{Figure, Rule, Watch};
use crate::domain::container::{Container, State};
use crate::domain::environment::Environment;
use crate::domain::host::HostLoad;
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId};

/// A container that ran so long since its last restart is out of the loop.
const SETTLED: TimeDelta = TimeDelta::hours(1);
/// A disk that was short is not again before this much more than its limit is free.
const ROOM: f64 = 1.1;

/// Answers that take longer than this are told …
const SLOW: Duration = Duration::from_millis(100);
/// … until they take less than this; and the figure stands until it is off by a quarter.
const QUICK: Duration = Duration::from_millis(80);

/// From where on something is a warning.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// Less free space than this part of a disk.
    pub disk_free: f64,
    /// More processor time than this part of what a container may use.
    pub cpu: f64,
    /// More memory than this part of a container's limit.
    pub memory: f64,
    /// CPU and memory are told once all readings of so long a time agree.
    pub hold: TimeDelta,
    /// More restarts by the engine than this.
    pub restarts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { disk_free: 0.1, cpu: 0.9, memory: 0.9, hold: TimeDelta::minutes(1), restarts: 3 }
    }
}

impl Limits {
    /// Whether of all bytes of a disk too few are free.
    pub fn is_disk_short(self, (free, all): (u64, u64)) -> bool {
        (free as f64) < self.disk_free * all as f64
    }

    fn of(self, figure: Figure) -> Rule {
        let limit = match figure {
            Figure::Cpu => self.cpu,
            Figure::Memory => self.memory,
        };
        Rule { limit, hold: self.hold }
    }

    /// Whether this share of what a container may use is too much.
    pub fn is_over(self, figure: Figure, share: f64) -> bool {
        share >= self.of(figure).limit
    }
}

/// What is watched of each container that was on a screen.
pub type Strains = HashMap<(ContainerKey, Figure), Watch>;
/// Hosts whose disk runs short.
pub type ShortDisks = BTreeSet<HostId>;

/// What is told of how long a host's answers take, after it was `told` so far.
fn slow(told: Option<Duration>, now: Duration) -> Option<Duration> {
    match told {
        Some(told) if now >= QUICK && told.abs_diff(now) <= told / 4 => Some(told),
        told => {
            let tens = u64::try_from(now.as_millis()).map_or(u64::MAX, |ms| ms.saturating_add(5) / 10);
            let is_slow = now > if told.is_some() { QUICK } else { SLOW };
            is_slow.then(|| Duration::from_millis(tens.saturating_mul(10)))
        }
    }
}

impl World {
    /// Space, load and memory of a host. A disk that hovers at its limit stays short.
    pub fn loaded(&mut self, host: &HostId, load: HostLoad) {
        let limits = self.limits;
        let was_short = self.short_disks.contains(host);
        let wanted = if was_short { Limits { disk_free: limits.disk_free * ROOM, ..limits } } else { limits };
        if load.disk_bytes.is_some_and(|room| wanted.is_disk_short(room)) {
            self.short_disks.insert(host.clone());
        } else {
            self.short_disks.remove(host);
        }
        if let Some(entry) = self.hosts.get_mut(host) {
            entry.load = load;
            entry.slow = load.round_trip.and_then(|now| slow(entry.slow, now));
        }
    }

    /// How much of what it may use a container uses now: of its limit; of the machine's processors where it has none.
    pub fn share(&self, c: &Container, figure: Figure) -> Option<f64> {
        let usage = self.usage.get(&c.key)?.usage.filter(|_| c.state == State::Running)?;
        match figure {
            Figure::Cpu => {
                let cpus = self.hosts.get(&c.key.host).and_then(|h| h.engine.as_ref()).map(|e| e.cpus as f32);
                let may_use =
                    c.detail.as_ref().and_then(|d| d.cpu_limit).or(cpus).filter(|cpus| *cpus > 0.0)?;
                Some(f64::from(usage.cpu_percent / may_use / 100.0))
            }
            Figure::Memory => {
                let limit = usage.memory_limit_bytes.filter(|limit| *limit > 0)?;
                Some(usage.memory_bytes as f64 / limit as f64)
            }
        }
    }

    /// Takes the newest rates of a container into account.
    pub(super) fn watch(&mut self, key: &ContainerKey, at: DateTime<Utc>) {
        let Some(c) = self.container(key) else { return };
        for (figure, share) in Figure::ALL.map(|figure| (figure, self.share(c, figure))) {
            let id = (key.clone(), figure);
            match share {
                Some(share) => {
                    let rule = self.limits.of(figure);
                    self.strains.entry(id).or_default().record(at, share, rule);
                }
                None => drop(self.strains.remove(&id)),
            }
        }
    }

    /// Since when a container uses too much, where that was told.
    pub fn strain(&self, c: &Container, figure: Figure, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let watch = self.strains.get(&(c.key.clone(), figure)).filter(|_| c.state == State::Running)?;
        watch.since(now)
    }

    /// How many containers of an environment use too much, and since when the first of them does.
    pub fn strained(&self, environment: &Environment, now: DateTime<Utc>) -> Option<(usize, DateTime<Utc>)> {
        let each = self
            .containers(environment)
            .into_iter()
            .filter_map(|c| Figure::ALL.into_iter().filter_map(|figure| self.strain(c, figure, now)).min());
        let since: Vec<_> = each.collect();
        Some((since.len(), since.into_iter().min()?))
    }

    /// How often the engine started a container again, where that is more than its limit and it did not run for an
    /// hour since.
    pub fn restart_loop(
        &self,
        environment: &EnvironmentId,
        c: &Container,
        now: DateTime<Utc>,
    ) -> Option<u32> {
        let detail = c.detail.as_ref()?;
        let own = self.service_spec(environment, &c.service).and_then(|spec| spec.restart_limit);
        let is_recent = detail.started.is_some_and(|at| now - at < SETTLED);
        (is_recent && detail.restarts > own.unwrap_or(self.limits.restarts)).then_some(detail.restarts)
    }
}

#[cfg(test)]
mod tests;
