//! What an Ansible inventory says, whatever it is written in: groups, hosts, and which variable holds for a host.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{MOST_HOSTS, MOST_NAME, Place};
use crate::config::problem::quote;

/// A file by its number, and a place in it.
pub(super) type Origin = (usize, Place);

/// What a variable holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Text(String),
    /// Encrypted by `ansible-vault`.
    Secret,
    /// Nothing, a list, a mapping.
    Other,
}

/// A variable and where it was set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Var {
    pub(super) value: Value,
    pub(super) file: usize,
    pub(super) at: Place,
}

pub(super) type Vars = BTreeMap<String, Var>;

#[derive(Default)]
struct Group {
    is_defined: bool,
    hosts: Vec<String>,
    children: Vec<String>,
    vars: Vars,
    file_vars: Vars,
}

#[derive(Default)]
struct Host {
    origin: Option<Origin>,
    vars: Vars,
    file_vars: Vars,
}

/// All groups and hosts.
#[derive(Default)]
pub(super) struct Groups {
    named: BTreeMap<String, Group>,
    hosts: BTreeMap<String, Host>,
    /// Hosts in the order they appear.
    order: Vec<String>,
    children: Vec<(String, String, Origin)>,
}

impl Groups {
    /// Variables that say how a host is reached; no other is kept.
    pub(super) fn is_wanted(name: &str) -> bool {
        name.starts_with("ansible_")
    }

    pub(super) fn has(&self, name: &str) -> bool {
        name == "all" || self.named.contains_key(name)
    }

    /// Somebody gave it hosts or children, or named it a group.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        matches!(name, "all" | "ungrouped") || self.named.get(name).is_some_and(|group| group.is_defined)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let defined = self.named.iter().filter(|(_, group)| group.is_defined);
        defined.map(|(name, _)| name.as_str()).filter(|name| *name != "ungrouped").collect()
    }

    /// Makes it a group, if it is none yet.
    pub(super) fn group(&mut self, name: &str) {
        self.named.entry(name.to_owned()).or_default().is_defined = true;
    }

    /// Puts a host into a group; a port counts only where it is new.
    pub(super) fn host(
        &mut self,
        group: &str,
        name: &str,
        port: Option<u16>,
        origin: Origin,
    ) -> Result<(), String> {
        if name.len() > MOST_NAME {
            return Err(format!("the name {} is too long", quote(name)));
        }
        if !self.hosts.contains_key(name) {
            if self.hosts.len() >= MOST_HOSTS {
                return Err(format!("more than {MOST_HOSTS} hosts"));
            }
            let mut host = Host { origin: Some(origin), ..Host::default() };
            if let Some(port) = port {
                let var = Var { value: Value::Text(port.to_string()), file: origin.0, at: origin.1 };
                host.vars.insert("ansible_port".to_owned(), var);
            }
            self.hosts.insert(name.to_owned(), host);
            self.order.push(name.to_owned());
        }
        let hosts = &mut self.named.entry(group.to_owned()).or_default().hosts;
        hosts.push(name.to_owned());
        Ok(())
    }

    pub(super) fn host_var(&mut self, host: &str, key: &str, var: Var) {
        self.hosts.entry(host.to_owned()).or_default().vars.insert(key.to_owned(), var);
    }

    pub(super) fn group_var(&mut self, group: &str, key: &str, var: Var) {
        self.named.entry(group.to_owned()).or_default().vars.insert(key.to_owned(), var);
    }

    /// Those of a file beside the inventory; a later file wins.
    pub(super) fn add_file_vars(&mut self, is_group: bool, name: &str, vars: Vars) {
        let into = if is_group {
            &mut self.named.entry(name.to_owned()).or_default().file_vars
        } else {
            &mut self.hosts.entry(name.to_owned()).or_default().file_vars
        };
        into.extend(vars);
    }

    pub(super) fn child(&mut self, parent: &str, child: &str, origin: Origin) {
        let children = &mut self.named.entry(parent.to_owned()).or_default().children;
        if !children.iter().any(|known| known == child) {
            children.push(child.to_owned());
            self.children.push((parent.to_owned(), child.to_owned(), origin));
        }
    }

    /// The first child that leads back to its parent, and where it was written.
    pub(super) fn circle(&self) -> Option<(String, Origin)> {
        // Taken off one by one from the leaves; what stays is in a circle, or leads into one.
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        let mut parents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (parent, child, _) in &self.children {
            *left.entry(parent).or_default() += 1;
            left.entry(child).or_default();
            parents.entry(child).or_default().push(parent);
        }
        let mut ready: Vec<&str> =
            left.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
        while let Some(name) = ready.pop() {
            for parent in parents.get(name).into_iter().flatten() {
                if let Some(count) = left.get_mut(parent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(parent);
                    }
                }
            }
        }
        let is_in = |name: &str| left.get(name).is_some_and(|count| *count > 0);
        let found = self.children.iter().find(|(parent, child, _)| is_in(parent) && is_in(child));
        found.map(|(parent, child, origin)| {
            (format!("group {} is a child of {} and above it", quote(child), quote(parent)), *origin)
        })
    }

    /// The hosts of a group and all below it, each once, or a host of that name; `None` where there is neither.
    pub(super) fn members(&self, name: &str) -> Option<Vec<&str>> {
        if name == "all" {
            return Some(self.order.iter().map(String::as_str).collect());
        }
        if !self.is_defined(name) {
            return self.hosts.get_key_value(name).map(|(name, _)| vec![name.as_str()]);
        }
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        let mut visited = BTreeSet::from([name]);
        let mut queue = VecDeque::from([name]);
        while let Some(group) = queue.pop_front().and_then(|name| self.named.get(name)) {
            found.extend(group.hosts.iter().map(String::as_str).filter(|host| seen.insert(*host)));
            queue.extend(group.children.iter().map(String::as_str).filter(|child| visited.insert(child)));
        }
        Some(found)
    }

    /// Where a host was written first.
    pub(super) fn origin(&self, host: &str) -> Option<Origin> {
        self.hosts.get(host)?.origin
    }

    /// Everything that holds for hosts, worked out once for all of them.
    pub(super) fn ranks(&self) -> Ranks<'_> {
        Ranks::new(self)
    }
}

