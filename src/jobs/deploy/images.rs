//! Images of a deployment: what a registry has behind a name, and how a host gets it.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::act::Fault;
use super::{Hosts, Run, Said};
use crate::deploy::plan::images::{Registry, is_told_by_hosts};
use crate::deploy::plan::{Known, Manner, Stage};
use crate::domain::deployment::Step;
use crate::domain::ids::HostId;
use crate::domain::registry::{Fetching, Login, named_at};
use crate::ports::engine::EngineError;
use crate::ports::lifecycle::Lifecycle;

/// Between two words about how far a pull is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Knows who asks a registry. Asked anew each time: whoever goes on with a deployment may be somebody else.
#[async_trait]
pub trait Logins: Send + Sync {
    /// Who asks for that image; `None` where nobody is logged in there. The error is in words, without any secret.
    async fn login(&self, reference: &str) -> Result<Option<Login>, String>;
}

/// Nobody is logged in anywhere.
pub struct NoLogins;

#[async_trait]
impl Logins for NoLogins {
    async fn login(&self, _: &str) -> Result<Option<Login>, String> {
        Ok(None)
    }
}

/// An image of a host by that name, told as `reference`.
pub(super) async fn known(
    engine: &dyn Lifecycle,
    by: &str,
    reference: &str,
) -> Result<Option<Known>, EngineError> {
    Ok(engine.image(by).await?.map(|image| Known {
        reference: reference.to_owned(),
        is_from_registry: !image.digests.is_empty(),
        id: image.id,
        architecture: image.architecture,
    }))
}

/// Asks the registry of an image, once, through the first host that it is deployed to, unless what the hosts have tells
/// enough. Who has the very image already is written down in the stages.
pub(super) async fn ask(
    hosts: &Hosts,
    stages: &mut [Stage],
    image: &str,
    manner: Manner,
    logins: &dyn Logins,
) -> Result<Registry, (HostId, EngineError)> {
    let runs = |stage: &Stage| stage.replicas.iter().any(|replica| replica.is_up);
    // Where it runs nowhere yet it may be deployed to all.
    let is_first = !stages.iter().any(runs);
    let is_live = |stage: &&Stage| is_first || runs(stage);
    if is_told_by_hosts(image, stages.iter().filter(is_live), manner.is_local) {
        return Ok(Registry::NotAsked);
    }
    let Some((host, engine)) =
        stages.iter().find(is_live).and_then(|stage| Some((stage.host.clone(), hosts.get(&stage.host)?)))
    else {
        return Ok(Registry::NotAsked);
    };
    let login = match logins.login(image).await {
        Ok(login) => login,
        Err(why) => return Ok(Registry::Failed(format!("no credentials for {image}: {why}"))),
    };
    let resolved = match engine.resolve(image, login.as_ref()).await {
        Ok(resolved) => resolved,
        Err(error @ EngineError::Unreachable { .. }) => return Err((host, error)),
        Err(error) => return Ok(Registry::Failed(format!("{host}: {error}"))),
    };
    let reference = named_at(image, &resolved.digest);
    for stage in stages {
        let Some(engine) = hosts.get(&stage.host) else { continue };
        let held = known(engine, &reference, &reference).await;
        stage.images.extend(held.map_err(|error| (stage.host.clone(), error))?);
    }
    Ok(Registry::Has(resolved))
}

impl Run {
    /// Has a host pull an image, and tells how far it is. What is there already is not pulled again.
    pub(super) async fn fetch(&self, step: &Step, image: &str) -> Result<(), Fault> {
        let engine = self.host(&step.host)?;
        if engine.image(image).await.map_err(Fault::of)?.is_some() {
            return Ok(());
        }
        let login = self.logins.login(image).await;
        let login = login.map_err(|why| Fault::Never(format!("no credentials for {image}: {why}")))?;
        self.sure(&step.host).await?;
        let mut told = engine.pull(image, login.as_ref()).await.map_err(Fault::of)?;
        let (mut fetching, mut last) = (Fetching::default(), Instant::now());
        while let Some(pull) = told.next().await {
            fetching.take(pull.map_err(Fault::of)?);
            if last.elapsed() >= TOLD_EVERY {
                last = Instant::now();
                (self.say)(Said::Waits(step.clone(), fetching.to_string()));
            }
        }
        if self.care.read_back && engine.image(image).await.map_err(Fault::of)?.is_none() {
            return Err(Fault::Never("it was pulled and is not there".to_owned()));
        }
        Ok(())
    }
}
