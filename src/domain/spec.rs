//! What a container is made from, so that it can be made again: with another image, elsewhere, later.

mod differences;
mod normal;
mod parts;
mod running;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::differences::Difference;
pub use self::parts::{Endpoint, HealthCheck, Mount, MountKind, Published, RestartPolicy};

/// What a container is made from: the body of the engine's `POST /containers/create` in a normal form. Keys that are not
/// known here stay as they are; what says nothing (null, empty, the engine's own default) is left out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spec(Map<String, Value>);

impl Spec {
    /// From a body, put into the normal form.
    ///
    /// # Errors
    /// It is no object, or names no image.
    pub fn of_body(body: Value) -> Result<Self, String> {
        let Value::Object(body) = body else { return Err("the body is no object".to_owned()) };
        let spec = Self(normal::of(body));
        if spec.image().is_empty() {
            return Err("it names no image".to_owned());
        }
        Ok(spec)
    }

    /// From the engine's answer to an inspection of a container, minus what its image brings by itself, so that another
    /// image brings its own, and minus what the engine made up. Anonymous volumes are named, so that their data stays.
    ///
    /// # Errors
    /// The answer is none of a container.
    pub fn of_running(container: &Value, image: Option<&Value>) -> Result<Self, String> {
        Self::of_body(running::body(container, image)?)
    }

