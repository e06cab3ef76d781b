//! A project file from what runs: a first draft for a person to correct. Text only; asks and writes nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use toml::Value;

use crate::domain::host::{Address, TlsFiles};

/// What runs, as far as the file tells of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// In the order they are to be written.
    pub environments: Vec<EnvironmentFacts>,
    /// In the order they are to be written; the first of several with one address is written.
    pub hosts: Vec<HostFacts>,
    /// In the order they are to be written; the first of several with one name is written.
    pub services: Vec<ServiceFacts>,
}

/// One environment, a docker context for example.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EnvironmentFacts {
    /// As the context is called.
    pub name: String,
    /// Names of [`HostFacts`].
    pub hosts: Vec<String>,
    /// Compose projects seen there.
    pub projects: Vec<String>,
}

/// One engine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HostFacts {
    /// As the context is called.
    pub name: String,
    /// As docker has it.
    pub address: String,
    /// With what it is reached by TLS.
    pub tls: Option<TlsFiles>,
}

/// One service.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceFacts {
    /// The Compose service, or the container's name.
    pub name: String,
    /// Ports inside the container, TCP only.
    pub ports: Vec<u16>,
    /// Any of the ports is published on the host.
    pub is_published: bool,
    /// The image has a HEALTHCHECK: the engine asks already.
    pub has_healthcheck: bool,
}

const HEAD: &str = "\
# Pilothouse: the environments, hosts and services of this project, drawn from what runs.
# `.config-example` of pilothouse has every key. What would run a command is off until `pilothouse config trust`.
";

const KIND: &str = "\
# development, staging or production. While nobody says, everything that changes something is asked about.
# kind = \"production\"
";

/// Ports that speak HTTP more often than not.
const HTTP_PORTS: [u16; 10] = [80, 3000, 4000, 5000, 8000, 8001, 8080, 8081, 8888, 9000];

/// The file. Whatever the facts hold, it is sound: names are made fit, what no address can be is commented out.
pub fn render(facts: &Facts) -> String {
    let mut out = HEAD.to_owned();
    let (names, written) = hosts(facts);
    let mut taken = Vec::new();
    for environment in &facts.environments {
        let mut hosts: Vec<_> =
            environment.hosts.iter().filter_map(|host| names.get(host.as_str())).collect();
        hosts.dedup();
        let name = unique(&environment.name, &taken);
        if hosts.is_empty() {
            continue;
        }
        push(&mut out, format_args!("\n[environments.{}]\nhosts = {}\n{KIND}", key(&name), list(&hosts)));
        if !environment.projects.is_empty() {
            let projects: Vec<_> = environment.projects.iter().map(|name| without_controls(name)).collect();
            let doc = "# Only these Compose projects; everything on its hosts without this line.";
            push(&mut out, format_args!("{doc}\n# projects = {}\n", list(&projects)));
        }
        taken.push(name);
    }
    for (name, facts) in &written {
        host(&mut out, name, facts);
    }
    let mut taken = Vec::new();
    for facts in &facts.services {
        let name = fit(&facts.name);
        if !taken.contains(&name) {
            service(&mut out, &name, facts);
            taken.push(name);
        }
    }
    out
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(text);
}

fn host(out: &mut String, name: &str, facts: &HostFacts) {
    push(out, format_args!("\n[hosts.{}]\naddress = {}\n", key(name), text(&facts.address)));
    let Address::Tcp(to) = Address::parse(&facts.address) else { return };
    if let Some(tls) = &facts.tls {
        push(out, format_args!("tls = {}\n", inline(tls)));
    } else if !super::load::is_loopback(&to) {
        *out += "# Whoever reaches this port owns the host: better ssh://, or tls.\nallow_plain_tcp = true\n";
    }
}

