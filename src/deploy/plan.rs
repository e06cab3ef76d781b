//! The plan of a deployment: from what is wanted and what is there to the steps, or to the reasons why not.
//!
//! One replica after the other. A new one is ready before the old one stops, unless both cannot run at once: they would
//! publish one port, write to one volume, or take jobs from a queue as soon as they start.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::guard::Guards;
use super::progress::serving;
use super::rules::{Broken, Rules};
use crate::domain::deployment::errand::{Kind, Migration};
use crate::domain::deployment::{Act, Plan, Purpose, Release, Replica, Step};
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId, ImageId, ServiceId};
use crate::domain::registry::digest_of;
use crate::domain::spec::{Endpoint, RestartPolicy};

pub mod errands;
pub mod images;
mod refusal;
mod rollback;
pub mod routing;
mod scale;

use errands::{Errands, Run};
use images::{Chosen, Registry, Source};
pub use refusal::Refusal;
use rollback::rollback;
use routing::Ports;
use scale::scale;

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// This image.
    Deploy {
        /// As it was asked for.
        image: String,
    },
    /// The image that runs, in new containers: as the configuration has become, or simply anew.
    Restart,
    /// This release again; the one before the live one where none is named.
    Rollback(Option<Release>),
    /// So many replicas of what is live.
    Scale(usize),
}

/// By environment, then by service.
pub type AllTerms = BTreeMap<EnvironmentId, BTreeMap<String, Terms>>;

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
    /// Releases whose migration cannot be undone.
    pub irreversible: BTreeSet<Release>,
    /// How it is judged and kept.
    pub manner: Manner,
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
    /// It listens anywhere at all.
    pub has_port: bool,
    /// It may write to a volume or directory that outlives it.
    pub writes_to_volume: bool,
    /// What its variables break of the rules.
    pub broken: Vec<Broken>,
}

/// The steps, or all reasons why not.
///
/// # Errors
/// Every [`Refusal`] at once.
pub fn plan(wish: &Wish, scene: &Scene) -> Result<Plan, Vec<Refusal>> {
    let live: Vec<&Standing> = scene.hosts.iter().flat_map(|h| &h.replicas).filter(|r| r.is_up).collect();
    let Some(first) = live.first() else {
        return Err(vec![Refusal::NothingRuns(scene.service.clone())]);
    };
    let before = live.iter().map(|r| r.release).max().unwrap_or_default();
    match wish {
        Wish::Deploy { image } => deploy(Some(image), before, first, scene),
        Wish::Restart => deploy(None, before, first, scene),
        Wish::Rollback(wanted) => rollback(*wanted, before, scene),
        Wish::Scale(replicas) => scale(*replicas, before, first, scene, live.len()),
    }
}

