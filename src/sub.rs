//! The streams we want alive. They follow from the state; the runtime keeps exactly these.

use std::time::Duration;

use crate::domain::ids::{ContainerKey, HostId};
use crate::domain::probe::Target;

/// Number of a log view; a new view has a higher one, so late lines of the old are known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Generation(pub u64);

/// One stream from the outside, keyed by what it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sub {
    /// The link to a host: its list, its events, its details.
    Host(HostId),
    /// Space, load and memory of a host.
    Load(HostId),
    /// Counters of these containers, sampled every few seconds. At most one of these; its containers may change.
    Usage(Vec<ContainerKey>),
    /// Counters of the selected container as the engine reads them. At most one of these.
    Live(ContainerKey),
    /// The merged log of these containers; the position is the source's number.
    Logs(Generation, Vec<ContainerKey>),
    /// This question to this container, again and again.
    Health(Target),
    /// The results of a container's HEALTHCHECK, as they come.
    Checks(ContainerKey),
    /// Time.
    Tick(Duration),
}
