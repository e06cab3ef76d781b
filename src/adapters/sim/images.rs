//! Images of simulated hosts: those of their containers, those the scenario adds, and those that came by a pull.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};
use serde::Deserialize;
use toml::Spanned;

use super::Simulation;
use super::clock::SECOND;
use super::container::{digest, image_id};
use super::dice;
use super::fleet::{Fleet, Refusal};
use super::scenario::Scenario;
use super::store::StoredKind;
use crate::config::units::ByteSize;
use crate::domain::ids::HostId;
use crate::domain::image::Image;
use crate::domain::inventory::Kind;
use crate::domain::registry::{Pull, Resolved, pinned, repository_of};
use crate::ports::engine::EngineError;

/// An image that no container has yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSpec {
    /// Its name: `shop/web:v43`.
    pub name: String,
    /// How its containers behave.
    pub kind: Spanned<String>,
    /// Hosts that have it already; the others can pull it.
    #[serde(default)]
    pub hosts: Vec<Spanned<String>>,
    /// What it is built for; `amd64` where nothing is said.
    pub architecture: Option<String>,
    /// All its layers.
    pub size: Option<ByteSize>,
}

/// The digest of an image's manifest, from its name.
fn digest_of(name: &str) -> String {
    format!("sha256:{}", digest(&["manifest", name]))
}

/// `shop/web@sha256:…` of `shop/web:1@sha256:…` too.
fn unpinned(reference: &str) -> String {
    match reference.split_once('@') {
        Some((_, digest)) => pinned(reference, digest),
        None => repository_of(reference).to_owned(),
    }
}

fn unknown(reference: &str) -> Refusal {
    Refusal { status: 404, message: format!("manifest for {reference} not found: manifest unknown") }
}

/// It comes in four pieces, at 40 MiB a second of the clock of the scenario.
pub(super) fn pull(
    simulation: &Arc<Simulation>,
    host: &HostId,
    reference: &str,
) -> Result<BoxStream<'static, Result<Pull, EngineError>>, Refusal> {
    const PIECES: u64 = 4;
    let (name, total) = {
        let fleet = simulation.fleet();
        let name = fleet.in_registry(reference).ok_or_else(|| unknown(reference))?;
        let bytes = fleet.image_bytes(&name);
        (name, bytes)
    };
    let piece = i64::try_from(total / PIECES).unwrap_or(0) * SECOND / (40 << 20);
    let layer = digest(&["layer", &name]).get(..12).unwrap_or_default().to_owned();
    let (simulation, host, began) = (Arc::clone(simulation), host.clone(), simulation.clock.now());
    let pieces = stream::iter(1..=PIECES).then(move |nth| {
        let (simulation, host, name, layer) =
            (Arc::clone(&simulation), host.clone(), name.clone(), layer.clone());
        async move {
            simulation.clock.until(began + piece * i64::try_from(nth).unwrap_or(0)).await;
            if nth == PIECES {
                let mut fleet = simulation.fleet();
                fleet.gone.remove(&(host.clone(), Kind::Image, image_id(&name).as_str().into()));
                fleet.pulled.insert((host, name));
            }
            let words = if nth == PIECES { "Pull complete" } else { "Downloading" }.to_owned();
            Ok(Pull { layer, done: total * nth / PIECES, total, words })
        }
    });
    Ok(pieces.boxed())
}

impl ImageSpec {
    /// The first name in it that names nothing, and what it should name.
    pub(super) fn fault(&self, scenario: &Scenario) -> Option<(&'static str, &Spanned<String>)> {
        if !scenario.kinds.contains_key(self.kind.get_ref()) {
            return Some(("kind", &self.kind));
        }
        self.hosts.iter().find(|h| !scenario.hosts.contains_key(h.get_ref())).map(|host| ("host", host))
    }
}

