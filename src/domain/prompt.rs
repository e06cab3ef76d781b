//! Questions that only a person can answer while a host is being reached.

/// One question, from its asking to its answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PromptId(pub u64);

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// The passphrase of a private key.
    Passphrase {
        /// The key's file.
        key: String,
        /// The last answer was wrong.
        is_again: bool,
    },
    /// The password of a login.
    Password {
        /// `user@host`.
        login: String,
        /// The last answer was wrong.
        is_again: bool,
    },
    /// A question of the host's own, a second factor for example. Its texts are hostile.
    Challenge {
        /// `user@host`.
        login: String,
        /// What the host says before it asks.
        instruction: String,
        /// What it asks.
        question: String,
        /// The answer may be seen.
        is_echoed: bool,
    },
    /// Whether a host's key is to be trusted; the answer is `yes` or the fingerprint.
    HostKey {
        /// The host as known_hosts names it.
        host: String,
        /// `ssh-ed25519` and the like.
        key_type: String,
        /// `SHA256:…`
        fingerprint: String,
        /// Keys of other types that are known for the host, with where they stand.
        others: Vec<String>,
    },
}

impl Question {
    /// Whether the answer may be seen while it is typed.
    pub fn is_echoed(&self) -> bool {
        match self {
            Self::Passphrase { .. } | Self::Password { .. } => false,
            Self::Challenge { is_echoed, .. } => *is_echoed,
            Self::HostKey { .. } => true,
        }
    }
}

/// What was typed as an answer. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
