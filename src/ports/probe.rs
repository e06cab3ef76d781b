//! The probe port: one question to one container. Local, tunnelled and simulated probers implement it.

use async_trait::async_trait;

use crate::domain::health::Reading;
use crate::domain::probe::Target;

/// Asks containers how they are.
#[async_trait]
pub trait Prober: Send + Sync {
    /// Asks once. Ends within the target's timeout, whatever the other side does; what went wrong is the reading.
    /// Dropping the future ends the connection.
    async fn probe(&self, target: &Target) -> Reading;
}
