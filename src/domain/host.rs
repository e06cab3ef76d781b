//! A host: one Docker engine, how it is reached and what it last said of itself.

use std::path::PathBuf;
use std::time::Duration;

use super::skew::Skew;

/// How an engine is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// A Unix socket on this machine.
    Unix(PathBuf),
    /// A TCP endpoint, `host:port`.
    Tcp(String),
    /// Over SSH: `user@host:port/path/of/engine.sock`, all but the host optional.
    Ssh(String),
    /// Any other scheme, kept as written so that an error can name it.
    Other(String),
}

impl Address {
    /// Reads `unix:///path`, `/path`, `tcp://host:port`, `http://host:port` and `ssh://user@host:port/path`; all else is [`Address::Other`].
    pub fn parse(text: &str) -> Self {
        match text.split_once("://") {
            Some(("unix", path)) => Self::Unix(PathBuf::from(path)),
            Some(("tcp" | "http", rest)) => Self::Tcp(rest.trim_end_matches('/').to_owned()),
            Some(("ssh", rest)) => Self::Ssh(rest.trim_end_matches('/').to_owned()),
            None if text.starts_with('/') => Self::Unix(PathBuf::from(text)),
            _ => Self::Other(text.to_owned()),
        }
    }
}

/// A password has no place in an address; where one stands, it is not shown.
fn without_password(rest: &str) -> String {
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@').and_then(|(login, _)| login.split_once(':')) {
        Some((user, password)) => format!("{user}:***{}", &rest[user.len() + 1 + password.len()..]),
        None => rest.to_owned(),
    }
}

/// The host of `host:port` and `[address]:port`.
pub fn host_of(authority: &str) -> &str {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(rest) => write!(f, "tcp://{rest}"),
            Self::Ssh(rest) => write!(f, "ssh://{}", without_password(rest)),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Where the files for TLS to an engine lie, and how much was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TlsFiles {
    /// Holds what may have signed the engine's certificate; what this machine trusts where it is `None`.
    pub ca: Option<PathBuf>,
    /// The operator's certificate; comes with `key`.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Whose name the engine's certificate carries; that of the address where it is `None`.
    pub server_name: Option<String>,
    /// Somebody wanted no verification. It is done nevertheless; only what is said when it fails differs.
    pub is_lax: bool,
}

/// Why an engine is not even tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotTried {
    /// What is wrong with its address.
    pub why: String,
    /// What mends it.
    pub mend: String,
}

/// What an engine says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EngineFacts {
    /// What it calls itself, the same on every way to it; empty where it says nothing.
    pub id: String,
    /// Engine version, `20.10.24`.
    pub version: String,
    /// Negotiated API version, `1.41`.
    pub api: String,
    /// Operating system and kernel as the engine names them.
    pub system: String,
    /// Where the engine keeps its data.
    pub root_dir: String,
    /// Number of processors.
    pub cpus: u32,
    /// Memory of the machine in bytes; 0 is never shown as a figure.
    pub memory_bytes: u64,
    /// How far its clock is off; `None` where it did not say what time it is.
    pub skew: Option<Skew>,
}

/// Space, load and memory of the machine below an engine; `None` where it cannot be asked.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct HostLoad {
    /// Free and total bytes of the file system below the engine's data (statvfs).
    pub disk_bytes: Option<(u64, u64)>,
    /// Load average of one minute.
    pub load1: Option<f32>,
    /// Available and total bytes of memory.
    pub memory_bytes: Option<(u64, u64)>,
    /// How long its answers usually take on the way there and back.
    pub round_trip: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in ["unix:///run/docker.sock", "tcp://127.0.0.1:2375", "ssh://web1"] {
            assert_eq!(Address::parse(text).to_string(), text);
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let shown = Address::parse("ssh://op:geheim@web1:22/x.sock").to_string();
        assert_eq!(shown, "ssh://op:***@web1:22/x.sock");
    }

    #[test]
    fn a_bare_path_is_a_socket() {
        assert_eq!(Address::parse("/run/x.sock"), Address::Unix("/run/x.sock".into()));
    }
}
