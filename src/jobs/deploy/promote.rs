//! Asks an environment what it runs and ran of a service, for the one that comes after it.

use std::collections::BTreeSet;

use super::begin::{NotBegun, Site};
use crate::deploy::plan::{Refusal, Wish};
use crate::deploy::promote::{Comparison, Had, Judged, Keys, Live, Verdict, Wanted, local};
use crate::deploy::story::is_good;
use crate::domain::container::{Container, State};
use crate::domain::deployment::errand::ERRAND;
use crate::domain::deployment::{Plan, Release};
use crate::domain::ids::{HostId, ImageId, ServiceId};
use crate::ports::engine::EngineError;
use crate::ports::lifecycle::Lifecycle;

/// What is asked for.
pub enum Wanting<'a> {
    /// This.
    Wish(Wish),
    /// What is live of that service there.
    From(&'a Site, &'a ServiceId),
}

impl Site {
    /// What its hosts run and ran of a service. Of hosts that do not answer nothing is known.
    ///
    /// # Errors
    /// A host breaks off.
    pub async fn had(&self, service: &ServiceId) -> Result<Had, NotBegun> {
        let ledger = self.ledger().await?;
        let mut had = Had::default();
        let of_it =
            || ledger.records.iter().filter(|r| r.plan.as_ref().is_some_and(|p| p.of(service).is_some()));
        of_it().for_each(|record| had.told(record, service));
        // What was taken back ran nowhere as it should.
        let bad: BTreeSet<Release> = of_it()
            .filter(|record| !is_good(record))
            .filter_map(|record| Some(record.plan.as_ref()?.of(service)?.release))
            .collect();
        for (host, engine) in &self.hosts.0 {
            let told = self.on(host, &**engine, service, &bad, &mut had).await;
            told.map_err(|error| NotBegun::Engine(host.clone(), error))?;
        }
        Ok(had)
    }

    async fn on(
        &self,
        host: &HostId,
        engine: &dyn Lifecycle,
        service: &ServiceId,
        bad: &BTreeSet<Release>,
        had: &mut Had,
    ) -> Result<(), EngineError> {
        for container in self.replicas(engine, service).await? {
            let release = Release::of(&container);
            let is_up = container.state.is_up();
            if !is_up && (container.state == State::Created || bad.contains(&release)) {
                continue;
            }
            let Some(image) = engine.image(container.image_id.as_str()).await? else {
                tracing::debug!(%host, name = %container.name, "its image is gone");
                continue;
            };
            had.ran(&image.id, &image.digests);
            if is_up {
                had.keys.add(engine.spec(&container.key.id).await?.env());
                let (reference, id) = (container.image.to_string(), image.id);
                had.live.push(Live { release, reference, id, digests: image.digests });
            }
        }
        Ok(())
    }

    /// How what runs of a service is configured.
    ///
    /// # Errors
    /// A host does not answer.
    pub async fn keys(&self, service: &ServiceId) -> Result<Keys, NotBegun> {
        let mut keys = Keys::default();
        for (host, engine) in &self.hosts.0 {
            let lost = |error| NotBegun::Engine(host.clone(), error);
            for container in self.replicas(&**engine, service).await.map_err(lost)? {
                if container.state.is_up() {
                    keys.add(engine.spec(&container.key.id).await.map_err(lost)?.env());
                }
            }
        }
        Ok(keys)
    }

    async fn replicas(
        &self,
        engine: &dyn Lifecycle,
        service: &ServiceId,
    ) -> Result<Vec<Container>, EngineError> {
        let mut all = engine.containers().await?;
        all.retain(|c| c.service == *service && c.project.as_deref() == self.project.as_deref());
        all.retain(|c| !c.labels.contains_key(ERRAND));
        Ok(all)
    }

    /// As [`Site::plan`], with what environments before say to it: the one that it is promoted from, and the one that a
    /// release goes through first.
    ///
    /// # Errors
    /// There is no plan; nothing is live where it is promoted from, or several images are; a host does not answer.
    pub async fn judged(
        &self,
        service: &ServiceId,
        wanting: Wanting<'_>,
        before: Option<&Self>,
    ) -> Result<Judged, NotBegun> {
        let (wish, from) = match wanting {
            Wanting::Wish(wish) => (wish, None),
            Wanting::From(site, of) => {
                let had = site.had(of).await?;
                let (wish, comparison) = self.wish_from(site, &had, of, service).await?;
                (wish, Some((site.environment.clone(), had, comparison)))
            }
        };
        let plan = self.plan(service, &wish).await?;
        let before = before.filter(|_| matches!(wish, Wish::Deploy { .. }));
        let has_run = match (before, &from) {
            (Some(before), None) => before.have_all_run(&plan).await?,
            (None, _) => true,
            (Some(before), Some((environment, had, _))) if before.environment == *environment => {
                had.has_run(&plan)
            }
            (Some(before), _) => before.had(service).await?.has_run(&plan),
        };
        let never_ran = before.filter(|_| !has_run).map(|before| before.environment.clone());
        let from = from.map(|(environment, had, comparison)| (environment, had.release(), comparison));
        Ok(Judged { wish, plan, verdict: Verdict { from, never_ran } })
    }

    /// Each service of the plan ran with its image.
    async fn have_all_run(&self, plan: &Plan) -> Result<bool, NotBegun> {
        for service in plan.service.each() {
            if !self.had(&service).await?.has_run(plan) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is wanted here of what is live there, and how both configure it.
    async fn wish_from(
        &self,
        before: &Self,
        had: &Had,
        of: &ServiceId,
        service: &ServiceId,
    ) -> Result<(Wish, Comparison), NotBegun> {
        let none = |why| NotBegun::Refused(vec![Refusal::NothingLive(why)]);
        let image = match had.wanted(of, &before.environment).map_err(none)? {
            Wanted::Named(image) => image,
            Wanted::Local(name, id) => local(&name, &id, &self.held(&name, service).await?),
        };
        let comparison = Comparison::of(&had.keys, &self.keys(service).await?);
        Ok((Wish::Deploy { image }, comparison))
    }

    /// What each host that runs the service has by that name.
    async fn held(&self, name: &str, service: &ServiceId) -> Result<Vec<Option<ImageId>>, NotBegun> {
        let mut held = Vec::new();
        for (host, engine) in &self.hosts.0 {
            let lost = |error| NotBegun::Engine(host.clone(), error);
            if self.replicas(&**engine, service).await.map_err(lost)?.iter().any(|c| c.state.is_up()) {
                held.push(engine.image(name).await.map_err(lost)?.map(|image| image.id));
            }
        }
        Ok(held)
    }
}
