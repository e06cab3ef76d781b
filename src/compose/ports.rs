//! Ports as Compose writes them.

use serde_json::{Map, Value, json};

use super::node::{Node, What};

/// A port inside, and where it leads to on the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Binding {
    pub(super) inside: String,
    pub(super) address: String,
    /// Empty where the engine chooses.
    pub(super) port: String,
}

fn range(text: &str) -> Option<(u16, u16)> {
    match text.split_once('-') {
        Some((from, to)) => Some((from.parse().ok()?, to.parse().ok()?)).filter(|(from, to)| from <= to),
        None => text.parse().ok().map(|port| (port, port)),
    }
}

/// `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `3000-3002:3000-3002`, or the long form.
pub(super) fn read(node: &Node) -> Option<Vec<Binding>> {
    if let What::Map(_) = node.what {
        let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
        let known = ["target", "published", "protocol", "host_ip", "mode", "name", "app_protocol"];
        if node.entries().iter().any(|(key, _)| !known.contains(&key.as_str()) && !key.starts_with("x-")) {
            return None;
        }
        let protocol = Some(text("protocol")).filter(|p| !p.is_empty()).unwrap_or("tcp");
        let target: u16 = text("target").parse().ok()?;
        let (address, port) = (text("host_ip").to_owned(), text("published").to_owned());
        return Some(vec![Binding { inside: format!("{target}/{protocol}"), address, port }]);
    }
    let text = node.text()?;
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (before, inside) = ports.rsplit_once(':').map_or(("", ports), |(before, inside)| (before, inside));
    let (address, public) = before.rsplit_once(':').unwrap_or(("", before));
    let address = address.trim_start_matches('[').trim_end_matches(']');
    let (first, last) = range(inside)?;
    let count = last - first;
    let publics: Vec<String> = match public {
        "" => (0..=count).map(|_| String::new()).collect(),
        one => {
            let (from, to) = range(one)?;
            match (to - from, count) {
                (width, 0) if width > 0 => vec![one.to_owned()],
                (width, count) if width == count => (from..=to).map(|port| port.to_string()).collect(),
                _ => return None,
            }
        }
    };
    let inside = (first..=last).map(|port| format!("{port}/{protocol}"));
    Some(
        inside
            .zip(publics)
            .map(|(inside, port)| Binding { inside, address: address.to_owned(), port })
            .collect(),
    )
}

/// As the engine wants them: what is published, and what is exposed.
pub(super) fn told(bindings: &[Binding]) -> Value {
    let mut all: Map<String, Value> = Map::new();
    for binding in bindings {
        let places = all.entry(binding.inside.clone()).or_insert(json!([]));
        if let Value::Array(places) = places {
            places.push(json!({ "HostIp": binding.address, "HostPort": binding.port }));
        }
    }
    Value::Object(all)
}

/// `3000`, `3000-3002/udp`.
pub(super) fn exposed(text: &str) -> Option<Vec<String>> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = range(ports)?;
    Some((first..=last).map(|port| format!("{port}/{protocol}")).collect())
}
