//! The parts of a specification as values, and how the engine writes them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Spec;

/// A port of the host that leads to one of the container.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Published {
    /// Port inside.
    pub inside: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Address of the host; empty for all it has.
    pub address: String,
    /// Port of the host; the engine chooses where it is `None`.
    pub port: Option<u16>,
}

/// A kind of mount.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MountKind {
    /// A path of the host.
    Bind,
    /// A volume of the engine.
    Volume,
    /// Memory.
    Tmpfs,
    /// The engine's own word for something else.
    Other(String),
}

/// Something mounted into a container.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mount {
    /// Path inside.
    pub target: String,
    /// What it is.
    pub kind: MountKind,
    /// Path of the host or name of the volume; empty where the engine makes one up.
    pub source: String,
    /// It cannot be written.
    pub is_read_only: bool,
    /// Its other options, as they were written.
    pub options: String,
}

impl Mount {
    /// A volume that nobody gave a name: data of one container.
    pub fn is_anonymous(&self) -> bool {
        self.kind == MountKind::Volume && (self.source.is_empty() || is_made_up(&self.source))
    }
}

/// The engine names a volume without a name by 64 hexadecimal digits.
pub(super) fn is_made_up(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A network that is joined, and how.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Endpoint {
    /// Name of the network.
    pub network: String,
    /// Names under which others there find the container besides its own, in order.
    pub aliases: Vec<String>,
    /// All else that was asked of it: fixed addresses, links, options of a driver.
    pub rest: Map<String, Value>,
}

impl Endpoint {
    pub(super) fn read(network: &str, told: &Value) -> Self {
        let mut rest = told.as_object().cloned().unwrap_or_default();
        let mut aliases = texts(rest.remove("Aliases").as_ref());
        aliases.sort();
        aliases.dedup();
        Self { network: network.to_owned(), aliases, rest }
    }

    /// A network in which it has this address for good.
    pub fn at(network: &str, address: &str) -> Self {
        let mut rest = Map::new();
        rest.insert("IPAMConfig".to_owned(), json!({ "IPv4Address": address }));
        Self { network: network.to_owned(), aliases: Vec::new(), rest }
    }

    /// The address that it has there for good.
    pub fn address(&self) -> Option<String> {
        self.rest.get("IPAMConfig")?.get("IPv4Address")?.as_str().map(str::to_owned)
    }

    /// As the engine is asked.
    pub fn told(&self) -> Value {
        let mut told = self.rest.clone();
        if !self.aliases.is_empty() {
            told.insert("Aliases".to_owned(), json!(self.aliases));
        }
        Value::Object(told)
    }
}

/// When the engine starts a container again by itself.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct RestartPolicy {
    /// `no`, `always`, `unless-stopped`, `on-failure`.
    pub name: String,
    /// At most so often, after failures; for ever where it is 0.
    pub most: u32,
}

impl RestartPolicy {
    pub(super) fn read(told: Option<&Value>) -> Self {
        let name = told.and_then(|t| t.get("Name")).and_then(Value::as_str).filter(|name| !name.is_empty());
        let most = told.and_then(|t| t.get("MaximumRetryCount")).and_then(Value::as_u64).unwrap_or(0);
        Self { name: name.unwrap_or("no").to_owned(), most: u32::try_from(most).unwrap_or(u32::MAX) }
    }

    /// As the engine is asked.
    pub fn told(&self) -> Value {
        json!({ "Name": self.name, "MaximumRetryCount": self.most })
    }
}

/// How the engine asks whether it is well.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HealthCheck {
    /// `NONE`, `CMD` and its arguments, or `CMD-SHELL` and a line; empty for that of the image.
    pub test: Vec<String>,
    /// From one to the next.
    pub interval: Option<Duration>,
    /// How long one may take.
    pub timeout: Option<Duration>,
    /// Failures in this time after the start do not count.
    pub start_period: Option<Duration>,
    /// So many failures in a row and it is unhealthy.
    pub retries: Option<u32>,
}

