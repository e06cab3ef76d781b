//! The same answer where there is no `ssh` program to ask: OpenSSH's files read by the ssh2-config crate, written down
//! as `ssh -G` does. What it does not know is refused by name, `Match` above all: it would go to the wrong hosts.

use std::fs;
use std::io;
use std::path::Path;

use ssh2_config::{HostParams, ParseRule, SshConfig, SshParserError};

use super::{Local, SettingsError};
use crate::adapters::ssh::destination::Destination;

/// The machine's own file.
const SYSTEM: &str = "/etc/ssh/ssh_config";
const MEND: &str = "there is no `ssh` program that could be asked; install openssh-client";
/// OpenSSH's defaults (ssh_config(5)) for what is not set.
const DEFAULTS: [(&str, &str); 5] = [
    ("port", "22"),
    ("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2"),
    ("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"),
    ("stricthostkeychecking", "ask"),
    ("numberofpasswordprompts", "3"),
];
const KEYS: [&str; 4] = ["id_rsa", "id_ecdsa", "id_ed25519", "id_dsa"];

/// What `ssh -G` would print for this destination. `config` stands for the operator's and the machine's files.
///
/// # Errors
/// [`SettingsError`] with the line that cannot be honoured.
pub fn answer(to: &Destination, config: Option<&Path>, local: &Local) -> Result<String, SettingsError> {
    let broken = |why: String| SettingsError::Broken { host: to.to_string(), why };
    let text = match config {
        Some(file) => fs::read_to_string(file).map_err(|e| broken(format!("{}: {e}", file.display())))?,
        None => {
            let own = local.home.join(".ssh/config");
            let mut texts = Vec::new();
            for file in [own.as_path(), Path::new(SYSTEM)] {
                match fs::read_to_string(file) {
                    Ok(text) => texts.push(text),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(broken(format!("{}: {error}", file.display()))),
                }
            }
            // The last block of the first must not go on into the second.
            texts.join("\nHost *\n")
        }
    };
    let parsed = SshConfig::default()
        .home_dir(&local.home)
        .parse(&mut text.as_bytes(), ParseRule::ALLOW_UNSUPPORTED_FIELDS)
        .map_err(|error| refused(to, error))?;
    let params = parsed.query(&to.host);
    let mut out = Answer(String::new());
    refuse_what_needs_ssh(to, &params)?;
    write(&mut out, to, &params, local).map_err(broken)?;
    Ok(out.0)
}

fn unsupported(to: &Destination, setting: String, why: &str) -> SettingsError {
    SettingsError::Unsupported { host: to.to_string(), setting, why: format!("{why}{MEND}") }
}

fn refused(to: &Destination, error: SshParserError) -> SettingsError {
    match error {
        SshParserError::UnknownField(name, arguments) => {
            unsupported(to, format!("{name} {}", arguments.join(" ")), "")
        }
        other => SettingsError::Broken { host: to.to_string(), why: other.to_string() },
    }
}

fn refuse_what_needs_ssh(to: &Destination, params: &HostParams) -> Result<(), SettingsError> {
    let field = |wanted: &str| {
        let found = params.unsupported_fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, arguments)| arguments)
    };
    if let Some(value) = field("canonicalizehostname").filter(|value| !value.iter().any(|word| word == "no"))
    {
        return Err(unsupported(to, format!("CanonicalizeHostname {}", value.join(" ")), ""));
    }
    let Some(command) = field("proxycommand") else { return Ok(()) };
    let is_quoted = |word: &String| word.contains([' ', '\t', '"', '\'', '\\']);
    if command.iter().any(is_quoted) {
        let why = "quotes in it are not read alike; ";
        return Err(unsupported(to, format!("ProxyCommand {}", command.join(" ")), why));
    }
    if params.proxy_jump.is_some() {
        return Err(unsupported(to, "ProxyJump beside ProxyCommand".to_owned(), "write one of them; "));
    }
    Ok(())
}

struct Answer(String);

impl Answer {
    fn say(&mut self, key: &str, value: &str) {
        self.0.push_str(&format!("{} {}\n", key.to_ascii_lowercase(), value.replace(['\n', '\r'], " ")));
    }
}

