//! Questions that only a person can answer while a host is being reached.

use zeroize::Zeroize;

/// One question, from its asking to its answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PromptId(pub u64);

/// One of several tries, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nth {
    /// This one.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl std::fmt::Display for Nth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.number, self.of)
    }
}

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// The passphrase of a private key.
    Passphrase {
        /// The key's file.
        key: String,
        /// Which try it is.
        nth: Nth,
    },
    /// The password of a login.
    Password {
        /// `user@host`.
        login: String,
        /// Which try it is.
        nth: Nth,
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
        /// Which try it is.
        nth: Nth,
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
    /// Whether an answer before was wrong.
    pub fn is_again(&self) -> bool {
        match self {
            Self::Passphrase { nth, .. } | Self::Password { nth, .. } | Self::Challenge { nth, .. } => {
                nth.number > 1
            }
            Self::HostKey { .. } => false,
        }
    }

    /// Whether the answer may be seen while it is typed.
    pub fn is_echoed(&self) -> bool {
        match self {
            Self::Passphrase { .. } | Self::Password { .. } => false,
            Self::Challenge { is_echoed, .. } => *is_echoed,
            Self::HostKey { .. } => true,
        }
    }
}

/// What was typed as an answer. Never shown by `Debug`; overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
