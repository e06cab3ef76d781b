//! A service of a file as the specification of its containers.

mod limits;
mod plain;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::plain::{IDLE, PLAIN, READ};
use super::node::{Node, What};
use super::volumes::{Mounts, absolute};
use super::{Build, Condition, Project, Service, Source, Whole, env_file, ports, values};
use crate::config::problem::{Problem, quote, suggestion};
use crate::domain::spec::Spec;

struct Reader<'a> {
    name: &'a str,
    node: &'a Node,
    whole: &'a Whole,
    source: &'a Source<'a>,
    project: &'a mut Project,
    body: Map<String, Value>,
    host: Map<String, Value>,
    faults: Vec<Problem>,
}

/// A service, with all that is wrong with it.
pub(super) fn read(
    name: &str,
    node: &Node,
    whole: &Whole,
    source: &Source<'_>,
    project: &mut Project,
) -> Result<Service, Vec<Problem>> {
    if !matches!(node.what, What::Map(_)) {
        return Err(vec![node.at.problem(format!("service {} is a mapping", quote(name)))]);
    }
    let (body, host, faults) = (Map::new(), Map::new(), Vec::new());
    let mut reader = Reader { name, node, whole, source, project, body, host, faults };
    reader.keys();
    reader.plain();
    reader.program();
    reader.environment();
    reader.ports();
    reader.mounts();
    reader.networks();
    reader.rest();
    reader.service()
}

