//! What simulated engines keep on their disks: images, volumes, networks and build cache, with what uses them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::Simulation;
use super::container::{Phase, digest, image_id};
use super::dice;
use super::fleet::Fleet;
use super::usage::time;
use crate::config::units::{ByteSize, Period};
use crate::domain::act::ContainerAct;
use crate::domain::ids::HostId;
use crate::domain::inventory::{Hold, Inventory, Item, Kind};
use crate::ports::engine::EngineError;

/// Something on a disk that no container of the scenario needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// On which host.
    pub host: toml::Spanned<String>,
    /// What it is.
    pub kind: StoredKind,
    /// Its name; an image or a volume without one is left over.
    pub name: Option<String>,
    /// What it takes.
    pub size: ByteSize,
    /// How long before second 0 it was made.
    pub age: Period,
}

/// What can lie about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoredKind {
    /// An image.
    Image,
    /// A volume.
    Volume,
    /// A network.
    Network,
    /// A record of the build cache.
    Cache,
}

impl StoredKind {
    fn kind(self) -> Kind {
        match self {
            Self::Image => Kind::Image,
            Self::Volume => Kind::Volume,
            Self::Network => Kind::Network,
            Self::Cache => Kind::Cache,
        }
    }
}

/// What was removed, by host, kind and id.
pub(super) type Gone = BTreeSet<(HostId, Kind, Arc<str>)>;

fn item(kind: Kind, id: &str, name: Option<&str>, bytes: u64) -> Item {
    Item {
        kind,
        id: id.into(),
        names: name.into_iter().map(Arc::from).collect(),
        bytes: Some(bytes),
        shared_bytes: 0,
        created: None,
        used: None,
        users: Vec::new(),
        children: Vec::new(),
        hold: None,
        note: Arc::from(""),
    }
}

impl Simulation {
    pub(super) fn inventory(&self, host: &HostId) -> Inventory {
        let fleet = self.fleet();
        let mut items = self.containers_kept(&fleet, host);
        items.extend(needed(&fleet, host).into_values());
        items.extend(self.stored(&fleet, host));
        items.retain(|item| !fleet.gone.contains(&(host.clone(), item.kind, Arc::clone(&item.id))));
        let layers = items.iter().filter(|i| i.kind == Kind::Image).filter_map(|i| i.bytes).sum();
        let mut inventory = Inventory { items, layers_bytes: Some(layers) };
        inventory.sort();
        inventory
    }

    fn containers_kept(&self, fleet: &Fleet, host: &HostId) -> Vec<Item> {
        let on_host = fleet.containers.iter().filter(|(_, c)| c.host == *host);
        let kept = on_host.map(|(_, c)| {
            let is_ours = c.spec.labels.keys().any(|key| key.starts_with("pilothouse."));
            let hold = match c.phase {
                Phase::Exited | Phase::Created => is_ours.then_some(Hold::Kept),
                _ => Some(Hold::Runs),
            };
            let wrote = dice::roll(c.seed, 1) % (40 << 20);
            let made = item(Kind::Container, c.id.as_str(), Some(&c.name), wrote);
            Item { hold, created: Some(self.clock.wall(c.created)), note: c.phase.word().into(), ..made }
        });
        kept.collect()
    }

    fn stored(&self, fleet: &Fleet, host: &HostId) -> Vec<Item> {
        let on_host =
            fleet.scenario.stored.iter().zip(0..).filter(|(s, _)| s.host.get_ref() == host.as_str());
        let stored = on_host.map(|(stored, number)| {
            let kind = stored.kind.kind();
            let hash = digest(&[host.as_str(), kind.noun(), &number.to_string()]);
            let id = match (kind, &stored.name) {
                (Kind::Volume, Some(name)) => name.clone(),
                (Kind::Image, _) => format!("sha256:{hash}"),
                _ => hash,
            };
            let name = match kind {
                // The engine calls a volume without a name by its id.
                Kind::Volume => Some(id.clone()),
                _ => stored.name.clone(),
            };
            let made = item(kind, &id, name.as_deref(), stored.size.bytes());
            let created = Some(self.clock.wall(-time(stored.age)));
            let note = match kind {
                Kind::Volume => "local",
                Kind::Network => "bridge",
                Kind::Cache => "regular",
                Kind::Image | Kind::Container => "",
            };
            Item { created, used: created.filter(|_| kind == Kind::Cache), note: note.into(), ..made }
        });
        stored.collect()
    }

