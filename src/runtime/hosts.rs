//! Which hosts there are and how each is reached.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::environments::{HostPlan, Plan};
use super::prompts::{HostPrompter, Prompts};
use crate::adapters::balancer::ThroughEngine;
use crate::adapters::docker::DockerEngine;
use crate::adapters::docker::find::{Candidate, DockerContext, Surroundings, mend};
use crate::adapters::http_probe::{Direct, HttpProbe};
use crate::adapters::ledger_copy::OnDisk;
use crate::adapters::machine::Here;
use crate::adapters::ssh::connect::Connector;
use crate::adapters::ssh::destination::Destination;
use crate::adapters::ssh::driver::Patience;
use crate::adapters::ssh::host::SshHost;
use crate::adapters::ssh::machine::Through;
use crate::adapters::ssh::settings::{Local, Variables};
use crate::domain::host::{Address, NotTried};
use crate::domain::ids::HostId;
use crate::jobs::route::{Gate, Route, Way};
use crate::ports::engine::EngineError;
use crate::ports::machine::Machine;
use crate::ports::pace::Pace;
use crate::world::{Host, World};

/// The ways to all hosts.
pub type Routes = BTreeMap<HostId, Arc<Route>>;

/// Where engines may be on this machine, as `docker` would find them.
pub struct Found {
    /// The machine's own engine, in the order tried.
    pub candidates: Vec<Candidate>,
    /// All docker contexts but the default one, by name.
    pub contexts: Vec<DockerContext>,
    /// The operator's home directory.
    pub home: PathBuf,
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
    let (candidates, contexts) = (around.candidates(), around.contexts());
    Found { candidates, contexts, home: around.home }
}

/// How hosts over SSH are reached from here: by OpenSSH's files of this operator, or by `config` instead.
fn connector(config: Option<&Path>, identity: Option<PathBuf>, prompter: HostPrompter) -> Connector {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let local = Local {
        home: set("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from),
        user: set("USER").or_else(|| set("LOGNAME")).unwrap_or_default().to_string_lossy().into_owned(),
        agent: set("SSH_AUTH_SOCK").map(PathBuf::from),
        variables: Variables(|name| std::env::var(name).ok()),
    };
    Connector {
        local,
        config: config.map(Path::to_path_buf),
        identity,
        patience: Patience::default(),
        prompter: Arc::new(prompter),
    }
}

/// The world as it is known at the start, and the ways to its hosts: nothing was asked yet. Questions of hosts go to
/// `prompts`; `ssh_config` stands for OpenSSH's own file, as `ssh -F` has it; what is seen of ledgers is kept below `state`.
pub fn open(
    plan: &Plan,
    prompts: &Arc<Prompts>,
    ssh_config: Option<&Path>,
    state: Option<&Path>,
) -> (World, Routes) {
    let mut world = World { environments: plan.environments.clone(), ..World::default() };
    let mut routes = Routes::new();
    for host in &plan.hosts {
        let gate = Arc::<Gate>::default();
        let over_ssh = ssh(host, &gate, prompts, ssh_config);
        let mut ways = host
            .ways
            .iter()
            .map(|candidate| way(&host.id, candidate, host.refusal.as_ref(), over_ssh.as_ref(), ssh_config));
        if let Some(first) = ways.next() {
            let mut route =
                Route::new(first, ways.collect()).behind(gate).looked_at_by(Arc::new(ThroughEngine));
            if let (Some(state), Some(way)) = (state, host.ways.first()) {
                route = route.copied_to(Arc::new(OnDisk::new(state, &way.address)));
            }
            if let Some(ssh) = &over_ssh {
                let through = HttpProbe::new(Through(Arc::clone(ssh)));
                route = route.probed_by(Arc::new(through)).on(Arc::clone(ssh) as Arc<dyn Machine>);
                route = route.paced_by(Arc::clone(ssh) as Arc<dyn Pace>);
            } else if host.is_here() {
                route = route.probed_by(Arc::new(HttpProbe::new(Direct))).on(Arc::new(Here)).here();
            }
            routes.insert(host.id.clone(), Arc::new(route));
        }
        let address =
            host.ways.first().map_or_else(|| Address::Other(String::new()), |way| way.address.clone());
        world.hosts.insert(host.id.clone(), Host::asked(address));
    }
    (world, routes)
}

/// The host behind an `ssh://` address; `None` for any other.
fn ssh(
    host: &HostPlan,
    gate: &Arc<Gate>,
    prompts: &Arc<Prompts>,
    config: Option<&Path>,
) -> Option<Arc<SshHost>> {
    let Address::Ssh(text) = &host.ways.first()?.address else { return None };
    let (to, path) = destination(text).ok()?;
    let socket = path.filter(|path| !path.is_empty()).map(|path| format!("/{path}"));
    let prompter =
        HostPrompter { host: host.id.clone(), prompts: Arc::clone(prompts), gate: Arc::clone(gate) };
    Some(Arc::new(SshHost::new(to, socket, connector(config, host.identity.clone(), prompter))))
}

/// The host and the path behind `ssh://`.
///
/// # Errors
/// What is wrong with it; never a password that stands in it.
pub fn destination(text: &str) -> Result<(Destination, Option<&str>), NotTried> {
    let (authority, path) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let mend = "write ssh://[user@]host[:port][/path/of/engine.sock]".to_owned();
    Destination::parse(authority).map(|to| (to, path)).map_err(|why| NotTried { why, mend })
}

fn way(
    host: &HostId,
    candidate: &Candidate,
    refusal: Option<&NotTried>,
    ssh: Option<&Arc<SshHost>>,
    config: Option<&Path>,
) -> Way {
    let (id, at) = (host.clone(), candidate.address.clone());
    let wrong = match &at {
        Address::Ssh(text) => destination(text).err(),
        _ => None,
    };
    let engine = match (refusal.or(wrong.as_ref()), ssh) {
        (Some(refusal), _) => DockerEngine::refused(id, &at, refusal.clone()),
        (None, Some(ssh)) => DockerEngine::over_ssh(id, Arc::clone(ssh)),
        (None, None) => match (&at, &candidate.tls) {
            (Address::Tcp(to), Some(files)) => DockerEngine::over_tls(id, to, files.clone()),
            _ => DockerEngine::new(id, &at),
        },
    };
    let config = config.map(Path::to_path_buf);
    let mend = Box::new(move |error: &EngineError| mend(&error.to_string(), &at, config.as_deref()));
    Way { source: candidate.source.clone(), engine: Arc::new(engine), mend }
}
