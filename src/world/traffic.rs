//! What balancers told: the last of each with its age, and what their slots did between two readings.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Now, World};
use crate::domain::container::Container;
use crate::domain::deployment::{ENVIRONMENT, FRONT, SERVICE, SLOT};
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvironmentId, HostId, ServiceId};
use crate::domain::series::{Point, Series};
use crate::domain::traffic::{Counters, Flow, FrontId, Slot};

pub mod service;

/// By what each stands in front of.
pub type Flows = BTreeMap<FrontId, Traffic>;

/// Readings come every second: what is older than this is not how it is.
const STALE: Duration = Duration::from_secs(3);
/// Readings further apart than this have nothing between them that anybody saw.
const GAP: Duration = Duration::from_secs(10);
/// How far back differences are taken.
const WINDOW: Duration = Duration::from_secs(60);
/// How far back a rate is taken: one second alone jumps about.
const RATE: Duration = Duration::from_secs(10);

/// What a slot did over a stretch of time.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Done {
    /// How long, in seconds.
    pub seconds: f64,
    /// Requests it was given.
    pub requests: u64,
    /// Of these, answers of 500 or more.
    pub errors: u64,
}

/// A slot over time.
#[derive(Clone, Debug, Default)]
pub struct SlotHistory {
    /// Requests a second.
    pub requests: Series,
    /// Percent of them that failed; nothing where there were none.
    pub errors: Series,
    /// Mean milliseconds; nothing where there were none.
    pub latency: Series,
}

/// What is known of one balancer.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    last: Option<(Instant, Flow)>,
    /// Why it tells nothing now.
    pub failure: Option<String>,
    /// Readings since it started or was set to another split, at most of the last minute.
    readings: VecDeque<(Instant, [Counters; 2])>,
    slots: [SlotHistory; 2],
}

impl Traffic {
    /// What it did last, whenever that was.
    pub fn flow(&self) -> Option<&Flow> {
        self.last.as_ref().map(|(_, flow)| flow)
    }

    /// How old that is.
    pub fn age(&self, now: Now) -> Option<Duration> {
        self.last.as_ref().map(|(at, _)| now.at.saturating_duration_since(*at))
    }

    /// What is known of it is not how it is now.
    pub fn is_stale(&self, now: Now) -> bool {
        self.failure.is_some() || self.age(now).is_none_or(|age| age > STALE)
    }

    /// How that slot did.
    pub fn history(&self, slot: Slot) -> &SlotHistory {
        &self.slots[slot as usize]
    }

    /// What that slot did as traffic is shared now, over the last minute at most; `None` before two readings.
    pub fn done(&self, slot: Slot) -> Option<Done> {
        self.over(slot, WINDOW)
    }

    /// Requests a second that it is given.
    pub fn rate(&self, slot: Slot) -> Option<f64> {
        let done = self.over(slot, RATE)?;
        Some(done.requests as f64 / done.seconds)
    }

    fn over(&self, slot: Slot, span: Duration) -> Option<Done> {
        let (end, to) = self.readings.back()?;
        let (begin, from) = self.readings.iter().find(|(at, _)| *end - *at <= span)?;
        let seconds = (*end - *begin).as_secs_f64();
        let (from, to) = (&from[slot as usize], &to[slot as usize]);
        let (requests, errors) = (to.requests - from.requests, to.errors.saturating_sub(from.errors));
        (seconds > 0.0).then_some(Done { seconds, requests, errors })
    }

    fn flowed(&mut self, flow: Flow, now: Now) {
        self.failure = None;
        let has_fewer = |before: &Flow| {
            Slot::BOTH.iter().any(|slot| flow.counters(*slot).requests < before.counters(*slot).requests)
        };
        // Before it started again, or after nobody looked, is no difference to now.
        let before = self.last.take().filter(|(at, before)| {
            flow.up_s >= before.up_s && !has_fewer(before) && now.at.saturating_duration_since(*at) <= GAP
        });
        if let Some((at, before)) = &before {
            let seconds = now.at.saturating_duration_since(*at).as_secs_f64();
            for slot in Slot::BOTH.into_iter().filter(|_| seconds > 0.0) {
                self.slots[slot as usize].told(before.counters(slot), flow.counters(slot), seconds, now);
            }
        }
        if before.is_none_or(|(_, before)| before.split != flow.split) {
            self.readings.clear();
        }
        while self.readings.front().is_some_and(|(at, _)| now.at.saturating_duration_since(*at) > WINDOW) {
            self.readings.pop_front();
        }
        self.readings.push_back((now.at, flow.counters));
        self.last = Some((now.at, flow));
    }
}