    /// Removes one thing, never by force, with the engine's refusals.
    pub(super) fn remove(&self, host: &HostId, wanted: &Item) -> Result<(), EngineError> {
        let what = format!("remove {} {}", wanted.kind.noun(), wanted.name());
        let inventory = self.inventory(host);
        let Some(found) = inventory.find(wanted.kind, &wanted.id) else { return Ok(()) };
        let refused = |status, message: String| EngineError::Refused { what: what.clone(), status, message };
        if wanted.kind == Kind::Cache {
            let cause = "a record of the build cache goes with a prune only".to_owned();
            return Err(EngineError::Broken { what, cause });
        }
        match (found.hold, found.users.first()) {
            (Some(Hold::Runs), _) => {
                let id = &found.id;
                return Err(refused(
                    409,
                    format!(
                        "You cannot remove a running container {id}. Stop the container before attempting removal or force remove"
                    ),
                ));
            }
            (Some(Hold::Builtin), _) => {
                return Err(refused(
                    403,
                    format!("{} is a pre-defined network and cannot be removed", found.name()),
                ));
            }
            (_, Some(user)) => {
                let status = if found.kind == Kind::Network { 403 } else { 409 };
                return Err(refused(status, format!("{} is in use by {user}", found.name())));
            }
            _ => {}
        }
        let mut fleet = self.fleet();
        match (wanted.kind, fleet.find(host, &wanted.id)) {
            (Kind::Container, Some(number)) => {
                let done = fleet.act(number, ContainerAct::Remove);
                done.map_err(|refusal| refused(refusal.status, refusal.message))?;
            }
            _ => drop(fleet.gone.insert((host.clone(), wanted.kind, Arc::clone(&found.id)))),
        }
        drop(fleet);
        self.wake();
        Ok(())
    }

    /// All records of the build cache go; gives what they took.
    pub(super) fn prune_cache(&self, host: &HostId) -> u64 {
        let inventory = self.inventory(host);
        let mut fleet = self.fleet();
        for record in inventory.of(Kind::Cache) {
            fleet.gone.insert((host.clone(), Kind::Cache, Arc::clone(&record.id)));
        }
        inventory.of(Kind::Cache).filter_map(|record| record.bytes).sum()
    }
}

/// What the containers need: their images, volumes and networks, and the networks of the engine itself.
fn needed(fleet: &Fleet, host: &HostId) -> BTreeMap<(Kind, Arc<str>), Item> {
    let mut items: BTreeMap<(Kind, Arc<str>), Item> = BTreeMap::new();
    let mut need = |made: Item, user: Option<&str>| {
        let entry = items.entry((made.kind, Arc::clone(&made.id))).or_insert(made);
        entry.users.extend(user.map(Arc::from));
    };
    for name in ["bridge", "host", "none"] {
        let made = item(Kind::Network, &digest(&[host.as_str(), "network", name]), Some(name), 0);
        need(Item { hold: Some(Hold::Builtin), note: "bridge".into(), ..made }, None);
    }
    // An image stays when its containers go.
    for name in fleet.images(host) {
        need(item(Kind::Image, image_id(&name).as_str(), Some(&name), fleet.image_bytes(&name)), None);
    }
    for container in fleet.containers.values().filter(|c| c.host == *host) {
        let spec = &container.spec;
        let user = Some(container.name.as_str());
        let bytes = fleet.image_bytes(&spec.image);
        need(item(Kind::Image, image_id(&spec.image).as_str(), Some(&spec.image), bytes), user);
        for volume in &spec.volumes {
            let bytes = dice::seed(volume) % (6 << 30);
            need(Item { note: "local".into(), ..item(Kind::Volume, volume, Some(volume), bytes) }, user);
        }
        let name = spec.project.as_ref().map_or_else(|| "bridge".to_owned(), |p| format!("{p}_default"));
        let id = digest(&[host.as_str(), "network", &name]);
        need(Item { note: "bridge".into(), ..item(Kind::Network, &id, Some(&name), 0) }, user);
    }
    items
}
