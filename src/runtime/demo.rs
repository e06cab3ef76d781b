//! Simulated hosts as the console opens on them.

use std::sync::Arc;

use super::hosts::Routes;
use crate::adapters::sim::clock::Clock;
use crate::adapters::sim::probe::SimProber;
use crate::adapters::sim::scenario::Scenario;
use crate::adapters::sim::{SimEngine, Simulation};
use crate::jobs::route::{Route, Way};
use crate::ports::engine::{Engine, EngineError};
use crate::ports::machine::Machine;
use crate::ports::probe::Prober;
use crate::world::World;

/// The environments of a scenario and the ways to its hosts.
pub fn hosts(scenario: &Arc<Scenario>, clock: Clock) -> (World, Routes) {
    let world = scenario.watched_until(&clock);
    let simulation = Simulation::new(scenario, clock);
    let prober = Arc::new(SimProber::new(Arc::clone(&simulation))) as Arc<dyn Prober>;
    let route = |host: &crate::domain::ids::HostId| {
        let simulated = Arc::new(SimEngine::new(Arc::clone(&simulation), host.clone()));
        let engine = Arc::clone(&simulated) as Arc<dyn Engine>;
        let mend = Box::new(|_: &EngineError| "wait: the scenario brings it back".to_owned());
        let way = Way { source: "demo".to_owned(), engine, mend };
        Route::new(way, Vec::new()).on(simulated as Arc<dyn Machine>).probed_by(Arc::clone(&prober))
    };
    let routes = world.hosts.keys().map(|host| (host.clone(), Arc::new(route(host)))).collect();
    (world, routes)
}