impl HealthCheck {
    pub(super) fn read(told: &Value) -> Self {
        let number = |key: &str| told.get(key).and_then(Value::as_u64).filter(|n| *n > 0);
        let time = |key: &str| number(key).map(Duration::from_nanos);
        Self {
            test: texts(told.get("Test")),
            interval: time("Interval"),
            timeout: time("Timeout"),
            start_period: time("StartPeriod"),
            retries: number("Retries").and_then(|n| u32::try_from(n).ok()),
        }
    }
}

/// The texts of a list.
pub(super) fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `NAME=value`, or a name that is taken away.
pub(super) fn variable(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// `80/tcp`; a range is none.
pub(super) fn port(text: &str) -> Option<(u16, String)> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    Some((number.parse().ok()?, protocol.to_owned()))
}

pub(super) fn published(bindings: Option<&Value>) -> Vec<Published> {
    let all = bindings.and_then(Value::as_object).into_iter().flatten();
    let mut all: Vec<_> = all
        .filter_map(|(inside, places)| Some((port(inside)?, places.as_array()?)))
        .flat_map(|((inside, protocol), places)| {
            places.iter().map(move |place| {
                let text = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or_default();
                Published {
                    inside,
                    protocol: protocol.clone(),
                    address: text("HostIp").to_owned(),
                    port: text("HostPort").parse().ok().filter(|port| *port > 0),
                }
            })
        })
        .collect();
    all.sort();
    all
}

pub(super) fn mounts(spec: &Spec) -> Vec<Mount> {
    let mut all: Vec<_> = texts(spec.host("Binds")).iter().map(|text| bind(text)).collect();
    let mounts = spec.host("Mounts").and_then(Value::as_array).into_iter().flatten();
    all.extend(mounts.map(mount));
    let memory = spec.host("Tmpfs").and_then(Value::as_object).into_iter().flatten();
    all.extend(memory.map(|(target, options)| {
        let options = options.as_str().unwrap_or_default();
        Mount {
            target: target.clone(),
            kind: MountKind::Tmpfs,
            source: String::new(),
            is_read_only: options.split(',').any(|option| option == "ro"),
            options: options.to_owned(),
        }
    }));
    let volumes = spec.0.get("Volumes").and_then(Value::as_object).into_iter().flatten();
    let bare = volumes.map(|(target, _)| Mount {
        target: target.clone(),
        kind: MountKind::Volume,
        source: String::new(),
        is_read_only: false,
        options: String::new(),
    });
    let bare: Vec<_> = bare.filter(|m| !all.iter().any(|other| other.target == m.target)).collect();
    all.extend(bare);
    all.sort();
    all
}

/// `/path:/inside`, `volume:/inside:ro,z`.
fn bind(text: &str) -> Mount {
    let mut parts = text.splitn(3, ':');
    let (source, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let options = parts.next().unwrap_or_default();
    let kind = if source.starts_with('/') { MountKind::Bind } else { MountKind::Volume };
    let (own, rest): (Vec<&str>, Vec<&str>) =
        options.split(',').filter(|o| !o.is_empty()).partition(|option| matches!(*option, "ro" | "rw"));
    Mount {
        target: target.to_owned(),
        kind,
        source: source.to_owned(),
        is_read_only: own.contains(&"ro"),
        options: rest.join(","),
    }
}

fn mount(told: &Value) -> Mount {
    let text = |key: &str| told.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = match text("Type") {
        "bind" => MountKind::Bind,
        "volume" => MountKind::Volume,
        "tmpfs" => MountKind::Tmpfs,
        other => MountKind::Other(other.to_owned()),
    };
    let known = ["Type", "Source", "Target", "ReadOnly"];
    let rest = told.as_object().into_iter().flatten().filter(|(key, _)| !known.contains(&key.as_str()));
    let rest = rest.map(|(key, value)| format!("{key}={value}"));
    Mount {
        target: text("Target").to_owned(),
        kind,
        source: text("Source").to_owned(),
        is_read_only: told.get("ReadOnly").and_then(Value::as_bool).unwrap_or(false),
        options: rest.collect::<Vec<_>>().join(" "),
    }
}
