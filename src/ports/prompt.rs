//! The prompt port: questions that only a person can answer while a host is being reached.

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

/// A person, or nobody.
pub trait Prompter: Send + Sync {
    /// Waits for the answer; `None` when there is nobody to ask or the person declined. Called on a thread that may wait.
    fn ask(&self, question: &Question) -> Option<String>;
}

/// Nobody: in scripts, and when a connection is made again by itself.
pub struct Nobody;

impl Prompter for Nobody {
    fn ask(&self, _: &Question) -> Option<String> {
        None
    }
}
