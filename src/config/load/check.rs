//! What only shows in the whole: names that nobody defines, what is missing, what contradicts itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Known;
use super::leaf;
use super::source::{Origins, Source, dotted};
use crate::config::keymap::{Chords, Keymap, Lookup, contexts};
use crate::config::problem::{Problem, quote, suggestion};
use crate::config::schema::{Config, Environment, Host, Inventory, Probe, Traffic};
use crate::domain::host::{Address, host_of};

const PLAIN_TCP: &str = "tcp:// without tls lets anybody on the way own the host";

struct Check<'a, 'b> {
    origins: &'a Origins,
    sources: &'a [Source<'b>],
    problems: &'a mut Vec<Problem>,
}

/// Checks the whole, puts the environments in order and makes the key map. Without `is_whole` a file could not be read to its end,
/// and nothing is said of what may stand in the rest.
pub(super) fn check(
    mut config: Config,
    origins: &Origins,
    sources: &[Source<'_>],
    known: &Known,
    is_whole: bool,
    problems: &mut Vec<Problem>,
) -> (Config, Keymap) {
    let mut check = Check { origins, sources, problems };
    if is_whole {
        check.environments(&config, known);
        check.hosts(&config);
        check.services(&config);
        check.required(&config);
    }
    let keymap = check.keys(&config);
    check.commands(&config, &keymap);
    let mut order: Vec<_> = config.environments.keys().cloned().collect();
    order.sort_by_key(|name| origins.find(&path(&["environments", name])));
    for (place, name) in order.iter().enumerate() {
        if let Some(environment) = config.environments.get_mut(name) {
            environment.place = place;
        }
    }
    (config, keymap)
}

fn path(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn names<T>(map: &BTreeMap<String, T>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}

impl Check<'_, '_> {
    /// `at` is where; the problem stands at the nearest table above if nothing was written there.
    fn problem(&mut self, at: &[&str], message: String, hint: Option<String>) {
        let found = self.origins.find(&path(at));
        let found = found.and_then(|(layer, offset)| Some((self.sources.get(layer)?, offset)));
        self.problems.push(match found {
            Some((source, offset)) => source.problem(offset, message, hint),
            None => Problem { origin: "configuration".to_owned(), place: None, message, hint },
        });
    }

    /// Like [`Check::problem`], for a value: the message begins with its key.
    fn value(&mut self, at: &[&str], message: &str, hint: Option<String>) {
        self.problem(at, format!("{}: {message}", dotted(&path(at))), hint);
    }

    fn environments(&mut self, config: &Config, known: &Known) {
        let hosts = names(&config.hosts);
        for (name, environment) in &config.environments {
            for (i, host) in environment.hosts.iter().enumerate() {
                let i = i.to_string();
                let at = ["environments", name, "hosts", &i];
                if host.contains("://") || host.starts_with('/') {
                    if let Err((message, hint)) = leaf::address(host) {
                        self.problem(&at, format!("environments.{name}.hosts: {message}"), hint);
                    } else if matches!(Address::parse(host), Address::Tcp(rest) if !is_loopback(&rest)) {
                        let message = format!("environments.{name}.hosts: {PLAIN_TCP}");
                        let hint =
                            "use ssh://, or name it in [hosts.NAME] with a [hosts.NAME.tls]".to_owned();
                        self.problem(&at, message, Some(hint));
                    }
                    continue;
                }
                if hosts.contains(&host.as_str()) {
                    continue;
                }
                let message =
                    format!("environment {} names a host nobody defines: {}", quote(name), quote(host));
                let hint = suggestion(host, &hosts).unwrap_or_else(|| {
                    let name = dotted(&path(&[host]));
                    format!("add [hosts.{name}], or write `ssh://{host}` for a name that ssh knows")
                });
                self.problem(&at, message, Some(hint));
            }
        }
        let mut all = names(&config.environments);
        all.extend(known.environments.iter().map(String::as_str));
        for (name, environment) in &config.environments {
            let Some(before) = &environment.after else { continue };
            let others: Vec<_> = all.iter().copied().filter(|other| other != name).collect();
            if !others.contains(&before.as_str()) {
                let message = format!("there is no other environment {}", quote(before));
                self.value(&["environments", name, "after"], &message, suggestion(before, &others));
            }
        }
        let Some(wanted) = &config.default_environment else { return };
        if !all.contains(&wanted.as_str()) {
            let message = format!("there is no environment {}", quote(wanted));
            self.value(&["default_environment"], &message, suggestion(wanted, &all));
        }
    }

    fn hosts(&mut self, config: &Config) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (name, host) in config.hosts.iter().filter(|(_, host)| !host.address.is_empty()) {
            let at = ["hosts", name.as_str(), "address"];
            let address = Address::parse(&host.address).to_string();
            if let Some(other) = seen.get(&address) {
                self.value(&at, &format!("the same address as of host {}", quote(other)), None);
            }
            seen.insert(address, name);
            self.transport(name, host);
        }
    }

    fn transport(&mut self, name: &str, host: &Host) {
        let at = ["hosts", name, "address"];
        let Address::Tcp(rest) = Address::parse(&host.address) else {
            if host.tls.is_some() {
                self.value(&["hosts", name, "tls"], "only a tcp:// address takes tls", None);
            }
            return;
        };
        if let Some(tls) = &host.tls {
            if tls.cert.is_some() != tls.key.is_some() {
                self.value(&["hosts", name, "tls"], "`cert` and `key` come together", None);
            }
        } else if !host.allow_plain_tcp && !is_loopback(&rest) {
            let hint = "use ssh://, add `tls = { ca = …, cert = …, key = … }`, or `allow_plain_tcp = true`"
                .to_owned();
            self.value(&at, PLAIN_TCP, Some(hint));
        }
    }

    fn services(&mut self, config: &Config) {
        for (name, service) in &config.services {
            for (which, probe) in [("live", &service.live), ("ready", &service.ready)] {
                if let Some(probe) = probe {
                    self.probe(&["services", name, which], probe);
                }
            }
            self.traffic(&["services", name, "traffic"], &service.traffic);
        }
        for (environment, inside) in &config.environments {
            for (name, over) in &inside.services {
                let service = config.service(environment, name);
                for (which, probe) in [("live", &service.live), ("ready", &service.ready)] {
                    if let Some(probe) = probe.as_ref().filter(|_| over.contains_key(which)) {
                        self.probe(&["environments", environment, "services", name, which], probe);
                    }
                }
                if over.contains_key("traffic") {
                    let at = ["environments", environment, "services", name, "traffic"];
                    self.traffic(&at, &service.traffic);
                }
            }
        }
    }

    fn probe(&mut self, at: &[&str], probe: &Probe) {
        if self.origins.is_faulty(&path(at)) {
            return;
        }
        match (&probe.http, probe.tcp) {
            (Some(_), true) => self.value(at, "either `http` or `tcp`, not both", None),
            (None, false) => {
                let hint = "add `http = \"/health\"`, or `tcp = true` and a port".to_owned();
                self.value(at, "neither `http` nor `tcp` is set", Some(hint));
            }
            (None, true) if probe.port.is_none() => self.value(at, "`tcp` needs a `port`", None),
            _ => {}
        }
    }

    fn traffic(&mut self, at: &[&str], traffic: &Traffic) {
        let needs_name = matches!(traffic.stick.as_str(), "cookie" | "header");
        if needs_name && traffic.stick_by.is_none() {
            let hint = format!("add `stick_by`, the name of the {}", traffic.stick);
            self.value(at, "`stick` needs a name", Some(hint));
        }
        // It stands in quotes in the balancer's configuration.
        if traffic.check.as_ref().is_some_and(|check| check.contains(['\'', '"', '\\'])) {
            self.value(at, "`check` holds a quote or a backslash", None);
        }
    }

    fn required(&mut self, config: &Config) {
        for (name, _) in config.hosts.iter().filter(|(_, host)| host.address.is_empty()) {
            self.missing(&["hosts", name], "address");
        }
        let lacks_hosts = |environment: &Environment| {
            let inventory = environment.inventory.as_ref();
            environment.hosts.is_empty() && inventory.is_none_or(Inventory::is_empty)
        };
        for (name, _) in config.environments.iter().filter(|(_, environment)| lacks_hosts(environment)) {
            self.missing(&["environments", name], "hosts");
        }
        let names_no_file =
            |e: &Environment| e.compose.as_ref().is_some_and(|compose| compose.files.is_empty());
        for (name, _) in config.environments.iter().filter(|(_, environment)| names_no_file(environment)) {
            self.missing(&["environments", name, "compose"], "files");
        }
        for (name, _) in config.sets.iter().filter(|(_, set)| set.services.is_empty()) {
            self.missing(&["sets", name], "services");
        }
        for (name, _) in config.commands.iter().filter(|(_, command)| command.run.is_empty()) {
            self.missing(&["commands", name], "run");
        }
    }

    fn missing(&mut self, table: &[&str], key: &str) {
        if !self.origins.is_faulty(&path(table)) {
            let whole: Vec<_> = table.iter().copied().chain([key]).collect();
            self.problem(&whole, format!("[{}] needs `{key}`", dotted(&path(table))), None);
        }
    }

    fn keys(&mut self, config: &Config) -> Keymap {
        // A test rules out that the table has a key that does not parse; without it there are the user's.
        let mut keymap = Keymap::standard().unwrap_or_default();
        for conflict in keymap.overlay(&config.keys) {
            let at: Vec<_> = conflict.at.iter().map(String::as_str).collect();
            self.problem(&at, conflict.message, None);
        }
        keymap
    }

    fn commands(&mut self, config: &Config, keymap: &Keymap) {
        let mut seen: BTreeMap<Chords, &str> = BTreeMap::new();
        for (name, command) in &config.commands {
            let Some(chords) = command.key.as_ref().and_then(|key| key.parse::<Chords>().ok()) else {
                continue;
            };
            let at = ["commands", name, "key"];
            if let Some(other) = seen.get(&chords) {
                self.value(&at, &format!("`{chords}` also runs command {}", quote(other)), None);
            }
            match keymap.lookup(&contexts(), chords.as_slice()) {
                Lookup::Nothing => {}
                Lookup::Prefix => self.value(&at, &format!("`{chords}` begins other keys"), None),
                Lookup::Action(action) => {
                    let hint = format!("choose another key, or set \"{chords}\" = \"none\" in [keys]");
                    let message = format!("`{chords}` already means `{}`", action.entry().name);
                    self.value(&at, &message, Some(hint));
                }
            }
            seen.insert(chords, name);
        }
    }
}

/// Whether `host:port` is this machine for certain; a name that only resolves to it is not.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = host_of(authority);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
