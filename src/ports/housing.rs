//! The housing port: what a balancer in a container needs of its engine besides the life of its container.

use std::net::Ipv4Addr;

use async_trait::async_trait;

use super::engine::EngineError;
use crate::domain::ids::ContainerId;

/// A network of its own, a directory that outlives it, files.
#[async_trait]
pub trait Housing: Send + Sync {
    /// The first address of a network; `None` where there is no such network, or it has none.
    async fn subnet(&self, network: &str) -> Result<Option<Ipv4Addr>, EngineError>;

    /// Makes a network of 256 addresses from this one on. The engine gives out the upper half by itself. There already is
    /// success; addresses that another network has are refused.
    async fn make_network(&self, network: &str, first: Ipv4Addr) -> Result<(), EngineError>;

    /// The path, on the host, of a directory that is kept beside the ledgers. Nothing is made.
    async fn directory(&self, below: &str) -> Result<String, EngineError>;

    /// Writes files (path, bytes) below that path of a container that need not run.
    async fn put(&self, id: &ContainerId, path: &str, files: &[(String, Vec<u8>)])
    -> Result<(), EngineError>;
}
