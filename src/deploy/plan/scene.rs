//! What a plan is made from: what is there of a service, on which hosts, and what the configuration and files say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::errands::Errands;
use super::images::Registry;
use super::routing::Ports;
use super::traffic::{Fronted, Traffic};
use crate::deploy::guard::Guards;
use crate::deploy::rules::{Broken, Rules};
use crate::domain::deployment::errand::Migration;
use crate::domain::deployment::{Model, Release, Replica, Source, Written};
use crate::domain::environment::Compose;
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId, ImageId, ServiceId};
use crate::domain::spec::{Difference, Endpoint, RestartPolicy};

/// What the configuration says of each environment.
pub type AllTerms = BTreeMap<EnvironmentId, InEnvironment>;

/// What the configuration says of how services of an environment are deployed.
#[derive(Clone, Debug, Default)]
pub struct InEnvironment {
    /// By the name of the service.
    pub services: BTreeMap<String, Terms>,
    /// Files that say what its services are.
    pub compose: Option<Compose>,
    /// Regular expressions for names whose values are hidden.
    pub hidden: Vec<String>,
    /// Where the key lies that hides values in hashes, if it is kept anywhere.
    pub key: Option<PathBuf>,
}

/// What is there of a service.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The service.
    pub service: ServiceId,
    /// What the names of its containers begin with.
    pub base: String,
    /// The number of the next release.
    pub next: Release,
    /// Its hosts, in the order in which they are deployed to.
    pub hosts: Vec<Stage>,
    /// What the registry of the image that is wanted says.
    pub registry: Registry,
    /// What the configuration says of it.
    pub terms: Terms,
    /// What files say of it, where they do.
    pub meant: Option<Meant>,
    /// Releases whose migration cannot be undone.
    pub irreversible: BTreeSet<Release>,
    /// How it is judged and kept.
    pub manner: Manner,
    /// Its balancer, where one is wanted.
    pub front: Option<Fronted>,
}

/// What the configuration says of how a service is deployed.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What its variables have to be like.
    pub rules: Rules,
    /// What is run once with it.
    pub errands: Errands,
    /// A proxy that goes by labels may send traffic to a container that is not ready.
    pub may_be_early: bool,
    /// How a new release is judged beside the old one.
    pub guards: Guards,
    /// So many on all hosts together, where it does not run yet.
    pub replicas: Option<usize>,
    /// Variables whose values come from somewhere else.
    pub sources: BTreeMap<String, Source>,
    /// How traffic gets to it; `None` where no balancer is wanted.
    pub traffic: Option<Traffic>,
}

impl Terms {
    /// The difference is about a variable that has its value from a source.
    pub fn gives(&self, key: &str) -> bool {
        key.strip_prefix("env ").is_some_and(|name| self.sources.contains_key(name))
    }

    /// What variables break of the rules. Those that come from a source are judged once they are had.
    pub fn broken(&self, variables: &BTreeMap<String, String>) -> Vec<Broken> {
        let all = self.rules.broken(variables).into_iter();
        all.filter(|broken| !self.sources.contains_key(&broken.key)).collect()
    }
}

/// What files say of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meant {
    /// As steps name it.
    pub written: Written,
    /// So many on each host.
    pub replicas: usize,
    /// Others of its set wait for it until it ended.
    pub is_job: bool,
    /// Of each of them.
    pub traits: Traits,
    /// Where they are not as those that run.
    pub differences: Vec<Difference>,
}

impl Meant {
    /// In the place of that one.
    pub(super) fn over(&self, old: Option<&Standing>) -> Model {
        Model::Written(Box::new(Written { over: old.map(|old| old.key.clone()), ..self.written.clone() }))
    }
}

/// How a service is deployed, whatever the image.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manner {
    /// As [`Plan::ready_within_s`].
    pub ready_within_s: u32,
    /// As [`Plan::settle_s`].
    pub settle_s: u32,
    /// Releases whose containers are kept beside the live one.
    pub keep: usize,
    /// Two of a service without a port may run at once.
    pub may_overlap: bool,
    /// An image counts as the hosts have it, whatever a registry says.
    pub is_local: bool,
    /// What this release does to data, where it is not as configured.
    #[serde(default)]
    pub migration: Option<Migration>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            ready_within_s: 120,
            settle_s: 5,
            keep: 3,
            may_overlap: false,
            is_local: false,
            migration: None,
        }
    }
}

/// One host of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stage {
    /// Which.
    pub host: HostId,
    /// Its replicas, kept ones too.
    pub replicas: Vec<Standing>,
    /// The images that it has of those that are asked for, by reference.
    pub images: Vec<Known>,
    /// What its engine runs: `amd64`; `None` where nothing there tells.
    pub architecture: Option<String>,
    /// Ports of the host that containers of other services have.
    pub taken: Vec<(String, Ports)>,
}

