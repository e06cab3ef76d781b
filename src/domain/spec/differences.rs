//! Where two specifications make different containers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Spec;
use crate::domain::secret;

/// One key on which two disagree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// What it is about: `env API_URL`, `label x`, `mount /data`, `port 80/tcp`, `HostConfig.Memory`.
    pub key: String,
    /// The value here; `None` where there is none.
    pub here: Option<String>,
    /// The value there.
    pub there: Option<String>,
}

/// What the engine fills in by itself, differently from daemon to daemon: only two given values disagree.
const FILLED: &[&str] = &[
    "LogConfig",
    "CgroupnsMode",
    "IpcMode",
    "MemorySwap",
    "MaskedPaths",
    "ReadonlyPaths",
    "Runtime",
    "ShmSize",
    "PidsLimit",
    "Hostname",
];
/// Compared part by part.
const BY_PARTS: &[&str] = &[
    "Env",
    "Labels",
    "ExposedPorts",
    "Volumes",
    "HostConfig",
    "NetworkingConfig",
    "Binds",
    "Mounts",
    "Tmpfs",
    "PortBindings",
    "RestartPolicy",
    "Healthcheck",
];

type Told = BTreeMap<String, String>;

/// All of them, by key.
pub(super) fn all(here: &Spec, there: &Spec, hides: &dyn Fn(&str) -> bool) -> Vec<Difference> {
    let masked = |name: &str, value: &str| secret::shown(value, hides(name));
    let (mine, theirs) = (told(here, &masked), told(there, &masked));
    let raw = |spec: &Spec| told(spec, &|_, value| value.to_owned());
    let (mine_raw, theirs_raw) = (raw(here), raw(there));
    let keys: BTreeSet<_> = mine.keys().chain(theirs.keys()).collect();
    let differs = |key: &&&String| {
        let (a, b) = (mine_raw.get(**key), theirs_raw.get(**key));
        let is_filled = FILLED.contains(&key.rsplit('.').next().unwrap_or_default());
        a != b && !(is_filled && (a.is_none() || b.is_none()))
    };
    let differing = keys.iter().filter(differs);
    differing
        .map(|key| Difference {
            key: (*key).clone(),
            here: mine.get(*key).cloned(),
            there: theirs.get(*key).cloned(),
        })
        .collect()
}

/// Everything that makes the container, as lines to compare.
fn told(spec: &Spec, shown: &dyn Fn(&str, &str) -> String) -> Told {
    let mut told = Told::new();
    for (name, value) in spec.env() {
        let value = value.map_or_else(|| "(taken away)".to_owned(), |value| shown(&name, &value));
        told.insert(format!("env {name}"), value);
    }
    for (name, value) in spec.labels() {
        told.insert(format!("label {name}"), shown(&name, &value));
    }
    for mount in spec.mounts() {
        let mode = if mount.is_read_only { " (read-only)" } else { "" };
        let options = if mount.options.is_empty() { String::new() } else { format!(" {}", mount.options) };
        let kind = format!("{:?}", mount.kind).to_lowercase();
        told.insert(format!("mount {}", mount.target), format!("{kind} {}{mode}{options}", mount.source));
    }
    for port in spec.published() {
        let host = port.port.map_or_else(|| "chosen by the engine".to_owned(), |port| port.to_string());
        let place = if port.address.is_empty() { host } else { format!("{}:{host}", port.address) };
        let entry = told.entry(format!("port {}/{}", port.inside, port.protocol)).or_default();
        *entry = if entry.is_empty() { place } else { format!("{entry}, {place}") };
    }
    for (port, protocol) in spec.exposed() {
        told.insert(format!("exposed {port}/{protocol}"), "yes".to_owned());
    }
    for endpoint in spec.networks() {
        told.insert(
            format!("network {}", endpoint.network),
            Value::Object(object(&endpoint.told())).to_string(),
        );
    }
    let restart = spec.restart();
    if restart.name != "no" {
        let most = if restart.most > 0 { format!(":{}", restart.most) } else { String::new() };
        told.insert("restart".to_owned(), format!("{}{most}", restart.name));
    }
    for (key, value) in object(spec.0.get("Healthcheck").unwrap_or(&Value::Null)) {
        told.insert(format!("healthcheck {key}"), plain(&value));
    }
    let rest = |map: &serde_json::Map<String, Value>, before: &str, told: &mut Told| {
        for (key, value) in map.iter().filter(|(key, _)| !BY_PARTS.contains(&key.as_str())) {
            let value = shown(key, &plain(value));
            told.insert(format!("{before}{key}"), value);
        }
    };
    rest(&spec.0, "", &mut told);
    rest(&object(spec.0.get("HostConfig").unwrap_or(&Value::Null)), "HostConfig.", &mut told);
    told
}

fn object(value: &Value) -> serde_json::Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// A text without its quotes, all else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
