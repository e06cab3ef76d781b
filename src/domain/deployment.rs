//! A deployment: the steps that make a release live, as they are planned, and what its journal says of each. Both lie
//! in the ledger, so that whoever finds a deployment that was cut off can finish it or take it back.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use self::errand::{Errand, Kind, Migration};
use super::container::Container;
use super::ids::{ContainerId, ContainerKey, HostId, ImageId, ServiceId};
use super::registry::shortened;
use super::spec::{Difference, Endpoint, RestartPolicy};
use super::traffic::{Front, Slot, Split};

pub mod errand;
mod journal;
mod model;
mod request;
mod set;
mod source;
mod traffic;

pub use journal::{Heading, Note, Phase};
pub use model::{Model, Written};
pub use request::{Asked, Request};
pub use set::Part;
pub use source::{Source, Sourced};
pub use traffic::Hold;

/// Which environment a container was made for, by a deployment.
pub const ENVIRONMENT: &str = "pilothouse.environment";
/// Which service it belongs to.
pub const SERVICE: &str = "pilothouse.service";
/// Which release it is of: `v43`.
pub const RELEASE: &str = "pilothouse.release";
/// Which deployment made it: nothing else of that name is ever touched.
pub const DEPLOYMENT: &str = "pilothouse.deployment";
/// Which service a balancer's container stands in front of.
pub const FRONT: &str = "pilothouse.front";
/// In which slot of its service a replica was made: `blue`, `green`.
pub const SLOT: &str = "pilothouse.slot";

/// A release of a service, numbered from 1 in its environment; what ran before the first one is release 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Release(pub u32);

impl Release {
    /// Reads `v43` or `43`.
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix('v').unwrap_or(text).parse().ok().map(Self)
    }

    /// As its container says; 0 where no deployment made it.
    pub fn of(container: &Container) -> Self {
        container.labels.get(RELEASE).and_then(|text| Self::parse(text)).unwrap_or_default()
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// What a deployment is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A new release.
    Deploy,
    /// An earlier release, again.
    Rollback,
    /// More or fewer replicas of the live one.
    Scale,
}

impl Purpose {
    /// The verb of the command line.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Scale => "scale",
        }
    }
}

/// What will be done, step by step. It holds no value that may be secret: containers are made like others that are there,
/// or as files say that are read again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Of which service, or of which set: [`ServiceId::each`].
    pub service: ServiceId,
    /// Each of them, where it is a set.
    #[serde(default)]
    pub set: Vec<Part>,
    /// What for.
    pub purpose: Purpose,
    /// The release that is live in the end.
    pub release: Release,
    /// The release that was live before.
    pub before: Release,
    /// The image of the release, as it was asked for.
    pub image: String,
    /// What its registry calls it; `None` where the hosts alone have it.
    #[serde(default)]
    pub digest: Option<String>,
    /// So many replicas run in the end.
    pub replicas: usize,
    /// Ids of the engines behind the names of its hosts: another console may call them otherwise.
    #[serde(default)]
    pub engines: BTreeMap<HostId, String>,
    /// How long a replica may take to be ready, in seconds.
    pub ready_within_s: u32,
    /// How long a replica without any check has to stay up to count as ready, in seconds.
    pub settle_s: u32,
    /// In this order.
    pub steps: Vec<Step>,
    /// What is done last where it is taken back.
    #[serde(default)]
    pub after_back: Vec<Step>,
    /// Variables of new replicas that have their values from a source.
    #[serde(default)]
    pub secrets: Vec<Sourced>,
    /// Where the new replicas are not as those that run, their image apart; secrets are hidden.
    #[serde(default)]
    pub differences: Vec<Difference>,
    /// The release whose migration cannot be undone and lies between: going on to this plan's release crosses it.
    #[serde(default)]
    pub crosses: Option<Release>,
    /// What traffic goes through, where it goes through a balancer.
    #[serde(default)]
    pub front: Option<Front>,
    /// How long requests in flight may take before they are cut, in seconds.
    #[serde(default)]
    pub drain_s: u32,
}

impl Plan {
    /// Of one replica, with nothing but what has to be said.
    pub fn new(
        purpose: Purpose,
        service: &str,
        (before, release): (Release, Release),
        image: &str,
        steps: Vec<Step>,
    ) -> Self {
        Self {
            service: ServiceId::new(service),
            set: Vec::new(),
            purpose,
            release,
            before,
            image: image.to_owned(),
            digest: None,
            replicas: 1,
            engines: BTreeMap::new(),
            ready_within_s: 120,
            settle_s: 5,
            steps,
            after_back: Vec::new(),
            secrets: Vec::new(),
            differences: Vec::new(),
            crosses: None,
            front: None,
            drain_s: 0,
        }
    }

    /// Hosts that it touches, each once, in the order of the steps.
    pub fn hosts(&self) -> Vec<&HostId> {
        let mut hosts: Vec<&HostId> = Vec::new();
        for step in &self.steps {
            if !hosts.contains(&&step.host) {
                hosts.push(&step.host);
            }
        }
        hosts
    }

    /// As a console sees it that has these hosts: by the ids of their engines, each host under the name it has here.
    #[must_use]
    pub fn as_seen_by(&self, engines: &BTreeMap<HostId, String>) -> Self {
        let here = |host: &HostId| -> HostId {
            let Some(id) = self.engines.get(host).filter(|id| !id.is_empty()) else { return host.clone() };
            if engines.get(host) == Some(id) {
                return host.clone();
            }
            let same = engines.iter().find(|(_, other)| *other == id);
            same.map_or_else(|| host.clone(), |(name, _)| name.clone())
        };
        let mut plan = self.clone();
        for step in plan.steps.iter_mut().chain(&mut plan.after_back) {
            step.host = here(&step.host);
            let key = match &mut step.act {
                Act::Create { like, .. } => like.key_mut(),
                Act::House { like, .. } => Some(like),
                _ => None,
            };
            if let Some(key) = key {
                key.host = here(&key.host);
            }
        }
        plan.engines = self.engines.iter().map(|(host, id)| (here(host), id.clone())).collect();
        plan
    }