impl Reader<'_> {
    fn fault(&mut self, at: &Node, message: impl Into<String>) {
        self.faults.push(at.at.problem(message));
    }

    fn keys(&mut self) {
        let node = self.node;
        let plain: Vec<_> = PLAIN.iter().map(|(key, ..)| *key).collect();
        for (key, value) in node.entries() {
            if IDLE.contains(&key.as_str()) || key.starts_with("x-") {
                let message =
                    format!("`{key}` of service {} says nothing of its container", quote(self.name));
                self.project.without_effect.push(value.at.problem(message));
            } else if !READ.contains(&key.as_str()) && !plain.contains(&key.as_str()) {
                let known: Vec<_> = plain.iter().chain(READ).copied().collect();
                let message = format!("{} of service {} is not supported", quote(key), quote(self.name));
                let hint = suggestion(key, &known).filter(|hint| hint.starts_with("did"));
                self.faults.push(Problem { hint, ..value.at.problem(message) });
            }
        }
    }

    fn put(&mut self, place: &str, value: Value) {
        match place.strip_prefix("HostConfig.") {
            Some(key) => self.host.insert(key.to_owned(), value),
            None => self.body.insert(place.to_owned(), value),
        };
    }

    fn plain(&mut self) {
        for (key, form, place) in PLAIN {
            let Some(node) = self.node.get(key).filter(|node| !node.is_null()) else { continue };
            match form.read(node) {
                Some(value)
                    if matches!(*key, "pid" | "ipc") && value.as_str().is_some_and(|v| v.contains(':')) =>
                {
                    self.fault(node, format!("`{key}` of another container is not supported"));
                }
                Some(value) => self.put(place, value),
                None => self.fault(node, format!("`{key}`: expected {}", form.expected())),
            }
        }
    }

    fn program(&mut self) {
        for (key, place) in [("command", "Cmd"), ("entrypoint", "Entrypoint")] {
            let Some(node) = self.node.get(key).filter(|node| !node.is_null()) else { continue };
            let words = match node.text() {
                Some(line) => values::words(line),
                None => Some(node.texts()),
            };
            match words {
                // In the engine's words: none, not that of the image.
                Some(words) if words.is_empty() && key == "entrypoint" => self.put(place, json!([""])),
                Some(words) => self.put(place, json!(words)),
                None => self.fault(node, format!("`{key}`: a quote does not end")),
            }
        }
        if let Some(node) = self.node.get("stop_grace_period") {
            match node.text().and_then(|text| values::time_ns(text, 1_000_000_000)) {
                Some(ns) => self.put("StopTimeout", json!(ns / 1_000_000_000)),
                None => self.fault(node, "`stop_grace_period`: expected a time (10s)"),
            }
        }
    }

    fn environment(&mut self) {
        let mut all: BTreeMap<String, Option<String>> = BTreeMap::new();
        for file in self.node.get("env_file").map(Node::listed).unwrap_or_default() {
            let path = absolute(file.text().unwrap_or_default(), self.source);
            let read =
                (self.source.read)(&path).and_then(|text| env_file::parse(&text, &self.source.variables));
            match read {
                Ok(pairs) => all.extend(pairs),
                Err(why) => self.fault(&file, format!("{}: {why}", quote(&path))),
            }
        }
        let own = self.node.get("environment").map(|node| node.pairs('=')).unwrap_or_default();
        for (name, node) in own {
            let value = match &node.what {
                What::Null => self.source.variables.get(&name).cloned(),
                _ => node.text().map(str::to_owned),
            };
            all.insert(name, value);
        }
        let texts = all
            .into_iter()
            .map(|(name, value)| value.map_or(name.clone(), |value| format!("{name}={value}")));
        self.body.insert("Env".to_owned(), texts.collect());
    }

    fn ports(&mut self) {
        let mut bindings = Vec::new();
        for node in self.node.get("ports").map(Node::listed).unwrap_or_default() {
            match ports::read(&node) {
                Some(read) => bindings.extend(read),
                None => self.fault(&node, "a port is [ADDRESS:][PORT:]PORT[/PROTOCOL], or the long form"),
            }
        }
        let mut exposed = Map::new();
        for node in self.node.get("expose").map(Node::listed).unwrap_or_default() {
            match node.text().and_then(ports::exposed) {
                Some(read) => exposed.extend(read.into_iter().map(|port| (port, json!({})))),
                None => self.fault(&node, "`expose`: expected a port"),
            }
        }
        self.put("ExposedPorts", Value::Object(exposed));
        self.put("HostConfig.PortBindings", ports::told(&bindings));
    }

    fn mounts(&mut self) {
        let mut mounts = Mounts::default();
        for node in self.node.get("volumes").map(Node::listed).unwrap_or_default() {
            if let Err(problem) = mounts.volume(&node, self.project, self.source) {
                self.faults.push(problem);
            }
        }
        for section in ["secrets", "configs"] {
            for node in self.node.get(section).map(Node::listed).unwrap_or_default() {
                if let Err(problem) = mounts.file(section, &node, self.whole, self.source) {
                    self.faults.push(problem);
                }
            }
        }
        let memory = self.node.get("tmpfs").map(Node::texts).unwrap_or_default();
        let memory = memory.iter().map(|text| text.split_once(':').unwrap_or((text, "")));
        let memory: Map<_, _> = memory.map(|(path, options)| (path.to_owned(), json!(options))).collect();
        self.put("HostConfig.Tmpfs", Value::Object(memory));
        self.put("HostConfig.Binds", Value::Array(mounts.binds));
        self.put("HostConfig.Mounts", Value::Array(mounts.long));
        self.put("Volumes", Value::Object(mounts.anonymous));
        let mut devices = Vec::new();
        for text in self.node.get("devices").map(Node::texts).unwrap_or_default() {
            let mut parts = text.splitn(3, ':');
            let here = parts.next().unwrap_or_default();
            let (inside, rights) = (parts.next().unwrap_or(here), parts.next().unwrap_or("rwm"));
            devices
                .push(json!({ "PathOnHost": here, "PathInContainer": inside, "CgroupPermissions": rights }));
        }
        self.put("HostConfig.Devices", Value::Array(devices));
    }

    fn networks(&mut self) {
        if let Some(node) = self.node.get("network_mode") {
            match node.text() {
                Some(mode) if mode.starts_with("service:") || mode.starts_with("container:") => {
                    self.fault(node, "`network_mode` of another container is not supported");
                }
                Some(mode) => self.put("HostConfig.NetworkMode", json!(mode)),
                None => self.fault(node, "`network_mode`: expected a text"),
            }
            return;
        }
        let given = self.node.get("networks").cloned().unwrap_or_else(|| self.node.with(What::Null));
        let mut wanted = given.pairs('\0');
        if wanted.is_empty() {
            wanted = vec![("default".to_owned(), given.with(What::Null))];
        }
        let number =
            |node: &Node| node.get("priority").and_then(Node::text).and_then(|p| p.parse::<i64>().ok());
        wanted.sort_by_key(|(key, node)| (std::cmp::Reverse(number(node).unwrap_or(0)), key.clone()));
        let mut endpoints = Map::new();
        for (nth, (key, node)) in wanted.iter().enumerate() {
            let Some(network) = self.project.networks.get(key).map(|network| network.name.clone()) else {
                self.fault(node, format!("there is no network {}", quote(key)));
                continue;
            };
            if nth == 0 {
                self.put("HostConfig.NetworkMode", json!(network));
            }
            let told = self.endpoint(node);
            endpoints.insert(network, told);
        }
        self.body.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": endpoints }));
    }

    fn endpoint(&mut self, node: &Node) -> Value {
        let mut aliases = vec![self.name.to_owned()];
        let mut fixed = Map::new();
        for (key, value) in node.entries() {
            match (key.as_str(), value.text()) {
                ("aliases", _) => aliases.extend(value.texts()),
                ("ipv4_address", Some(text)) => drop(fixed.insert("IPv4Address".to_owned(), json!(text))),
                ("ipv6_address", Some(text)) => drop(fixed.insert("IPv6Address".to_owned(), json!(text))),
                ("priority", _) => {}
                _ => self.fault(value, format!("{} of a network is not supported", quote(key))),
            }
        }
        json!({ "Aliases": aliases, "IPAMConfig": fixed })
    }

    fn service(mut self) -> Result<Service, Vec<Problem>> {
        let node = self.node;
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        let build = node.get("build").map(|node| Build {
            context: node.text().or_else(|| node.get("context")?.text()).unwrap_or(".").to_owned(),
            dockerfile: node.get("dockerfile").and_then(Node::text).map(str::to_owned),
        });
        let own =
            build.as_ref().map(|_| format!("{}{}{}", self.source.project, self.source.separator, self.name));
        match text("image").or(own) {
            Some(image) => self.put("Image", json!(image)),
            None => self.fault(node, format!("service {} has neither image nor build", quote(self.name))),
        }
        let mut depends_on = BTreeMap::new();
        for (on, node) in node.get("depends_on").map(|node| node.pairs('\0')).unwrap_or_default() {
            let condition = match node.get("condition").and_then(Node::text) {
                None | Some("service_started") => Condition::Started,
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::Completed,
                Some(other) => {
                    self.fault(&node, format!("{} is no condition", quote(other)));
                    continue;
                }
            };
            depends_on.insert(on, condition);
        }
        let replicas = node.get("scale").or_else(|| node.get("deploy")?.get("replicas"));
        let count = replicas.map(|node| node.text().and_then(|text| text.parse::<u32>().ok()));
        if let (Some(node), Some(None)) = (replicas, count) {
            self.fault(node, "expected how many containers");
        }
        let profiles: BTreeSet<_> =
            node.get("profiles").map(Node::texts).unwrap_or_default().into_iter().collect();
        self.body.insert("HostConfig".to_owned(), Value::Object(std::mem::take(&mut self.host)));
        let base = Spec::of_body(Value::Object(std::mem::take(&mut self.body)));
        match base {
            Ok(base) if self.faults.is_empty() => Ok(Service {
                base,
                replicas: count.flatten().unwrap_or(1),
                depends_on,
                profiles,
                build,
                container_name: text("container_name"),
                prefix: format!("{0}{2}{1}{2}", self.source.project, self.name, self.source.separator),
            }),
            _ => Err(self.faults),
        }
    }
}
