//! From the engine's answer to an inspection back to what was asked of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::parts::{is_made_up, texts};

/// What the engine tells of an endpoint that nobody asked for.
const MADE_UP: &[&str] = &[
    "NetworkID",
    "EndpointID",
    "Gateway",
    "IPAddress",
    "IPPrefixLen",
    "IPv6Gateway",
    "GlobalIPv6Address",
    "GlobalIPv6PrefixLen",
    "MacAddress",
    "DNSNames",
];

/// The body that makes such a container.
pub(super) fn body(container: &Value, image: Option<&Value>) -> Result<Value, String> {
    let part = |key: &str| container.get(key).and_then(Value::as_object);
    let Some(config) = part("Config") else { return Err("the answer has no Config".to_owned()) };
    let id = container.get("Id").and_then(Value::as_str).unwrap_or_default();
    let short = id.get(..12).unwrap_or(id);
    let (mut body, mut host) = (config.clone(), part("HostConfig").cloned().unwrap_or_default());
    let networks = container.get("NetworkSettings").and_then(|settings| settings.get("Networks"));
    let endpoints = endpoints(networks.and_then(Value::as_object), &mut host, short);
    take_image(&mut body, image.and_then(|image| image.get("Config")));
    name_volumes(&mut body, &mut host, container.get("Mounts"));
    relink(&mut host);
    let mode = host.get("NetworkMode").and_then(Value::as_str).unwrap_or_default();
    let is_fixed = mode.starts_with("container:") || host.get("UTSMode").is_some_and(|mode| mode == "host");
    if is_fixed || body.get("Hostname").is_some_and(|name| name == short) {
        body.remove("Hostname");
    }
    if mode.starts_with("container:") {
        body.remove("Domainname");
    }
    if mode.starts_with("container:") || mode == "host" {
        // Refused or without effect there.
        host.remove("PortBindings");
    }
    body.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": endpoints }));
    body.insert("HostConfig".to_owned(), Value::Object(host));
    Ok(Value::Object(body))
}

/// Takes away what the image brings by itself.
fn take_image(body: &mut Map<String, Value>, image: Option<&Value>) {
    let Some(image) = image.and_then(Value::as_object) else { return };
    let is_same = |body: &Map<String, Value>, key: &str| body.get(key) == image.get(key);
    let theirs: BTreeSet<_> = texts(image.get("Env")).into_iter().collect();
    if let Some(Value::Array(env)) = body.get_mut("Env") {
        env.retain(|item| item.as_str().is_none_or(|text| !theirs.contains(text)));
    }
    for key in ["Labels", "ExposedPorts", "Volumes", "Healthcheck"] {
        let theirs = image.get(key).and_then(Value::as_object);
        if let (Some(Value::Object(own)), Some(theirs)) = (body.get_mut(key), theirs) {
            own.retain(|name, value| theirs.get(name) != Some(value));
        }
    }
    take_command(body, image);
    for key in ["User", "WorkingDir", "StopSignal", "Shell", "StopTimeout"] {
        if is_same(body, key) {
            body.remove(key);
        }
    }
}

/// An image's command comes with its entrypoint only: where that is another one, nothing is inherited.
fn take_command(body: &mut Map<String, Value>, image: &Map<String, Value>) {
    let words = |from: &Map<String, Value>, key: &str| texts(from.get(key));
    let (entry, entry_theirs) = (words(body, "Entrypoint"), words(image, "Entrypoint"));
    let (command, command_theirs) = (words(body, "Cmd"), words(image, "Cmd"));
    let is_lost = command.is_empty() && !command_theirs.is_empty();
    if entry == entry_theirs && !is_lost {
        body.remove("Entrypoint");
        if command == command_theirs {
            body.remove("Cmd");
        }
    } else if entry.is_empty() {
        // In the engine's words: none, not that of the image.
        body.insert("Entrypoint".to_owned(), json!([""]));
    }
    if command.is_empty() {
        body.remove("Cmd");
    }
}

/// Volumes that the engine named are asked for by that name, as `docker-compose up` carries them over.
fn name_volumes(body: &mut Map<String, Value>, host: &mut Map<String, Value>, mounts: Option<&Value>) {
    let mounts = mounts.and_then(Value::as_array).into_iter().flatten();
    for mount in mounts {
        let text = |key: &str| mount.get(key).and_then(Value::as_str).unwrap_or_default();
        let (target, name) = (text("Destination"), text("Name"));
        let is_read_only = mount.get("RW") == Some(&json!(false));
        if text("Type") != "volume" || !is_made_up(name) {
            continue;
        }
        if let Some(Value::Object(volumes)) = body.get_mut("Volumes") {
            volumes.remove(target);
        }
        let asked = host.get_mut("Mounts").and_then(Value::as_array_mut).into_iter().flatten();
        let mut asked = asked.filter(|m| m.get("Target").is_some_and(|t| t == target));
        if let Some(Value::Object(asked)) = asked.next() {
            asked.entry("Source").or_insert(json!(name));
            continue;
        }
        let binds = texts(host.get("Binds"));
        if !binds.iter().any(|bind| bind.split(':').nth(1) == Some(target)) {
            let options = if is_read_only { ":ro" } else { "" };
            let bind = format!("{name}:{target}{options}");
            host.insert("Binds".to_owned(), binds.into_iter().chain([bind]).collect());
        }
    }
    // What is mounted by hand needs no volume of its own.
    let binds: Vec<_> = texts(host.get("Binds"));
    if let Some(Value::Object(volumes)) = body.get_mut("Volumes") {
        volumes.retain(|target, _| !binds.iter().any(|bind| bind.split(':').nth(1) == Some(target)));
    }
}

/// The engine tells `/db:/web/alias` of what was asked as `db:alias`.
fn relink(host: &mut Map<String, Value>) {
    let Some(Value::Array(links)) = host.get_mut("Links") else { return };
    for link in links {
        let told = link.as_str().and_then(|text| text.split_once(':'));
        if let Some((name, alias)) = told {
            let alias = alias.rsplit('/').next().unwrap_or(alias);
            *link = json!(format!("{}:{alias}", name.trim_start_matches('/')));
        }
    }
}

/// Networks as they are asked for. The mode names one of them: a network may be told there by its id, or be left since.
fn endpoints(
    networks: Option<&Map<String, Value>>,
    host: &mut Map<String, Value>,
    short: &str,
) -> Map<String, Value> {
    let mut all = networks.cloned().unwrap_or_default();
    let mode = host.get("NetworkMode").and_then(Value::as_str).unwrap_or("default").to_owned();
    let is_own =
        matches!(mode.as_str(), "default" | "bridge" | "host" | "none") || mode.starts_with("container:");
    if !is_own && !all.contains_key(&mode) {
        let is_its = |told: &Value| {
            told.get("NetworkID")
                .and_then(Value::as_str)
                .is_some_and(|id| !id.is_empty() && id.starts_with(&mode))
        };
        let named = all.iter().find(|(_, told)| is_its(told)).or(all.iter().next());
        if let Some((name, _)) = named {
            host.insert("NetworkMode".to_owned(), json!(name));
        }
    }
    for told in all.values_mut() {
        let Value::Object(told) = told else { continue };
        told.retain(|key, _| !MADE_UP.contains(&key.as_str()));
        if let Some(Value::Array(aliases)) = told.get_mut("Aliases") {
            aliases.retain(|alias| alias != short);
        }
    }
    all
}