/// An image on a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// As it was asked for.
    pub reference: String,
    /// The image itself.
    pub id: ImageId,
    /// What it is for: `amd64`.
    pub architecture: String,
    /// A registry has, or had it.
    pub is_from_registry: bool,
}

/// A replica that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Where and which.
    pub key: ContainerKey,
    /// Its name.
    pub name: String,
    /// Of which release; 0 where no deployment made it.
    pub release: Release,
    /// It has processes.
    pub is_up: bool,
    /// The image as it was asked for.
    pub image: String,
    /// The image itself.
    pub image_id: ImageId,
    /// What its plan depends on.
    pub traits: Traits,
}

/// What of a specification decides how a replica is deployed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traits {
    /// When the engine starts it by itself.
    pub restart: RestartPolicy,
    /// Its networks, and the names by which others find it there.
    pub endpoints: Vec<Endpoint>,
    /// It publishes a port that is given by number, or has an address that is: no two have it at once.
    pub has_fixed_port: bool,
    /// Ports of the host that it publishes by number.
    pub ports: Ports,
    /// The proxy that sends traffic to it as soon as it starts, and what says so.
    pub routed_by: Option<String>,
    /// It has a health check.
    pub has_check: bool,
    /// Ports of the host that it publishes.
    pub published: Vec<u16>,
    /// It listens anywhere at all.
    pub has_port: bool,
    /// It may write to a volume or directory that outlives it.
    pub writes_to_volume: bool,
    /// What its variables break of the rules.
    pub broken: Vec<Broken>,
}

impl Stage {
    pub(super) fn live(&self) -> impl Iterator<Item = &Standing> {
        self.replicas.iter().filter(|r| r.is_up)
    }
}

impl Scene {
    /// Hosts that are deployed to: those where it runs, or all where it runs nowhere yet and files say what it is.
    pub(super) fn targets(&self) -> Vec<&Stage> {
        let is_first = self.meant.is_some() && self.hosts.iter().all(|stage| stage.live().next().is_none());
        self.hosts.iter().filter(|stage| is_first || stage.live().next().is_some()).collect()
    }

    /// All that the variables of what is deployed break of the rules, each once.
    pub(super) fn broken(&self) -> BTreeSet<Broken> {
        let of_live = || self.hosts.iter().flat_map(Stage::live).flat_map(|replica| &replica.traits.broken);
        let broken: Vec<_> = match &self.meant {
            Some(meant) => meant.traits.broken.iter().collect(),
            None => of_live().collect(),
        };
        self.terms.rules.faults.iter().chain(broken).cloned().collect()
    }

    /// Both may run at once.
    pub(super) fn may_overlap(&self, one: &Traits) -> bool {
        self.alone(one).is_none()
    }

    /// Why two of it cannot run at once.
    pub(super) fn alone(&self, one: &Traits) -> Option<&'static str> {
        let is_worker = !one.has_port && !self.manner.may_overlap;
        match one {
            one if one.has_fixed_port => Some("publishes a port by number, or has a fixed address"),
            one if one.writes_to_volume => Some("writes to a volume"),
            _ if is_worker => Some("has no port, so it may take jobs as soon as it starts"),
            _ => None,
        }
    }

    /// One that will be made.
    pub(super) fn made(&self, traits: &Traits, is_apart: bool, release: Release, number: u32) -> Replica {
        let (restart, found_as) = (traits.restart.clone(), traits.found_as(is_apart));
        Replica { name: format!("{}-{release}-{number}", self.base), id: None, restart, found_as }
    }

    /// The highest number that a replica of this release bears.
    pub(super) fn highest(&self, release: Release) -> u32 {
        let of_release = self.hosts.iter().flat_map(|h| &h.replicas).filter(|r| r.release == release);
        of_release.filter_map(|r| r.name.rsplit('-').next()?.parse().ok()).max().unwrap_or(0)
    }
}

impl Traits {
    fn found_as(&self, is_apart: bool) -> Vec<Endpoint> {
        let has_names = self.endpoints.iter().any(|e| !e.aliases.is_empty());
        if is_apart && has_names { self.endpoints.clone() } else { Vec::new() }
    }
}

impl Standing {
    /// As steps name it.
    pub(super) fn replica(&self, is_apart: bool) -> Replica {
        let (restart, found_as) = (self.traits.restart.clone(), self.traits.found_as(is_apart));
        Replica { name: self.name.clone(), id: Some(self.key.id.clone()), restart, found_as }
    }
}
