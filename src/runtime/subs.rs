//! Keeps exactly the wanted streams alive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;

use super::hosts::Routes;
use crate::adapters::machine;
use crate::domain::ids::HostId;
use crate::jobs::route::Route;
use crate::jobs::{checks, probe, sample, tail, watch};
use crate::msg::{HostFact, Msg};
use crate::sub::Sub;

const LOAD_GAP: Duration = Duration::from_secs(10);

/// The streams that live now, each with the handle that ends it.
#[derive(Default)]
pub struct Streams {
    running: BTreeMap<Sub, AbortHandle>,
}

impl Streams {
    /// Ends what is not wanted any more and starts what is new.
    pub fn keep(&mut self, wanted: BTreeSet<Sub>, routes: &Routes, out: &Sender<Msg>) {
        self.running.retain(|sub, handle| {
            let is_kept = wanted.contains(sub);
            if !is_kept {
                handle.abort();
            }
            is_kept
        });
        for sub in wanted {
            if !self.running.contains_key(&sub)
                && let Some(handle) = start(&sub, routes, out.clone())
            {
                self.running.insert(sub, handle);
            }
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.running.values().for_each(AbortHandle::abort);
    }
}

/// `None` when the host is not known; the model never wants such a stream.
fn start(sub: &Sub, routes: &Routes, out: Sender<Msg>) -> Option<AbortHandle> {
    let route = |host: &HostId| routes.get(host).map(Arc::clone);
    let task = match sub {
        Sub::Host(host) => tokio::spawn(watch::watch(host.clone(), route(host)?, out)),
        Sub::Load(host) => tokio::spawn(load(host.clone(), route(host)?, out)),
        Sub::Usage(keys) => {
            let keys = keys.iter().filter_map(|k| Some((k.clone(), route(&k.host)?))).collect();
            tokio::spawn(sample::sample(keys, out))
        }
        Sub::Logs(generation, keys) => {
            let sources = keys.iter().filter_map(|k| Some((k.clone(), route(&k.host)?.engine()))).collect();
            tokio::spawn(tail::tail(*generation, sources, out))
        }
        Sub::Health(target) => {
            let prober = route(&target.key.host)?.prober()?;
            tokio::spawn(probe::probe(target.clone(), prober, out))
        }
        Sub::Checks(key) => tokio::spawn(checks::checks(key.clone(), route(&key.host)?, out)),
        Sub::Tick(every) => tokio::spawn(tick(*every, out)),
    };
    Some(task.abort_handle())
}

async fn tick(every: Duration, out: Sender<Msg>) {
    while out.send(Msg::Tick).await.is_ok() {
        tokio::time::sleep(every).await;
    }
}

/// Asks the machine while its engine answers; only an engine on this machine has one to ask.
async fn load(host: HostId, route: Arc<Route>, out: Sender<Msg>) {
    loop {
        if let Ok(facts) = route.engine().facts().await {
            let load = match route.machine() {
                Some(machine) => machine.load(&facts.root_dir),
                None => machine::load(&facts.root_dir),
            };
            if out.send(Msg::Host(host.clone(), HostFact::Load(load))).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(LOAD_GAP).await;
    }
}
