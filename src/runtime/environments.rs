//! Which environments and hosts there are: the configuration's, then the machine's own engine, then docker contexts.
//! A plan only: pure, nothing is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapters::docker::find::Candidate;
use crate::config::files::in_home;
use crate::config::load::is_loopback;
use crate::config::schema::{self, Config};
use crate::domain::environment::{Class, Environment};
use crate::domain::host::{Address, NotTried, TlsFiles};
use crate::domain::ids::{EnvironmentId, HostId};

use super::hosts::Found;

const PLAIN_TCP: &str = "tcp:// without TLS lets anybody on the way own the host; \
     allow_plain_tcp = true in its [hosts.NAME] takes it nevertheless";
const WITH_TLS: &str = "DOCKER_TLS_VERIFY=1 with ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH; \
     or tls in its [hosts.NAME]; or ssh://HOST";
const AS_LISTED: &str = "write what it needs in [hosts.NAME], or see the line it names";

/// One host, and where its engine may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPlan {
    /// Its name.
    pub id: HostId,
    /// Never empty; in the order tried.
    pub ways: Vec<Candidate>,
    /// Why it is not even tried.
    pub refusal: Option<NotTried>,
    /// A key for it, besides those of OpenSSH's configuration.
    pub identity: Option<PathBuf>,
}

impl HostPlan {
    /// Its engine runs on this machine: what it publishes is published here.
    pub fn is_here(&self) -> bool {
        self.ways.iter().all(|way| match &way.address {
            Address::Unix(_) => true,
            Address::Tcp(to) => is_loopback(to),
            Address::Ssh(_) | Address::Other(_) => false,
        })
    }
}

/// Everything there is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// In the order they are shown.
    pub environments: Vec<Environment>,
    /// All their hosts, each once.
    pub hosts: Vec<HostPlan>,
    /// Those that a file names.
    pub configured: BTreeSet<EnvironmentId>,
    /// How long each stays writable once unlocked.
    pub write_windows: BTreeMap<EnvironmentId, Duration>,
    /// Shown first.
    pub selected: Option<EnvironmentId>,
    /// The host that was named by `--host`.
    pub chosen: Option<HostId>,
}

/// Plans. `is_there` says whether a socket exists; `is_chosen` that somebody named the engine by `--host`.
pub fn plan(config: &Config, found: &Found, is_chosen: bool, is_there: &dyn Fn(&Path) -> bool) -> Plan {
    let mut plan = Plan::default();
    for (name, environment) in config.environments_as_written() {
        let id = EnvironmentId::new(name);
        let written = environment.hosts.iter();
        let hosts = written.map(|host| plan.configured_host(config, host, &found.home)).collect();
        plan.configured.insert(id.clone());
        plan.write_windows.insert(id.clone(), environment.write_window.get());
        plan.environments.push(Environment {
            id,
            class: environment.class(),
            is_protected: environment.is_protected(),
            hosts,
            projects: environment.projects.clone(),
            after: environment.after.as_deref().map(EnvironmentId::new),
        });
    }
    let own = plan.own(config, found, is_there);
    for context in &found.contexts {
        let id = EnvironmentId::new(context.name.as_str());
        if plan.environment(&id).is_none() {
            let source = format!("docker context {}", context.name);
            let way = Candidate { source, address: context.address.clone(), tls: context.tls.clone() };
            let host = plan.host(&context.name, vec![way], config, &found.home);
            plan.push(id, host);
        }
    }
    if let Some(named) = found.candidates.first().filter(|_| is_chosen) {
        let is_it = |host: &&HostPlan| is_same(&host.ways[0].address, &named.address);
        plan.chosen = plan.hosts.iter().find(is_it).map(|host| host.id.clone());
    }
    let wanted = config.default_environment.as_deref().map(EnvironmentId::new);
    let wanted = wanted.filter(|id| plan.environment(id).is_some());
    let first = plan.environments.first().map(|e| e.id.clone());
    let is_own_first = is_chosen || config.environments.is_empty();
    plan.selected = match (own, wanted) {
        (Some(own), _) if is_chosen => Some(own),
        (_, Some(wanted)) => Some(wanted),
        (Some(own), None) if is_own_first => Some(own),
        _ => first,
    };
    plan
}

impl Plan {
    fn environment(&self, id: &EnvironmentId) -> Option<&Environment> {
        self.environments.iter().find(|e| e.id == *id)
    }

    /// A host that a file names, by its name there or by its address.
    fn configured_host(&mut self, config: &Config, written: &str, home: &Path) -> HostId {
        let named = |(name, host): (&String, &schema::Host)| {
            let is_it = name == written || is_same(&Address::parse(&host.address), &Address::parse(written));
            is_it.then(|| (name.clone(), host.clone()))
        };
        let by_name = config.hosts.get_key_value(written).and_then(named);
        let Some((name, host)) = by_name.or_else(|| config.hosts.iter().find_map(named)) else {
            let address = Address::parse(written);
            let way = Candidate { source: "configuration".to_owned(), address: address.clone(), tls: None };
            return self.host(&short(&address), vec![way], config, home);
        };
        let shown = host.label.as_ref().unwrap_or(&name);
        let Some(listed) = &host.listed else {
            let source = format!("hosts.{name}");
            let way = Candidate { source, address: Address::parse(&host.address), tls: None };
            return self.host(shown, vec![way], config, home);
        };
        let address = match listed.refusal {
            Some(_) => Address::Other(listed.name.clone()),
            None => Address::parse(&host.address),
        };
        let way = Candidate { source: listed.from.clone(), address, tls: None };
        let id = self.host(shown, vec![way], config, home);
        if let Some(plan) = self.hosts.iter_mut().find(|plan| plan.id == id) {
            plan.identity = plan.identity.take().or_else(|| listed.identity.clone());
            let why = listed.refusal.clone();
            let refusal = why.map(|why| NotTried { why, mend: AS_LISTED.to_owned() });
            plan.refusal = plan.refusal.take().or(refusal);
        }
        id
    }