/// The files as a table in a line; those that no file may name are left out, a certificate with its key.
fn inline(tls: &TlsFiles) -> String {
    let file = |path: &Option<PathBuf>| {
        let path = path.as_ref()?.to_str()?;
        let is_sound = (path.starts_with('/') || path.starts_with("~/")) && !path.contains(char::is_control);
        is_sound.then(|| text(path))
    };
    let both = file(&tls.cert).zip(file(&tls.key));
    let entries = [
        file(&tls.ca).map(|path| format!("ca = {path}")),
        both.map(|(cert, key)| format!("cert = {cert}, key = {key}")),
        tls.server_name.as_ref().map(|name| format!("server_name = {}", text(&without_controls(name)))),
    ];
    let entries = entries.into_iter().flatten().collect::<Vec<_>>();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

fn service(out: &mut String, name: &str, facts: &ServiceFacts) {
    let name = key(name);
    push(out, format_args!("\n[services.{name}]\n"));
    if !facts.is_published && !facts.ports.is_empty() {
        out.push_str("# Its ports are not published on the host.\nvia = \"container\"\n");
    }
    let http = facts.ports.iter().find(|port| HTTP_PORTS.contains(port));
    match (http, facts.ports.iter().find(|port| **port > 0)) {
        (Some(port), _) => {
            let doc = "# A guess: correct the path, and take the mark away.";
            push(out, format_args!("{doc}\n# ready = {{ http = \"/health/ready\", port = {port} }}\n"));
        }
        (None, Some(port)) => {
            push(out, format_args!("# ready = {{ tcp = true, port = {port} }}\n"));
        }
        (None, None) => out.push_str("# It has no port to probe.\n"),
    }
    if facts.has_healthcheck {
        out.push_str("# The engine checks it already (HEALTHCHECK).\n");
    }
    out.push_str("# runbook = \"https://\"\n");
}

/// The name in the file for each name of a host, and what is written of it: each address once.
fn hosts(facts: &Facts) -> (BTreeMap<&str, String>, Vec<(String, &HostFacts)>) {
    let (mut names, mut written) = (BTreeMap::new(), Vec::<(String, &HostFacts)>::new());
    for host in facts.hosts.iter().filter(|host| super::load::is_address(&host.address)) {
        let address = Address::parse(&host.address);
        let is_it = |(_, other): &&(String, &HostFacts)| Address::parse(&other.address) == address;
        let known = written.iter().find(is_it).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let taken: Vec<_> = written.iter().map(|(name, _)| name.clone()).collect();
            let name = unique(&host.name, &taken);
            written.push((name.clone(), host));
            name
        });
        names.entry(host.name.as_str()).or_insert(name);
    }
    (names, written)
}

/// A name the check of the files takes, and that was not taken yet.
fn unique(name: &str, taken: &[String]) -> String {
    let name = fit(name);
    let numbered = (2..).map(|i| format!("{}-{i}", name.chars().take(58).collect::<String>()));
    let mut candidates = std::iter::once(name.clone()).chain(numbered);
    candidates.find(|candidate| !taken.contains(candidate)).unwrap_or(name)
}

fn fit(name: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fit: String = name.chars().take(64).map(|c| if is_part(c) { c } else { '-' }).collect();
    if fit.is_empty() { "unnamed".to_owned() } else { fit }
}

