//! Which hosts there are and how each is reached.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::adapters::docker::DockerEngine;
use crate::adapters::docker::find::{Candidate, DockerContext, Surroundings, mend};
use crate::adapters::http_probe::{Direct, HttpProbe};
use crate::domain::environment::{Class, Environment};
use crate::domain::host::{Address, HostLoad};
use crate::domain::ids::{EnvironmentId, HostId};
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
    Found { candidates: around.candidates(), contexts: around.contexts() }
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
