//! Locks on simulated hosts, as long as the simulation lives.

use async_trait::async_trait;

use super::SimEngine;
use super::faults::Call;
use crate::domain::ids::{ContainerId, EnvironmentId};
use crate::ports::engine::EngineError;
use crate::ports::lock::{Claim, Lock, Locks, Sign, Taken, Watched};
use crate::ports::pace::roll;

#[async_trait]
impl Locks for SimEngine {
    async fn lock_take(&self, claim: &Claim) -> Result<Taken, EngineError> {
        self.pass(Call::Ledger).await?;
        Ok(self.with_shelf(|shelf| {
            if let Some(lock) = shelf.locks.get(&claim.environment) {
                return Taken::Held(lock.lock.clone());
            }
            let id = ContainerId::new(format!("{:064x}", roll()));
            let lock = Lock { id, claim: Some(claim.clone()) };
            let made = Some(claim.at);
            shelf.locks.insert(claim.environment.clone(), Watched { lock: lock.clone(), made, sign: None });
            Taken::Ours(lock)
        }))
    }

    async fn lock_seen(&self, environment: &EnvironmentId) -> Result<Option<Lock>, EngineError> {
        self.pass(Call::Ledger).await?;
        Ok(self.with_shelf(|shelf| shelf.locks.get(environment).map(|there| there.lock.clone())))
    }

    async fn lock_drop(&self, lock: &Lock) -> Result<(), EngineError> {
        self.pass(Call::Ledger).await?;
        self.with_shelf(|shelf| shelf.locks.retain(|_, there| there.lock.id != lock.id));
        Ok(())
    }

    async fn lock_sign(&self, lock: &Lock, sign: &Sign) -> Result<(), EngineError> {
        self.pass(Call::Ledger).await?;
        let is_left = self.with_shelf(|shelf| {
            let there = shelf.locks.values_mut().find(|there| there.lock.id == lock.id);
            there.map(|there| there.sign = Some(sign.clone())).is_some()
        });
        let (what, message) = ("leave a sign at the lock".to_owned(), "no such container".to_owned());
        if is_left { Ok(()) } else { Err(EngineError::Refused { what, status: 404, message }) }
    }

    async fn lock_watched(&self, environment: &EnvironmentId) -> Result<Option<Watched>, EngineError> {
        self.pass(Call::Ledger).await?;
        Ok(self.with_shelf(|shelf| shelf.locks.get(environment).cloned()))
    }
}
