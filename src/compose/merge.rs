//! A file put over another, and a service over the one it extends.

use super::node::{self, Node, What};
use super::volumes::absolute;
use super::{Source, Whole, interpolate, ports};
use crate::config::problem::{Problem, quote};

/// Services that extend one another, at most so deep.
const MOST_DEPTH: usize = 16;

/// All services of a file over those before it.
pub(super) fn services(base: Node, over: Node) -> Node {
    entries(base, over, |_, base, over| service(base, over))
}

/// Mappings key by key, all else replaced.
pub(super) fn deep(base: Node, over: Node) -> Node {
    match (&base.what, &over.what) {
        (What::Map(_), What::Map(_)) => entries(base, over, |_, base, over| deep(base, over)),
        (_, What::Null) => base,
        _ => over,
    }
}

fn entries(base: Node, over: Node, both: impl Fn(&str, Node, Node) -> Node) -> Node {
    let at = over.at.clone();
    let mut all = base.into_entries();
    for (key, value) in over.into_entries() {
        match all.iter_mut().find(|(name, _)| *name == key) {
            Some((_, known)) => *known = both(&key, known.clone(), value),
            None => all.push((key, value)),
        }
    }
    Node { at, what: What::Map(all) }
}

/// One service over another of its name.
pub(super) fn service(base: Node, over: Node) -> Node {
    entries(base, over, |key, base, over| match key {
        "environment" | "labels" | "sysctls" | "storage_opt" => pairs(&base, &over, '='),
        "extra_hosts" => pairs(&base, &over, ':'),
        "depends_on" | "networks" => deep(named(&base), named(&over)),
        "ulimits" | "healthcheck" => entries(base, over, |_, _, over| over),
        "deploy" | "build" => deep(built(base), built(over)),
        "logging" if driver(&base) == driver(&over) || driver(&over).is_none() => deep(base, over),
        "volumes" | "devices" => by_key(&base, &over, target),
        "secrets" | "configs" => by_key(&base, &over, |node| {
            node.text().or_else(|| node.get("source")?.text()).unwrap_or_default().to_owned()
        }),
        "ports" => by_key(&base, &over, |node| format!("{:?}", ports::read(node))),
        "cap_add"
        | "cap_drop"
        | "expose"
        | "security_opt"
        | "profiles"
        | "device_cgroup_rules"
        | "group_add" => by_key(&base, &over, |node| node.text().unwrap_or_default().to_owned()),
        "dns" | "dns_search" | "env_file" | "tmpfs" => {
            let all = base.listed().into_iter().chain(over.listed()).collect();
            over.with(What::List(all))
        }
        _ => over,
    })
}

fn driver(node: &Node) -> Option<&str> {
    node.get("driver").and_then(Node::text)
}

/// `build: DIR` says its context.
fn built(node: Node) -> Node {
    match &node.what {
        What::Text(_) => node.with(What::Map(vec![("context".to_owned(), node.clone())])),
        _ => node,
    }
}

/// A list of names as a mapping without values.
fn named(node: &Node) -> Node {
    match &node.what {
        What::List(items) => {
            let names =
                items.iter().filter_map(|item| Some((item.text()?.to_owned(), item.with(What::Null))));
            node.with(What::Map(names.collect()))
        }
        _ => node.clone(),
    }
}

fn pairs(base: &Node, over: &Node, between: char) -> Node {
    let of = |node: &Node| node.with(What::Map(node.pairs(between)));
    entries(of(base), of(over), |_, _, over| over)
}

fn target(node: &Node) -> String {
    let text = node.text().map(|text| {
        let mut parts = text.split(':');
        let first = parts.next().unwrap_or_default();
        parts.next().unwrap_or(first)
    });
    text.or_else(|| node.get("target")?.text()).unwrap_or_default().to_owned()
}

