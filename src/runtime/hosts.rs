//! Which hosts there are and how each is reached.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::environments::Plan;
use crate::adapters::docker::DockerEngine;
use crate::adapters::docker::find::{Candidate, DockerContext, Surroundings, mend};
use crate::adapters::http_probe::{Direct, HttpProbe};
use crate::domain::host::{Address, HostLoad};
use crate::domain::ids::HostId;
use crate::jobs::route::{Route, Way};
use crate::ports::engine::EngineError;
use crate::world::{Host, Link, World};

/// The ways to all hosts.
pub type Routes = BTreeMap<HostId, Arc<Route>>;

/// Where engines may be on this machine, as `docker` would find them.
pub struct Found {
    /// The machine's own engine, in the order tried.
    pub candidates: Vec<Candidate>,
    /// All docker contexts but the default one, by name.
    pub contexts: Vec<DockerContext>,
    /// The variables ask for TLS to the machine's own engine.
    pub wants_tls: bool,
}

/// Looks at the variables and the files of `docker`.
pub fn find(host_flag: Option<String>) -> Found {
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let list = |path: &Path| {
        let entries = std::fs::read_dir(path).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    };
    let env = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let around = Surroundings { host_flag, env: env.collect(), home, read: &read, list: &list };
    let wants_tls = ["DOCKER_TLS_VERIFY", "DOCKER_TLS"]
        .iter()
        .any(|name| around.env.get(*name).is_some_and(|value| !value.is_empty()));
    Found { candidates: around.candidates(), contexts: around.contexts(), wants_tls }
}

/// The world as it is known at the start, and the ways to its hosts: nothing was asked yet.
pub fn open(plan: &Plan) -> (World, Routes) {
    let mut world = World { environments: plan.environments.clone(), ..World::default() };
    let mut routes = Routes::new();
    for host in &plan.hosts {
        let mut ways = host.ways.iter().map(|candidate| way(&host.id, candidate, host.refusal));
        if let Some(first) = ways.next() {
            let mut route = Route::new(first, ways.collect());
            if host.is_here() {
                route = route.probed_by(Arc::new(HttpProbe::new(Direct)));
            }
            routes.insert(host.id.clone(), Arc::new(route));
        }
        let address =
            host.ways.first().map_or_else(|| Address::Other(String::new()), |way| way.address.clone());
        let (link, load) = (Link::Asking, HostLoad::default());
        world.hosts.insert(host.id.clone(), Host { address, link, engine: None, load, containers: None });
    }
    (world, routes)
}

fn way(host: &HostId, candidate: &Candidate, refusal: Option<&str>) -> Way {
    let (id, at) = (host.clone(), candidate.address.clone());
    let engine = match refusal {
        Some(why) => DockerEngine::refused(id, &at, why),
        None => DockerEngine::new(id, &at),
    };
    let mend = Box::new(move |error: &EngineError| mend(&error.to_string(), &at).to_owned());
    Way { source: candidate.source.clone(), engine: Arc::new(engine), mend }
}
