//! Compose files: services as specifications of their containers, equal to what `docker-compose` makes of them.
//!
//! Texts in, values out; whoever calls reads the files. What changes a container and is not understood is an error with
//! its line, never left out in silence; what has no effect on it is listed.

pub mod drift;
pub mod env_file;
mod interpolate;
mod merge;
mod node;
mod ports;
mod service;
#[cfg(test)]
mod tests;
mod values;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::problem::{Place, Problem, suggestion};
use crate::domain::spec::Spec;

use self::node::{Node, What};

/// A file of a project.
#[derive(Clone, Debug)]
pub struct File {
    /// What messages call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// All that a project is read from.
pub struct Source<'a> {
    /// The base, then what overrides it, in this order.
    pub files: Vec<File>,
    /// Where relative paths begin: the directory of the base, absolute.
    pub directory: String,
    /// Name of the project.
    pub project: String,
    /// Stands between the parts of a container's name: `_` as `docker-compose` has it, `-` as `docker compose`.
    pub separator: char,
    /// Variables for `${…}`: the environment over `.env`.
    pub variables: BTreeMap<String, String>,
    /// Reads another file that is named: of variables, or one that is extended.
    pub read: &'a dyn Fn(&str) -> Result<String, String>,
}

/// A project as it is meant.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// By name.
    pub services: BTreeMap<String, Service>,
    /// Networks that its services join: the engine's name, and whether somebody else made it.
    pub networks: BTreeMap<String, Shared>,
    /// Volumes that it names.
    pub volumes: BTreeMap<String, Shared>,
    /// What stands there and has no effect on a container, with its place.
    pub without_effect: Vec<Problem>,
}

/// A network or volume of a project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shared {
    /// What the engine calls it.
    pub name: String,
    /// It has to be there already.
    pub is_external: bool,
}

/// Until when a service waits for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It was started.
    Started,
    /// Its check passes.
    Healthy,
    /// It ended with 0.
    Completed,
}

/// How the image of a service is built. Nothing here builds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Build {
    /// Directory or address that is built.
    pub context: String,
    /// The file in it.
    pub dockerfile: Option<String>,
}

/// A service.
#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    /// What each of its containers is made from, but for their numbers.
    pub base: Spec,
    /// How many there are.
    pub replicas: u32,
    /// Those that have to be there first, and how.
    pub depends_on: BTreeMap<String, Condition>,
    /// It belongs to these profiles only; to every one where there are none.
    pub profiles: BTreeSet<String>,
    /// How its image is built, where it is.
    pub build: Option<Build>,
    /// The one name its container has, where it was given.
    pub container_name: Option<String>,
    /// `shop_web_`.
    prefix: String,
}

impl Service {
    /// Name of the container of that number, from 1.
    pub fn name(&self, number: u32) -> String {
        self.container_name.clone().unwrap_or_else(|| format!("{}{number}", self.prefix))
    }

    /// What the container of that number is made from.
    pub fn spec(&self, number: u32) -> Spec {
        let label = ("com.docker.compose.container-number".to_owned(), number.to_string());
        self.base.with_labels(&BTreeMap::from([label]))
    }

    /// Whether it runs when these profiles are chosen.
    pub fn is_in(&self, chosen: &BTreeSet<String>) -> bool {
        self.profiles.is_empty() || !self.profiles.is_disjoint(chosen) || chosen.contains("*")
    }
}

/// Where something stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct At {
    /// The file.
    pub(crate) file: std::rc::Rc<str>,
    /// The line.
    pub(crate) place: Place,
}

impl At {
    fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            origin: self.file.to_string(),
            place: Some(self.place),
            message: message.into(),
            hint: None,
        }
    }
}

/// Keys of a file beside its services that are looked at.
const SECTIONS: &[&str] = &["services", "networks", "volumes", "secrets", "configs"];
/// Those that say nothing of a container.
const IDLE: &[&str] = &["version", "name"];

/// All files as one.
struct Whole {
    sections: BTreeMap<&'static str, Node>,
}

