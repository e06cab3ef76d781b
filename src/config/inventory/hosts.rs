//! From an Ansible inventory to hosts that can be reached: which variables count, and what is not done here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::ansible::{Groups, Origin, Value, Var};
use super::list::bracketed;
use super::tree::{self, Tree};
use super::vars::{self, Finder, Found};
use super::{Fault, Listed, Reading, Shelf, VAULT, Wanted, ini, named, whole, yaml};
use crate::config::files::in_home;
use crate::config::load::{is_address, shown_path};
use crate::config::problem::{Problem, quote, shown, suggestion};

type Holding<'a> = BTreeMap<&'a str, &'a Var>;

/// An inventory while it is read.
struct Reader<'a> {
    wanted: &'a Wanted,
    shelf: &'a dyn Shelf,
    groups: Groups,
    /// By number.
    files: Vec<String>,
    problems: Vec<Problem>,
    remarks: BTreeMap<(Origin, String), Vec<String>>,
    notes: Vec<String>,
}

/// From a file, with the variables beside it.
pub(super) fn of_file(text: &str, path: &Path, wanted: &Wanted, shelf: &dyn Shelf) -> Reading {
    let mut reader = Reader::new(&named(path), wanted, shelf);
    if text.trim_start().starts_with(VAULT) {
        let hint = "let ansible-inventory open it: run = [\"ansible-inventory\", \"-i\", FILE, \"--list\"]";
        let problem = whole(named(path), "the whole inventory is encrypted".to_owned(), Some(hint));
        return Reading { problems: vec![problem], ..Reading::default() };
    }
    let is_final = if is_yaml(text, path) { reader.yaml(text) } else { reader.ini(text) };
    reader.finish(path.parent().filter(|_| !is_final))
}

/// From what `ansible-inventory --list` printed: its variables are final.
pub(super) fn of_tree(tree: &Tree, origin: &str, wanted: &Wanted, shelf: &dyn Shelf) -> Reading {
    let mut reader = Reader::new(origin, wanted, shelf);
    let faults = yaml::read(tree, 0, &mut reader.groups);
    reader.take(faults);
    reader.finish(None)
}

/// By its ending, as Ansible; without one by its first line.
fn is_yaml(text: &str, path: &Path) -> bool {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("yml" | "yaml" | "json") => true,
        Some(_) => false,
        None => {
            let mut lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
            let first = lines.find(|line| !line.is_empty() && !line.starts_with(';')).unwrap_or_default();
            first == "---" || first.starts_with('{') || first.ends_with(':')
        }
    }
}

impl<'a> Reader<'a> {
    fn new(origin: &str, wanted: &'a Wanted, shelf: &'a dyn Shelf) -> Self {
        let files = vec![origin.to_owned()];
        let (groups, problems, remarks, notes) = Default::default();
        Self { wanted, shelf, groups, files, problems, remarks, notes }
    }

    fn take(&mut self, faults: Vec<Fault>) {
        let origin = self.files[0].clone();
        self.problems.extend(faults.into_iter().map(|fault| fault.of(&origin)));
    }

    fn ini(&mut self, text: &str) -> bool {
        let faults = ini::read(text, 0, &mut self.groups);
        self.take(faults);
        false
    }

    /// Whether nothing beside the file counts any more.
    fn yaml(&mut self, text: &str) -> bool {
        match tree::parse(text) {
            Ok(Some(tree)) => {
                let faults = yaml::read(&tree, 0, &mut self.groups);
                self.take(faults);
                tree.get("_meta").is_some()
            }
            Ok(None) => {
                self.problems.push(whole(self.files[0].clone(), "there is nothing in it".to_owned(), None));
                false
            }
            Err(fault) => {
                self.take(vec![fault]);
                false
            }
        }
    }

    fn finish(mut self, beside: Option<&Path>) -> Reading {
        if let Some((message, (_, at))) = self.groups.circle() {
            self.take(vec![Fault::new(at, message)]);
        }
        if !self.problems.is_empty() {
            return Reading { problems: self.problems, ..Reading::default() };
        }
        let group = self.wanted.group.as_deref().unwrap_or("all");
        let Some(members) = self.groups.members(group) else {
            let message = format!("{} has no group or host {}", self.files[0], quote(group));
            let unknown = Some((message, suggestion(group, &self.groups.names())));
            return Reading { unknown, ..Reading::default() };
        };
        let members: Vec<String> = members.into_iter().map(str::to_owned).collect();
        if let Some(dir) = beside {
            self.beside(dir, &members);
        }
        let mut hosts = Vec::new();
        let mut said = BTreeMap::new();
        let ranks = self.groups.ranks();
        for name in &members {
            let holding = ranks.vars(name);
            not_done(name, &holding, &mut said);
            hosts.push(self.host(name, &holding));
        }
        drop(ranks);
        self.remarks = said;
        let remarks = self.remarks();
        Reading { hosts, problems: self.problems, unknown: None, remarks }
    }

    /// Files of variables of these hosts and of all their groups.
    fn beside(&mut self, dir: &Path, members: &[String]) {
        let groups: BTreeSet<String> = {
            let ranks = self.groups.ranks();
            members.iter().flat_map(|host| ranks.groups_of(host)).map(str::to_owned).collect()
        };
        let hosts = members.iter().cloned().collect();
        for (folder, names, is_group) in [("group_vars", groups, true), ("host_vars", hosts, false)] {
            let finder = match Finder::new(self.shelf, dir.join(folder)) {
                Ok(finder) => finder,
                Err(problem) => {
                    self.problems.push(problem);
                    continue;
                }
            };
            for name in &names {
                for path in finder.files(name) {
                    self.vars_of(&path, name, is_group);
                }
            }
        }
    }

