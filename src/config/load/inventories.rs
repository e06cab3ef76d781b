//! The hosts of inventories become hosts of the configuration, beside those that its files name.

use std::path::{Path, PathBuf};

use super::beside::Beside;
use crate::config::inventory::{self, Listed, Reading, Shelf, Wanted};
use crate::config::problem::{Problem, quote};
use crate::config::schema::{Config, Host, Inventory};

struct Expand<'a, 'b> {
    beside: Beside<'a, 'b>,
    shelf: &'a dyn Shelf,
    problems: &'a mut Vec<Problem>,
    remarks: Vec<String>,
}

/// Reads every inventory; gives what they say and is not done here. An environment whose only hosts are off until
/// somebody trusts a file goes.
pub(super) fn expand(
    config: &mut Config,
    beside: Beside<'_, '_>,
    shelf: &dyn Shelf,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let mut expand = Expand { beside, shelf, problems, remarks: Vec::new() };
    let names: Vec<String> = config.environments.keys().cloned().collect();
    for name in &names {
        let inventory = config.environments.get(name).and_then(|environment| environment.inventory.clone());
        let Some(inventory) = inventory else { continue };
        for listed in expand.read(name, &inventory) {
            add(config, name, listed);
        }
    }
    config
        .environments
        .retain(|_, environment| environment.inventory.is_none() || !environment.hosts.is_empty());
    expand.remarks
}

impl Expand<'_, '_> {
    /// All hosts that one environment's inventory names.
    fn read(&mut self, name: &str, inventory: &Inventory) -> Vec<Listed> {
        let run = Some(&inventory.run).filter(|run| !run.is_empty());
        let limit = inventory.timeout.get();
        let file = |key: &'static str, path: &Option<PathBuf>, source: fn(PathBuf) -> inventory::Source| {
            (key, path.as_ref().map(|path| source(self.file(name, key, path))))
        };
        let sources = [
            file("ansible", &inventory.ansible, inventory::Source::Ansible),
            file("terraform", &inventory.terraform, inventory::Source::Terraform),
            file("list", &inventory.list, inventory::Source::List),
            ("run", run.map(|argv| inventory::Source::Run(argv.clone(), limit))),
        ];
        let (mut hosts, before) = (Vec::new(), self.problems.len());
        for (key, source) in sources.into_iter().filter_map(|(key, source)| Some((key, source?))) {
            let wanted = Wanted {
                source,
                group: inventory.group.clone(),
                output: inventory.output.clone(),
                dir: self.dir(name, key),
            };
            let Reading { hosts: found, problems, unknown, remarks } = inventory::read(&wanted, self.shelf);
            hosts.extend(found);
            self.problems.extend(problems);
            self.remarks.extend(remarks);
            if let Some((message, hint)) = unknown {
                let pick = if key == "ansible" || inventory.output.is_none() { "group" } else { "output" };
                self.problem(name, pick, message, hint);
            }
        }
        if hosts.is_empty() && self.problems.len() == before && !inventory.is_empty() {
            let of = inventory.group.as_deref().or(inventory.output.as_deref());
            let of = of.map_or_else(String::new, |of| format!(" in {}", quote(of)));
            self.problem(
                name,
                "group",
                format!("the inventory of environment {} has no host{of}", quote(name)),
                None,
            );
        }
        hosts
    }

    fn problem(&mut self, environment: &str, key: &str, message: String, hint: Option<String>) {
        let problem = match self.beside.at(&place(environment, key)) {
            Some((source, offset)) => source.problem(offset, message, hint),
            None => Problem { origin: "configuration".to_owned(), place: None, message, hint },
        };
        self.problems.push(problem);
    }

    /// Where the file is that set the key.
    fn dir(&self, environment: &str, key: &str) -> PathBuf {
        self.beside.dir(&place(environment, key))
    }

    fn file(&self, environment: &str, key: &str, path: &Path) -> PathBuf {
        self.beside.file(&place(environment, key), path)
    }
}

fn place<'a>(environment: &'a str, key: &'a str) -> [&'a str; 4] {
    ["environments", environment, "inventory", key]
}

fn add(config: &mut Config, environment: &str, listed: Listed) {
    let address = listed.address.clone();
    // Two inventories may call two machines alike.
    let names =
        std::iter::once(listed.name.clone()).chain(std::iter::once(format!("{environment}/{}", listed.name)));
    let is_it = |host: &Host| host.listed.is_none() || host.address == address;
    let numbered = (2..).map(|n| format!("{environment}/{}/{n}", listed.name));
    let mut names = names.chain(numbered);
    let Some(name) = names.find(|name| config.hosts.get(name).is_none_or(is_it)) else { return };
    // What a file of this program says of a host of that name counts.
    config.hosts.entry(name.clone()).or_insert_with(|| Host {
        address,
        label: Some(listed.name.clone()),
        listed: Some(listed),
        ..Host::default()
    });
    if let Some(environment) = config.environments.get_mut(environment)
        && !environment.hosts.contains(&name)
    {
        environment.hosts.push(name);
    }
}
