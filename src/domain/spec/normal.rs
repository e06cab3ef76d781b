//! The normal form of a body: what says nothing is left out, what has no order is in order.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parts::{texts, variable};

/// What an engine puts in place of nothing. Others of its defaults stay: they do no harm.
fn filled(key: &str) -> Option<Value> {
    Some(match key {
        "ShmSize" => json!(67_108_864),
        "Runtime" => json!("runc"),
        "IpcMode" => json!("private"),
        "NetworkMode" => json!("default"),
        "ConsoleSize" => json!([0, 0]),
        "VolumeDriver" => json!("local"),
        "MaskedPaths" => json!([
            "/proc/asound",
            "/proc/acpi",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/sys/firmware"
        ]),
        "ReadonlyPaths" => json!(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]),
        _ => return None,
    })
}

/// Keys that say something even where their value is empty, false or 0: without them the engine, its daemon's
/// configuration or the image chooses.
const TELLING: &[&str] = &[
    "Entrypoint",
    "Cmd",
    "Init",
    "StopTimeout",
    "MemorySwappiness",
    "MaskedPaths",
    "ReadonlyPaths",
    "OomKillDisable",
];

/// Of a client at the moment of its call, not of the container.
const CLIENTS: &[&str] =
    &["AttachStdin", "AttachStdout", "AttachStderr", "ContainerIDFile", "OnBuild", "ArgsEscaped"];

/// A body in its normal form; one that is in it stays as it is.
pub(super) fn of(mut body: Map<String, Value>) -> Map<String, Value> {
    let mut host = match body.remove("HostConfig") {
        Some(Value::Object(host)) => host,
        _ => Map::new(),
    };
    of_host(&mut host);
    let bound = host.get("PortBindings").and_then(Value::as_object).into_iter().flatten();
    // Only what is exposed is published; clients other than the engine's API see to it.
    let bound: Vec<_> = bound.map(|(port, _)| port.clone()).collect();
    if let Some(exposed) = object_of(&mut body, "ExposedPorts", !bound.is_empty()) {
        exposed.extend(bound.into_iter().map(|port| (port, json!({}))));
    }
    if let Some(env) = body.get_mut("Env") {
        let all: BTreeMap<_, _> = texts(Some(env)).iter().map(|text| variable(text)).collect();
        *env = all
            .into_iter()
            .map(|(name, value)| match value {
                Some(value) => format!("{name}={value}"),
                None => name,
            })
            .collect();
    }
    if let Some(Value::Object(check)) = body.get_mut("Healthcheck") {
        check.retain(|_, value| !says_nothing(value));
    }
    of_networks(&mut body, &host);
    body.retain(|key, value| {
        !CLIENTS.contains(&key.as_str())
            && (!says_nothing(value) || TELLING.contains(&key.as_str()) && !value.is_null())
    });
    if !host.is_empty() {
        body.insert("HostConfig".to_owned(), Value::Object(host));
    }
    body
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// The object of that key; made where it is missing and wanted.
fn object_of<'a>(
    body: &'a mut Map<String, Value>,
    key: &str,
    is_wanted: bool,
) -> Option<&'a mut Map<String, Value>> {
    if is_wanted && !body.get(key).is_some_and(Value::is_object) {
        body.insert(key.to_owned(), json!({}));
    }
    body.get_mut(key)?.as_object_mut()
}

fn of_host(host: &mut Map<String, Value>) {
    let memory = host.get("Memory").and_then(Value::as_i64).unwrap_or(0);
    let is_open = host.get("Privileged").and_then(Value::as_bool).unwrap_or(false)
        || ["PidMode", "IpcMode"].iter().any(|key| host.get(*key).and_then(Value::as_str) == Some("host"));
    if is_open && let Some(Value::Array(options)) = host.get_mut("SecurityOpt") {
        // The engine adds it by itself.
        options.retain(|option| option != "label=disable");
    }
    host.retain(|key, value| {
        let key = key.as_str();
        let is_told = !says_nothing(value) || TELLING.contains(&key) && !value.is_null();
        let is_twice = key == "MemorySwap" && memory > 0 && value.as_i64() == Some(memory * 2);
        let is_off = key == "RestartPolicy"
            && value.get("Name").is_some_and(|name| name == "" || name == "no")
            || key == "OomKillDisable" && *value == json!(false)
            || key == "PidsLimit" && value.as_i64().is_some_and(|n| n <= 0);
        is_told && !is_twice && !is_off && filled(key).as_ref() != Some(value) && !CLIENTS.contains(&key)
    });
    if let Some(Value::Array(binds)) = host.get_mut("Binds") {
        for bind in binds.iter_mut() {
            if let Some(text) = bind.as_str() {
                *bind = json!(without_rw(text));
            }
        }
        binds.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
        binds.dedup();
    }
    if let Some(Value::Object(policy)) = host.get_mut("RestartPolicy") {
        policy.entry("MaximumRetryCount").or_insert(json!(0));
    }
    for key in ["CapAdd", "CapDrop"] {
        if let Some(Value::Array(names)) = host.get_mut(key) {
            let mut all: Vec<_> =
                texts(Some(&Value::Array(names.clone()))).iter().map(|name| capability(name)).collect();
            all.sort();
            all.dedup();
            *names = all.into_iter().map(Value::from).collect();
        }
    }
}

/// The engine writes `CAP_NET_ADMIN` for `net_admin` from version 20.10 on.
fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    if name == "ALL" || name.starts_with("CAP_") { name } else { format!("CAP_{name}") }
}

/// Writable is what a bind is when nothing is said.
fn without_rw(text: &str) -> String {
    let mut parts: Vec<_> = text.splitn(3, ':').map(str::to_owned).collect();
    if let Some(options) = parts.get_mut(2) {
        let kept: Vec<_> = options.split(',').filter(|option| !matches!(*option, "rw" | "")).collect();
        *options = kept.join(",");
        if options.is_empty() {
            parts.pop();
        }
    }
    parts.join(":")
}

/// Endpoints without what says nothing; none at all where the mode alone says the same.
fn of_networks(body: &mut Map<String, Value>, host: &Map<String, Value>) {
    let mode = host.get("NetworkMode").and_then(Value::as_str).unwrap_or("default");
    let Some(Value::Object(networking)) = body.get_mut("NetworkingConfig") else { return };
    let Some(Value::Object(all)) = networking.get_mut("EndpointsConfig") else { return };
    for endpoint in all.values_mut() {
        if let Value::Object(endpoint) = endpoint {
            endpoint.retain(|_, value| !says_nothing(value));
            if let Some(Value::Array(aliases)) = endpoint.get_mut("Aliases") {
                aliases.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                aliases.dedup();
            }
        } else {
            *endpoint = json!({});
        }
    }
    if matches!(mode, "host" | "none") || mode.starts_with("container:") {
        all.clear();
    }
    let only = |name: &str| all.len() == 1 && all.get(name).is_some_and(says_nothing);
    if all.is_empty() || matches!(mode, "default" | "bridge") && only("bridge") {
        body.remove("NetworkingConfig");
    }
}
