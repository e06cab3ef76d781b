//! Containers that are never started: one that leads to the ledgers of a host, and one for each lock. Their image is
//! empty; it is made where it is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, Body};
use crate::ports::engine::{CALL_TIMEOUT, EngineError};

/// Their label, by which they are left out of lists.
pub(super) const LABEL: &str = "pilothouse.holder";
const IMAGE: &str = "pilothouse-ledger";
/// Between two looks for one that somebody else is making: its name is taken before it is there.
pub(super) const MADE_GAP: Duration = Duration::from_millis(20);

/// Whether a container is one of them.
pub(super) fn is_holder(labels: &BTreeMap<String, String>) -> bool {
    labels.contains_key(LABEL)
}

/// Makes one; gives its id. A name in use is refused with 409.
pub(super) async fn make(
    api: &Api,
    what: &str,
    name: &str,
    labels: &Value,
    host: &Value,
) -> Result<String, EngineError> {
    match create(api, what, name, labels, host).await {
        Err(EngineError::Refused { status: 404, .. }) => {
            import(api, what).await?;
            create(api, what, name, labels, host).await
        }
        other => other,
    }
}

async fn create(
    api: &Api,
    what: &str,
    name: &str,
    labels: &Value,
    config: &Value,
) -> Result<String, EngineError> {
    #[derive(Deserialize)]
    struct Made {
        #[serde(rename = "Id")]
        id: String,
    }
    let mut host = json!({ "NetworkMode": "none" });
    if let (Some(host), Some(config)) = (host.as_object_mut(), config.as_object()) {
        host.extend(config.clone());
    }
    let body = json!({
        "Image": IMAGE,
        // There is no such program, and it is never started.
        "Cmd": ["holds-the-ledger-of-pilothouse"],
        "Labels": labels,
        "HostConfig": host,
    });
    let path = format!("/containers/create?name={name}");
    let answer = api.call_within(CALL_TIMEOUT, what, Method::POST, &path, Some(body)).await?;
    let made: Result<Made, _> = serde_json::from_slice(&answer);
    made.map(|made| made.id).map_err(|error| EngineError::Broken {
        what: what.to_owned(),
        cause: format!("answer not understood: {error}"),
    })
}

/// An image of nothing at all: two empty blocks are a tar archive without an entry.
async fn import(api: &Api, what: &str) -> Result<(), EngineError> {
    let path = format!("/images/create?fromSrc=-&repo={IMAGE}&tag=latest");
    api.call_within(CALL_TIMEOUT, what, Method::POST, &path, Body::tar(vec![0; 1024])).await.map(drop)
}
