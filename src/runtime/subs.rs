//! Keeps exactly the wanted streams alive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::hosts::Routes;
use crate::app::model::Model;
use crate::domain::ids::{ContainerKey, HostId};
use crate::jobs::route::Route;
use crate::jobs::tail::Followed;
use crate::jobs::{checks, events, history, ledger, probe, sample, tail, traffic, watch as link};
use crate::logs::line::SourceId;
use crate::msg::{HostFact, Msg};
use crate::sub::{Following, Generation, Sub};

const LOAD_GAP: Duration = Duration::from_secs(10);
/// A disk is asked how full it is without knowing where the engine keeps its data after this.
const LOAD_PATIENCE: Duration = Duration::from_secs(3);

/// The streams that live now, each with the handle that ends it.
pub struct Streams {
    /// From one reading of counters to the next.
    gap: Duration,
    running: BTreeMap<Sub, AbortHandle>,
    usage: Option<Usage>,
    logs: BTreeMap<Generation, LogStream>,
}

/// The one sampler: it lives on while its rows change, so that scrolling costs the engine nothing.
struct Usage {
    keys: Vec<ContainerKey>,
    rows: watch::Sender<sample::Rows>,
    task: AbortHandle,
}

/// A followed log; containers join it while it lives.
struct LogStream {
    wanted: Following,
    tell: watch::Sender<Vec<Followed>>,
    task: AbortHandle,
}

impl Default for Streams {
    fn default() -> Self {
        Self::new(sample::GAP)
    }
}

impl Streams {
    /// None yet; counters are read that far apart.
    pub fn new(gap: Duration) -> Self {
        Self { gap, running: BTreeMap::new(), usage: None, logs: BTreeMap::new() }
    }

    /// Ends what is not wanted any more and starts what is new.
    pub fn keep(&mut self, wanted: BTreeSet<Sub>, routes: &Routes, out: &Sender<Msg>) {
        self.running.retain(|sub, handle| {
            let is_kept = wanted.contains(sub);
            if !is_kept {
                handle.abort();
            }
            is_kept
        });
        self.keep_logs(&wanted, routes, out);
        let mut rows = Vec::new();
        for sub in wanted {
            if let Sub::Usage(keys) = sub {
                rows = keys;
                continue;
            }
            if !self.running.contains_key(&sub)
                && let Some(handle) = start(&sub, routes, out.clone())
            {
                self.running.insert(sub, handle);
            }
        }
        self.sample(rows, routes, out);
    }

    /// Another configuration took hold: what reads these hosts, and how often, begins anew. A log that did is not wanted
    /// any more.
    pub fn begin_anew(
        &mut self,
        hosts: &BTreeSet<HostId>,
        model: &Model,
        routes: &Routes,
        out: &Sender<Msg>,
    ) {
        self.running.retain(|sub, handle| {
            let is_kept = sub.host().is_none_or(|host| !hosts.contains(host));
            if !is_kept {
                handle.abort();
            }
            is_kept
        });
        self.usage.take().iter().for_each(|usage| usage.task.abort());
        self.gap = model.usage_interval().unwrap_or(self.gap);
        self.keep(model.subs(), routes, out);
    }

    fn sample(&mut self, keys: Vec<ContainerKey>, routes: &Routes, out: &Sender<Msg>) {
        if self.usage.as_ref().map_or(keys.is_empty(), |usage| usage.keys == keys) {
            return;
        }
        let usage = self.usage.get_or_insert_with(|| {
            let (rows, wanted) = watch::channel(Vec::new());
            let task = tokio::spawn(sample::sample(wanted, self.gap, out.clone())).abort_handle();
            Usage { keys: Vec::new(), rows, task }
        });
        let way = |key: &ContainerKey| Some((key.clone(), Arc::clone(routes.get(&key.host)?)));
        usage.rows.send_replace(keys.iter().filter_map(way).collect());
        usage.keys = keys;
    }
}

