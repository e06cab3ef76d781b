//! What costs more than a list: the configured probes, each asked once, and what containers use, read twice.

use std::time::Duration;

use futures_util::StreamExt;

use super::Site;
use crate::cli::failure::Failure;
use crate::domain::container::{Container, State};
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::domain::probe::{NoTarget, ProbeKind, Target};
use crate::jobs::sample;
use crate::runtime::run::now;

const AT_ONCE: usize = 8;
/// Two readings make a rate; the engine counts in steps of some ms.
const BETWEEN_READINGS: Duration = Duration::from_secs(1);

impl Site {
    /// Asks the probes of these containers, as far as they run and can be asked.
    pub async fn probe(&mut self, containers: &[(EnvironmentId, Container)]) {
        let running = containers.iter().filter(|(_, c)| c.state == State::Running);
        let targets = running.flat_map(|(environment, c)| self.world.targets(environment, c));
        let targets: Vec<_> = targets.filter_map(|(_, target)| target.ok()).collect();
        self.probe_all(targets).await;
    }

    /// Asks those again that were not well: once is an accident, twice is not.
    pub async fn probe_again(&mut self) {
        let bad = self.world.probes.values().filter(|history| !history.verdict.is_ok());
        let bad: Vec<_> = bad.map(|history| history.target.clone()).collect();
        self.probe_all(bad).await;
    }

    async fn probe_all(&mut self, targets: Vec<Target>) {
        let asked = targets.into_iter().filter_map(|target| {
            let prober = self.routes.get(&target.key.host)?.prober()?;
            Some(async move { (prober.probe(&target).await, target) })
        });
        let asked: Vec<_> = asked.collect();
        let mut readings = futures_util::stream::iter(asked).buffer_unordered(AT_ONCE);
        let mut all = Vec::new();
        while let Some(answer) = readings.next().await {
            all.push(answer);
        }
        drop(readings);
        for (reading, target) in all {
            self.world.probed(target, reading);
        }
    }

    /// The probes of a container that could not be asked, each with the reason.
    pub fn not_probed(&self, environment: &EnvironmentId, c: &Container) -> Vec<(ProbeKind, String)> {
        let has_prober = self.routes.get(&c.key.host).is_some_and(|route| route.prober().is_some());
        let why = |target: Result<Target, NoTarget>| match target {
            Err(why) => Some(why.to_string()),
            Ok(_) if has_prober => None,
            Ok(_) => Some("its host takes no probes from here; only this machine and ssh:// do".to_owned()),
        };
        let all = self.world.targets(environment, c).into_iter().filter(|_| c.state == State::Running);
        all.filter_map(|(kind, target)| Some((kind, why(target)?))).collect()
    }

    /// Reads twice what these use, so that the world knows the rates.
    pub async fn measure(&mut self, running: &[ContainerKey]) -> Result<(), Failure> {
        if running.is_empty() {
            return Ok(());
        }
        self.sweep(running).await?;
        tokio::time::sleep(BETWEEN_READINGS).await;
        self.sweep(running).await
    }

    async fn sweep(&mut self, running: &[ContainerKey]) -> Result<(), Failure> {
        let row = |key: &ContainerKey| Ok((key.clone(), self.way(&key.host)?));
        let rows = running.iter().map(row).collect::<Result<_, Failure>>()?;
        for sample in sample::once(rows).await {
            self.world.sampled(sample, now());
        }
        Ok(())
    }
}
