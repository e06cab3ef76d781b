//! Where the engine is, found as `docker` finds it. Pure but for the files it is handed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::domain::host::{Address, TlsFiles};
use crate::domain::natural::natural;

/// What decides where the engine is looked for.
pub struct Surroundings<'a> {
    /// `--host`.
    pub host_flag: Option<String>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Home directory.
    pub home: PathBuf,
    /// Reads a file; `None` if it cannot be read.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
    /// Lists a directory; empty if it cannot be read.
    pub list: &'a dyn Fn(&Path) -> Vec<PathBuf>,
}

/// A place where an engine may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Why it is tried: `DOCKER_HOST`, `context prod`, `default socket`.
    pub source: String,
    /// Where it would be.
    pub address: Address,
    /// For `tcp://`; `None` is plain.
    pub tls: Option<TlsFiles>,
}

/// A docker context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DockerContext {
    /// Its name.
    pub name: String,
    /// Its engine.
    pub address: Address,
    /// With what it is reached by TLS; `None` is plain.
    pub tls: Option<TlsFiles>,
}

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Endpoints")]
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "Host")]
    host: Option<String>,
    #[serde(rename = "SkipTLSVerify", default)]
    skips_verification: bool,
}

impl Surroundings<'_> {
    /// Where the engine is, in the order tried. A flag, `DOCKER_HOST` or a chosen context stands alone, as with `docker`.
    pub fn candidates(&self) -> Vec<Candidate> {
        let env = |key: &str| self.env.get(key).filter(|v| !v.is_empty());
        let at = |source: &str, text: &str| Candidate {
            source: source.into(),
            address: Address::parse(text),
            tls: self.tls_of_variables(),
        };
        if let Some(host) = &self.host_flag {
            return vec![at("--host", host)];
        }
        if let Some(host) = env("DOCKER_HOST") {
            return vec![at("DOCKER_HOST", host)];
        }
        let chosen = env("DOCKER_CONTEXT").cloned().or_else(|| self.current_context());
        if let Some(name) = chosen.filter(|name| name != "default") {
            let source = format!("docker context {name}");
            let context = self.context(&name);
            let tls = context.as_ref().and_then(|context| context.tls.clone());
            let address =
                context.map_or_else(|| Address::Other(format!("context {name}: not found")), |c| c.address);
            return vec![Candidate { source, address, tls }];
        }
        let mut found = vec![at("default socket", "/var/run/docker.sock")];
        let runtime = env("XDG_RUNTIME_DIR").map(PathBuf::from);
        let mut socket = |source: &str, path: PathBuf| {
            found.push(Candidate { source: source.into(), address: Address::Unix(path), tls: None });
        };
        if let Some(dir) = &runtime {
            socket("rootless socket", dir.join("docker.sock"));
        }
        socket("desktop socket", self.home.join(".docker/run/docker.sock"));
        if let Some(dir) = &runtime {
            socket("rootless Podman", dir.join("podman/podman.sock"));
        }
        socket("Podman", PathBuf::from("/run/podman/podman.sock"));
        found
    }

    /// As `docker` reads them, but for one thing: `DOCKER_TLS` alone switches no verification off.
    fn tls_of_variables(&self) -> Option<TlsFiles> {
        let is_set = |name: &str| self.env.get(name).is_some_and(|value| !value.is_empty());
        let verifies = is_set("DOCKER_TLS_VERIFY");
        if !verifies && !is_set("DOCKER_TLS") {
            return None;
        }
        let dir = self.env.get("DOCKER_CERT_PATH").filter(|dir| !dir.is_empty());
        let dir = dir.map_or_else(|| self.docker_dir(), PathBuf::from);
        let mut files = self.tls_in(&dir);
        if verifies {
            files.ca = Some(dir.join("ca.pem"));
        }
        Some(TlsFiles { is_lax: !verifies, ..files })
    }

    fn tls_in(&self, dir: &Path) -> TlsFiles {
        let there = (self.list)(dir);
        let file = |name: &str| Some(dir.join(name)).filter(|path| there.contains(path));
        let (ca, cert, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
        TlsFiles { ca, cert, key, ..TlsFiles::default() }
    }

    fn current_context(&self) -> Option<String> {
        let text = (self.read)(&self.docker_dir().join("config.json"))?;
        serde_json::from_str::<ConfigFile>(&text).ok()?.current_context
    }

    fn docker_dir(&self) -> PathBuf {
        self.env.get("DOCKER_CONFIG").map_or_else(|| self.home.join(".docker"), PathBuf::from)
    }

    /// All contexts whose files say where their engine is, by name. The default one has no file.
    pub fn contexts(&self) -> Vec<DockerContext> {
        let dirs = (self.list)(&self.meta_dir());
        let mut all: Vec<_> = dirs.iter().filter_map(|dir| self.context_at(&dir.join("meta.json"))).collect();
        all.sort_by(|a, b| natural(&a.name, &b.name));
        all
    }

    /// The context of that name, if its file says where its engine is.
    pub fn context(&self, name: &str) -> Option<DockerContext> {
        self.context_at(&self.meta_dir().join(digest(name)).join("meta.json"))
    }

    fn meta_dir(&self) -> PathBuf {
        self.docker_dir().join("contexts/meta")
    }

    fn context_at(&self, file: &Path) -> Option<DockerContext> {
        let meta: Meta = serde_json::from_str(&(self.read)(file)?).ok()?;
        let endpoint = meta.endpoints.get("docker")?;
        let (host, is_lax) = (endpoint.host.clone()?, endpoint.skips_verification);
        let dir = self.docker_dir().join("contexts/tls").join(digest(&meta.name)).join("docker");
        let has_tls = is_lax || !(self.list)(&dir).is_empty();
        let tls = has_tls.then(|| TlsFiles { is_lax, ..self.tls_in(&dir) });
        Some(DockerContext { name: meta.name, address: Address::parse(&host), tls })
    }
}

