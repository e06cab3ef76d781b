//! A service behind its balancers, over all its hosts.

use std::time::Duration;

use super::{Done, Traffic};
use crate::domain::container::Container;
use crate::domain::environment::Environment;
use crate::domain::ids::ServiceId;
use crate::domain::traffic::{Flow, FrontId, Slot, Split};
use crate::world::{Now, World};

/// One balancer of it.
#[derive(Clone, Debug)]
pub struct Stand<'a> {
    /// Where.
    pub id: FrontId,
    /// Its container.
    pub container: &'a Container,
    /// What it told; `None` until it told something, or why not.
    pub traffic: Option<&'a Traffic>,
}

impl<'a> Stand<'a> {
    /// What it did last.
    pub fn flow(&self) -> Option<&'a Flow> {
        self.traffic?.flow()
    }

    /// What is known of it is not how it is now.
    pub fn is_stale(&self, now: Now) -> bool {
        !self.container.state.is_up() || self.traffic.is_some_and(|traffic| traffic.is_stale(now))
    }

    /// How old what is known of it is.
    pub fn age(&self, now: Now) -> Option<Duration> {
        self.traffic?.age(now)
    }
}

/// What a slot does over all hosts that tell of it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Total {
    /// Requests a second.
    pub rate: Option<f64>,
    /// As traffic is shared now, over the last minute at most.
    pub done: Option<Done>,
    /// Its part of all requests of that time, in percent; `None` where there were none.
    pub measured: Option<f64>,
    /// The mean time of an answer; `None` where there was none lately.
    pub mean: Option<Duration>,
    /// Requests and upgraded connections that are with it right now.
    pub in_flight: Option<u32>,
    /// Servers in it that get requests, and all.
    pub servers: Option<(usize, usize)>,
}

impl Total {
    /// Percent of its requests that failed; `None` where there were none.
    pub fn errors(&self) -> Option<f64> {
        let done = self.done.filter(|done| done.requests > 0)?;
        Some(done.errors as f64 * 100.0 / done.requests as f64)
    }
}

/// It.
#[derive(Clone, Debug)]
pub struct Behind<'a> {
    /// Which.
    pub service: ServiceId,
    /// Its balancers, by host; there is at least one.
    pub stands: Vec<Stand<'a>>,
}

impl<'a> Behind<'a> {
    /// Those that tell how it is now; where none does, those that told something.
    pub fn told(&self, now: Now) -> Vec<&Stand<'a>> {
        let has_told = self.stands.iter().filter(|stand| stand.flow().is_some());
        let (old, new): (Vec<_>, Vec<_>) = has_told.partition(|stand| stand.is_stale(now));
        if new.is_empty() { old } else { new }
    }

    /// Nothing that is known is how it is now.
    pub fn is_stale(&self, now: Now) -> bool {
        self.stands.iter().all(|stand| stand.is_stale(now))
    }

    /// How its balancers share traffic, each way once: more than one where hosts differ, none where nobody told.
    pub fn splits(&self, now: Now) -> Vec<Split> {
        let mut splits: Vec<_> =
            self.told(now).iter().filter_map(|stand| Some(stand.flow()?.split)).collect();
        splits.sort_unstable();
        splits.dedup();
        splits
    }

    /// What a slot does.
    pub fn total(&self, slot: Slot, now: Now) -> Total {
        let told = self.told(now);
        let traffic: Vec<&Traffic> = told.iter().filter_map(|stand| stand.traffic).collect();
        let sum = |slot| {
            let done = traffic.iter().filter_map(|traffic| traffic.done(slot));
            done.reduce(|a, b| Done {
                seconds: a.seconds.max(b.seconds),
                requests: a.requests + b.requests,
                errors: a.errors + b.errors,
            })
        };
        let (done, other) = (sum(slot), sum(slot.other()));
        let measured = done.zip(other).and_then(|(done, other)| {
            let all = done.requests + other.requests;
            (all > 0).then(|| done.requests as f64 * 100.0 / all as f64)
        });
        let flows = || told.iter().filter_map(|stand| stand.flow());
        let servers = flows().flat_map(|flow| &flow.servers).filter(|server| server.slot == slot);
        let (is_in, all) = servers.fold((0, 0), |(is_in, all), s| (is_in + usize::from(s.is_in), all + 1));
        let has_told = !told.is_empty();
        Total {
            rate: traffic.iter().filter_map(|traffic| traffic.rate(slot)).reduce(|a, b| a + b),
            done,
            measured,
            mean: mean(&traffic, slot),
            in_flight: has_told.then(|| flows().map(|flow| flow.counters(slot).in_flight).sum()),
            servers: has_told.then_some((is_in, all)),
        }
    }
}

/// Of each balancer as much as it had requests.
fn mean(traffic: &[&Traffic], slot: Slot) -> Option<Duration> {
    let each = traffic.iter().filter_map(|traffic| {
        let requests = traffic.done(slot)?.requests as f64;
        Some((traffic.flow()?.counters(slot).mean_ms? * requests, requests))
    });
    let (ms, requests) = each.fold((0.0, 0.0), |(ms, all), (its_ms, its)| (ms + its_ms, all + its));
    (requests > 0.0).then(|| Duration::from_secs_f64((ms / requests / 1000.0).clamp(0.0, 1e6)))
}

impl World {
    /// That service with its balancers; `None` where it has none.
    pub fn behind<'a>(&'a self, environment: &'a Environment, service: &ServiceId) -> Option<Behind<'a>> {
        let fronts = self.fronts(environment).into_iter().filter(|(front, _)| front.service == *service);
        let stand = |(id, container): (FrontId, &'a Container)| {
            let traffic = self.traffic.get(&id);
            Stand { id, container, traffic }
        };
        let stands: Vec<_> = fronts.map(stand).collect();
        (!stands.is_empty()).then(|| Behind { service: service.clone(), stands })
    }
}