fn without_controls(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn key(name: &str) -> String {
    let is_bare = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if is_bare { name.to_owned() } else { text(name) }
}

fn text(value: &str) -> String {
    Value::String(value.to_owned()).to_string()
}

fn list(items: &[impl AsRef<str>]) -> String {
    let items: Vec<_> = items.iter().map(|item| text(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::load::{Known, Layer, LayerKind, load};
    use crate::config::schema::Config;
    use crate::config::trust::TrustList;

    fn read(text: &str) -> Config {
        let layer = Layer { kind: LayerKind::Project, path: "/p".into(), text: text.to_owned() };
        let loaded = load(&[layer], &[], &Known::built_in(&[], &[]), &TrustList::default());
        loaded.unwrap_or_else(|problems| panic!("{problems}\n{text}")).config
    }

    fn host(name: &str, address: &str) -> HostFacts {
        HostFacts { name: name.to_owned(), address: address.to_owned(), tls: None }
    }

    fn environment(name: &str, hosts: &[&str]) -> EnvironmentFacts {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        EnvironmentFacts { name: name.to_owned(), hosts, projects: vec!["shop".to_owned()] }
    }

    fn service(name: &str, ports: &[u16]) -> ServiceFacts {
        ServiceFacts {
            name: name.to_owned(),
            ports: ports.to_vec(),
            is_published: false,
            has_healthcheck: true,
        }
    }

    fn shop() -> Facts {
        Facts {
            environments: vec![environment("default", &["local"]), environment("prod/eu", &["web1", "web1"])],
            hosts: vec![host("local", "unix:///var/run/docker.sock"), host("web1", "tcp://10.0.0.5:2375")],
            services: vec![service("api", &[8080]), service("db", &[5432]), service("worker", &[])],
        }
    }

    #[test]
    fn what_runs_is_in_the_file() {
        let config = read(&render(&shop()));
        assert_eq!(config.environments["prod-eu"].hosts, ["web1"]);
        assert_eq!(config.hosts["local"].address, "unix:///var/run/docker.sock");
        assert!(config.services.contains_key("worker"));
    }

    #[test]
    fn the_guesses_in_comments_are_sound_when_their_mark_is_taken_away() {
        let text = render(&shop())
            .replace("\n# ready", "\nready")
            .replace("\n# kind", "\nkind")
            .replace("\n# projects", "\nprojects");
        let config = read(&text);
        assert_eq!(config.services["api"].ready.as_ref().unwrap().port, Some(8080));
        assert!(config.services["db"].ready.as_ref().unwrap().tcp);
        assert_eq!(config.environments["default"].projects, ["shop"]);
    }

    #[test]
    fn two_contexts_on_one_engine_are_one_host() {
        let facts = Facts {
            environments: vec![environment("a", &["a"]), environment("b", &["b"])],
            hosts: vec![host("a", "/run/x.sock"), host("b", "unix:///run/x.sock")],
            services: Vec::new(),
        };
        let config = read(&render(&facts));
        assert_eq!(config.hosts.len(), 1);
        assert_eq!(config.environments["b"].hosts, ["a"]);
    }

    #[test]
    fn a_host_that_is_reached_by_tls_is_not_written_as_plain() {
        let tls = TlsFiles {
            ca: Some("/c/ca.pem".into()),
            cert: Some("/c/cert.pem".into()),
            key: Some("/c/key.pem".into()),
            ..TlsFiles::default()
        };
        let mut facts = shop();
        facts.hosts[1].tls = Some(tls);
        let web1 = &read(&render(&facts)).hosts["web1"];
        assert_eq!(web1.tls.as_ref().unwrap().key.as_deref(), Some(std::path::Path::new("/c/key.pem")));
        assert!(!web1.allow_plain_tcp);
    }

    #[test]
    fn an_address_that_is_none_is_left_out_with_its_environment() {
        let facts = Facts {
            environments: vec![environment("a", &["a"])],
            hosts: vec![host("a", "npipe:////./x")],
            services: Vec::new(),
        };
        assert_eq!(read(&render(&facts)), Config::default());
    }

    proptest! {
        #[test]
        fn whatever_runs_the_file_is_sound(
            hosts in prop::collection::vec(("\\PC{0,8}|[\0-\u{9f}]{0,4}", "(unix://|tcp://|ssh://|/)?\\PC{0,12}(:[0-9]{1,5})?"), 0..4),
            environments in prop::collection::vec(("\\PC{0,70}", prop::collection::vec(0..4_usize, 0..3)), 0..4),
            services in prop::collection::vec(("[\0-\u{ff}\"\\\\]{0,6}", prop::collection::vec(any::<u16>(), 0..3)), 0..4),
        ) {
            let name = |i: &usize| hosts.get(*i).map_or("none", |(name, _)| name.as_str());
            let facts = Facts {
                environments: environments.iter().map(|(n, at)| environment(n, &at.iter().map(name).collect::<Vec<_>>())).collect(),
                hosts: hosts.iter().map(|(name, address)| host(name, address)).collect(),
                services: services.iter().map(|(name, ports)| service(name, ports)).collect(),
            };
            read(&render(&facts));
        }
    }
}
