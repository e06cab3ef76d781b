//! Why a host was not reached, by the step that failed.

use std::io;
use std::path::PathBuf;

use crate::adapters::ssh::known_hosts::Place;
use crate::adapters::ssh::settings::SettingsError;
use crate::domain::checkup::Stage;

/// Why a host was not reached. Each names the host and what came back; nothing secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// OpenSSH's settings cannot be had or used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The name means nothing.
    #[error("{host}: the name does not resolve: {cause}")]
    Name {
        /// The name.
        host: String,
        /// What came back.
        cause: io::Error,
    },
    /// Nobody takes the connection.
    #[error("{host}: {cause}")]
    Tcp {
        /// Name and port.
        host: String,
        /// What came back.
        cause: io::Error,
    },
    /// The way through another host, or through a command.
    #[error("{host}: {how}: {cause}")]
    Way {
        /// The host that was meant.
        host: String,
        /// `ProxyJump gate`, `ProxyCommand …`.
        how: String,
        /// What came back.
        cause: String,
    },
    /// No SSH, or no algorithm that both know.
    #[error("{host}: SSH handshake: {cause}")]
    Handshake {
        /// Name and port.
        host: String,
        /// What came back.
        cause: String,
    },
    /// A file of OpenSSH's cannot be used.
    #[error("{}: {cause}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What came back.
        cause: io::Error,
    },
    /// Nobody vouches for the host's key.
    #[error(
        "{host}: its {key_type} key {fingerprint} is not known; compare it, then connect once from the console or with ssh"
    )]
    UnknownKey {
        /// As known_hosts names it.
        host: String,
        /// `ssh-ed25519` and the like.
        key_type: String,
        /// `SHA256:…`
        fingerprint: String,
    },
    /// Somebody else answers, or the host was made anew.
    #[error(
        "{host}: ITS KEY HAS CHANGED: {place} has another {key_type} key than the {fingerprint} it shows now; if the host was made anew, remove that line"
    )]
    ChangedKey {
        /// As known_hosts names it.
        host: String,
        /// `ssh-ed25519` and the like.
        key_type: String,
        /// `SHA256:…` of the new one.
        fingerprint: String,
        /// Where the old one stands.
        place: Place,
    },
    /// The key is marked as stolen.
    #[error("{host}: its key {fingerprint} is revoked by {place}")]
    RevokedKey {
        /// As known_hosts names it.
        host: String,
        /// `SHA256:…`
        fingerprint: String,
        /// Where it is marked.
        place: Place,
    },
    /// Nothing that was tried was accepted.
    #[error("{login}: not let in; tried: {}{}", tried.join("; "), if unused.is_empty() { String::new() } else { format!("; not used: {}", unused.join(", ")) })]
    Authentication {
        /// `user@host`.
        login: String,
        /// Each try with what came back.
        tried: Vec<String>,
        /// Settings that this program cannot use.
        unused: Vec<String>,
    },
    /// Somebody has to answer a question.
    #[error("{login}: needs a person: {question}{}", in_vain(tried))]
    NeedsPerson {
        /// `user@host`.
        login: String,
        /// What is asked for.
        question: String,
        /// Each try with what came back.
        tried: Vec<String>,
    },
    /// The machine refused a thread, a pipe or a socket.
    #[error("{host}: {cause}")]
    Machine {
        /// The host that was meant.
        host: String,
        /// What came back.
        cause: io::Error,
    },
}

/// What went wrong before somebody had to be asked: an agent that is gone, a key that is not accepted.
fn in_vain(tried: &[String]) -> String {
    let is_other = |one: &&String| !one.contains("nobody") && !one.ends_with("does not offer it");
    let wrong: Vec<_> = tried.iter().filter(is_other).map(String::as_str).collect();
    if wrong.is_empty() { String::new() } else { format!("; tried: {}", wrong.join("; ")) }
}

impl ConnectError {
    /// In words, with what was tried before a person would have been asked.
    pub(super) fn with_tries(&self) -> String {
        match self {
            Self::NeedsPerson { login, question, tried } if !tried.is_empty() => {
                format!("{login}: needs a person: {question}; tried: {}", tried.join("; "))
            }
            _ => self.to_string(),
        }
    }

    /// The step that failed.
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Settings(_) => Stage::Settings,
            Self::Name { .. } => Stage::Name,
            Self::Tcp { .. } | Self::Way { .. } | Self::Machine { .. } => Stage::Connection,
            Self::Handshake { .. } => Stage::KeyExchange,
            Self::File { .. }
            | Self::UnknownKey { .. }
            | Self::ChangedKey { .. }
            | Self::RevokedKey { .. } => Stage::HostKey,
            Self::Authentication { .. } | Self::NeedsPerson { .. } => Stage::Authentication,
        }
    }

    /// Trying again by itself cannot help: somebody has to look first.
    pub fn needs_person(&self) -> bool {
        !matches!(
            self,
            Self::Name { .. }
                | Self::Tcp { .. }
                | Self::Way { .. }
                | Self::Handshake { .. }
                | Self::Machine { .. }
        )
    }
}
