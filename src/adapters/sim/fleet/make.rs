//! Containers that somebody makes, in place of those of the scenario, with the engine's own refusals.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Fleet, Number, Refusal};
use crate::adapters::sim::container::{Phase, SimContainer, digest};
use crate::adapters::sim::scenario::ContainerSpec;
use crate::config::units::{ByteSize, Period};
use crate::domain::container::Health;
use crate::domain::ids::{ContainerId, HostId};
use crate::domain::spec::{Endpoint, MountKind, Spec};

const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";

fn refusal(status: u16, message: String) -> Refusal {
    Refusal { status, message }
}

impl Fleet {
    /// The container of that id or name.
    pub(in crate::adapters::sim) fn named(
        &mut self,
        host: &HostId,
        id: &ContainerId,
    ) -> Option<&mut SimContainer> {
        let number = self.find(host, id.as_str())?;
        self.containers.get_mut(&number)
    }

    /// Makes a container and does not start it.
    pub(in crate::adapters::sim) fn make(
        &mut self,
        host: &HostId,
        name: &str,
        spec: &Spec,
    ) -> Result<ContainerId, Refusal> {
        let labels = spec.labels();
        let image = self.image_named(host, spec.image());
        let no_image = || refusal(404, format!("No such image: {}", spec.image()));
        let image = image.ok_or_else(no_image)?;
        if let Some(other) = self.containers.values().find(|c| c.host == *host && c.name == name) {
            let words = "is already in use by container";
            let message = format!("Conflict. The container name \"/{name}\" {words} \"{}\".", other.id);
            return Err(refusal(409, message));
        }
        self.has_networks(host, &spec.networks())?;
        let service = labels.get(SERVICE).map(String::as_str);
        let kind_name = self.kind_of_image(&image, service).ok_or_else(no_image)?;
        let scenario = Arc::clone(&self.scenario);
        let kind = scenario.kinds.get(kind_name.get_ref()).ok_or_else(no_image)?;
        let normal = kind.moods.get("normal").ok_or_else(no_image)?;
        let number = scenario.containers.len() + self.made;
        let count = self.made.to_string();
        let id = digest(&[host.as_str(), name, "made", &count]);
        let known = known(host, name, &image, kind_name, spec, &id);
        let mut container = SimContainer::new(&known, kind, normal);
        container.id = ContainerId::new(id.clone());
        container.seed = crate::adapters::sim::dice::seed(&id);
        container.phase = Phase::Created;
        (container.created, container.started, container.mood_since) = (self.now, self.now, self.now);
        (container.health, container.run) = (Health::None, 0);
        container.checks.clear();
        container.spans.clear();
        container.said.clear();
        container.restart = spec.restart();
        container.made = Some(with_volumes(spec, &id));
        self.made += 1;
        self.containers.insert(number, container);
        self.report(number, "create", None);
        Ok(ContainerId::new(id))
    }

    /// Removes one that does not run.
    pub(in crate::adapters::sim) fn discard(
        &mut self,
        host: &HostId,
        id: &ContainerId,
    ) -> Result<(), Refusal> {
        let Some(number) = self.find(host, id.as_str()) else { return Ok(()) };
        let phase = self.containers.get(&number).map(|c| c.phase);
        if matches!(phase, Some(Phase::Running | Phase::Paused | Phase::Restarting)) {
            let words = "Stop the container before attempting removal or force remove";
            return Err(refusal(409, format!("You cannot remove a running container {id}. {words}")));
        }
        self.report(number, "destroy", None);
        self.containers.remove(&number);
        Ok(())
    }

