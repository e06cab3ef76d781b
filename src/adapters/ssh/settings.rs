//! What holds for a host, as OpenSSH itself resolves it: the answer of `ssh -G`, read into values.
//!
//! A setting that is needed and cannot be honoured is an error that names it, never a silent difference.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::tokens::{Names, words};
use super::destination::Destination;

/// What becomes of a host key that nobody knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strictness {
    /// Refused.
    Yes,
    /// Recorded without asking; a changed key is refused as ever.
    AcceptNew,
    /// A person is asked. Also what `no` and `off` mean here: nothing switches checking off.
    Ask,
}

/// A way to prove who one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Keys, of the agent or of files.
    PublicKey,
    /// Questions of the server's own.
    KeyboardInteractive,
    /// A password.
    Password,
}

/// Everything that decides how a host is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Lines of OpenSSH's files that hold, `FILE:LINE`, as far as it says so.
    pub sources: Vec<String>,
    /// As it was asked for; `%n`.
    pub original: String,
    /// Name or address to connect to.
    pub host_name: String,
    /// Port to connect to.
    pub port: u16,
    /// Login.
    pub user: String,
    /// Name under which the key is looked up, if another than the host's.
    pub host_key_alias: Option<String>,
    /// Private keys, in order; those that do not exist are passed over.
    pub identity_files: Vec<PathBuf>,
    /// Certificates for them besides those that stand beside a key.
    pub certificate_files: Vec<PathBuf>,
    /// Of the agent's keys only those that have a file.
    pub is_identities_only: bool,
    /// The agent's socket; `None` means no agent.
    pub agent: Option<PathBuf>,
    /// The operator's files, the first is the one that is written to, then the machine's.
    pub known_hosts: Vec<PathBuf>,
    /// How many of them are the operator's own.
    pub own_known_hosts: usize,
    /// New names are written hashed.
    pub is_hashing: bool,
    /// What becomes of unknown keys.
    pub strictness: Strictness,
    /// Set where checking was switched off, to be said once: the setting.
    pub ignored_switch: Option<String>,
    /// Hosts to go through, the nearest first.
    pub jumps: Vec<Destination>,
    /// A command whose input and output are the connection.
    pub proxy_command: Option<String>,
    /// `AddressFamily`: only addresses of this kind are tried.
    pub family: Option<Family>,
    /// Limit of the way to the host.
    pub connect_timeout: Duration,
    /// Silence after which the host is asked, and how often; `None` leaves our own.
    pub alive: Option<(Duration, u32)>,
    /// Ways to prove who one is, in order.
    pub methods: Vec<Method>,
    /// Times a password or passphrase is asked for.
    pub prompts: u32,
    /// Effective lists of algorithms: key exchange, host keys, ciphers, MACs.
    pub algorithms: Algorithms,
    /// What of the configuration this program cannot use; said when authentication fails.
    pub not_used: Vec<String>,
}

/// A kind of address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// `inet`.
    V4,
    /// `inet6`.
    V6,
}

/// Comma-separated lists, in order of preference.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Algorithms {
    /// `KexAlgorithms`.
    pub key_exchange: String,
    /// `HostKeyAlgorithms`.
    pub host_keys: String,
    /// `Ciphers`.
    pub ciphers: String,
    /// `MACs`.
    pub macs: String,
}

/// Why settings cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// Needed, and not to be had here.
    #[error("{setting} of {host} is not supported: {why}")]
    Unsupported {
        /// Which host.
        host: String,
        /// Setting and value as OpenSSH names them.
        setting: String,
        /// What to do instead.
        why: String,
    },
    /// Not what `ssh -G` says.
    #[error("settings of {host}: {why}")]
    Broken {
        /// Which host.
        host: String,
        /// What was found.
        why: String,
    },
}

/// Of the operator's machine, to complete what `ssh -G` leaves open.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// Home directory.
    pub home: PathBuf,
    /// Login here.
    pub user: String,
    /// `SSH_AUTH_SOCK`.
    pub agent: Option<PathBuf>,
    /// What `${NAME}` in a file's name stands for.
    pub variables: Variables,
}

/// How a variable of the environment is looked up.
#[derive(Clone, Copy)]
pub struct Variables(pub fn(&str) -> Option<String>);

