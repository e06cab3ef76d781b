//! The lifecycle port: what a deployment needs of one engine, and nothing else of it.

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::engine::EngineError;
use super::ledger::LedgerFiles;
use super::lock::Locks;
use crate::domain::act::ContainerAct;
use crate::domain::container::{Container, Detail};
use crate::domain::ids::ContainerId;
use crate::domain::image::Image;
use crate::domain::registry::{Login, Pull, Resolved};
use crate::domain::spec::{Endpoint, RestartPolicy, Spec};

/// What a container is looked up by, all of it.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Its id.
    Id(&'a ContainerId),
    /// Its name.
    Name(&'a str),
}

impl By<'_> {
    /// Whether it is this one.
    pub fn is(self, container: &Container) -> bool {
        match self {
            Self::Id(id) => container.key.id == *id,
            Self::Name(name) => *container.name == *name,
        }
    }
}

/// The life of containers on one engine: looked up, made, started, stopped, removed.
#[async_trait]
pub trait Lifecycle: LedgerFiles + Locks + Send + Sync {
    /// All containers, stopped ones too, without details, in the engine's order (newest first).
    async fn containers(&self) -> Result<Vec<Container>, EngineError>;
    /// One of them, where it is there: far less for the engine than all.
    async fn container(&self, by: By<'_>) -> Result<Option<Container>, EngineError>;
    /// Details of one.
    async fn detail(&self, id: &ContainerId) -> Result<Detail, EngineError>;
    /// Do something to it. Success when it already is so.
    async fn act(&self, id: &ContainerId, act: ContainerAct) -> Result<(), EngineError>;
    /// What it is made from, secrets included: mask before showing.
    async fn spec(&self, id: &ContainerId) -> Result<Spec, EngineError>;
    /// Makes one, in all its networks, and does not start it. A name in use is refused with 409, an image or a
    /// network that is not there with 404; nothing is left of one that could not be made whole.
    async fn create(&self, name: &str, spec: &Spec) -> Result<ContainerId, EngineError>;
    /// Removes one that does not run, never by force; its volumes stay. Gone already is success.
    async fn discard(&self, id: &ContainerId) -> Result<(), EngineError>;
    /// From now on the engine starts it again by this rule.
    async fn set_restart(&self, id: &ContainerId, policy: &RestartPolicy) -> Result<(), EngineError>;
    /// Leaves each of these networks and joins it again, known there by these aliases.
    async fn rejoin(&self, id: &ContainerId, endpoints: &[Endpoint]) -> Result<(), EngineError>;
    /// The image of that name, digest or id, where the engine has it.
    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError>;
    /// What its registry has behind that name, as the engine sees it.
    async fn resolve(&self, reference: &str, login: Option<&Login>) -> Result<Resolved, EngineError>;
    /// Lets the engine pull that name or digest, and tells how far it is. The stream ends when the image is there, and with
    /// an error when it is not; dropped, the pull ends too.
    async fn pull(
        &self,
        reference: &str,
        login: Option<&Login>,
    ) -> Result<BoxStream<'static, Result<Pull, EngineError>>, EngineError>;
}
