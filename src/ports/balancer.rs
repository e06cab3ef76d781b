//! The balancer port: the reverse proxy in front of one service on one host, whatever it is.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::housing::Housing;
use crate::domain::ids::{ContainerId, HostId};
use crate::domain::spec::Spec;
use crate::domain::traffic::{Flow, Front, Route, Slot, Split};
use crate::ports::engine::Engine;

/// Why a balancer did not do what was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BalancerError {
    /// Nothing was sent, or nobody answered a question that changes nothing.
    #[error("balancer {proxy}: cannot be reached: {cause}")]
    Unreachable {
        /// Which.
        proxy: String,
        /// What came back.
        cause: String,
    },
    /// It is not there at all.
    #[error("balancer {proxy}: there is none")]
    Absent {
        /// Which.
        proxy: String,
    },
    /// It is there, and is not set up to be driven; what is missing, and how it is added.
    #[error("balancer {proxy}: {missing}")]
    Unmanaged {
        /// Which.
        proxy: String,
        /// What is not there.
        missing: String,
    },
    /// Somebody with a higher epoch wrote to it. Nothing was changed.
    #[error(
        "balancer {proxy}: somebody else changed it since (epoch {theirs}, ours is {ours}); nothing was touched"
    )]
    Fenced {
        /// Which.
        proxy: String,
        /// Theirs.
        theirs: u32,
        /// Ours.
        ours: u32,
    },
    /// It does what nobody of us asked of it. Nothing was changed.
    #[error(
        "balancer {proxy}: it was changed by another tool: {found}, expected {expected}; nothing was touched"
    )]
    Conflict {
        /// Which.
        proxy: String,
        /// What was expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// It said no.
    #[error("balancer {proxy}: {what}: {text}")]
    Rejected {
        /// Which.
        proxy: String,
        /// What was asked.
        what: String,
        /// Its words.
        text: String,
    },
    /// No server of the slot passed the balancer's own check. Nothing was changed.
    #[error("balancer {proxy}: no server of {slot} passed its check, so it gets no traffic: {why}")]
    NotHealthy {
        /// Which.
        proxy: String,
        /// Which slot.
        slot: Slot,
        /// What the checks say.
        why: String,
    },
    /// What it does is not what it keeps.
    #[error("balancer {proxy}: it does {running} and keeps {kept}")]
    Diverged {
        /// Which.
        proxy: String,
        /// What it does.
        running: String,
        /// What it would do after a restart.
        kept: String,
    },
    /// It was asked, and no answer came: only a look tells what it did.
    #[error("balancer {proxy}: {what}: no answer, so nobody knows whether it was done: {cause}")]
    Ambiguous {
        /// Which.
        proxy: String,
        /// What was asked.
        what: String,
        /// What came back.
        cause: String,
    },
    /// It cannot do that at all.
    #[error("balancer {proxy}: {what} is not possible with {kind}")]
    Unsupported {
        /// Which.
        proxy: String,
        /// What kind it is.
        kind: String,
        /// What was asked.
        what: String,
    },
}

/// In whose name something is changed: nobody with a lower epoch gets through after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fence {
    /// That of the lock.
    pub epoch: u32,
    /// Id of the deployment.
    pub by: String,
}

/// What a balancer can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities {
    /// What it is: `HAProxy 2.6.12`.
    pub kind: &'static str,
    /// The finest share, in 1/10,000; `None` where it cannot share at all.
    pub finest_share: Option<u16>,
    /// Requests stick to a slot while both get some.
    pub sticks: bool,
    /// Changes of the split cost no connection.
    pub is_hitless: bool,
    /// Servers come and go without a reload.
    pub adds_without_reload: bool,
    /// It tells what is in flight, and what each slot answered.
    pub tells_figures: bool,
}

/// One balancer in front of one service. All that changes something is fenced, and repeated it changes nothing more.
#[async_trait]
pub trait Balancer: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// How its traffic runs. Changes nothing.
    ///
    /// # Errors
    /// `Unreachable`, `Unmanaged`.
    async fn observe(&self) -> Result<Route, BalancerError>;

    /// What it does, again and again after so long; ends with an error when the way to it breaks.
    ///
    /// # Errors
    /// `Unreachable`, `Unsupported`.
    async fn watch(
        &self,
        every: Duration,
    ) -> Result<BoxStream<'static, Result<Flow, BalancerError>>, BalancerError>;

    /// Shares traffic so: one write, kept first, then done, both read back. `from` is what may be there before, besides
    /// `want` and whatever the deployment of the fence wrote itself.
    ///
    /// # Errors
    /// `Fenced`, `Conflict` and `NotHealthy` before anything is changed, `Diverged` and `Ambiguous` after.
    async fn set_split(&self, want: Split, from: &[Split], fence: &Fence) -> Result<Route, BalancerError>;

    /// Puts a server into a slot, without traffic until it passed the balancer's own check; returns then, or fails after
    /// `within_s` seconds with what the check says.
    async fn add(
        &self,
        slot: Slot,
        name: &str,
        address: &str,
        within_s: u32,
        fence: &Fence,
    ) -> Result<(), BalancerError>;

    /// Gives a server nothing new, waits until nothing is in flight with it, at most `within_s` seconds, then cuts what is
    /// left and takes it out; gives how many were cut. Not there is success.
    async fn remove(
        &self,
        slot: Slot,
        name: &str,
        within_s: u32,
        fence: &Fence,
    ) -> Result<u32, BalancerError>;

    /// Answers with the maintenance page from now on, or no more.
    async fn set_maintenance(&self, is_on: bool, fence: &Fence) -> Result<(), BalancerError>;
}

/// A balancer's container before it is made.
#[derive(Clone, PartialEq, Debug)]
pub struct House {
    /// What it is made from, without its networks.
    pub spec: Spec,
    /// Where its directory is mounted inside.
    pub inside: &'static str,
    /// Files below that, by path.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Where balancers come from, and what their containers need.
pub trait Balancers: Send + Sync {
    /// The engine of that host; `None` where the host is not reached.
    fn housing(&self, host: &HostId) -> Option<Arc<dyn Housing>>;

    /// The one in front of a service on that host; `None` where the host is not reached.
    fn of(&self, host: &HostId, front: &Front) -> Option<Box<dyn Balancer>>;

    /// What its container is made from, with these servers (name, address) in that slot, which gets all traffic.
    ///
    /// # Errors
    /// The front names no image.
    fn house(&self, front: &Front, slot: Slot, servers: &[(String, String)]) -> Result<House, String>;
}

/// Finds out what a balancer does by its container alone, whatever was configured of it.
pub trait Onlooker: Send + Sync {
    /// The balancer in that container; its name is for whoever reads an error.
    fn at(&self, engine: Arc<dyn Engine>, container: &ContainerId, name: &str) -> Box<dyn Balancer>;
}