    /// In a few words: `deploy web shop/web:1.5 as v43`, `rollback web to v41`, `scale web to 3`.
    pub fn title(&self) -> String {
        let Self { service, image, release, replicas, .. } = self;
        match self.purpose {
            Purpose::Deploy => format!("deploy {service} {image} as {release}"),
            Purpose::Rollback => format!("rollback {service} to {release} ({image})"),
            Purpose::Scale => format!("scale {service} to {replicas}"),
        }
    }
}

/// One step of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// On which host.
    pub host: HostId,
    /// What.
    pub act: Act,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.act, self.host)
    }
}

/// A container that a step is about: one that was there, or one that the deployment makes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// Its id; `None` where the deployment makes it. Then it is known by its name and the label of the deployment.
    pub id: Option<ContainerId>,
    /// When the engine starts it by itself, while it serves.
    pub restart: RestartPolicy,
    /// Networks and the names by which others find it there while it serves, where these are taken only once it is ready;
    /// empty where it has them from its start.
    pub found_as: Vec<Endpoint>,
}

/// What a step does. Done twice it does nothing more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Have the host pull this image.
    Pull {
        /// With its digest.
        image: String,
    },
    /// Make a replica, with this image.
    Create {
        /// The new one.
        replica: Replica,
        /// What it is made from.
        like: Model,
        /// The image, as it was asked for.
        image: String,
        /// The image itself: a tag may have moved since. `None` where it has to be pulled first: then its digest tells.
        image_id: Option<ImageId>,
        /// What it is made to run once, where it is no replica that serves.
        #[serde(default)]
        errand: Option<Box<Errand>>,
    },
    /// Run an errand to its end.
    Run(Replica, Box<Errand>),
    /// Start it.
    Start(Replica),
    /// Wait until it is ready.
    Gate(Replica),
    /// From now on others find it by [`Replica::found_as`].
    Join(Replica),
    /// Stop it, and keep the engine from starting it by itself: it is kept to go back to.
    Retire(Replica),
    /// Start one that was retired.
    Revive(Replica),
    /// Remove one that does not run. This alone cannot be taken back.
    Discard(Replica),
    /// Make the balancer, ready to be started with these replicas in that slot, which gets all traffic.
    House {
        /// Its container.
        proxy: Replica,
        /// In whose networks it is found by the service's names.
        like: ContainerKey,
        /// Where the replicas are.
        slot: Slot,
        /// They are made by this deployment.
        servers: Vec<Replica>,
    },
    /// Wait until the balancer's own check of it passed.
    Passes(Replica),
    /// Put it behind the balancer; it passes the balancer's own check then.
    Attach(Replica, Slot),
    /// Give it nothing more, wait for what is in flight with it, and take it from behind the balancer.
    Detach(Replica, Slot),
    /// Share traffic.
    Split {
        /// As it was before the deployment.
        before: Split,
        /// As it is then.
        to: Split,
    },
    /// Wait between two shares.
    Hold(Hold),
}

impl Act {
    /// The errand that it makes or runs.
    pub fn errand(&self) -> Option<&Errand> {
        match self {
            Self::Create { errand, .. } => errand.as_deref(),
            Self::Run(_, errand) => Some(errand),
            _ => None,
        }
    }

    /// It runs a migration that cannot be undone.
    pub fn is_irreversible(&self) -> bool {
        matches!(self, Self::Run(_, errand) if errand.kind == Kind::Migrate(Migration::Irreversible))
    }

    /// What it is about; `None` where it is about an image alone.
    pub fn replica(&self) -> Option<&Replica> {
        match self {
            Self::Pull { .. } | Self::Split { .. } | Self::Hold(_) => None,
            Self::House { proxy, .. } => Some(proxy),
            Self::Create { replica, .. }
            | Self::Run(replica, _)
            | Self::Start(replica)
            | Self::Gate(replica)
            | Self::Join(replica)
            | Self::Retire(replica)
            | Self::Revive(replica)
            | Self::Passes(replica)
            | Self::Attach(replica, _)
            | Self::Detach(replica, _)
            | Self::Discard(replica) => Some(replica),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull { image } => write!(f, "pull {}", shortened(image)),
            Self::Create { replica, image, .. } => {
                write!(f, "create {} from {}", replica.name, shortened(image))
            }
            Self::Run(replica, errand) => write!(f, "run {errand} in {}", replica.name),
            Self::Start(replica) => write!(f, "start {}", replica.name),
            Self::Gate(replica) => write!(f, "wait until {} is ready", replica.name),
            Self::Join(replica) => write!(f, "let {} be found by the service's name", replica.name),
            Self::Retire(replica) => write!(f, "stop {} and keep it", replica.name),
            Self::Revive(replica) => write!(f, "start {} again", replica.name),
            Self::Discard(replica) => write!(f, "remove {}", replica.name),
            Self::House { proxy, slot, .. } => {
                write!(f, "make the balancer {}, all traffic to {slot}", proxy.name)
            }
            Self::Passes(replica) => write!(f, "wait until {} passes the balancer's check", replica.name),
            Self::Attach(replica, slot) => write!(f, "put {} into {slot}", replica.name),
            Self::Detach(replica, slot) => write!(f, "drain {} and take it out of {slot}", replica.name),
            Self::Split { to, .. } => write!(f, "share traffic {to}"),
            Self::Hold(hold) => f.write_str(&hold.plan()),
        }
    }
}
