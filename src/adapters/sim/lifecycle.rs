//! [`Lifecycle`] over a simulation.

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::SimEngine;
use super::answers::{found, unknown};
use super::faults::Call;
use super::fleet::Refusal;
use super::{images, inspect};
use crate::domain::act::ContainerAct;
use crate::domain::container::{Container, Detail};
use crate::domain::ids::ContainerId;
use crate::domain::image::Image;
use crate::domain::registry::{Login, Pull, Resolved};
use crate::domain::spec::{Endpoint, RestartPolicy, Spec};
use crate::ports::engine::EngineError;
use crate::ports::lifecycle::{By, Lifecycle};

fn refused(what: String) -> impl FnOnce(Refusal) -> EngineError {
    move |refusal| EngineError::Refused { what, status: refusal.status, message: refusal.message }
}

#[async_trait]
impl Lifecycle for SimEngine {
    async fn containers(&self) -> Result<Vec<Container>, EngineError> {
        self.pass(Call::Containers).await?;
        Ok(self.simulation.list(&self.host).into_iter().map(|(container, _)| container).collect())
    }

    async fn container(&self, by: By<'_>) -> Result<Option<Container>, EngineError> {
        Ok(Lifecycle::containers(self).await?.into_iter().find(|container| by.is(container)))
    }

    async fn detail(&self, id: &ContainerId) -> Result<Detail, EngineError> {
        self.pass(Call::Detail).await?;
        self.simulation.detail(&self.host, id)
    }

    async fn act(&self, id: &ContainerId, act: ContainerAct) -> Result<(), EngineError> {
        self.pass(Call::Act).await?;
        let what = format!("{} {}", act.verb(), id.short());
        let begun = {
            let mut fleet = self.simulation.fleet();
            let number = fleet.find(&self.host, id.as_str());
            let number = number.ok_or_else(|| unknown(&what, id.as_str()))?;
            fleet.act(number, act)
        };
        self.simulation.wake();
        let done_at = begun.map_err(refused(what))?;
        if let Some(at) = done_at {
            self.simulation.clock.until(at).await;
        }
        self.simulation.wake();
        Ok(())
    }

    async fn spec(&self, id: &ContainerId) -> Result<Spec, EngineError> {
        self.pass(Call::Spec).await?;
        let what = format!("read what {} is made from", id.short());
        let fleet = self.simulation.fleet();
        let it = found(&fleet, &self.host, id.as_str(), &what)?;
        let whole = inspect::inspect(it.container, it.spec, it.kind, &|at| self.simulation.clock.wall(at));
        Spec::of_running(&whole, None).map_err(|cause| EngineError::Broken { what, cause })
    }

    async fn create(&self, name: &str, spec: &Spec) -> Result<ContainerId, EngineError> {
        self.pass(Call::Create).await?;
        let made = self.simulation.fleet().make(&self.host, name, spec);
        self.simulation.wake();
        made.map_err(refused(format!("create {name}")))
    }

    async fn discard(&self, id: &ContainerId) -> Result<(), EngineError> {
        self.pass(Call::Discard).await?;
        let done = self.simulation.fleet().discard(&self.host, id);
        self.simulation.wake();
        done.map_err(refused(format!("remove {}", id.short())))
    }

    async fn set_restart(&self, id: &ContainerId, policy: &RestartPolicy) -> Result<(), EngineError> {
        self.pass(Call::Update).await?;
        let what = format!("set when {} is started again", id.short());
        let mut fleet = self.simulation.fleet();
        let container = fleet.named(&self.host, id).ok_or_else(|| unknown(&what, id.as_str()))?;
        container.restart = policy.clone();
        Ok(())
    }

    async fn rejoin(&self, id: &ContainerId, endpoints: &[Endpoint]) -> Result<(), EngineError> {
        self.pass(Call::Update).await?;
        let now = self.spec(id).await?;
        let mut all = now.networks();
        for endpoint in endpoints {
            all.retain(|other| other.network != endpoint.network);
            all.push(endpoint.clone());
        }
        let what = format!("let {} join its networks again", id.short());
        let mut fleet = self.simulation.fleet();
        fleet.has_networks(&self.host, endpoints).map_err(refused(what.clone()))?;
        let container = fleet.named(&self.host, id).ok_or_else(|| unknown(&what, id.as_str()))?;
        container.made = Some(now.with_endpoints(&all));
        Ok(())
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        self.pass(Call::Image).await?;
        Ok(self.simulation.fleet().image(&self.host, reference))
    }

    async fn resolve(&self, reference: &str, _login: Option<&Login>) -> Result<Resolved, EngineError> {
        self.pass(Call::Registry).await?;
        let what = format!("ask for {reference}");
        self.simulation.fleet().resolve(reference).map_err(refused(what))
    }

    async fn pull(
        &self,
        reference: &str,
        _login: Option<&Login>,
    ) -> Result<BoxStream<'static, Result<Pull, EngineError>>, EngineError> {
        self.pass(Call::Registry).await?;
        let what = format!("pull {reference}");
        let pull = images::pull(&self.simulation, &self.host, reference).map_err(refused(what.clone()))?;
        Ok(self.faults.cut(Call::Registry, &what, pull))
    }
}
