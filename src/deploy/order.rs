//! What a process is told that does a deployment by itself, so that no terminal and no console has to stay for it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::plan::{Manner, Wish};
use crate::domain::deployment::Plan;
use crate::domain::ids::{EnvironmentId, HostId, ServiceId};

/// A deployment that somebody wants, and has confirmed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Where.
    pub environment: EnvironmentId,
    /// Its hosts that answered whoever wants it: all of them have to answer without anybody there who could be asked.
    pub hosts: Vec<HostId>,
    /// What.
    pub task: Task,
    /// How.
    pub manner: Manner,
    /// By which configuration.
    pub reach: Reach,
}

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A new one.
    Begin {
        /// Of which service.
        service: ServiceId,
        /// Of which Compose project, where it is of one.
        project: Option<String>,
        /// What for.
        wish: Wish,
        /// What was shown and confirmed; nothing else is done.
        shown: Box<Plan>,
        /// Why, for the ledger.
        note: Option<String>,
    },
    /// One that was cut off.
    TakeUp {
        /// Of which service it is, as far as that is known: by it readiness is asked.
        service: Option<ServiceId>,
        /// Back, and why; otherwise where it was going.
        back: Option<String>,
    },
}

/// The options that choose the configuration and the hosts, each path from the root on: the process works nowhere else.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reach {
    /// `--host`.
    pub host: Option<String>,
    /// `--ssh-config`.
    pub ssh_config: Option<PathBuf>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--log-file`.
    pub log_file: Option<PathBuf>,
    /// `--log-level`.
    pub log_level: Option<String>,
}
