//! Commands that are run once with a deployment, each in a container of its own that is made like a replica.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the label of such a container is called; it says which errand it is. It is no replica.
pub const ERRAND: &str = "pilothouse.errand";

/// What Compose calls the containers of its own `run`; it leaves them alone.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";

/// What a release does to data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migration {
    /// Nothing.
    #[default]
    None,
    /// The release before can live with what it does.
    Reversible,
    /// The release before cannot: nothing goes back over it by itself.
    Irreversible,
}

impl Migration {
    /// Its words, in the configuration and on the command line.
    pub const WORDS: &[&str] = &["none", "reversible", "irreversible"];

    /// Reads one of them.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::None, Self::Reversible, Self::Irreversible];
        Self::WORDS.iter().position(|known| *known == word).map(|index| all[index])
    }
}

/// When it is run, and what hangs on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Before anything is changed. Where it fails nothing is.
    PreDeploy,
    /// After that, before the first new replica. Where it fails the deployment goes back; where that cannot be, it stops.
    Migrate(Migration),
    /// A service of a set that others wait for until it ended well. It runs what it says itself.
    Job,
    /// Once the new release serves. Where it fails that is told, and the release stays.
    PostDeploy,
    /// Once an earlier release serves again, by whichever way. Where it fails that is told.
    PostRollback,
}

impl Kind {
    /// As names and labels have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::PreDeploy => "pre-deploy",
            Self::Migrate(_) => "migrate",
            Self::Job => "job",
            Self::PostDeploy => "post-deploy",
            Self::PostRollback => "post-rollback",
        }
    }

    /// Whether the deployment is as good without it: it comes once all is done.
    pub fn is_last(self) -> bool {
        matches!(self, Self::PostDeploy | Self::PostRollback)
    }
}

/// A command that is run once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Errand {
    /// Which.
    pub kind: Kind,
    /// What the container is given to run, its own command where it is empty; its image's entry point stays. It stands in the ledger: no place for a secret.
    pub command: Vec<String>,
    /// How long it may take, in seconds.
    pub within_s: u32,
}

impl fmt::Display for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        if self.command.is_empty() { Ok(()) } else { write!(f, " ({})", self.command.join(" ")) }
    }
}