impl Fleet {
    /// Names of the images of a host, each once.
    pub(super) fn images(&self, host: &HostId) -> Vec<String> {
        let scenario = &self.scenario;
        let is_here = |name: &str| name == host.as_str();
        let of_containers =
            scenario.containers.iter().filter(|c| is_here(c.host.get_ref())).map(|c| &c.image);
        let added = scenario.images.iter().filter(|i| i.hosts.iter().any(|h| is_here(h.get_ref())));
        let pulled = self.pulled.iter().filter(|(to, _)| to == host).map(|(_, name)| name);
        let mut all: Vec<_> = of_containers.chain(added.map(|i| &i.name)).chain(pulled).cloned().collect();
        all.sort();
        all.dedup();
        all.retain(|name| {
            let id = image_id(name);
            !self.gone.contains(&(host.clone(), Kind::Image, id.as_str().into()))
        });
        all
    }

    /// The name of an image of that host, by its name or id.
    pub(super) fn image_named(&self, host: &HostId, reference: &str) -> Option<String> {
        let stored = self.scenario.stored.iter().filter(|s| s.kind == StoredKind::Image);
        let stored = stored.filter(|s| s.host.get_ref() == host.as_str()).filter_map(|s| s.name.clone());
        let tagged = format!("{reference}:latest");
        let is_it = |name: &String| {
            name == reference
                || *name == tagged
                || image_id(name).as_str() == reference
                || pinned(name, &digest_of(name)) == unpinned(reference)
        };
        self.images(host).into_iter().chain(stored).find(is_it)
    }

    pub(super) fn image(&self, host: &HostId, reference: &str) -> Option<Image> {
        let name = self.image_named(host, reference)?;
        let architecture = self.added(&name).and_then(|image| image.architecture.clone());
        Some(Image {
            id: image_id(&name),
            digests: vec![pinned(&name, &digest_of(&name))],
            architecture: architecture.unwrap_or_else(|| "amd64".to_owned()),
            os: "linux".to_owned(),
            exposed: Vec::new(),
            labels: std::collections::BTreeMap::new(),
            bytes: self.image_bytes(&name),
            tags: vec![name],
        })
    }

    /// The name in any registry: what some host has, and what the scenario adds.
    fn in_registry(&self, reference: &str) -> Option<String> {
        let added = self.scenario.images.iter().map(|image| &image.name);
        let mut all = added.chain(self.scenario.containers.iter().map(|c| &c.image));
        let is_it =
            |name: &&String| *name == reference || pinned(name, &digest_of(name)) == unpinned(reference);
        all.find(is_it).cloned()
    }

    pub(super) fn resolve(&self, reference: &str) -> Result<Resolved, Refusal> {
        let name = self.in_registry(reference).ok_or_else(|| unknown(reference))?;
        let architecture =
            self.added(&name).and_then(|image| image.architecture.as_deref()).unwrap_or("amd64");
        Ok(Resolved { digest: digest_of(&name), platforms: vec![format!("linux/{architecture}")] })
    }

    pub(super) fn added(&self, name: &str) -> Option<&ImageSpec> {
        self.scenario.images.iter().find(|image| image.name == name)
    }

    pub(super) fn image_bytes(&self, name: &str) -> u64 {
        let told = self.added(name).and_then(|image| image.size).map(ByteSize::bytes);
        told.unwrap_or_else(|| (60 << 20) + dice::seed(name) % (400 << 20))
    }

    /// How containers of that image behave: as it says, else as those do that have it, else as those of another tag.
    pub(super) fn kind_of_image(&self, name: &str, service: Option<&str>) -> Option<Spanned<String>> {
        if let Some(image) = self.added(name) {
            return Some(image.kind.clone());
        }
        let repository = |name: &str| {
            name.rsplit_once(':').map_or(name.to_owned(), |(repository, _)| repository.to_owned())
        };
        let closeness = |image: &str, of: Option<&str>| {
            (image == name, repository(image) == repository(name), service.is_some() && of == service)
        };
        let all = self.scenario.containers.iter();
        let near = all.filter(|c| {
            let (same, near, served) = closeness(&c.image, c.service.as_deref());
            same || near || served
        });
        near.max_by_key(|c| closeness(&c.image, c.service.as_deref())).map(|c| c.kind.clone())
    }
}
