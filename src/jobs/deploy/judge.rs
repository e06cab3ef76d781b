//! Judges a new release beside the old one while traffic is held at a share: by what the balancers count, from the
//! beginning of the hold on.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use super::Run;
use crate::deploy::guard::{Look, Replicas, Verdict, Window};
use crate::domain::deployment::{Act, Hold};
use crate::domain::ids::HostId;
use crate::domain::traffic::{Counters, Flow, Slot};

/// From one look to the next.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// One hold, as it is judged.
pub(super) struct Judged {
    new: Slot,
    hold: Hold,
    /// What every balancer told first.
    first: BTreeMap<HostId, Flow>,
}

impl Run {
    /// Begins to judge a hold; `None` for one in which nothing has moved yet.
    pub(super) fn judged(&self, hold: Hold) -> Option<Judged> {
        if hold == Hold::Flip {
            return None;
        }
        let old = self.plan.steps.iter().find_map(|step| match step.act {
            Act::Split { before, .. } => before.sole(),
            _ => None,
        });
        let new = old?.other();
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).next_hold();
        Some(Judged { new, hold, first: BTreeMap::new() })
    }

    /// What is to be thought of the new release now.
    pub(super) async fn verdict(&self, judged: &mut Judged) -> Verdict {
        let mut look = Look { is_before: matches!(judged.hold, Hold::Warm(_)), ..Look::default() };
        for (host, _) in self.hosts.0.iter().filter(|(host, _)| !self.plan.splits(host).is_empty()) {
            let Ok(balancer) = self.balancer(host) else { continue };
            let now = match balancer.observe().await {
                Ok(route) => route.flow,
                Err(error) => return Verdict::Inconclusive { why: error.to_string(), is_doubt: false },
            };
            let first = judged.first.entry(host.clone()).or_insert_with(|| now.clone());
            // It started again: what it counted before is lost.
            if now.up_s < first.up_s {
                *first = now.clone();
            }
            let (new, old) = (judged.new, judged.new.other());
            add(&mut look.new, now.counters(new), Some(first.counters(new)));
            let since = Some(first.counters(old)).filter(|_| !look.is_before);
            add(&mut look.old, now.counters(old), since);
            look.replicas = joined(look.replicas, &replicas(first, &now, new));
        }
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).judge(&look)
    }
}

/// What was counted since then; all of it where no such time is given.
fn add(window: &mut Window, now: &Counters, since: Option<&Counters>) {
    let since = since.copied().unwrap_or_default();
    let ended = |counters: &Counters| counters.requests.saturating_sub(counters.in_flight.into());
    window.requests += ended(now).saturating_sub(ended(&since));
    window.errors += now.errors.saturating_sub(since.errors);
    window.connect_errors += now.connect_errors.saturating_sub(since.connect_errors);
    let mean = now.mean_ms.map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1000.0));
    // Several hosts: the slowest one is what somebody sees.
    window.mean_latency = window.mean_latency.max(mean);
}

/// Those that were in the slot when the hold began, and those of them that get requests now.
fn replicas(first: &Flow, now: &Flow, slot: Slot) -> Replicas {
    let of_slot = first.servers.iter().filter(|server| server.slot == slot);
    let is_in = |name: &str| now.server(name).is_some_and(|server| server.is_in);
    let ready = of_slot.clone().filter(|server| is_in(&server.name)).count();
    Replicas { joined: count(of_slot.count()), ready: count(ready), restarts: 0 }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn joined(one: Replicas, other: &Replicas) -> Replicas {
    Replicas { joined: one.joined + other.joined, ready: one.ready + other.ready, restarts: 0 }
}