impl SlotHistory {
    fn told(&mut self, before: &Counters, after: &Counters, seconds: f64, now: Now) {
        let (requests, errors) =
            (after.requests - before.requests, after.errors.saturating_sub(before.errors));
        let point = |value: f64, is_bad| Point { at: now.wall, value: value as f32, is_bad };
        self.requests.push(point(requests as f64 / seconds, false));
        if requests > 0 {
            self.errors.push(point(errors as f64 * 100.0 / requests as f64, errors > 0));
            if let Some(ms) = after.mean_ms {
                self.latency.push(point(ms, false));
            }
        }
    }
}

/// What a balancer's container stands in front of; `None` for any other.
fn front(environment: &EnvironmentId, c: &Container) -> Option<FrontId> {
    let service = c.labels.get(FRONT).map(|service| ServiceId::new(service.as_str()))?;
    let is_of_it = c.labels.get(ENVIRONMENT).is_some_and(|made_for| made_for == environment.as_str());
    is_of_it.then(|| FrontId { environment: environment.clone(), service, host: c.key.host.clone() })
}

impl World {
    /// What a balancer told, or why it did not.
    pub fn told_of_traffic(&mut self, front: FrontId, told: Result<Flow, String>, now: Now) {
        let entry = self.traffic.entry(front).or_default();
        match told {
            Ok(flow) => entry.flowed(flow, now),
            Err(why) => entry.failure = Some(why),
        }
    }

    /// The balancers of an environment with their containers; of two in one place the one that runs, else the newer.
    pub fn fronts<'a>(&'a self, environment: &'a Environment) -> BTreeMap<FrontId, &'a Container> {
        let mut fronts = BTreeMap::new();
        let rank = |c: &Container| (c.state.is_up(), c.created);
        for c in self.containers(environment) {
            let Some(id) = front(&environment.id, c) else { continue };
            let known = fronts.entry(id).or_insert(c);
            if rank(c) > rank(known) {
                *known = c;
            }
        }
        fronts
    }

    /// The service that a container belongs to; of a balancer that which it stands in front of.
    pub fn service_behind(&self, environment: &EnvironmentId, c: &Container) -> ServiceId {
        let made = |c: &Container| c.labels.get(SERVICE).map(|name| ServiceId::new(name.as_str()));
        front(environment, c)
            .map_or_else(|| made(c).unwrap_or_else(|| c.service.clone()), |front| front.service)
    }

    /// What the balancer does that has that container behind it.
    pub fn flow_of(&self, environment: &EnvironmentId, c: &Container) -> Option<&Flow> {
        let is_there = |front: &FrontId| front.environment == *environment && front.host == c.key.host;
        let mut flows =
            self.traffic.iter().filter(|(front, _)| is_there(front)).filter_map(|(_, t)| t.flow());
        flows.find(|flow| flow.server(&c.name).is_some())
    }

    /// The slot of a container that is behind a balancer: as that knows it, else as it was made.
    pub fn slot(&self, environment: &EnvironmentId, c: &Container) -> Option<Slot> {
        let known = self.flow_of(environment, c).and_then(|flow| flow.server(&c.name));
        known.map(|server| server.slot).or_else(|| Slot::parse(c.labels.get(SLOT)?))
    }

    /// The releases in a slot of a service on these hosts, in the order of their containers, each once.
    pub fn releases_in<'a>(
        &'a self,
        environment: &'a Environment,
        service: &ServiceId,
        hosts: &[&HostId],
        slot: Slot,
    ) -> Vec<&'a str> {
        let mut releases = Vec::new();
        for c in self.containers(environment) {
            let is_it = hosts.contains(&&c.key.host)
                && c.state.is_up()
                && self.service_behind(&environment.id, c) == *service
                && self.slot(&environment.id, c) == Some(slot);
            if is_it && !releases.contains(&c.release()) {
                releases.push(c.release());
            }
        }
        releases
    }
}

#[cfg(test)]
mod tests;
