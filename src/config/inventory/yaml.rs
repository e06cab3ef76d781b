//! Ansible's YAML inventories, files of variables, and what `ansible-inventory --list` prints.

use std::rc::Rc;

use super::Fault;
use super::ansible::{Groups, Value, Var, Vars};
use super::pattern::expand;
use super::tree::{Entry, Kind, Tree};
use crate::config::problem::quote;

/// Groups that are looked at, each way to one counted: aliases can make few lines many.
const MOST_VISITS: usize = 10_000;

struct Reader<'a> {
    groups: &'a mut Groups,
    file: usize,
    faults: Vec<Fault>,
    visits: usize,
}

/// Reads a tree into `groups`; everything that is wrong with it, at once.
pub(super) fn read(root: &Tree, file: usize, groups: &mut Groups) -> Vec<Fault> {
    let mut reader = Reader { groups, file, faults: Vec::new(), visits: 0 };
    if !matches!(root.kind, Kind::Map(_)) {
        return vec![Fault::new(
            root.at,
            format!("an inventory is a mapping of groups, not {}", root.what()),
        )];
    }
    if root.get("plugin").is_some() {
        let hint = Some("use run = [\"ansible-inventory\", \"-i\", FILE, \"--list\"]".to_owned());
        let message = "this is the configuration of a plugin, not an inventory".to_owned();
        return vec![Fault { hint, ..Fault::new(root.at, message) }];
    }
    for entry in root.entries() {
        if root.get("_meta").is_some() {
            reader.listed(entry);
        } else {
            reader.group(entry);
        }
    }
    reader.faults
}

/// The variables of a file that say how hosts are reached.
pub(super) fn vars(root: &Tree, file: usize) -> Result<Vars, Fault> {
    if !matches!(root.kind, Kind::Map(_)) {
        return Err(Fault::new(root.at, format!("expected variables, found {}", root.what())));
    }
    Ok(wanted(root, file))
}

fn wanted(tree: &Tree, file: usize) -> Vars {
    let wanted = tree.entries().iter().filter(|entry| Groups::is_wanted(&entry.key));
    wanted.map(|entry| (entry.key.clone(), var(&entry.value, file))).collect()
}

fn var(tree: &Tree, file: usize) -> Var {
    let value = match &tree.kind {
        Kind::Text(text) => Value::Text(text.clone()),
        Kind::Secret => Value::Secret,
        Kind::Null | Kind::Map(_) | Kind::List(_) => Value::Other,
    };
    Var { value, file, at: tree.at }
}

impl Reader<'_> {
    fn wrong(&mut self, tree: &Tree, what: &str, expected: &str) {
        let message = format!("{what}: expected {expected}, found {}", tree.what());
        self.faults.push(Fault::new(tree.at, message));
    }

    /// A mapping, or a lone name, or nothing.
    fn section(&mut self, group: &Tree, name: &str, of: &str) -> Vec<Entry> {
        let Some(tree) = group.get(name) else { return Vec::new() };
        match &tree.kind {
            Kind::Map(entries) => entries.clone(),
            Kind::Null => Vec::new(),
            Kind::Text(text) => {
                let value = Rc::new(Tree { at: tree.at, kind: Kind::Null });
                vec![Entry { key: text.clone(), at: tree.at, value }]
            }
            Kind::List(_) | Kind::Secret => {
                let what = format!("{name} of group {}", quote(of));
                self.wrong(tree, &what, "a mapping (`name:` a line)");
                Vec::new()
            }
        }
    }

    fn group(&mut self, Entry { key: name, at, value: tree }: &Entry) {
        self.visits += 1;
        if self.visits > MOST_VISITS {
            if self.visits == MOST_VISITS + 1 {
                self.faults.push(Fault::new(*at, format!("more than {MOST_VISITS} groups")));
            }
            return;
        }
        if name.is_empty() {
            return self.faults.push(Fault::new(*at, "a group without a name".to_owned()));
        }
        if !matches!(tree.kind, Kind::Map(_) | Kind::Null) {
            return self.wrong(
                tree,
                &format!("group {}", quote(name)),
                "a mapping with hosts, children or vars",
            );
        }
        self.groups.group(name);
        for entry in tree.entries() {
            if !matches!(entry.key.as_str(), "hosts" | "children" | "vars") {
                let near = crate::config::problem::suggestion(&entry.key, &["hosts", "children", "vars"]);
                let message = format!("unknown key {} in group {}", quote(&entry.key), quote(name));
                self.faults.push(Fault { hint: near, ..Fault::new(entry.at, message) });
            }
        }
        for entry in self.section(tree, "vars", name) {
            if Groups::is_wanted(&entry.key) {
                self.groups.group_var(name, &entry.key, var(&entry.value, self.file));
            }
        }
        for entry in self.section(tree, "children", name) {
            self.group(&entry);
            self.groups.child(name, &entry.key, (self.file, entry.at));
        }
        for entry in self.section(tree, "hosts", name) {
            self.host(name, &entry);
        }
    }

    fn host(&mut self, group: &str, Entry { key: pattern, at, value: tree }: &Entry) {
        let (names, port) = match expand(pattern) {
            Ok(found) => found,
            Err(why) => return self.faults.push(Fault::new(*at, why)),
        };
        if !matches!(tree.kind, Kind::Map(_) | Kind::Null) {
            return self.wrong(tree, &format!("host {}", quote(pattern)), "a mapping of variables");
        }
        let vars = wanted(tree, self.file);
        for name in names {
            if let Err(why) = self.groups.host(group, &name, port, (self.file, *at)) {
                return self.faults.push(Fault::new(*at, why));
            }
            for (key, var) in &vars {
                self.groups.host_var(&name, key, var.clone());
            }
        }
    }

    /// A group as `ansible-inventory --list` prints it, or its variables of all hosts.
    fn listed(&mut self, Entry { key: name, value: tree, .. }: &Entry) {
        if name == "_meta" {
            for host in tree.get("hostvars").map(|vars| vars.entries().to_vec()).unwrap_or_default() {
                if let Err(why) = self.groups.host("all", &host.key, None, (self.file, host.at)) {
                    return self.faults.push(Fault::new(host.at, why));
                }
                for (key, var) in wanted(&host.value, self.file) {
                    self.groups.host_var(&host.key, &key, var);
                }
            }
            return;
        }
        self.groups.group(name);
        let names = |key: &str| -> Vec<(String, super::Place)> {
            let items = tree.get(key).map(|list| list.items().to_vec()).unwrap_or_default();
            items.iter().filter_map(|item| Some((item.text()?.to_owned(), item.at))).collect()
        };
        for (host, at) in names("hosts") {
            if let Err(why) = self.groups.host(name, &host, None, (self.file, at)) {
                return self.faults.push(Fault::new(at, why));
            }
        }
        for (child, at) in names("children") {
            self.groups.child(name, &child, (self.file, at));
        }
    }
}
