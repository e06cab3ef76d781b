//! Balancers, one module per kind. Each is driven where it runs, by short scripts in a shell there.

use std::sync::Arc;

use self::haproxy::HaProxy;
use self::shell::InContainer;
use crate::domain::ids::ContainerId;
use crate::ports::balancer::{Balancer, Onlooker};
use crate::ports::engine::Engine;

pub mod haproxy;
pub mod shell;

/// Looks at balancers through their engine.
pub struct ThroughEngine;

impl Onlooker for ThroughEngine {
    fn at(&self, engine: Arc<dyn Engine>, container: &ContainerId, name: &str) -> Box<dyn Balancer> {
        let shell = Arc::new(InContainer { engine, name: container.as_str().to_owned() });
        Box::new(HaProxy { proxy: name.to_owned(), shell })
    }
}