fn write(out: &mut Answer, to: &Destination, params: &HostParams, local: &Local) -> Result<(), String> {
    let user = to.user.as_ref().or(params.user.as_ref()).cloned().unwrap_or_else(|| local.user.clone());
    if user.is_empty() {
        return Err("no login is set, and USER is not known; write user@host".to_owned());
    }
    out.say("user", &user);
    let name = params.host_name.as_deref().unwrap_or("%h").replace("%h", &to.host).replace("%%", "%");
    out.say("hostname", &name);
    if let Some(port) = to.port.or(params.port) {
        out.say("port", &port.to_string());
    }
    for (name, arguments) in &params.unsupported_fields {
        let quoted = |word: &String| if word.contains(' ') { format!("\"{word}\"") } else { word.clone() };
        out.say(name, &arguments.iter().map(quoted).collect::<Vec<_>>().join(" "));
    }
    match &params.identity_file {
        Some(files) => files.iter().for_each(|file| out.say("identityfile", &file.to_string_lossy())),
        None => KEYS.iter().for_each(|name| out.say("identityfile", &format!("~/.ssh/{name}"))),
    }
    let texts = [
        ("bindaddress", params.bind_address.clone()),
        ("bindinterface", params.bind_interface.clone()),
        ("certificatefile", params.certificate_file.as_ref().map(|file| file.display().to_string())),
        ("proxyjump", params.proxy_jump.as_ref().map(|hops| hops.join(","))),
        ("connecttimeout", params.connect_timeout.map(|limit| limit.as_secs().to_string())),
        ("serveraliveinterval", params.server_alive_interval.map(|every| every.as_secs().to_string())),
        ("pubkeyauthentication", params.pubkey_authentication.map(|is_on| yes_or_no(is_on).to_owned())),
        ("hostkeyalgorithms", Some(params.host_key_algorithms.algorithms().join(","))),
        ("kexalgorithms", Some(params.kex_algorithms.algorithms().join(","))),
        ("ciphers", Some(params.ciphers.algorithms().join(","))),
        ("macs", Some(params.mac.algorithms().join(","))),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            out.say(key, &value);
        }
    }
    // The first of a key counts.
    for (key, value) in DEFAULTS {
        out.say(key, value);
    }
    Ok(())
}

fn yes_or_no(is_on: bool) -> &'static str {
    if is_on { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::ssh::settings::Settings;

    /// Both ways to the same settings; the program's defaults for algorithms and key names are its own.
    fn both(text: &str, host: &str) -> [Settings; 2] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        fs::write(&file, text).unwrap();
        let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
        let local = Local { home, user: "op".to_owned(), agent: None, ..Local::default() };
        let to = Destination::parse(host).unwrap();
        let mut ssh = std::process::Command::new("ssh");
        ssh.arg("-G").arg("-F").arg(&file);
        if let Some(user) = &to.user {
            ssh.args(["-l", user]);
        }
        let said = ssh.args(["--", &to.host]).stdin(std::process::Stdio::null()).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let own = answer(&to, Some(&file), &local).unwrap();
        [String::from_utf8(said.stdout).unwrap(), own].map(|text| {
            let mut settings = Settings::read(&to, &text, &local).unwrap();
            settings.algorithms = crate::adapters::ssh::settings::Algorithms::default();
            settings.is_hashing = false;
            if !text.contains("/keys/") {
                settings.identity_files.clear();
            }
            settings.known_hosts.sort();
            settings
        })
    }

    #[test]
    fn the_files_mean_what_they_mean_to_ssh() {
        let text = "Host web? !web9\n  HostName %h.example.org\n  Port 2222\n  User deploy\n  IdentityFile /keys/one\n  \
            IdentityFile /keys/%r two\n  IdentitiesOnly yes\n  ProxyJump ops@gate:2200,inner\n  ConnectTimeout 7\n\n\
            Host web1\n  Port 9\n  ServerAliveInterval 4\n  ServerAliveCountMax 2\n\n\
            Host db\n  ProxyCommand nc %h %p\n  HostKeyAlias alias\n  IdentityAgent none\n  PasswordAuthentication no\n  \
            UserKnownHostsFile /a /b\n  StrictHostKeyChecking accept-new\n  PreferredAuthentications password,publickey\n\n\
            Host *\n  User everybody\n  StrictHostKeyChecking yes\n";
        // One path with a blank would be two.
        let text = text.replace("/keys/%r two", "/keys/%r");
        for host in ["web1", "web9", "db", "other", "me@web2"] {
            let [of_ssh, own] = both(&text, host);
            assert_eq!(own, of_ssh, "{host}");
        }
    }

    #[test]
    fn what_cannot_be_read_alike_is_refused_by_name() {
        let cases = [
            ("Host a\n  Port 1\nMatch exec true\n  Port 98\n", "Match exec true"),
            ("ProxyCommand sh -c \"nc %h %p\"\n", "ProxyCommand"),
            ("CanonicalizeHostname yes\n", "CanonicalizeHostname yes"),
            ("NoSuchThing 1\n", "NoSuchThing"),
        ];
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        for (text, named) in cases {
            fs::write(&file, text).unwrap();
            let local =
                Local { home: dir.path().into(), user: "op".to_owned(), agent: None, ..Local::default() };
            let error =
                answer(&Destination::parse("a").unwrap(), Some(&file), &local).unwrap_err().to_string();
            assert!(error.to_lowercase().contains(&named.to_lowercase()), "{error}");
            assert!(error.contains("install openssh-client"), "{error}");
        }
    }
}