    /// The body as it is.
    pub fn body(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// What the engine is asked with, and the networks to join before the first start: engines before 25 take one with
    /// the body.
    pub fn asked(&self) -> (Value, Vec<Endpoint>) {
        let mut networks = self.networks();
        if networks.len() < 2 {
            return (self.body(), Vec::new());
        }
        let first = networks.remove(0);
        (self.with_endpoints(&[first]).body(), networks)
    }

    /// The image as it is asked for.
    pub fn image(&self) -> &str {
        self.0.get("Image").and_then(Value::as_str).unwrap_or_default()
    }

    /// The same from another image.
    #[must_use]
    pub fn with_image(&self, image: &str) -> Self {
        self.with("Image", json!(image))
    }

    /// Its variables by name, without those of its image; `None` takes one of the image away.
    pub fn env(&self) -> BTreeMap<String, Option<String>> {
        let variables = parts::texts(self.0.get("Env"));
        variables.into_iter().map(|text| parts::variable(&text)).collect()
    }

    /// With these variables in place of all it has.
    #[must_use]
    pub fn with_env(&self, env: &BTreeMap<String, Option<String>>) -> Self {
        let texts = env.iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        });
        self.with("Env", texts.collect())
    }

    /// Its own labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.0.get("Labels").and_then(Value::as_object).into_iter().flatten();
        labels.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    }

    /// With these labels besides those it has; one of the same name is replaced.
    #[must_use]
    pub fn with_labels(&self, labels: &BTreeMap<String, String>) -> Self {
        let mut all = self.labels();
        all.extend(labels.clone());
        self.with("Labels", json!(all))
    }

    /// Without its labels of these names.
    #[must_use]
    pub fn without_labels(&self, is_left_out: impl Fn(&str) -> bool) -> Self {
        let mut all = self.labels();
        all.retain(|name, _| !is_left_out(name));
        self.with("Labels", json!(all))
    }

    /// Ports of the host that lead to it, in order.
    pub fn published(&self) -> Vec<Published> {
        parts::published(self.host("PortBindings"))
    }

    /// Ports it says that it listens on, with the protocol, in order.
    pub fn exposed(&self) -> Vec<(u16, String)> {
        let ports = self.0.get("ExposedPorts").and_then(Value::as_object).into_iter().flatten();
        let mut ports: Vec<_> = ports.filter_map(|(port, _)| parts::port(port)).collect();
        ports.sort();
        ports
    }

    /// What is mounted into it, by the path inside.
    pub fn mounts(&self) -> Vec<Mount> {
        parts::mounts(self)
    }

    /// With the unnamed volumes of the one that it replaces, where nothing else is mounted there: their data goes on.
    #[must_use]
    pub fn with_unnamed_volumes_of(&self, old: &Self) -> Self {
        let own = self.mounts();
        let is_free = |mount: &Mount| own.iter().all(|m| m.target != mount.target || m.is_anonymous());
        let all = old.mounts();
        let goes_on: Vec<_> =
            all.iter().filter(|m| m.is_anonymous() && !m.source.is_empty() && is_free(m)).collect();
        let mut volumes = self.0.get("Volumes").and_then(Value::as_object).cloned().unwrap_or_default();
        volumes.retain(|target, _| goes_on.iter().all(|mount| mount.target != *target));
        let binds = goes_on.iter().map(|m| {
            let options = if m.is_read_only { ":ro" } else { "" };
            format!("{}:{}{options}", m.source, m.target)
        });
        let binds: Vec<_> = parts::texts(self.host("Binds")).into_iter().chain(binds).collect();
        self.with("Volumes", Value::Object(volumes)).with_host("Binds", json!(binds))
    }

    /// Networks it joins, the first one first; empty for the engine's default network, and for none of its own.
    pub fn networks(&self) -> Vec<Endpoint> {
        let all = self.0.get("NetworkingConfig").and_then(|c| c.get("EndpointsConfig"));
        let all = all.and_then(Value::as_object).into_iter().flatten();
        let mut all: Vec<_> = all.map(|(network, told)| Endpoint::read(network, told)).collect();
        all.sort_by_key(|endpoint| (!self.is_first(endpoint), endpoint.network.clone()));
        all
    }

    /// In these networks, the first one first.
    #[must_use]
    pub fn with_endpoints(&self, endpoints: &[Endpoint]) -> Self {
        let told: Map<_, _> = endpoints.iter().map(|e| (e.network.clone(), e.told())).collect();
        let spec = self.with("NetworkingConfig", json!({ "EndpointsConfig": told }));
        match endpoints.first() {
            Some(first) if !endpoints.iter().any(|e| spec.is_first(e)) => {
                spec.with_host("NetworkMode", json!(first.network))
            }
            _ => spec,
        }
    }

    /// In the same networks, known there by its own name alone: nobody finds it under that of its service.
    #[must_use]
    pub fn without_aliases(&self) -> Self {
        let bare = self.networks().into_iter().map(|e| Endpoint { aliases: Vec::new(), ..e });
        self.with_endpoints(&bare.collect::<Vec<_>>())
    }

    /// The same for a command that is run once beside it, its own where none is given: found by nobody, without its ports, fixed addresses and check.
    #[must_use]
    pub fn once(&self, command: &[String]) -> Self {
        let bare = self.networks().into_iter();
        let bare = bare.map(|e| Endpoint { network: e.network, ..Endpoint::default() });
        let mut spec = self.with_endpoints(&bare.collect::<Vec<_>>());
        spec.0.remove("ExposedPorts");
        let spec = if command.is_empty() { spec } else { spec.with("Cmd", json!(command)) };
        let spec = spec.with("Healthcheck", json!({ "Test": ["NONE"] }));
        spec.with_host("PortBindings", Value::Null)
    }

    /// Without what publishes that port of it.
    #[must_use]
    pub fn without_published(&self, inside: u16) -> Self {
        let mut bindings = self.host("PortBindings").and_then(Value::as_object).cloned().unwrap_or_default();
        bindings.retain(|port, _| parts::port(port).is_none_or(|(port, _)| port != inside));
        self.with_host("PortBindings", Value::Object(bindings))
    }

    /// With a directory of the host mounted at that path.
    #[must_use]
    pub fn with_bind(&self, source: &str, target: &str) -> Self {
        let mut binds = parts::texts(self.host("Binds"));
        binds.push(format!("{source}:{target}"));
        self.with_host("Binds", json!(binds))
    }

    /// The mode of its network: the name of one, `host`, `none`, `container:…`; `default` where nothing is said.
    pub fn network_mode(&self) -> &str {
        self.host("NetworkMode").and_then(Value::as_str).unwrap_or("default")
    }

    fn is_first(&self, endpoint: &Endpoint) -> bool {
        match self.network_mode() {
            "default" => endpoint.network == "bridge",
            mode => endpoint.network == mode,
        }
    }

    /// When the engine starts it again.
    pub fn restart(&self) -> RestartPolicy {
        RestartPolicy::read(self.host("RestartPolicy"))
    }

    /// Started again by that rule.
    #[must_use]
    pub fn with_restart(&self, policy: &RestartPolicy) -> Self {
        self.with_host("RestartPolicy", policy.told())
    }

    /// Its HEALTHCHECK, where it is not that of its image.
    pub fn health(&self) -> Option<HealthCheck> {
        self.0.get("Healthcheck").map(HealthCheck::read)
    }

    /// How long it may take to end before it is killed; the engine's 10 s where it is `None`.
    pub fn stop_grace(&self) -> Option<Duration> {
        let seconds = self.0.get("StopTimeout")?.as_u64()?;
        Some(Duration::from_secs(seconds))
    }

    /// Where both make another container, by the key. Values of names that look like secrets are hidden.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        self.differences_hiding(other, &super::secret::hides)
    }

    /// As [`Self::differences`], with the values of those names hidden.
    pub fn differences_hiding(&self, other: &Self, hides: &dyn Fn(&str) -> bool) -> Vec<Difference> {
        differences::all(self, other, hides)
    }

    fn host(&self, key: &str) -> Option<&Value> {
        self.0.get("HostConfig")?.get(key)
    }

    fn with(&self, key: &str, value: Value) -> Self {
        let mut body = self.0.clone();
        body.insert(key.to_owned(), value);
        Self(normal::of(body))
    }

    fn with_host(&self, key: &str, value: Value) -> Self {
        let mut host = self.0.get("HostConfig").and_then(Value::as_object).cloned().unwrap_or_default();
        host.insert(key.to_owned(), value);
        self.with("HostConfig", Value::Object(host))
    }
}