impl Variables {
    fn get(self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

impl Default for Variables {
    /// None is set.
    fn default() -> Self {
        Self(|_| None)
    }
}

impl std::fmt::Debug for Variables {
    /// Never what they hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Variables")
    }
}

/// Longest wait for a connection where nothing is set.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// More than anybody means, and no clock runs over.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The answer of `ssh -G` by key; keys are lower case, a key may stand several times.
struct Answer<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Answer<'a> {
    fn read(text: &'a str) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for line in text.lines() {
            let (key, value) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            all.entry(key).or_default().push(value.trim());
        }
        Self(all)
    }

    fn first(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.first().copied().filter(|value| !value.is_empty())
    }

    /// `none` counts as not set.
    fn some(&self, key: &str) -> Option<&'a str> {
        self.first(key).filter(|value| !value.eq_ignore_ascii_case("none"))
    }

    fn is_on(&self, key: &str) -> bool {
        matches!(self.first(key), Some("yes" | "true"))
    }
}

impl Settings {
    /// From what `ssh -G` printed for `to`.
    ///
    /// # Errors
    /// [`SettingsError`] with the setting that cannot be honoured.
    pub fn read(to: &Destination, text: &str, local: &Local) -> Result<Self, SettingsError> {
        let answer = Answer::read(text);
        refuse_unsupported(to, &answer)?;
        let broken = |why: String| SettingsError::Broken { host: to.to_string(), why };
        let said =
            |key: &str| answer.first(key).ok_or_else(|| broken(format!("`ssh -G` did not say `{key}`")));
        let (host_name, user) = (said("hostname")?.to_owned(), said("user")?.to_owned());
        let port = said("port")?.parse().map_err(|e| broken(format!("port: {e}")))?;
        let key_alias = answer.some("hostkeyalias");
        let names = Names { local, original: &to.host, host_name: &host_name, port, user: &user, key_alias };
        let path = |text: &str| names.path(text).map_err(&broken);
        let paths = |key: &str| -> Result<Vec<PathBuf>, SettingsError> {
            let words = answer.some(key).map(words).unwrap_or_default();
            words.iter().map(|word| path(word)).collect()
        };
        let mut known_hosts = paths("userknownhostsfile")?;
        let (strictness, mut ignored_switch) = strictness(&answer);
        if known_hosts.iter().any(|file| file == Path::new("/dev/null")) {
            ignored_switch.get_or_insert_with(|| "UserKnownHostsFile /dev/null".to_owned());
            known_hosts = vec![local.home.join(".ssh/known_hosts")];
        }
        let own_known_hosts = known_hosts.len();
        known_hosts.extend(paths("globalknownhostsfile")?);
        let agent = agent(&answer, local, &path)?;
        let hops = answer.some("proxyjump").into_iter().flat_map(|text| text.split(','));
        let jumps = hops.map(|hop| Destination::parse(hop.trim_start_matches("ssh://")));
        let seconds = |key: &str| {
            answer.some(key).and_then(|v| v.parse().ok()).map(|s| Duration::from_secs(s).min(LONGEST))
        };
        let count = |key: &str, default| answer.first(key).and_then(|v| v.parse().ok()).unwrap_or(default);
        let alive = seconds("serveraliveinterval").filter(|every| !every.is_zero());
        // One a line, blanks and all.
        let each = |key: &str| -> Result<Vec<PathBuf>, SettingsError> {
            let lines = answer.0.get(key).into_iter().flatten();
            lines.filter(|text| !text.eq_ignore_ascii_case("none")).map(|text| path(text)).collect()
        };
        Ok(Self {
            sources: Vec::new(),
            identity_files: each("identityfile")?,
            certificate_files: each("certificatefile")?,
            is_identities_only: answer.is_on("identitiesonly"),
            agent,
            known_hosts,
            own_known_hosts,
            is_hashing: answer.is_on("hashknownhosts"),
            strictness,
            ignored_switch,
            jumps: jumps.collect::<Result<_, _>>().map_err(broken)?,
            proxy_command: answer
                .some("proxycommand")
                .map(|c| names.expand(c))
                .transpose()
                .map_err(broken)?,
            family: family(&answer),
            connect_timeout: seconds("connecttimeout").unwrap_or(CONNECT_TIMEOUT),
            alive: alive.map(|every| (every, count("serveralivecountmax", 3))),
            methods: methods(&answer),
            prompts: count("numberofpasswordprompts", 3),
            algorithms: algorithms(&answer),
            not_used: not_used(&answer),
            host_key_alias: answer.some("hostkeyalias").map(str::to_owned),
            original: to.host.clone(),
            host_name,
            port,
            user,
        })
    }

    /// Name under which the host's key is looked up, and the port that belongs to it: an alias stands without one.
    pub fn key_name(&self) -> (&str, u16) {
        match &self.host_key_alias {
            Some(alias) => (alias, 22),
            None => (&self.host_name, self.port),
        }
    }
}

