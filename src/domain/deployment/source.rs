//! Where values of variables come from that stand nowhere: only their source and a keyed hash are ever told.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::ids::ServiceId;
use crate::domain::seal::Keyed;

/// Where a value is had from, each time it is needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// What stands in a file.
    File(PathBuf),
    /// What a command prints.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
        /// Where it is run.
        dir: PathBuf,
        /// How long it may take.
        within: Duration,
    },
    /// Nowhere: nothing is named, or nothing that may be run.
    Nowhere,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Command { argv, .. } => write!(f, "command {}", argv.join(" ")),
            Self::Nowhere => f.write_str("nowhere"),
        }
    }
}

/// A variable of a deployment that has its value from a source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sourced {
    /// Whose.
    pub service: ServiceId,
    /// Its name.
    pub name: String,
    /// [`Source`], in words.
    pub source: String,
    /// Of the value that it had when the deployment began, where a key is kept.
    #[serde(default)]
    pub hash: Option<Keyed>,
}
