//! Locks on an engine: a container that is never started holds the name of its environment. Of several who make it the
//! engine lets one; its labels say who that is.

use std::collections::BTreeMap;
use std::io::{self, Read};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hyper::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::api::{Api, Body};
use super::engine::DockerEngine;
use super::holder;
use crate::domain::ids::{ContainerId, EnvironmentId};
use crate::domain::lock::name;
use crate::ports::engine::{CALL_TIMEOUT, EngineError};
use crate::ports::lifecycle::Lifecycle;
use crate::ports::lock::{Claim, Lock, Locks, Sign, Taken, Watched};

/// What it says, as JSON.
const CLAIM: &str = "pilothouse.lock";
/// The file in it that its holder writes over and over: whoever follows the engine's events need not read the ledger for it.
const SIGN: &str = "sign";
const MOST_SIGN: u64 = 64 << 10;

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
        Ok(inspected(&self.api, environment).await?.map(|(lock, _)| lock))
    }

    async fn lock_drop(&self, lock: &Lock) -> Result<(), EngineError> {
        // By its id: another one of that name is not touched.
        self.discard(&lock.id).await
    }

    async fn lock_sign(&self, lock: &Lock, sign: &Sign) -> Result<(), EngineError> {
        let what = "leave a sign at the lock";
        let bytes = serde_json::to_vec(sign).unwrap_or_default();
        let archive = archived(SIGN, &bytes);
        let archive = archive.map_err(|e| EngineError::Broken { what: what.into(), cause: e.to_string() })?;
        let path = format!("/containers/{}/archive?path=/", lock.id);
        self.api.call_within(CALL_TIMEOUT, what, Method::PUT, &path, Body::tar(archive)).await.map(drop)
    }

    async fn lock_watched(&self, environment: &EnvironmentId) -> Result<Option<Watched>, EngineError> {
        let Some((lock, made)) = inspected(&self.api, environment).await? else { return Ok(None) };
        let path = format!("/containers/{}/archive?path=/{SIGN}", lock.id);
        let what = "read the sign at the lock";
        let sign = match self.api.call_within(CALL_TIMEOUT, what, Method::GET, &path, None).await {
            Ok(archive) => unarchived(&archive).and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            // None was left yet; or the lock is gone, which the next look tells.
            Err(EngineError::Refused { status: 404, .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Some(Watched { lock, made, sign }))
    }
}

/// The lock, and when it was made.
async fn inspected(
    api: &Api,
    environment: &EnvironmentId,
) -> Result<Option<(Lock, Option<DateTime<Utc>>)>, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Seen {
        id: String,
        #[serde(default)]
        created: Option<String>,
        config: Config,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Config {
        #[serde(default)]
        labels: Option<BTreeMap<String, String>>,
    }
    let what = format!("look at the lock of {environment}");
    match api.get::<Seen>(&what, &format!("/containers/{}/json", name(environment))).await {
        Ok(seen) => {
            let labels = seen.config.labels.unwrap_or_default();
            let claim = labels.get(CLAIM).and_then(|told| serde_json::from_str(told).ok());
            let made = seen.created.and_then(|at| at.parse().ok());
            Ok(Some((Lock { id: ContainerId::new(seen.id), claim }, made)))
        }
        Err(EngineError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn archived(name: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    archive.append_data(&mut header, name, bytes)?;
    archive.into_inner()
}

/// The first file of it, as far as one of ours can go.
fn unarchived(archive: &[u8]) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let entry = archive.entries().ok()?.next()?.ok()?;
    let mut bytes = Vec::new();
    entry.take(MOST_SIGN).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