/// Reads a project.
///
/// # Errors
/// All that is wrong, each with its file and line.
pub fn read(source: &Source<'_>) -> Result<Project, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut project = Project { name: source.project.clone(), ..Project::default() };
    let mut whole = Whole { sections: BTreeMap::new() };
    for file in &source.files {
        match node::parse(&file.name, &file.text) {
            Ok(root) => whole.take(root, source, &mut project, &mut problems),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (networks, volumes) = (whole.shared("networks", source), whole.shared("volumes", source));
    project.networks = networks;
    project.volumes = volumes;
    let services = whole.sections.get("services").cloned();
    for (name, node) in services.iter().flat_map(Node::entries) {
        let extended = merge::extended(name, node, &whole, source, 0);
        let made = extended.and_then(|node| service::read(name, &node, &whole, source, &mut project));
        match made {
            Ok(service) => drop(project.services.insert(name.clone(), service)),
            Err(mut faults) => problems.append(&mut faults),
        }
    }
    if project.services.is_empty() && problems.is_empty() {
        let origin = source.files.first().map(|file| file.name.clone()).unwrap_or_default();
        problems.push(Problem { origin, place: None, message: "no services".to_owned(), hint: None });
    }
    problems.extend(unknown_dependencies(&project, services.as_ref()));
    if problems.is_empty() { Ok(project) } else { Err(problems) }
}

fn unknown_dependencies(project: &Project, services: Option<&Node>) -> Vec<Problem> {
    let Some(node) = services else { return Vec::new() };
    let all = project
        .services
        .iter()
        .flat_map(|(name, service)| service.depends_on.keys().map(move |on| (name, on)));
    let unknown = all.filter(|(_, on)| node.get(on).is_none());
    let known: Vec<_> = node.entries().iter().map(|(name, _)| name.as_str()).collect();
    unknown
        .filter_map(|(name, on)| {
            let at = &node.get(name)?.at;
            let message = format!("service `{name}` depends on `{on}`, and there is none");
            Some(Problem { hint: suggestion(on, &known), ..at.problem(message) })
        })
        .collect()
}

impl Whole {
    /// Puts a file over those before it.
    fn take(&mut self, root: Node, source: &Source<'_>, project: &mut Project, problems: &mut Vec<Problem>) {
        if !matches!(root.what, What::Map(_)) {
            return problems.push(root.at.problem("a Compose file is a mapping with `services:`"));
        }
        for (key, mut value) in root.into_entries() {
            let Some(section) = SECTIONS.iter().find(|known| **known == key) else {
                if IDLE.contains(&key.as_str()) || key.starts_with("x-") {
                    project
                        .without_effect
                        .push(value.at.problem(format!("`{key}` says nothing of a container")));
                } else {
                    let message = format!("`{key}` is not understood");
                    problems.push(Problem { hint: suggestion(&key, SECTIONS), ..value.at.problem(message) });
                }
                continue;
            };
            if let Err(mut faults) = interpolate::all(&mut value, &source.variables) {
                problems.append(&mut faults);
                continue;
            }
            let merged = match self.sections.remove(section) {
                Some(base) if *section == "services" => merge::services(base, value),
                Some(base) => merge::deep(base, value),
                None => value,
            };
            self.sections.insert(section, merged);
        }
    }

    fn of(&self, section: &str, name: &str) -> Option<&Node> {
        self.sections.get(section)?.get(name)
    }

    /// Networks or volumes with the names the engine knows them by.
    fn shared(&self, section: &str, source: &Source<'_>) -> BTreeMap<String, Shared> {
        let declared = self.sections.get(section).map(Node::entries).unwrap_or_default();
        let mut all: BTreeMap<_, _> =
            declared.iter().map(|(key, node)| (key.clone(), shared(key, node, source))).collect();
        if section == "networks" {
            let name = format!("{}_default", source.project);
            all.entry("default".to_owned()).or_insert(Shared { name, is_external: false });
        }
        all
    }
}

fn shared(key: &str, node: &Node, source: &Source<'_>) -> Shared {
    let external = node.get("external");
    let is_external =
        external.is_some_and(|e| e.get("name").is_some() || e.text().is_some_and(values::is_true));
    let given = node.get("name").or(external.and_then(|e| e.get("name"))).and_then(Node::text);
    let own = || if is_external { key.to_owned() } else { format!("{}_{key}", source.project) };
    Shared { name: given.map_or_else(own, str::to_owned), is_external }
}
