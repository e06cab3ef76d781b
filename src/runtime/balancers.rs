//! Balancers as they are reached from here: each in its container, through its engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::adapters::balancer::{ThroughEngine, haproxy};
use crate::domain::ids::{ContainerId, HostId};
use crate::domain::traffic::{Front, Slot};
use crate::ports::balancer::{Balancer, Balancers, House, Onlooker};
use crate::ports::engine::Engine;
use crate::ports::housing::Housing;

/// The engines of an environment.
pub struct Engines(pub BTreeMap<HostId, Arc<dyn Engine>>);

impl Balancers for Engines {
    fn housing(&self, host: &HostId) -> Option<Arc<dyn Housing>> {
        self.0.get(host).map(|engine| Arc::clone(engine) as Arc<dyn Housing>)
    }

    fn of(&self, host: &HostId, front: &Front) -> Option<Box<dyn Balancer>> {
        let (engine, name) = (Arc::clone(self.0.get(host)?), front.proxy.as_str());
        Some(ThroughEngine.at(engine, &ContainerId::new(name), name))
    }

    fn house(&self, front: &Front, slot: Slot, servers: &[(String, String)]) -> Result<House, String> {
        haproxy::house(front, slot, servers)
    }
}
