//! Hosts from what `terraform output -json` prints: a text, a list, a map of names, or objects with an address.

use std::rc::Rc;

use super::tree::{Kind, Tree};
use super::{Fault, Listed, Reading, list};
use crate::config::load::shown_path;
use crate::config::problem::{quote, suggestion};

/// Attributes that hold an address, the best first.
const ADDRESSES: [&str; 9] = [
    "address",
    "host",
    "ansible_host",
    "ip",
    "public_ip",
    "ipv4_address",
    "private_ip",
    "public_dns",
    "fqdn",
];

struct Reader<'a> {
    origin: &'a str,
    reading: Reading,
}

/// Reads all outputs, or the bare value of one; `origin` is what the text is called in messages.
pub(super) fn read(root: &Rc<Tree>, origin: &str, wanted: Option<&str>) -> Reading {
    let mut reader = Reader { origin, reading: Reading::default() };
    let entries = root.entries();
    let is_whole = !entries.is_empty() && entries.iter().all(|entry| entry.value.get("value").is_some());
    if !is_whole {
        match wanted {
            Some(name) => {
                let message = format!("it has no outputs by name, only one value; leave out {}", quote(name));
                reader.reading.unknown = Some((message, None));
            }
            None => reader.value(root),
        }
        return reader.reading;
    }
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let found = match wanted {
        Some(name) => entries
            .iter()
            .find(|entry| entry.key == name)
            .ok_or_else(|| (format!("{origin} has no output {}", quote(name)), suggestion(name, &names))),
        None => match entries {
            [only] => Ok(only),
            _ => {
                let all = names.iter().take(16).map(|name| quote(name)).collect::<Vec<_>>().join(", ");
                Err((format!("{origin} has several outputs"), Some(format!("set `output` to one of {all}"))))
            }
        },
    };
    match found {
        Err(unknown) => reader.reading.unknown = Some(unknown),
        Ok(entry) if entry.value.get("sensitive").and_then(|tree| tree.text()) == Some("true") => {
            let message = format!("output {} is sensitive, and hosts are shown", quote(&entry.key));
            reader.fault(Fault::new(entry.at, message));
        }
        Ok(entry) => {
            if let Some(value) = entry.value.get("value") {
                reader.value(value);
            }
        }
    }
    reader.reading
}

impl Reader<'_> {
    fn fault(&mut self, fault: Fault) {
        self.reading.problems.push(fault.of(self.origin));
    }

    /// A value of any shape.
    fn value(&mut self, tree: &Tree) {
        match &tree.kind {
            Kind::List(items) => items.iter().for_each(|item| self.one(item, None)),
            Kind::Map(entries) if !entries.iter().any(|entry| is_address(&entry.key, &entry.value)) => {
                for entry in entries {
                    self.one(&entry.value, Some(&entry.key));
                }
            }
            _ => self.one(tree, None),
        }
    }

    /// One host; `name` where something above it named it.
    fn one(&mut self, tree: &Tree, name: Option<&str>) {
        match &tree.kind {
            Kind::Text(text) => self.host(tree, text, name),
            Kind::Map(_) => self.object(tree, name),
            _ => self.no_host(tree),
        }
    }

    fn no_host(&mut self, tree: &Tree) {
        let hint = Some(format!("an address is a text, or an object with one of {}", ADDRESSES.join(", ")));
        self.fault(Fault { hint, ..Fault::new(tree.at, format!("no host: {}", tree.what())) });
    }

    fn object(&mut self, tree: &Tree, name: Option<&str>) {
        let text = |keys: &[&str]| {
            let found = keys.iter().find_map(|key| tree.get(key).filter(|tree| tree.text().is_some()));
            found.and_then(|tree| Some((tree.text()?.to_owned(), Rc::clone(tree))))
        };
        let Some((address, at)) = text(&ADDRESSES) else { return self.no_host(tree) };
        let own = text(&["name", "hostname", "id"]).map(|(name, _)| name);
        let user = text(&["user", "ssh_user"]).map(|(user, _)| format!("{user}@")).unwrap_or_default();
        let port = text(&["port", "ssh_port"]).map(|(port, _)| format!(":{port}")).unwrap_or_default();
        let written = if address.contains("://") {
            address
        } else {
            format!("{user}{}{port}", list::bracketed(&address))
        };
        self.host(&at, &written, name.or(own.as_deref()));
    }

    fn host(&mut self, tree: &Tree, text: &str, name: Option<&str>) {
        if self.reading.hosts.len() >= super::MOST_HOSTS {
            return;
        }
        let from = format!("{}:{}:{}", self.origin, tree.at.line, tree.at.column);
        match list::host(text, &from) {
            Ok(listed) => {
                let name = name.map_or_else(|| listed.name.clone(), shown_path);
                self.reading.hosts.push(Listed { name, ..listed });
            }
            Err(why) => self.fault(Fault::new(tree.at, why)),
        }
    }
}

fn is_address(key: &str, tree: &Tree) -> bool {
    ADDRESSES.contains(&key) && tree.text().is_some()
}