    /// Networks that nobody made cannot be joined.
    pub(in crate::adapters::sim) fn has_networks(
        &self,
        host: &HostId,
        endpoints: &[Endpoint],
    ) -> Result<(), Refusal> {
        let projects = self.scenario.containers.iter().filter_map(|c| c.project.as_ref());
        let mut known: Vec<_> = projects.map(|project| format!("{project}_default")).collect();
        known.extend(["bridge", "host", "none"].map(str::to_owned));
        let stored = self.scenario.stored.iter().filter(|s| s.host.get_ref() == host.as_str());
        known.extend(stored.filter_map(|s| s.name.clone()));
        match endpoints.iter().find(|e| !known.contains(&e.network)) {
            Some(endpoint) => Err(refusal(404, format!("network {} not found", endpoint.network))),
            None => Ok(()),
        }
    }

    /// A port of the host leads to one container only.
    pub(super) fn ports_are_free(&self, number: Number) -> Result<(), Refusal> {
        let Some(own) = self.containers.get(&number) else { return Ok(()) };
        let public = |c: &SimContainer| -> Vec<(String, String)> {
            let of = |text: &String| {
                let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
                Some((ports.split_once(':')?.0.to_owned(), protocol.to_owned()))
            };
            c.spec.ports.iter().filter_map(of).collect()
        };
        let others = self.containers.iter().filter(|(n, c)| **n != number && c.host == own.host && c.is_up());
        let taken: Vec<_> = others.flat_map(|(_, c)| public(c)).collect();
        match public(own).into_iter().find(|port| taken.contains(port)) {
            Some((port, _)) => {
                let words = "driver failed programming external connectivity on endpoint";
                let message = format!(
                    "{words} {}: Bind for 0.0.0.0:{port} failed: port is already allocated",
                    own.name
                );
                Err(refusal(500, message))
            }
            None => Ok(()),
        }
    }
}

/// The same in the words of a scenario.
fn known(
    host: &HostId,
    name: &str,
    image: &str,
    kind: toml::Spanned<String>,
    spec: &Spec,
    id: &str,
) -> ContainerSpec {
    let mut labels = spec.labels();
    let (service, project) = (labels.remove(SERVICE), labels.remove(PROJECT));
    let chosen = 32_768 + crate::adapters::sim::dice::seed(id) % 20_000;
    let ports = spec.published().into_iter().zip(chosen..).map(|(port, chosen)| {
        let public = port.port.map_or(chosen, u64::from);
        format!("{public}:{}/{}", port.inside, port.protocol)
    });
    let volumes = spec.mounts().into_iter().filter(|m| m.kind == MountKind::Volume && !m.source.is_empty());
    let limit = spec.body().pointer("/HostConfig/Memory").and_then(Value::as_u64);
    ContainerSpec {
        name: name.to_owned(),
        host: toml::Spanned::new(0..0, host.as_str().to_owned()),
        image: image.to_owned(),
        kind,
        service,
        project,
        labels,
        ports: ports.collect(),
        volumes: volumes.map(|m| m.source).collect(),
        limit: limit.map(ByteSize::from_bytes),
        restarts: spec.restart().name != "no",
        unlimited_log: false,
        age: Period::from_ms(0),
        ended: None,
        built: None,
        code: 0,
    }
}

/// Volumes that nobody gave a name get one.
fn with_volumes(spec: &Spec, id: &str) -> Spec {
    let mut body = spec.body();
    let bare: Vec<_> =
        spec.mounts().into_iter().filter(|m| m.source.is_empty() && m.is_anonymous()).collect();
    if bare.is_empty() {
        return spec.clone();
    }
    let told = body.pointer("/HostConfig/Binds").and_then(Value::as_array).cloned().unwrap_or_default();
    let made = bare.iter().map(|m| json!(format!("{}:{}", digest(&["volume", id, &m.target]), m.target)));
    let binds: Vec<_> = told.into_iter().chain(made).collect();
    if let Some(body) = body.as_object_mut() {
        body.remove("Volumes");
        let host = body.entry("HostConfig").or_insert(json!({}));
        host["Binds"] = Value::Array(binds);
    }
    // It names an image, as the one it is from.
    Spec::of_body(body).unwrap_or_else(|_| spec.clone())
}