    fn vars_of(&mut self, path: &Path, name: &str, is_group: bool) {
        let number = self.files.len();
        self.files.push(named(path));
        match vars::read(self.shelf, path, number) {
            Ok(Found::Vars(vars)) => self.groups.add_file_vars(is_group, name, vars),
            Ok(Found::Encrypted) => {
                let note =
                    format!("{}: encrypted; what it says of how hosts are reached is not known", named(path));
                self.notes.push(note);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    fn at(&self, (file, at): Origin) -> String {
        format!("{}:{}:{}", self.files.get(file).map_or("", String::as_str), at.line, at.column)
    }

    fn remarks(&self) -> Vec<String> {
        let why = |key: &str| match key {
            "ansible_become" => {
                "the engine is asked as the login itself, which has to be in the group docker"
            }
            "ansible_password" | "ansible_ssh_pass" | "ansible_ssh_password" => {
                "a password is asked for when it is needed"
            }
            _ => "put what it needs into OpenSSH's configuration",
        };
        let line = |((origin, key), hosts): (&(Origin, String), &Vec<String>)| {
            let first: Vec<_> = hosts.iter().take(3).map(|name| shown(name)).collect();
            let more = if hosts.len() > 3 { format!(" and {} more", hosts.len() - 3) } else { String::new() };
            format!("{}: {key} is not used ({}{more}): {}", self.at(*origin), first.join(", "), why(key))
        };
        self.remarks.iter().map(line).chain(self.notes.iter().cloned()).collect()
    }

    fn host(&self, name: &str, holding: &Holding<'_>) -> Listed {
        let from = self.groups.origin(name).map_or_else(String::new, |origin| self.at(origin));
        let (address, identity, refusal) = match self.way(name, holding) {
            Ok((address, identity)) => (address, identity, None),
            Err(why) => (shown_path(name), None, Some(why)),
        };
        Listed { name: shown_path(name), address, identity, from, refusal }
    }

    fn way(&self, name: &str, holding: &Holding<'_>) -> Result<(String, Option<PathBuf>), String> {
        // The older names come last with Ansible, and win.
        let text = |keys: [&'static str; 2]| -> Result<Option<(&str, &Var)>, String> {
            let Some((key, var)) = keys.iter().find_map(|key| holding.get_key_value(key)) else {
                return Ok(None);
            };
            match &var.value {
                Value::Text(text) if text.contains("{{") || text.contains("{%") => {
                    Err(self.no(key, var, "holds a template"))
                }
                Value::Text(text) => Ok(Some((text.as_str(), *var)).filter(|(text, _)| !text.is_empty())),
                Value::Secret => Err(self.no(key, var, "is encrypted by ansible-vault")),
                Value::Other => Err(self.no(key, var, "is no text")),
            }
        };
        let connection = text(["ansible_connection", "ansible_connection"])?;
        let kind = connection.map_or("ssh", |(kind, _)| kind.rsplit('.').next().unwrap_or(kind));
        match (kind, connection) {
            ("ssh" | "smart" | "paramiko" | "paramiko_ssh", _) | (_, None) => {}
            ("local", _) => return Ok(("unix:///var/run/docker.sock".to_owned(), None)),
            (_, Some((kind, var))) => {
                let at = self.at((var.file, var.at));
                return Err(format!(
                    "ansible_connection = {} is no way to an engine; only ssh and local are ({at})",
                    quote(kind)
                ));
            }
        }
        let host = text(["ansible_ssh_host", "ansible_host"])?;
        let user = text(["ansible_ssh_user", "ansible_user"])?;
        let port = text(["ansible_ssh_port", "ansible_port"])?;
        let login = user.map(|(user, _)| format!("{user}@")).unwrap_or_default();
        let behind = port.map(|(port, _)| format!(":{port}")).unwrap_or_default();
        let address = format!("ssh://{login}{}{behind}", bracketed(host.map_or(name, |(host, _)| host)));
        if !is_address(&address) {
            let at =
                [host, user, port].into_iter().flatten().next().map(|(_, var)| self.at((var.file, var.at)));
            let at =
                at.or_else(|| self.groups.origin(name).map(|origin| self.at(origin))).unwrap_or_default();
            return Err(format!("{} is no address ({at})", quote(&address)));
        }
        let key = text(["ansible_ssh_private_key_file", "ansible_private_key_file"])?;
        Ok((address, key.map(|(path, _)| self.file(path))))
    }

    fn no(&self, key: &str, var: &Var, why: &str) -> String {
        let at = self.at((var.file, var.at));
        format!(
            "{key} {why} ({at}); write it in clear, or use run = [\"ansible-inventory\", \"-i\", FILE, \"--list\"]"
        )
    }

    /// As Ansible has it: from home, else from where it is run; that is mostly beside the file that names the inventory.
    fn file(&self, path: &str) -> PathBuf {
        in_home(path.as_ref(), self.shelf.home()).unwrap_or_else(|| self.wanted.dir.join(path))
    }
}

fn is_true(value: &Value) -> bool {
    let Value::Text(text) = value else { return true };
    matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "y" | "t")
}

/// What is asked for and not done, by where it was asked for.
fn not_done(host: &str, holding: &Holding<'_>, said: &mut BTreeMap<(Origin, String), Vec<String>>) {
    for (key, var) in holding {
        let is_meant = match *key {
            "ansible_become" => is_true(&var.value),
            "ansible_password"
            | "ansible_ssh_pass"
            | "ansible_ssh_password"
            | "ansible_ssh_common_args"
            | "ansible_ssh_extra_args"
            | "ansible_ssh_args"
            | "ansible_ssh_executable" => var.value != Value::Text(String::new()),
            _ => false,
        };
        if is_meant {
            said.entry(((var.file, var.at), (*key).to_owned())).or_default().push(host.to_owned());
        }
    }
}
