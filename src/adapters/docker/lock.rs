//! Locks on an engine: a container that is never started holds the name of its environment. Of several who make it the
//! engine lets one; its labels say who that is.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::engine::DockerEngine;
use super::holder;
use crate::domain::ids::{ContainerId, EnvironmentId};
use crate::domain::ledger::form;
use crate::domain::lock::NAME;
use crate::ports::engine::{CALL_TIMEOUT, EngineError};
use crate::ports::lifecycle::Lifecycle;
use crate::ports::lock::{Claim, Lock, Locks, Taken};

/// What it says, as JSON.
const CLAIM: &str = "pilothouse.lock";

/// Names of containers have no `%`.
fn name(environment: &EnvironmentId) -> String {
    format!("{NAME}{}", form::directory(environment).replace('%', "."))
}

#[async_trait]
impl Locks for DockerEngine {
    async fn lock_take(&self, claim: &Claim) -> Result<Taken, EngineError> {
        let what = format!("lock {}", claim.environment);
        let told = serde_json::to_string(claim).unwrap_or_default();
        let labels = json!({ holder::LABEL: "lock", CLAIM: told });
        let end = Instant::now() + CALL_TIMEOUT;
        loop {
            let made = holder::make(&self.api, &what, &name(&claim.environment), &labels, &json!({})).await;
            match made {
                Ok(id) => {
                    let (id, claim) = (ContainerId::new(id), Some(claim.clone()));
                    return Ok(Taken::Ours(Lock { id, claim }));
                }
                Err(EngineError::Refused { status: 409, .. }) if Instant::now() < end => {
                    if let Some(lock) = self.lock_seen(&claim.environment).await? {
                        return Ok(Taken::Held(lock));
                    }
                    // Whoever makes it at the same time has its name before its container is there; or it is being removed.
                    sleep(holder::MADE_GAP).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn lock_seen(&self, environment: &EnvironmentId) -> Result<Option<Lock>, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Seen {
            id: String,
            config: Config,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Config {
            #[serde(default)]
            labels: Option<BTreeMap<String, String>>,
        }
        let what = format!("look at the lock of {environment}");
        match self.api.get::<Seen>(&what, &format!("/containers/{}/json", name(environment))).await {
            Ok(seen) => {
                let labels = seen.config.labels.unwrap_or_default();
                let claim = labels.get(CLAIM).and_then(|told| serde_json::from_str(told).ok());
                Ok(Some(Lock { id: ContainerId::new(seen.id), claim }))
            }
            Err(EngineError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn lock_drop(&self, lock: &Lock) -> Result<(), EngineError> {
        // By its id: another one of that name is not touched.
        self.discard(&lock.id).await
    }
}
