//! What a replica is made from.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ContainerKey, ServiceId};
use crate::domain::seal::Seal;

/// What a container is made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Model {
    /// As another one was.
    Like(ContainerKey),
    /// As files say.
    Written(Box<Written>),
}

impl Model {
    /// The container that it takes something from.
    pub(super) fn key_mut(&mut self) -> Option<&mut ContainerKey> {
        match self {
            Self::Like(key) => Some(key),
            Self::Written(written) => written.over.as_mut(),
        }
    }
}

/// What files say of a service. They are read again where it is made: no value of theirs is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Written {
    /// Its Compose project.
    pub project: String,
    /// Its name there.
    pub service: ServiceId,
    /// What they said when it was planned.
    pub seal: Seal,
    /// The one that it replaces: its unnamed volumes go on.
    pub over: Option<ContainerKey>,
}