/// Lists in which each key stands once; the later one counts.
fn by_key(base: &Node, over: &Node, key: impl Fn(&Node) -> String) -> Node {
    let mut all: Vec<Node> = Vec::new();
    for item in base.listed().into_iter().chain(over.listed()) {
        match all.iter_mut().find(|known| key(known) == key(&item)) {
            Some(known) => *known = item,
            None => all.push(item),
        }
    }
    over.with(What::List(all))
}

/// A service with what it extends below it.
pub(super) fn extended(
    name: &str,
    node: &Node,
    whole: &Whole,
    source: &Source<'_>,
    depth: usize,
) -> Result<Node, Vec<Problem>> {
    let Some(extends) = node.get("extends") else { return Ok(node.clone()) };
    let fault = |message: String| vec![extends.at.problem(message)];
    if depth >= MOST_DEPTH {
        return Err(fault(format!(
            "service {} extends itself, or more than {MOST_DEPTH} others",
            quote(name)
        )));
    }
    let wanted = extends.text().or_else(|| extends.get("service")?.text());
    let Some(wanted) = wanted else { return Err(fault("`extends` names no service".to_owned())) };
    let missing = || fault(format!("service {} extends {}, and there is none", quote(name), quote(wanted)));
    let base = match extends.get("file").and_then(Node::text) {
        None => {
            let base = whole.of("services", wanted).ok_or_else(missing)?;
            extended(wanted, base, whole, source, depth + 1)?
        }
        Some(file) => {
            let path = absolute(file, source);
            let text = (source.read)(&path).map_err(|why| fault(format!("{}: {why}", quote(file))))?;
            let mut root = node::parse(file, &text).map_err(|problem| vec![problem])?;
            interpolate::all(&mut root, &source.variables)?;
            let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory).to_owned();
            let there =
                Source { directory, files: Vec::new(), project: source.project.clone(), ..copied(source) };
            let services = root.get("services").cloned().ok_or_else(missing)?;
            let base = services.get(wanted).cloned().ok_or_else(missing)?;
            let there_whole = Whole { sections: std::collections::BTreeMap::from([("services", services)]) };
            from_there(&extended(wanted, &base, &there_whole, &there, depth + 1)?, &there)
        }
    };
    let without = |node: Node| {
        let at = node.at.clone();
        let kept = node.into_entries().into_iter().filter(|(key, _)| key != "extends").collect();
        Node { at, what: What::Map(kept) }
    };
    Ok(service(without(base), without(node.clone())))
}

fn copied<'a>(source: &Source<'a>) -> Source<'a> {
    Source {
        files: Vec::new(),
        directory: String::new(),
        project: String::new(),
        separator: source.separator,
        variables: source.variables.clone(),
        read: source.read,
    }
}

/// Relative paths of a file elsewhere begin there.
fn from_there(node: &Node, there: &Source<'_>) -> Node {
    let path = |node: &Node| match node.text() {
        Some(text) => node.with(What::Text(absolute(text, there))),
        None => node.clone(),
    };
    let volume = |node: &Node| match (node.text(), &node.what) {
        (Some(text), _) if text.starts_with(['.', '~']) => match text.split_once(':') {
            Some((from, rest)) => node.with(What::Text(format!("{}:{rest}", absolute(from, there)))),
            None => node.clone(),
        },
        (_, What::Map(entries)) if node.get("type").and_then(Node::text) == Some("bind") => {
            let moved = |(key, value): &(String, Node)| {
                (key.clone(), if key == "source" { path(value) } else { value.clone() })
            };
            node.with(What::Map(entries.iter().map(moved).collect()))
        }
        _ => node.clone(),
    };
    let entries = node.entries().iter().map(|(key, value)| {
        let moved = match key.as_str() {
            "env_file" => value.with(What::List(value.listed().iter().map(path).collect())),
            "volumes" => value.with(What::List(value.listed().iter().map(volume).collect())),
            _ => value.clone(),
        };
        (key.clone(), moved)
    });
    node.with(What::Map(entries.collect()))
}
