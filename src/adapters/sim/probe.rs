//! [`Prober`] over a simulation: containers answer as their mood says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Simulation;
use super::clock::Ns;
use super::container::Phase;
use super::scenario::{Answering, Scenario};
use super::usage::time;
use crate::domain::health::{Answer, Outcome, Reading, Stage};
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::domain::probe::{Ask, Headers, ProbeKind, ProbeSpec, ServiceSpec, ServiceSpecs, Target, Via};
use crate::ports::probe::Prober;
use crate::world::health::Services;

const INTERVAL: Duration = Duration::from_secs(5);
/// Longer than the slow answers of an incident take.
const TIMEOUT: Duration = Duration::from_secs(6);

/// Asks the containers of simulated hosts.
pub struct SimProber(Arc<Simulation>);

impl SimProber {
    /// For all hosts of a simulation.
    pub fn new(simulation: Arc<Simulation>) -> Self {
        Self(simulation)
    }
}

#[async_trait]
impl Prober for SimProber {
    async fn probe(&self, target: &Target) -> Reading {
        let began = self.0.clock.now();
        let reading = self.0.reading(target, began);
        let took = i64::try_from(reading.took.as_nanos()).unwrap_or(i64::MAX);
        self.0.clock.until(began.saturating_add(took)).await;
        reading
    }
}

impl Simulation {
    /// What an answer to a question asked at `began` will be.
    pub(super) fn reading(&self, target: &Target, began: Ns) -> Reading {
        let (took, outcome) = match self.answering(&target.key, target.kind) {
            Some((took, _)) if took > target.spec.timeout => {
                (target.spec.timeout, Outcome::TimedOut(Stage::Waiting))
            }
            Some(answer) => answer,
            None => (Duration::from_millis(1), Outcome::Refused),
        };
        Reading { at: self.clock.wall(began), took, outcome }
    }

    fn answering(&self, key: &ContainerKey, kind: ProbeKind) -> Option<(Duration, Outcome)> {
        let fleet = self.fleet();
        if fleet.is_lost(&key.host) {
            return Some((TIMEOUT * 2, Outcome::TimedOut(Stage::Connecting)));
        }
        let number = fleet.find(&key.host, key.id.as_str())?;
        match fleet.containers.get(&number)?.phase {
            Phase::Running => {}
            // Its kernel accepts, and nobody answers.
            Phase::Paused => return Some((TIMEOUT * 2, Outcome::TimedOut(Stage::Waiting))),
            Phase::Restarting | Phase::Exited | Phase::Created => return None,
        }
        let mood = fleet.mood(number)?;
        let answering = match kind {
            ProbeKind::Live => mood.live.as_ref(),
            ProbeKind::Ready => mood.ready.as_ref(),
        };
        let Answering { status, takes, body } = answering?.clone();
        let body = body.into_bytes();
        let answer = Answer { status, body, is_cut: false, location: None };
        Some((Duration::from_nanos(time(takes).unsigned_abs()), Outcome::Answered(answer)))
    }
}

impl Scenario {
    /// What is asked of which service, as a configuration would say it.
    pub(super) fn services(&self) -> Services {
        let of = |hosts: &[toml::Spanned<String>]| -> ServiceSpecs {
            let there = |host: &str| hosts.iter().any(|name| name.get_ref() == host);
            let containers = self.containers.iter().filter(|c| there(c.host.get_ref()));
            let asked = containers.filter_map(|c| {
                let port = self.kind_of(c)?.port?;
                Some((
                    c.service.clone()?,
                    ServiceSpec {
                        live: Some(spec("/live", port)),
                        ready: Some(spec("/ready", port)),
                        ..ServiceSpec::default()
                    },
                ))
            });
            asked.collect()
        };
        let all = self.environments.iter().map(|e| (EnvironmentId::new(e.name.as_str()), of(&e.hosts)));
        all.collect()
    }
}

fn spec(path: &str, port: u16) -> Arc<ProbeSpec> {
    let ask = Ask::Http { path: path.to_owned(), expect: 200, headers: Headers::default() };
    Arc::new(ProbeSpec { ask, port: Some(port), via: Via::Container, interval: INTERVAL, timeout: TIMEOUT })
}
