//! The lock port: one lock an environment on each engine. Of several who take it at the same time one gets it.

use async_trait::async_trait;

use super::engine::EngineError;
use crate::domain::ids::EnvironmentId;
pub use crate::domain::lock::{Claim, Doing, Lock, Sign, Taken, Watched};

/// Takes, looks at and gives back locks on one engine.
#[async_trait]
pub trait Locks: Send + Sync {
    /// Takes the lock, unless one stands there.
    async fn lock_take(&self, claim: &Claim) -> Result<Taken, EngineError>;

    /// The lock that stands there.
    async fn lock_seen(&self, environment: &EnvironmentId) -> Result<Option<Lock>, EngineError>;

    /// Gives back, or breaks, exactly this one. Gone already is success.
    async fn lock_drop(&self, lock: &Lock) -> Result<(), EngineError>;

    /// Leaves a sign at exactly this one. One that is gone is refused with 404.
    async fn lock_sign(&self, lock: &Lock, sign: &Sign) -> Result<(), EngineError>;

    /// The lock that stands there, with the last sign of its holder.
    async fn lock_watched(&self, environment: &EnvironmentId) -> Result<Option<Watched>, EngineError>;
}
