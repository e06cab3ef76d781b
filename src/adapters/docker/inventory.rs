//! The engine's account of what it keeps, as domain values.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::api::Api;
use crate::domain::inventory::{Hold, Inventory, Item, Kind};
use crate::domain::natural::natural;
use crate::ports::engine::{DISK_TIMEOUT, EngineError};

/// Between two looks at an engine that measures for somebody else.
const BUSY: Duration = Duration::from_millis(100);
/// Networks that the engine makes for itself.
const BUILTIN_NETWORKS: [&str; 5] = ["bridge", "host", "none", "ingress", "docker_gwbridge"];

// Engine API 1.41, GET /system/df. A size of -1 means that the engine does not know.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DiskUsage {
    layers_size: Option<i64>,
    images: Option<Vec<Image>>,
    containers: Option<Vec<UsedBy>>,
    volumes: Option<Vec<Volume>>,
    build_cache: Option<Vec<Cache>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Image {
    id: String,
    parent_id: String,
    repo_tags: Option<Vec<String>>,
    created: i64,
    size: i64,
    shared_size: i64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct UsedBy {
    id: String,
    names: Option<Vec<String>>,
    #[serde(rename = "ImageID")]
    image_id: String,
    created: i64,
    state: String,
    status: String,
    size_rw: Option<i64>,
    labels: Option<BTreeMap<String, String>>,
    mounts: Option<Vec<Mount>>,
    network_settings: Option<Networks>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Mount {
    #[serde(rename = "Type")]
    kind: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Networks {
    networks: Option<BTreeMap<String, InNetwork>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct InNetwork {
    #[serde(rename = "NetworkID")]
    network_id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Volume {
    name: String,
    driver: String,
    created_at: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    usage_data: Option<VolumeUse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VolumeUse {
    ref_count: i64,
    size: i64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Cache {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Type")]
    kind: String,
    description: String,
    in_use: bool,
    shared: bool,
    size: i64,
    created_at: Option<String>,
    last_used_at: Option<String>,
}

// Engine API 1.41, GET /networks.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Network {
    name: String,
    id: String,
    created: Option<String>,
    driver: String,
    ingress: bool,
    labels: Option<BTreeMap<String, String>>,
}

type Labels = Option<BTreeMap<String, String>>;

/// Asks for everything. Errors are the engine's.
pub(super) async fn ask(api: &Api) -> Result<Inventory, EngineError> {
    let disk = disk_usage(api).await?;
    let networks: Vec<Network> = api.get("list networks", "/networks").await?;
    // Images between a base and what was built on it have no name and are told by this list only.
    let between: Vec<Image> = api.get_within(DISK_TIMEOUT, "list images", "/images/json?all=1").await?;
    Ok(gather(disk, networks, &between))
}

/// Some engines measure for one caller at a time and refuse all others meanwhile (20.10: status 500, "a disk usage
/// operation is already running"): who else asks is waited for.
async fn disk_usage(api: &Api) -> Result<DiskUsage, EngineError> {
    let end = Instant::now() + DISK_TIMEOUT;
    loop {
        match api.get_within(DISK_TIMEOUT, "disk usage", "/system/df").await {
            Err(EngineError::Refused { message, .. })
                if message.contains("already running") && Instant::now() < end =>
            {
                sleep(BUSY).await;
            }
            answer => return answer,
        }
    }
}

fn gather(disk: DiskUsage, networks: Vec<Network>, between: &[Image]) -> Inventory {
    let containers = disk.containers.unwrap_or_default();
    let images = disk.images.unwrap_or_default();
    let children = children(&images, between);
    let mut items: Vec<_> = images.into_iter().map(|image| image.into_item(&containers, &children)).collect();
    items.extend(disk.volumes.unwrap_or_default().into_iter().map(|v| v.into_item(&containers)));
    items.extend(networks.into_iter().map(|n| n.into_item(&containers)));
    items.extend(disk.build_cache.unwrap_or_default().into_iter().map(Cache::into_item));
    items.extend(containers.into_iter().map(UsedBy::into_item));
    let mut inventory = Inventory { items, layers_bytes: known(disk.layers_size.unwrap_or(-1)) };
    inventory.sort();
    inventory
}

fn known(bytes: i64) -> Option<u64> {
    u64::try_from(bytes).ok()
}

fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    let at: DateTime<Utc> = text?.parse().ok()?;
    (at.timestamp() > 0).then_some(at)
}

/// Labels of a release that somebody may want to go back to, or of the console's own records.
fn hold_of(labels: &Labels) -> Option<Hold> {
    let is_ours = labels.as_ref().is_some_and(|l| l.keys().any(|key| key.starts_with("pilothouse.")));
    is_ours.then_some(Hold::Kept)
}

/// For each listed image those listed ones that were built on it, through however many nameless ones.
fn children(listed: &[Image], between: &[Image]) -> HashMap<String, Vec<Arc<str>>> {
    let parents: HashMap<&str, &str> =
        between.iter().chain(listed).map(|image| (&*image.id, &*image.parent_id)).collect();
    let names: Vec<&str> = listed.iter().map(|image| &*image.id).collect();
    let mut children: HashMap<String, Vec<Arc<str>>> = HashMap::new();
    for image in listed {
        let mut at = &*image.id;
        // Bounded: a chain is never longer than there are images.
        for _ in 0..parents.len() {
            let Some(parent) = parents.get(at).filter(|parent| !parent.is_empty()) else { break };
            if names.contains(parent) {
                children.entry((*parent).to_owned()).or_default().push(Arc::from(&*image.id));
                break;
            }
            at = parent;
        }
    }
    children
}

impl UsedBy {
    fn name(&self) -> Arc<str> {
        let first = self.names.iter().flatten().next().map_or(&*self.id, |name| name.trim_start_matches('/'));
        Arc::from(first)
    }

    fn mounts(&self, volume: &str) -> bool {
        self.mounts.iter().flatten().any(|m| m.kind == "volume" && m.name == volume)
    }

    fn is_in(&self, network: &Network) -> bool {
        let networks = self.network_settings.as_ref().and_then(|s| s.networks.as_ref());
        networks.is_some_and(|all| {
            all.iter().any(|(name, at)| {
                at.network_id == network.id || (at.network_id.is_empty() && *name == network.name)
            })
        })
    }

    fn into_item(self) -> Item {
        let has_ended = matches!(self.state.as_str(), "exited" | "created" | "dead");
        Item {
            kind: Kind::Container,
            names: vec![self.name()],
            id: self.id.into(),
            // Left out where it wrote nothing.
            bytes: Some(self.size_rw.and_then(known).unwrap_or(0)),
            shared_bytes: 0,
            created: DateTime::from_timestamp(self.created, 0),
            used: None,
            users: Vec::new(),
            children: Vec::new(),
            hold: if has_ended { hold_of(&self.labels) } else { Some(Hold::Runs) },
            note: if self.status.is_empty() { self.state } else { self.status }.into(),
        }
    }
}

fn users(containers: &[UsedBy], uses: impl Fn(&UsedBy) -> bool) -> Vec<Arc<str>> {
    let mut names: Vec<_> = containers.iter().filter(|c| uses(c)).map(UsedBy::name).collect();
    names.sort_by(|a, b| natural(a, b));
    names
}

impl Image {
    fn into_item(self, containers: &[UsedBy], children: &HashMap<String, Vec<Arc<str>>>) -> Item {
        let is_name = |tag: &String| tag != "<none>:<none>";
        let shared = known(self.shared_size);
        Item {
            kind: Kind::Image,
            names: self
                .repo_tags
                .unwrap_or_default()
                .iter()
                .filter(|t| is_name(t))
                .map(|t| (&**t).into())
                .collect(),
            bytes: known(self.size).map(|size| size.saturating_sub(shared.unwrap_or(0))),
            shared_bytes: shared.unwrap_or(0),
            created: DateTime::from_timestamp(self.created, 0),
            used: None,
            users: users(containers, |c| c.image_id == self.id),
            children: children.get(&self.id).cloned().unwrap_or_default(),
            hold: None,
            note: Arc::from(""),
            id: self.id.into(),
        }
    }
}

impl Volume {
    fn into_item(self, containers: &[UsedBy]) -> Item {
        let users = users(containers, |c| c.mounts(&self.name));
        let is_busy = self.usage_data.as_ref().is_some_and(|u| u.ref_count > 0) && users.is_empty();
        Item {
            kind: Kind::Volume,
            names: vec![(&*self.name).into()],
            bytes: self.usage_data.and_then(|u| known(u.size)),
            shared_bytes: 0,
            created: time(self.created_at.as_deref()),
            used: None,
            users,
            children: Vec::new(),
            hold: hold_of(&self.labels).or(is_busy.then_some(Hold::Busy)),
            note: self.driver.into(),
            id: self.name.into(),
        }
    }
}

impl Network {
    fn into_item(self, containers: &[UsedBy]) -> Item {
        let is_builtin = self.ingress || BUILTIN_NETWORKS.contains(&&*self.name);
        let hold = if is_builtin { Some(Hold::Builtin) } else { hold_of(&self.labels) };
        Item {
            kind: Kind::Network,
            users: users(containers, |c| c.is_in(&self)),
            names: vec![self.name.into()],
            bytes: Some(0),
            shared_bytes: 0,
            created: time(self.created.as_deref()),
            used: None,
            children: Vec::new(),
            hold,
            note: self.driver.into(),
            id: self.id.into(),
        }
    }
}

impl Cache {
    fn into_item(self) -> Item {
        let size = known(self.size);
        let name = if self.description.is_empty() { &self.kind } else { &self.description };
        Item {
            kind: Kind::Cache,
            names: vec![(&**name).into()],
            // What images share stays on the disk when the record goes.
            bytes: if self.shared { Some(0) } else { size },
            shared_bytes: if self.shared { size.unwrap_or(0) } else { 0 },
            created: time(self.created_at.as_deref()),
            used: time(self.last_used_at.as_deref()),
            users: Vec::new(),
            children: Vec::new(),
            hold: self.in_use.then_some(Hold::Busy),
            note: self.kind.into(),
            id: self.id.into(),
        }
    }
}

#[cfg(test)]
mod tests;