/// Names by a name.
type Named<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// How far each group is from `all`, and which groups each host is in.
pub(super) struct Ranks<'a> {
    groups: &'a Groups,
    parents: Named<'a>,
    depth: BTreeMap<&'a str, usize>,
    of_host: Named<'a>,
}

impl<'a> Ranks<'a> {
    fn new(groups: &'a Groups) -> Self {
        let (mut parents, mut of_host): (Named<'_>, Named<'_>) = Default::default();
        for (name, group) in &groups.named {
            for child in &group.children {
                parents.entry(child).or_default().push(name);
            }
            for host in &group.hosts {
                of_host.entry(host).or_default().push(name);
            }
        }
        // Longest way from the top; without a circle no way is longer than there are groups.
        let mut depth: BTreeMap<&str, usize> = groups.named.keys().map(|name| (name.as_str(), 1)).collect();
        depth.insert("all", 0);
        let mut waiting: BTreeMap<&str, usize> =
            parents.iter().map(|(child, all)| (*child, all.len())).collect();
        let mut ready: Vec<&str> =
            groups.named.keys().map(String::as_str).filter(|name| !waiting.contains_key(name)).collect();
        while let Some(name) = ready.pop() {
            let below = depth.get(name).copied().unwrap_or(0) + 1;
            for child in groups.named.get(name).into_iter().flat_map(|group| &group.children) {
                let known = depth.entry(child).or_default();
                *known = (*known).max(below);
                if let Some(count) = waiting.get_mut(child.as_str()) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(child);
                    }
                }
            }
        }
        Self { groups, parents, depth, of_host }
    }

    /// The groups of a host without `all`, the least of them first: far ones, then by priority, then by name.
    fn chain(&self, host: &str) -> Vec<&'a str> {
        let mut all: BTreeSet<&str> = BTreeSet::new();
        let mut queue: Vec<&str> = self.of_host.get(host).cloned().unwrap_or_default();
        while let Some(name) = queue.pop() {
            if all.insert(name) {
                queue.extend(self.parents.get(name).into_iter().flatten());
            }
        }
        all.remove("all");
        let priority =
            |name: &str| match self.groups.named.get(name)?.vars.get("ansible_group_priority")?.value {
                Value::Text(ref text) => text.parse::<i64>().ok(),
                _ => None,
            };
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by_key(|name| (self.depth.get(name).copied(), priority(name).unwrap_or(1), *name));
        all
    }

    /// All groups of a host, `all` too.
    pub(super) fn groups_of(&self, host: &str) -> Vec<&'a str> {
        std::iter::once("all").chain(self.chain(host)).collect()
    }

    /// What holds for a host, as Ansible ranks it: the inventory's groups, files of groups, the inventory's host,
    /// files of the host.
    pub(super) fn vars(&self, host: &str) -> BTreeMap<&'a str, &'a Var> {
        let groups: Vec<&Group> = std::iter::once("all")
            .chain(self.chain(host))
            .filter_map(|name| self.groups.named.get(name))
            .collect();
        let own = self.groups.hosts.get(host);
        let layers = groups.iter().map(|group| &group.vars);
        let layers = layers.chain(groups.iter().map(|group| &group.file_vars));
        let layers = layers.chain(own.iter().flat_map(|host| [&host.vars, &host.file_vars]));
        layers.flatten().map(|(key, var)| (key.as_str(), var)).collect()
    }
}
