//! Locks on simulated hosts, as long as the simulation lives.

use async_trait::async_trait;

use super::SimEngine;
use super::faults::Call;
use crate::domain::ids::{ContainerId, EnvironmentId};
use crate::ports::engine::EngineError;
use crate::ports::lock::{Claim, Lock, Locks, Taken};
use crate::ports::pace::roll;

#[async_trait]
impl Locks for SimEngine {
    async fn lock_take(&self, claim: &Claim) -> Result<Taken, EngineError> {
        self.pass(Call::Ledger).await?;
        Ok(self.with_shelf(|shelf| {
            if let Some(lock) = shelf.locks.get(&claim.environment) {
                return Taken::Held(lock.clone());
            }
            let id = ContainerId::new(format!("{:064x}", roll()));
            let lock = Lock { id, claim: Some(claim.clone()) };
            shelf.locks.insert(claim.environment.clone(), lock.clone());
            Taken::Ours(lock)
        }))
    }

    async fn lock_seen(&self, environment: &EnvironmentId) -> Result<Option<Lock>, EngineError> {
        self.pass(Call::Ledger).await?;
        Ok(self.with_shelf(|shelf| shelf.locks.get(environment).cloned()))
    }

    async fn lock_drop(&self, lock: &Lock) -> Result<(), EngineError> {
        self.pass(Call::Ledger).await?;
        self.with_shelf(|shelf| shelf.locks.retain(|_, there| there.id != lock.id));
        Ok(())
    }
}