/// The socket of the agent that is asked, if one is.
fn agent(
    answer: &Answer<'_>,
    local: &Local,
    path: &dyn Fn(&str) -> Result<PathBuf, SettingsError>,
) -> Result<Option<PathBuf>, SettingsError> {
    Ok(match answer.first("identityagent") {
        Some(word) if word.eq_ignore_ascii_case("none") => None,
        None | Some("SSH_AUTH_SOCK") => local.agent.clone(),
        // One that is not set is no agent, as in OpenSSH.
        Some(variable) if variable.starts_with('$') && !variable.starts_with("${") => {
            local.variables.get(&variable[1..]).map(PathBuf::from)
        }
        Some(text) => Some(path(text)?),
    })
}

fn family(answer: &Answer<'_>) -> Option<Family> {
    match answer.first("addressfamily") {
        Some("inet") => Some(Family::V4),
        Some("inet6") => Some(Family::V6),
        _ => None,
    }
}

fn algorithms(answer: &Answer<'_>) -> Algorithms {
    let list = |key: &str| answer.first(key).unwrap_or_default().to_owned();
    Algorithms {
        key_exchange: list("kexalgorithms"),
        host_keys: list("hostkeyalgorithms"),
        ciphers: list("ciphers"),
        macs: list("macs"),
    }
}

/// How unknown keys are met, and the setting that would have switched checking off.
fn strictness(answer: &Answer<'_>) -> (Strictness, Option<String>) {
    match answer.first("stricthostkeychecking") {
        Some("yes" | "true") => (Strictness::Yes, None),
        Some("accept-new") => (Strictness::AcceptNew, None),
        Some(word @ ("no" | "off" | "false")) => {
            (Strictness::Ask, Some(format!("StrictHostKeyChecking {word}")))
        }
        _ => (Strictness::Ask, None),
    }
}

fn methods(answer: &Answer<'_>) -> Vec<Method> {
    let is_allowed = |method: &Method| {
        let key = match method {
            Method::PublicKey => "pubkeyauthentication",
            Method::KeyboardInteractive => "kbdinteractiveauthentication",
            Method::Password => "passwordauthentication",
        };
        // Newer versions say `unbound` or `host-bound` for keys.
        !matches!(answer.first(key), Some("no" | "false"))
    };
    let preferred = answer
        .some("preferredauthentications")
        .unwrap_or("publickey,keyboard-interactive,password")
        .split(',')
        .filter_map(|word| match word.trim() {
            "publickey" => Some(Method::PublicKey),
            "keyboard-interactive" => Some(Method::KeyboardInteractive),
            "password" => Some(Method::Password),
            _ => None,
        });
    preferred.filter(is_allowed).collect()
}

/// Settings without which the host cannot be reached, or not as safely.
fn refuse_unsupported(to: &Destination, answer: &Answer<'_>) -> Result<(), SettingsError> {
    const NEEDED: [(&str, &str, &str); 5] = [
        ("proxyusefdpass", "ProxyUseFdpass", "let the command copy the bytes itself (`nc`, `ssh -W`)"),
        ("bindaddress", "BindAddress", "leave the choice of the local address to the system"),
        ("bindinterface", "BindInterface", "leave the choice of the interface to the system"),
        ("knownhostscommand", "KnownHostsCommand", "write the key into a known_hosts file"),
        ("revokedhostkeys", "RevokedHostKeys", "mark revoked keys with @revoked in a known_hosts file"),
    ];
    for (key, name, why) in NEEDED {
        if let Some(value) = answer.some(key).filter(|value| !matches!(*value, "no" | "false")) {
            return Err(SettingsError::Unsupported {
                host: to.to_string(),
                setting: format!("{name} {value}"),
                why: why.to_owned(),
            });
        }
    }
    Ok(())
}

/// What might have let the operator in elsewhere.
fn not_used(answer: &Answer<'_>) -> Vec<String> {
    let on = [
        ("gssapiauthentication", "GSSAPIAuthentication"),
        ("hostbasedauthentication", "HostbasedAuthentication"),
    ];
    let set = [("pkcs11provider", "PKCS11Provider", "load it into the agent")];
    let on = on.iter().filter(|(key, _)| answer.is_on(key)).map(|(_, name)| format!("{name}: not supported"));
    let set = set
        .iter()
        .filter_map(|(key, name, why)| answer.some(key).map(|value| format!("{name} {value}: {why}")));
    set.chain(on).collect()
}

mod tokens;
pub(super) mod told;
pub mod without_ssh;

#[cfg(test)]
mod tests;