/// Without an image each replica keeps its own.
fn deploy(
    wanted: Option<&str>,
    before: Release,
    first: &Standing,
    scene: &Scene,
) -> Result<Plan, Vec<Refusal>> {
    let image = wanted.unwrap_or(&first.image);
    let (Chosen { reference, digest }, mut refusals) = match wanted {
        Some(image) => images::chosen(image, scene),
        None => (Chosen::running(image), Vec::new()),
    };
    refusals.extend(scene.early());
    refusals.extend(scene.broken().into_iter().map(Refusal::Rule));
    let (mut steps, mut count, mut is_live) = (Vec::new(), 0, wanted.is_some());
    let mut last = Vec::new();
    let mut after_back = Vec::new();
    for stage in scene.hosts.iter().filter(|stage| stage.live().next().is_some()) {
        for old in stage.live() {
            let reference = wanted.map_or(&old.image, |_| &reference);
            let source = match stage.source(reference, scene.platforms()) {
                Ok(source) => source,
                Err(refusal) => {
                    if !refusals.contains(&refusal) {
                        refusals.push(refusal);
                    }
                    is_live = false;
                    continue;
                }
            };
            is_live &= source.id == Some(&old.image_id);
            if count == 0 {
                let own = Run { scene, host: &stage.host, like: old, source: &source, release: scene.next };
                let Errands { post_deploy, post_rollback, .. } = &scene.terms.errands;
                steps.extend(own.before());
                last = own.steps(Kind::PostDeploy, post_deploy);
                let source = Source { reference: &old.image, id: Some(&old.image_id) };
                let back = Run { source: &source, release: before, ..own };
                after_back = back.steps(Kind::PostRollback, post_rollback);
            }
            count += 1;
            let new = scene.made(old, scene.next, count);
            let create = created(&new, old, &source);
            steps.extend(scene.replaced(old, &new, Some(create), Act::Start(new.clone())));
        }
    }
    if is_live {
        let service = &scene.service;
        let hint = "`deploy` without an image makes its containers anew";
        refusals.push(Refusal::Already(format!("{image} is live already, as {service} {before}; {hint}")));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    steps.extend(last);
    steps.extend(scene.surplus(&[scene.next, before]));
    let plan = scene.planned(Purpose::Deploy, scene.next, before, image, steps);
    Ok(Plan { digest, after_back, ..plan })
}

fn created(new: &Replica, like: &Standing, source: &Source<'_>) -> Act {
    Act::Create {
        replica: new.clone(),
        like: like.key.clone(),
        image: source.reference.to_owned(),
        image_id: source.id.cloned(),
        errand: None,
    }
}

impl Scene {
    fn planned(
        &self,
        purpose: Purpose,
        release: Release,
        before: Release,
        image: &str,
        steps: Vec<Step>,
    ) -> Plan {
        let Manner { ready_within_s, settle_s, .. } = self.manner;
        let count = |is_it: fn(&Act) -> bool| steps.iter().filter(|step| is_it(&step.act)).count();
        let live = self.hosts.iter().map(|host| host.live().count()).sum::<usize>();
        let more = count(|act| matches!(act, Act::Start(_) | Act::Revive(_)));
        let replicas = (live + more).saturating_sub(count(|act| matches!(act, Act::Retire(_))));
        let digest = digest_of(image).map(str::to_owned);
        let steps = images::pulled_first(steps);
        let plan = Plan::new(purpose, self.service.as_str(), (before, release), image, steps);
        Plan { digest, replicas, ready_within_s, settle_s, ..plan }
    }

    /// All that the variables of what runs break of the rules, each once.
    fn broken(&self) -> BTreeSet<Broken> {
        let live = self.hosts.iter().flat_map(Stage::live);
        self.terms.rules.faults.iter().chain(live.flat_map(|replica| &replica.broken)).cloned().collect()
    }

    /// Both may run at once.
    fn may_overlap(&self, one: &Standing) -> bool {
        let is_worker = !one.has_port && !self.manner.may_overlap;
        !(one.has_fixed_port || one.writes_to_volume || is_worker)
    }

    /// One that will be made.
    fn made(&self, like: &Standing, release: Release, number: u32) -> Replica {
        let name = format!("{}-{release}-{number}", self.base);
        Replica { name, id: None, ..like.replica(self.may_overlap(like)) }
    }

    /// One that is kept, in place of a live one. The engine was told to leave it alone; where nobody knows what it did with
    /// it before, it does as with the live one.
    fn kept(&self, back: &Standing, live: &Standing) -> Replica {
        let replica = back.replica(self.may_overlap(live));
        let is_unknown = replica.restart.name == "no";
        Replica {
            restart: if is_unknown { live.restart.clone() } else { replica.restart.clone() },
            ..replica
        }
    }

    /// The new one for the old one.
    fn replaced(&self, old: &Standing, new: &Replica, create: Option<Act>, start: Act) -> Vec<Step> {
        let may_overlap = self.may_overlap(old);
        let retire = Act::Retire(old.replica(may_overlap));
        let serving = serving(start, new);
        let acts: Vec<Act> = if may_overlap {
            create.into_iter().chain(serving).chain([retire]).collect()
        } else {
            create.into_iter().chain([retire]).chain(serving).collect()
        };
        acts.into_iter().map(|act| Step { host: old.key.host.clone(), act }).collect()
    }

    /// The highest number that a replica of this release bears.
    fn highest(&self, release: Release) -> u32 {
        let of_release = self.hosts.iter().flat_map(|h| &h.replicas).filter(|r| r.release == release);
        of_release.filter_map(|r| r.name.rsplit('-').next()?.parse().ok()).max().unwrap_or(0)
    }

    /// Kept containers of releases that are more than are kept. What no deployment made is somebody else's.
    fn surplus(&self, besides: &[Release]) -> Vec<Step> {
        let all = self.hosts.iter().flat_map(|h| &h.replicas).filter(|r| !r.is_up && r.release > Release(0));
        let mut kept: Vec<Release> =
            all.clone().map(|r| r.release).filter(|r| !besides.contains(r)).collect();
        kept.sort_unstable();
        kept.dedup();
        // The one that is replaced is kept too.
        let goes = kept.len().saturating_sub(self.manner.keep.saturating_sub(1));
        let old = &kept[..goes];
        let gone = all.filter(|r| old.contains(&r.release));
        gone.map(|r| Step { host: r.key.host.clone(), act: Act::Discard(r.replica(false)) }).collect()
    }
}

impl Stage {
    fn live(&self) -> impl Iterator<Item = &Standing> {
        self.replicas.iter().filter(|r| r.is_up)
    }
}

impl Standing {
    /// As steps name it.
    fn replica(&self, is_apart: bool) -> Replica {
        let found_as = if is_apart && self.endpoints.iter().any(|e| !e.aliases.is_empty()) {
            self.endpoints.clone()
        } else {
            Vec::new()
        };
        let (name, id) = (self.name.clone(), Some(self.key.id.clone()));
        Replica { name, id, restart: self.restart.clone(), found_as }
    }
}

#[cfg(test)]
mod tests;
