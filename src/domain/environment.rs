//! An environment: a named set of hosts and how careful one has to be in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ids::{EnvironmentId, HostId};

/// The Compose files of an environment. Paths are relative to the file that names them; absolute once loaded.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compose {
    /// The base, then what overrides it; never empty once loaded.
    pub files: Vec<PathBuf>,
    /// Variables for them; `.env` beside the first one where it is `None`.
    pub env_file: Option<PathBuf>,
    /// Profiles that are on.
    pub profiles: Vec<String>,
    /// The project's name, where it is neither the environment's only one nor that of the directory.
    pub project: Option<String>,
}

/// What kind of environment somebody said this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Nobody said. It may well be production, so nothing is done without asking.
    Unclassified,
    /// Acts without effect on users need no confirmation.
    Development,
    /// Acts on running services are confirmed.
    Staging,
    /// Opens read-only; destructive acts need the name typed.
    Production,
}

impl Class {
    /// As the configuration writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unclassified => "unclassified",
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// A named set of hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Environment {
    /// Its name.
    pub id: EnvironmentId,
    /// What somebody said it is.
    pub class: Class,
    /// Opens read-only, and grade 3 applies.
    pub is_protected: bool,
    /// Its hosts in the order they are shown.
    pub hosts: Vec<HostId>,
    /// Compose projects that belong to it; empty means all that its hosts run.
    pub projects: Vec<String>,
    /// The one that a release goes through before it comes here.
    pub after: Option<EnvironmentId>,
}