    /// The host with the first of these addresses; a new one gets the name, or its address where that is taken.
    fn host(&mut self, name: &str, mut ways: Vec<Candidate>, config: &Config, home: &Path) -> HostId {
        let address = ways.first().map_or_else(|| Address::Other(String::new()), |way| way.address.clone());
        if let [way] = ways.as_slice()
            && let Some(known) = self.hosts.iter().find(|h| is_same(&h.ways[0].address, &way.address))
        {
            return known.id.clone();
        }
        let is_taken = |name: &str| self.hosts.iter().any(|h| h.id.as_str() == name);
        let id = HostId::new(if is_taken(name) { address.to_string() } else { name.to_owned() });
        // What a file says of exactly this address counts whatever named it.
        let known = config.hosts.values().filter(|host| host.listed.is_none());
        let known = known.into_iter().find(|host| is_same(&Address::parse(&host.address), &address));
        if let (Some(tls), [way]) = (known.and_then(|host| host.tls.as_ref()), ways.as_mut_slice()) {
            way.tls = Some(files(tls, home));
        }
        let has_tls = ways.first().is_some_and(|way| way.tls.is_some());
        let may_be_plain = known.is_some_and(|host| host.allow_plain_tcp);
        let refusal = match &address {
            Address::Tcp(to) if !has_tls && !may_be_plain && !is_loopback(to) => {
                Some(NotTried { why: PLAIN_TCP.to_owned(), mend: WITH_TLS.to_owned() })
            }
            _ => None,
        };
        self.hosts.push(HostPlan { id: id.clone(), ways, refusal, identity: None });
        id
    }

    /// The machine's own engine. `None` where there is none and nobody asked for one.
    fn own(
        &mut self,
        config: &Config,
        found: &Found,
        is_there: &dyn Fn(&Path) -> bool,
    ) -> Option<EnvironmentId> {
        let first = found.candidates.first()?;
        let is_explicit = found.candidates.len() == 1;
        if let Some(name) = first.source.strip_prefix("docker context ") {
            let id = EnvironmentId::new(name);
            let is_known = found.contexts.iter().any(|context| context.name == name);
            if is_known || self.environment(&id).is_some() {
                return Some(id);
            }
        }
        let exists = |way: &&Candidate| matches!(&way.address, Address::Unix(path) if is_there(path));
        let meant = found.candidates.iter().find(exists);
        if !self.environments.is_empty() && !is_explicit && meant.is_none() {
            return None;
        }
        let address = &meant.unwrap_or(first).address;
        let holds = |id: &HostId| {
            let host = self.hosts.iter().find(|h| h.id == *id);
            host.is_some_and(|h| is_same(&h.ways[0].address, address))
        };
        if let Some(known) = self.environments.iter().find(|e| e.hosts.iter().any(holds)) {
            return Some(known.id.clone());
        }
        let name = match first.source.strip_prefix("docker context ") {
            Some(name) => name.to_owned(),
            None => short(&first.address),
        };
        let is_taken = self.environment(&EnvironmentId::new(name.as_str())).is_some()
            || found.contexts.iter().any(|context| context.name == name);
        let name = if is_taken { "this machine".to_owned() } else { name };
        let host = self.host(&name, found.candidates.clone(), config, &found.home);
        let id = EnvironmentId::new(name);
        self.push(id.clone(), host);
        Some(id)
    }

    /// Nobody named it: unclassified. An engine of a protected environment is no less protected under another name.
    fn push(&mut self, id: EnvironmentId, host: HostId) {
        let is_protected = self.environments.iter().any(|e| e.is_protected && e.hosts.contains(&host));
        let class = Class::Unclassified;
        self.environments.push(Environment {
            id,
            class,
            is_protected,
            hosts: vec![host],
            projects: Vec::new(),
            after: None,
        });
    }
}

/// The files of a configuration, where they are.
fn files(tls: &schema::Tls, home: &Path) -> TlsFiles {
    let file = |path: &Option<PathBuf>| {
        path.as_ref().map(|path| in_home(path, Some(home)).unwrap_or_else(|| path.clone()))
    };
    let server_name = tls.server_name.clone();
    TlsFiles { ca: file(&tls.ca), cert: file(&tls.cert), key: file(&tls.key), server_name, is_lax: false }
}

/// Whether two addresses are one engine; what only turns out to be the same later is not known here.
fn is_same(a: &Address, b: &Address) -> bool {
    let bare = |address: &Address| {
        let text = address.to_string();
        // A link on every Linux since 2011.
        text.strip_prefix("unix:///var/run/")
            .map_or_else(|| text.clone(), |rest| format!("unix:///run/{rest}"))
    };
    bare(a) == bare(b)
}

/// What the screen calls a host or an environment that nobody named.
fn short(address: &Address) -> String {
    match address {
        Address::Unix(_) => "local".to_owned(),
        Address::Tcp(rest) => rest.clone(),
        Address::Ssh(rest) | Address::Other(rest) => {
            let rest = rest.split_once("://").map_or(rest.as_str(), |(_, rest)| rest);
            let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
            place.split('/').next().unwrap_or(place).to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
