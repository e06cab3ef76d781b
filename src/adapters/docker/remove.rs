//! The removal of one thing an engine keeps, by what it is called and never by force.

use hyper::Method;
use serde::Deserialize;

use super::api::Api;
use super::images::encoded;
use crate::domain::inventory::{Item, Kind};
use crate::ports::engine::{DISK_TIMEOUT, EngineError};

/// Removes one thing, never by force.
pub(super) async fn remove(api: &Api, item: &Item) -> Result<(), EngineError> {
    let id = encoded(&item.id);
    match item.kind {
        Kind::Container => delete(api, item, &format!("/containers/{id}")).await,
        Kind::Volume => delete(api, item, &format!("/volumes/{id}")).await,
        Kind::Network => delete(api, item, &format!("/networks/{id}")).await,
        Kind::Image if item.names.len() < 2 => delete(api, item, &format!("/images/{id}")).await,
        Kind::Image => remove_names(api, item).await,
        Kind::Cache => Err(EngineError::Broken {
            what: what(item),
            cause: "a record of the build cache goes with a prune only".to_owned(),
        }),
    }
}

/// The engine removes an image of several names only name by name; one that went to another image meanwhile stays.
async fn remove_names(api: &Api, item: &Item) -> Result<(), EngineError> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "Id")]
        id: String,
    }
    for name in &item.names {
        let path = format!("/images/{}", encoded(name));
        match api.get::<Named>(&what(item), &format!("{path}/json")).await {
            Ok(now) if now.id == *item.id => delete(api, item, &path).await?,
            Ok(_) | Err(EngineError::Refused { status: 404, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn what(item: &Item) -> String {
    format!("remove {} {}", item.kind.noun(), item.name())
}

async fn delete(api: &Api, item: &Item, path: &str) -> Result<(), EngineError> {
    match api.call_within(DISK_TIMEOUT, &what(item), Method::DELETE, path, None).await {
        Ok(_) | Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Clears the build cache.
pub(super) async fn prune_cache(api: &Api) -> Result<u64, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Pruned {
        space_reclaimed: Option<u64>,
    }
    let what = "prune the build cache";
    // It answers when it is done; no sooner than any other call that walks the disk.
    let answer = api.call_within(DISK_TIMEOUT, what, Method::POST, "/build/prune?all=1", None).await?;
    let pruned: Pruned = serde_json::from_slice(&answer).map_err(|e| EngineError::Broken {
        what: what.to_owned(),
        cause: format!("answer not understood: {e}"),
    })?;
    Ok(pruned.space_reclaimed.unwrap_or(0))
}
