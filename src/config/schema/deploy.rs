//! What holds for the deployments of a service.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::units::{Factor, Percent, Period, PolicyText, Span};

/// How it is deployed, and commands that are run once with every deployment, each in a container of its own.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deploy {
    /// So many on all hosts together, where it does not run yet; as many on each as its Compose files say where it is `None`.
    pub replicas: Option<u16>,
    /// Before anything is changed.
    pub pre_deploy: Vec<String>,
    /// After that, before the first new replica.
    pub migrate: Vec<String>,
    /// What a release does to data: a word of [`crate::domain::deployment::errand::Migration`].
    pub migration: String,
    /// Once the new release serves.
    pub post_deploy: Vec<String>,
    /// Once an earlier release serves again.
    pub post_rollback: Vec<String>,
    /// How long each may take.
    pub within: Period,
    /// A proxy that goes by labels may send traffic to a container that is not ready.
    pub early_traffic: bool,
}

/// Services that go together.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Set {
    /// Their names; never empty once loaded.
    pub services: Vec<String>,
}

/// What the variables of a service have to be like to be deployed.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Variables {
    /// Have to be there.
    pub required: Vec<String>,
    /// A file of variables: all that it names have to be there. Relative to the file that names it; absolute once loaded.
    pub example: Option<PathBuf>,
    /// Regular expressions that whole values have to match.
    #[serde(rename = "match")]
    pub forms: BTreeMap<String, String>,
    /// Have to be numbers in these ranges.
    pub between: BTreeMap<String, Span>,
    /// May be what production otherwise runs without.
    pub allow: Vec<String>,
    /// Where values come from that stand nowhere.
    pub from: BTreeMap<String, From>,
}

/// Where the value of a variable comes from: a file, or what a command prints.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct From {
    /// Relative to the file that names it; absolute once loaded.
    pub file: Option<PathBuf>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// How long the command may take.
    pub within: Period,
    /// Where the command is run: where the file lies that names it.
    #[serde(skip)]
    pub dir: PathBuf,
}

/// How a new release is judged beside the old one; see [`crate::deploy::guard`].
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guards {
    /// A share of failed requests up to this is never held against it.
    pub errors: Percent,
    /// Its mean latency may be at most so many times the old one's; not judged where it is `None`.
    pub latency: Option<Factor>,
    /// Fewer requests than this, of either, tell nothing.
    pub min_requests: u32,
    /// What is done where nothing can be told.
    pub inconclusive: PolicyText,
}
