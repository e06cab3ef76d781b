//! Which hosts there are and how each is reached.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::adapters::docker::DockerEngine;
use crate::adapters::docker::find::{Candidate, Surroundings, mend};
use crate::adapters::http_probe::{Direct, HttpProbe};
use crate::domain::environment::{Class, Environment};
use crate::domain::host::{Address, HostLoad};
use crate::domain::ids::{EnvironmentId, HostId};
use crate::jobs::route::{Route, Way};
use crate::ports::engine::EngineError;
use crate::world::{Host, Link, World};

/// The ways to all hosts.
pub type Routes = BTreeMap<HostId, Arc<Route>>;

/// Where an engine may be on this machine, as `docker` would find it.
pub fn candidates(host_flag: Option<String>) -> Vec<Candidate> {
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let read = |path: &std::path::Path| std::fs::read_to_string(path).ok();
    let env = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    Surroundings { host_flag, env: env.collect(), home, read: &read }.candidates()
}

/// One environment, `local`, on the first of these that answers.
pub fn local(candidates: Vec<Candidate>) -> (World, Routes) {
    let id = HostId::new("local");
    let address = candidates.first().map_or(Address::Other(String::new()), |c| c.address.clone());
    let mut ways = candidates.into_iter().map(|candidate| {
        let engine = Arc::new(DockerEngine::new(id.clone(), candidate.address.clone()));
        let at = candidate.address;
        let mend = Box::new(move |error: &EngineError| mend(&error.to_string(), &at).to_owned());
        Way { source: candidate.source, engine, mend }
    });
    let mut routes = Routes::new();
    if let Some(first) = ways.next() {
        routes.insert(
            id.clone(),
            Arc::new(Route::new(first, ways.collect()).probed_by(Arc::new(HttpProbe::new(Direct)))),
        );
    }
    let environment = Environment {
        id: EnvironmentId::new("local"),
        class: Class::Unclassified,
        is_protected: false,
        hosts: vec![id.clone()],
        projects: Vec::new(),
    };
    let host =
        Host { address, link: Link::Asking, engine: None, load: HostLoad::default(), containers: None };
    let world =
        World { environments: vec![environment], hosts: BTreeMap::from([(id, host)]), ..World::default() };
    (world, routes)
}
