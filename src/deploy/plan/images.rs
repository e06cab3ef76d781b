//! Which image a deployment is about, and what each host has to do for it.

use std::collections::BTreeSet;

use super::{Known, Refusal, Scene, Stage};
use crate::domain::deployment::{Act, Step};
use crate::domain::ids::{HostId, ImageId};
use crate::domain::registry::{Resolved, digest_of, is_id, named_at, names_registry};

/// What the registry of an image says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Registry {
    /// It was not asked: the hosts have what is meant.
    NotAsked,
    /// It has this.
    Has(Resolved),
    /// It does not give it; why.
    Failed(String),
}

/// The image of a release, as its containers name it.
pub(super) struct Chosen {
    /// With its digest, where a registry has it.
    pub(super) reference: String,
    /// That digest.
    pub(super) digest: Option<String>,
}

impl Chosen {
    /// The one that runs.
    pub(super) fn running(image: &str) -> Self {
        Self { reference: image.to_owned(), digest: digest_of(image).map(str::to_owned) }
    }
}

/// Where a host gets an image from.
pub(super) struct Source<'a> {
    pub(super) reference: &'a str,
    /// What it has already; otherwise it pulls it.
    pub(super) id: Option<&'a ImageId>,
}

/// What the hosts have tells which image is meant, and no registry has to: it is named by its id or digest, or has a name
/// that does not say where it is from and was never in a registry. Asking for such a name might find somebody else's.
pub fn is_told_by_hosts<'a>(image: &str, stages: impl Iterator<Item = &'a Stage>, is_local: bool) -> bool {
    if is_local || is_id(image) {
        return true;
    }
    let all: Option<Vec<&Known>> = stages.map(|stage| stage.known(image)).collect();
    let Some(all) = all else { return false };
    digest_of(image).is_some() || (!names_registry(image) && all.iter().all(|known| !known.is_from_registry))
}

/// The image that is meant, and what speaks against it.
pub(super) fn chosen(image: &str, scene: &Scene) -> (Chosen, Vec<Refusal>) {
    let local = Chosen::running(image);
    let targets = scene.targets();
    let is_lacking = targets.iter().any(|stage| stage.known(image).is_none());
    match &scene.registry {
        Registry::Has(resolved) => {
            let (reference, digest) = (named_at(image, &resolved.digest), Some(resolved.digest.clone()));
            return (Chosen { reference, digest }, Vec::new());
        }
        Registry::Failed(why) if names_registry(image) && !is_lacking => {
            let why = format!("{why}; --local takes the image that the hosts have");
            return (local, vec![Refusal::Registry(why)]);
        }
        Registry::Failed(why) if is_lacking => return (local, vec![Refusal::Registry(why.clone())]),
        Registry::Failed(_) | Registry::NotAsked => {}
    }
    let found = targets.iter().filter_map(|stage| Some((stage.host.clone(), stage.known(image)?.id.clone())));
    let found: Vec<(HostId, ImageId)> = found.collect();
    let ids: BTreeSet<&ImageId> = found.iter().map(|(_, id)| id).collect();
    // By its digest, hosts of several architectures have several.
    let is_one = ids.len() < 2 || local.digest.is_some();
    let refusals =
        if is_one { Vec::new() } else { vec![Refusal::SeveralImages { image: image.to_owned(), found }] };
    (local, refusals)
}

/// Hosts that lack the image pull it before anything else is done anywhere: where that fails nothing was touched.
pub(super) fn pulled_first(steps: Vec<Step>) -> Vec<Step> {
    let mut pulls: Vec<Step> = Vec::new();
    for step in &steps {
        if let Act::Create { image, image_id: None, .. } = &step.act {
            let pull = Step { host: step.host.clone(), act: Act::Pull { image: image.clone() } };
            if !pulls.contains(&pull) {
                pulls.push(pull);
            }
        }
    }
    pulls.into_iter().chain(steps).collect()
}

impl Scene {
    /// What the image is built for; empty where nobody says.
    pub(super) fn platforms(&self) -> &[String] {
        if let Registry::Has(resolved) = &self.registry { &resolved.platforms } else { &[] }
    }
}

impl Stage {
    pub(super) fn known(&self, image: &str) -> Option<&Known> {
        self.images.iter().find(|known| known.reference == image)
    }

    /// Where this host gets the image from, if it can run it.
    pub(super) fn source<'a>(
        &'a self,
        reference: &'a str,
        platforms: &[String],
    ) -> Result<Source<'a>, Refusal> {
        let (host, image) = (self.host.clone(), reference.to_owned());
        let known = self.known(reference);
        if known.is_none() && digest_of(reference).is_none() {
            return Err(Refusal::NoImage { host, image });
        }
        let built_for: Vec<&str> = match known {
            Some(known) => vec![known.architecture.as_str()],
            None => platforms.iter().filter_map(|platform| platform.split('/').nth(1)).collect(),
        };
        match self.architecture.clone() {
            Some(runs) if !built_for.is_empty() && !built_for.contains(&runs.as_str()) => {
                let built_for = built_for.join(", ");
                Err(Refusal::Architecture { host, image, built_for, runs })
            }
            _ => Ok(Source { reference, id: known.map(|known| &known.id) }),
        }
    }
}