// docker/cli, context store: a directory is called after the SHA-256 of the context's name.
fn digest(name: &str) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    Sha256::digest(name.as_bytes()).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The command that most likely mends it, from what came back.
pub fn mend(cause: &str, address: &Address, ssh_config: Option<&Path>) -> String {
    if let Address::Ssh(to) = address {
        // What is known to be wrong with it or on the way to it comes with its own command.
        let file = ssh_config.map(|file| format!(" -F {}", file.display())).unwrap_or_default();
        return format!("ssh{file} -v ssh://{} true", to.split('/').next().unwrap_or(to));
    }
    let command = match (cause, address) {
        (c, _) if c.contains("permission denied") => "sudo usermod -aG docker $USER, then log in again",
        (c, Address::Unix(path)) if c.contains("no such socket") && path.ends_with("podman.sock") => {
            "systemctl --user start podman.socket"
        }
        (c, Address::Unix(path)) if c.contains("no such socket") && !path.ends_with("docker.sock") => {
            "is the path right? docker context ls lists those that docker knows"
        }
        (c, _) if c.contains("no such socket") => "sudo systemctl start docker (install: docker.io)",
        (c, Address::Tcp(_)) if c.contains("refused") => {
            "does the engine listen there? On the host: sudo systemctl cat docker | grep ExecStart"
        }
        (c, Address::Tcp(_)) if c.contains("no answer") => {
            "is the host on, and does a firewall let that port through?"
        }
        (c, _) if c.contains("refused") => "sudo systemctl restart docker",
        _ => "pilothouse --host ADDRESS",
    };
    command.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(env: &[(&str, &str)], flag: Option<&str>, config: Option<&str>) -> Vec<String> {
        let meta = r#"{"Name":"prod","Endpoints":{"docker":{"Host":"tcp://10.0.0.1:2375"}}}"#;
        let read = |path: &Path| {
            let text = path.to_string_lossy().into_owned();
            if text.ends_with("config.json") { config.map(str::to_owned) } else { Some(meta.to_owned()) }
        };
        let around = Surroundings {
            host_flag: flag.map(str::to_owned),
            env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            home: "/home/op".into(),
            read: &read,
            list: &|_| Vec::new(),
        };
        around.candidates().iter().map(|c| c.address.to_string()).collect()
    }

    #[test]
    fn the_flag_wins_over_the_variable_and_the_variable_over_the_context() {
        let env = [("DOCKER_HOST", "unix:///a")];
        let config = Some(r#"{"currentContext":"prod"}"#);
        assert_eq!(found(&env, Some("unix:///b"), config), ["unix:///b"]);
        assert_eq!(found(&env, None, config), ["unix:///a"]);
        assert_eq!(found(&[], None, config), ["tcp://10.0.0.1:2375"]);
        assert_eq!(found(&[("DOCKER_CONTEXT", "prod")], None, None), ["tcp://10.0.0.1:2375"]);
    }

    #[test]
    fn without_any_choice_the_sockets_are_tried_in_order() {
        let all = found(&[("XDG_RUNTIME_DIR", "/run/user/1")], None, None);
        assert_eq!(all[0], "unix:///var/run/docker.sock");
        assert_eq!(all[1], "unix:///run/user/1/docker.sock");
        assert!(all.last().unwrap().contains("podman"));
    }

    #[test]
    fn the_variables_for_tls_name_the_files_that_are_there() {
        let there = ["/c/cert.pem", "/c/key.pem"].map(PathBuf::from);
        let tls = |env: &[(&str, &str)]| {
            let around = Surroundings {
                host_flag: None,
                env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                home: "/home/op".into(),
                read: &|_| None,
                list: &|dir| there.iter().filter(|path| path.parent() == Some(dir)).cloned().collect(),
            };
            around.candidates().remove(0).tls
        };
        let host = ("DOCKER_HOST", "tcp://h:2376");
        assert_eq!(tls(&[host, ("DOCKER_TLS_VERIFY", "")]), None);
        let verified = tls(&[host, ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/c")]).unwrap();
        assert_eq!((verified.ca, verified.is_lax), (Some("/c/ca.pem".into()), false));
        assert_eq!((verified.cert, verified.key), (Some(there[0].clone()), Some(there[1].clone())));
        let lax = tls(&[host, ("DOCKER_TLS", "1"), ("DOCKER_CERT_PATH", "/c")]).unwrap();
        assert_eq!((lax.ca, lax.is_lax), (None, true));
        let at_home = tls(&[host, ("DOCKER_TLS_VERIFY", "1")]).unwrap();
        assert_eq!((at_home.ca, at_home.cert), (Some("/home/op/.docker/ca.pem".into()), None));
    }

    #[test]
    fn all_contexts_are_found_by_name() {
        let read = |path: &Path| {
            let name = path.parent()?.file_name()?.to_str()?.to_owned();
            (name != "broken").then(|| {
                format!(r#"{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"ssh://op@{name}"}}}}}}"#)
            })
        };
        let around = Surroundings {
            host_flag: None,
            env: BTreeMap::new(),
            home: "/home/op".into(),
            read: &read,
            list: &|dir| ["web", "broken", "db"].map(|name| dir.join(name)).to_vec(),
        };
        let names: Vec<_> = around.contexts().into_iter().map(|context| context.name).collect();
        assert_eq!(names, ["db", "web"]);
    }

    #[test]
    fn a_host_over_ssh_is_never_mended_here() {
        let to = Address::parse("ssh://op@web1:2222/run/x.sock");
        assert_eq!(
            mend("web1:22: Connection refused (os error 111)", &to, None),
            "ssh -v ssh://op@web1:2222 true"
        );
    }
}
