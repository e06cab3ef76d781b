//! The second engine: simulated hosts that follow a scenario file and obey what is asked of them.
//!
//! Everything is a function of the scenario, the time and the acts so far, so that the same seconds look the same on
//! every machine. Nothing here touches a real engine, a file or the network.

mod answers;
pub mod clock;
mod container;
mod dice;
mod engine;
mod exec;
pub mod faults;
mod fleet;
mod housing;
mod images;
mod inspect;
mod ledger;
mod lifecycle;
mod lock;
mod logs;
pub mod past;
pub mod probe;
pub mod scenario;
mod script;
mod store;
mod streams;
#[cfg(test)]
mod tests;
mod usage;
pub mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use self::clock::{Clock, Ns};
use self::fleet::Fleet;
use self::scenario::Scenario;

pub use engine::SimEngine;

/// All simulated hosts of one scenario, on one clock. Engines of its hosts share it.
pub struct Simulation {
    /// The time of the hosts.
    pub clock: Clock,
    fleet: Mutex<Fleet>,
    // Counts changes that no clock foretells: acts and faults.
    changed: watch::Sender<u64>,
}

impl Simulation {
    /// The hosts at the second the clock shows.
    pub fn new(scenario: &Arc<Scenario>, clock: Clock) -> Arc<Self> {
        let fleet = Mutex::new(Fleet::new(scenario));
        let simulation = Arc::new(Self { clock, fleet, changed: watch::Sender::new(0) });
        simulation.remember(scenario);
        simulation
    }

    /// The hosts as they are now: everything that was due has happened.
    fn fleet(&self) -> MutexGuard<'_, Fleet> {
        let mut fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        fleet.advance(self.clock.now());
        fleet
    }

    /// Tells all streams that something happened that they could not foresee.
    fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Waits until `at`, or until something unforeseen happened since `seen` was taken.
    async fn wait(&self, at: Option<Ns>, seen: &mut watch::Receiver<u64>) {
        tokio::select! {
            // The sender lives as long as this does.
            _ = seen.changed() => {}
            () = self.clock.until(at.unwrap_or(Ns::MAX)) => {}
        }
    }
}