impl Streams {
    fn keep_logs(&mut self, wanted: &BTreeSet<Sub>, routes: &Routes, out: &Sender<Msg>) {
        let wanted: BTreeMap<_, _> = wanted
            .iter()
            .filter_map(|sub| match sub {
                Sub::Logs(generation, following) => Some((*generation, following)),
                _ => None,
            })
            .collect();
        self.logs.retain(|generation, stream| {
            let is_kept = wanted.contains_key(generation);
            if !is_kept {
                stream.task.abort();
            }
            is_kept
        });
        for (generation, following) in wanted {
            match self.logs.get_mut(&generation) {
                Some(stream) if stream.wanted == *following => {}
                Some(stream) => {
                    stream.wanted = following.clone();
                    stream.tell.send_replace(followed(following, routes));
                }
                None => {
                    let (tell, list) = watch::channel(followed(following, routes));
                    let task = tokio::spawn(tail::tail(generation, following.lines, list, out.clone()));
                    let stream = LogStream { wanted: following.clone(), tell, task: task.abort_handle() };
                    self.logs.insert(generation, stream);
                }
            }
        }
    }
}

fn followed(following: &Following, routes: &Routes) -> Vec<Followed> {
    let one = |(source, key): &(SourceId, ContainerKey)| {
        let route = Arc::clone(routes.get(&key.host)?);
        Some(Followed { source: *source, key: key.clone(), route })
    };
    following.sources.iter().filter_map(one).collect()
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.running.values().for_each(AbortHandle::abort);
        self.usage.iter().for_each(|usage| usage.task.abort());
        self.logs.values().for_each(|stream| stream.task.abort());
    }
}

/// `None` when the host is not known; the model never wants such a stream.
fn start(sub: &Sub, routes: &Routes, out: Sender<Msg>) -> Option<AbortHandle> {
    let route = |host: &HostId| routes.get(host).map(Arc::clone);
    let task = match sub {
        Sub::Host(host) => tokio::spawn(link::watch(host.clone(), route(host)?, out)),
        Sub::Load(host) => tokio::spawn(load(host.clone(), route(host)?, out)),
        // Kept apart, see [`Streams::sample`] and [`Streams::keep_logs`].
        Sub::Usage(_) | Sub::Logs(..) => return None,
        Sub::Live(key) => tokio::spawn(sample::live(key.clone(), route(&key.host)?, out)),
        Sub::History(generation, ask) => {
            let logs = ask.sources.iter().filter_map(|(n, key)| Some((*n, key.clone(), route(&key.host)?)));
            tokio::spawn(history::history(*generation, ask.clone(), logs.collect(), out))
        }
        Sub::Health(target) => {
            let prober = route(&target.key.host)?.prober()?;
            tokio::spawn(probe::probe(target.clone(), prober, out))
        }
        Sub::Checks(key) => tokio::spawn(checks::checks(key.clone(), route(&key.host)?, out)),
        Sub::Traffic(front, container, name) => {
            let route = route(&front.host)?;
            tokio::spawn(traffic::watch(front.clone(), container.clone(), Arc::clone(name), route, out))
        }
        Sub::Events(host) => tokio::spawn(events::events(host.clone(), route(host)?, out)),
        Sub::Ledger(environment, hosts, _) => {
            let routes = hosts.iter().filter_map(|(host, _)| Some((host.clone(), route(host)?))).collect();
            let up: BTreeSet<_> =
                hosts.iter().filter(|(_, is_up)| *is_up).map(|(id, _)| id.clone()).collect();
            let is_up = move |host: &HostId| up.contains(host);
            tokio::spawn(ledger::tell(environment.clone(), routes, is_up, out))
        }
        Sub::Tick(every) => tokio::spawn(tick(*every, out)),
    };
    Some(task.abort_handle())
}

async fn tick(every: Duration, out: Sender<Msg>) {
    while out.send(Msg::Tick).await.is_ok() {
        tokio::time::sleep(every).await;
    }
}

/// Asks the machine below the engine, also while its engine hangs: a full disk is the commonest cause of that. Where the engine keeps
/// its data it has to say once.
async fn load(host: HostId, route: Arc<Route>, out: Sender<Msg>) {
    let Some(machine) = route.machine() else { return };
    let mut root_dir: Arc<str> = "".into();
    loop {
        if root_dir.is_empty()
            && let Ok(told) = tokio::time::timeout(LOAD_PATIENCE, route.root_dir()).await
        {
            root_dir = told;
        }
        let load = machine.load(&root_dir).await;
        if out.send(Msg::Host(host.clone(), HostFact::Load(load))).await.is_err() {
            return;
        }
        tokio::time::sleep(LOAD_GAP).await;
    }
}
