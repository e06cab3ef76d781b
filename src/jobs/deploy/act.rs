//! One step of a deployment on its host. Done twice it does nothing more; what it did is read back.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Run;
use super::lock::{self, Held, Lost};
use crate::compose::drift::NUMBER;
use crate::domain::act::ContainerAct;
use crate::domain::container::{Container, State};
use crate::domain::deployment::errand::{ERRAND, Errand, ONE_OFF};
use crate::domain::deployment::{Act, DEPLOYMENT, ENVIRONMENT, Model, RELEASE, Replica, SERVICE, Step};
use crate::domain::ids::{HostId, ImageId, ServiceId};
use crate::domain::registry::shortened;
use crate::domain::spec::{Endpoint, RestartPolicy, Spec};
use crate::ports::engine::EngineError;
use crate::ports::lifecycle::{By, Lifecycle};

/// What an engine gives a container to end by itself, where nothing else is set; and what it needs to end it then.
const STOP_GRACE: Duration = Duration::from_secs(10);
const STOP_MARGIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Compose names the service of a container.
const COMPOSE_SERVICE: &str = "com.docker.compose.service";

/// Why a step was not done.
pub(super) enum Fault {
    /// It cannot be done; why.
    Never(String),
    /// Nobody knows whether it was done.
    Unheard(EngineError),
    /// The lock is somebody else's.
    Locked(Box<Held>),
}

impl Fault {
    /// A refusal is one; whatever else came back says nothing of what was done.
    pub(super) fn of(error: EngineError) -> Self {
        match error {
            EngineError::Refused { .. } => Self::Never(error.to_string()),
            other => Self::Unheard(other),
        }
    }
}

impl Run {
    pub(super) async fn act(&self, step: &Step) -> Result<(), Fault> {
        let host = &step.host;
        if !matches!(step.act, Act::Gate(_)) {
            self.look(host).await?;
        }
        match &step.act {
            Act::Pull { image } => self.fetch(step, image).await,
            Act::Create { replica, like, image, image_id, errand } => {
                self.create(host, replica, like, image, image_id.as_ref(), errand.as_deref()).await
            }
            Act::Run(replica, errand) => self.errand(step, replica, errand).await,
            Act::Start(replica) => {
                let id = self.there(host, replica).await?.key.id;
                self.sure(host).await?;
                self.host(host)?.act(&id, ContainerAct::Start).await.map_err(Fault::of)?;
                let is_begun = |c: &Container| c.state != State::Created;
                self.read_back(host, replica, "it was started and is not", is_begun).await
            }
            Act::Gate(replica) => self.gate(step, replica).await,
            Act::Join(replica) => {
                let id = self.there(host, replica).await?.key.id;
                self.sure(host).await?;
                self.host(host)?.rejoin(&id, &replica.found_as).await.map_err(Fault::of)
            }
            Act::Retire(replica) => self.retire(host, replica).await,
            Act::Revive(replica) => self.revive(host, replica).await,
            Act::Discard(replica) => self.discard(host, replica).await,
            Act::House { proxy, like, slot, servers } => self.house(host, proxy, like, *slot, servers).await,
            Act::Passes(replica) => self.passes(host, replica).await,
            Act::Attach(replica, slot) => self.attach(host, replica, *slot).await,
            Act::Detach(replica, slot) => self.detach(step, replica, *slot).await,
            Act::Split { to, .. } => self.split(host, *to).await,
            Act::Hold(hold) => self.hold(step, *hold).await,
        }
    }

    async fn create(
        &self,
        host: &HostId,
        replica: &Replica,
        like: &Model,
        image: &str,
        image_id: Option<&ImageId>,
        errand: Option<&Errand>,
    ) -> Result<(), Fault> {
        let held = self.host(host)?.image(image).await.map_err(Fault::of)?.map(|held| held.id);
        // What had to be pulled is there by now.
        let Some(image_id) = image_id.or(held.as_ref()) else {
            return Err(Fault::Never(format!("{} is not there, although it was pulled", shortened(image))));
        };
        if self.find(host, replica).await?.is_none() {
            let spec = self.model(host, replica, like).await?;
            let spec = self.with_values(spec, like).await?;
            let mut labels = self.labels(&spec, like);
            if spec.labels().contains_key(NUMBER)
                && let Some((_, number)) = replica.name.rsplit_once('-')
            {
                labels.insert(NUMBER.to_owned(), number.to_owned());
            }
            // The one it is made like may have been retired. A tag may have moved since this was planned.
            let by = if held.as_ref() == Some(image_id) { image } else { image_id.as_str() };
            let spec = spec.with_image(by).with_restart(&replica.restart);
            let spec = match errand {
                Some(errand) => {
                    labels.remove(NUMBER);
                    labels.insert(ONE_OFF.to_owned(), "True".to_owned());
                    labels.insert(ERRAND.to_owned(), errand.kind.word().to_owned());
                    spec.once(&errand.command)
                }
                None if self.plan.front.is_some() => self.behind(host, &spec).await?,
                None if replica.found_as.is_empty() => spec,
                None => spec.without_aliases(),
            };
            let spec = spec.with_labels(&labels);
            self.sure(host).await?;
            let made = self.host(host)?.create(&replica.name, &spec).await;
            if let Err(error) = made
                // Its name is taken: by itself, where the answer to a try before was lost.
                && !matches!(error, EngineError::Refused { status: 409, .. })
            {
                return Err(Fault::of(error));
            }
        }
        let made = self.there(host, replica).await?;
        if self.care.read_back && made.image_id != *image_id {
            let (is, meant) = (made.image_id, image_id);
            return Err(Fault::Never(format!(
                "{image} is {is} there now and was {meant} when this was planned"
            )));
        }
        Ok(())
    }

    /// First the engine shall not start it again, then it stops.
    async fn retire(&self, host: &HostId, replica: &Replica) -> Result<(), Fault> {
        let Some(found) = self.find(host, replica).await? else { return Ok(()) };
        let (engine, id) = (self.host(host)?, &found.key.id);
        let never = RestartPolicy { name: "no".to_owned(), most: 0 };
        self.sure(host).await?;
        engine.set_restart(id, &never).await.map_err(Fault::of)?;
        self.sure(host).await?;
        engine.act(id, ContainerAct::Stop).await.map_err(Fault::of)?;
        if !self.care.read_back {
            return Ok(());
        }
        match self.find(host, replica).await? {
            Some(still) if still.state.is_up() => {
                Err(Fault::Never("it was stopped and still runs".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Starting what is still being stopped does nothing, and then it stops: the engine goes on with it although whoever
    /// told it to is gone.
    async fn settled(&self, host: &HostId, replica: &Replica) -> Result<Container, Fault> {
        let mut found = self.there(host, replica).await?;
        let may_be_stopping = self.progress.may_be_stopping(&self.plan, host, replica);
        if self.care.settles && found.state.is_up() && may_be_stopping {
            let spec = self.host(host)?.spec(&found.key.id).await.map_err(Fault::of)?;
            let end = Instant::now() + spec.stop_grace().unwrap_or(STOP_GRACE) + STOP_MARGIN;
            while found.state.is_up() && Instant::now() < end {
                sleep(LOOK_EVERY).await;
                found = self.there(host, replica).await?;
            }
        }
        Ok(found)
    }

    async fn revive(&self, host: &HostId, replica: &Replica) -> Result<(), Fault> {
        let found = self.settled(host, replica).await?;
        let (engine, id) = (self.host(host)?, &found.key.id);
        if !found.state.is_up() && !replica.found_as.is_empty() {
            let apart: Vec<Endpoint> =
                replica.found_as.iter().map(|e| Endpoint { aliases: Vec::new(), ..e.clone() }).collect();
            self.sure(host).await?;
            engine.rejoin(id, &apart).await.map_err(Fault::of)?;
        }
        self.sure(host).await?;
        engine.set_restart(id, &replica.restart).await.map_err(Fault::of)?;
        self.sure(host).await?;
        engine.act(id, ContainerAct::Start).await.map_err(Fault::of)?;
        let is_up = |c: &Container| c.state != State::Created;
        self.read_back(host, replica, "it was started and is not", is_up).await
    }

    async fn discard(&self, host: &HostId, replica: &Replica) -> Result<(), Fault> {
        let Some(found) = self.find(host, replica).await? else { return Ok(()) };
        if found.state.is_up() {
            return Err(Fault::Never("it runs; only what was stopped is removed".to_owned()));
        }
        self.sure(host).await?;
        self.host(host)?.discard(&found.key.id).await.map_err(Fault::of)?;
        if self.care.read_back && self.find(host, replica).await?.is_some() {
            return Err(Fault::Never("it was removed and is still there".to_owned()));
        }
        Ok(())
    }

    pub(super) fn host(&self, host: &HostId) -> Result<&dyn Lifecycle, Fault> {
        self.hosts.get(host).ok_or_else(|| {
            let (address, cause) = (host.to_string(), "it is not among the hosts that answer".to_owned());
            Fault::Unheard(EngineError::Unreachable { address, cause, mend: None })
        })
    }

    /// The container of a replica, if it is there. One of that name that the deployment did not make is none.
    pub(super) async fn find(&self, host: &HostId, replica: &Replica) -> Result<Option<Container>, Fault> {
        let by = replica.id.as_ref().map_or(By::Name(&replica.name), By::Id);
        let Some(found) = self.host(host)?.container(by).await.map_err(Fault::of)? else { return Ok(None) };
        if replica.id.is_some()
            || found.labels.get(DEPLOYMENT).map(String::as_str) == Some(self.entry.begun.id.as_str())
        {
            return Ok(Some(found));
        }
        Err(Fault::Never(format!("a container {} is there that this deployment did not make", replica.name)))
    }

    pub(super) async fn there(&self, host: &HostId, replica: &Replica) -> Result<Container, Fault> {
        let gone = || Fault::Never(format!("{} is not there any more", replica.name));
        self.find(host, replica).await?.ok_or_else(gone)
    }

    async fn read_back(
        &self,
        host: &HostId,
        replica: &Replica,
        otherwise: &str,
        is_so: impl Fn(&Container) -> bool + Send,
    ) -> Result<(), Fault> {
        if !self.care.read_back || is_so(&self.there(host, replica).await?) {
            return Ok(());
        }
        Err(Fault::Never(otherwise.to_owned()))
    }

    /// The lock is ours.
    pub(super) async fn look(&self, host: &HostId) -> Result<(), Fault> {
        if !self.care.fence {
            return Ok(());
        }
        lock::look(self, host).await.map_err(|lost| match lost {
            Lost::Held(held) => Fault::Locked(Box::new(held)),
            Lost::Unheard(error) => Fault::Unheard(error),
        })
    }

    /// As above, where the last answer is not from just now: right before anything is changed.
    pub(super) async fn sure(&self, host: &HostId) -> Result<(), Fault> {
        while self.care.fence && !self.locks.is_fresh(host) {
            self.look(host).await?;
        }
        Ok(())
    }

    /// Of which service it is, where the plan is of several.
    pub(super) fn service_of(&self, spec: &Spec, model: &Model) -> ServiceId {
        if let Model::Written(written) = model {
            return written.service.clone();
        }
        let own = spec.labels();
        let named = [COMPOSE_SERVICE, SERVICE].iter().find_map(|name| own.get(*name));
        let named =
            named.map(|name| ServiceId::new(name.as_str())).filter(|name| self.plan.of(name).is_some());
        named.unwrap_or_else(|| self.plan.service.clone())
    }

    /// Of a set each has the name of its own service.
    fn labels(&self, spec: &Spec, model: &Model) -> BTreeMap<String, String> {
        let Run { environment, plan, entry, .. } = self;
        let service = self.service_of(spec, model);
        let release = plan.of(&service).map_or(plan.release, |part| part.release);
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        BTreeMap::from([
            label(ENVIRONMENT, environment.as_str()),
            label(SERVICE, service.as_str()),
            label(RELEASE, &release.to_string()),
            label(DEPLOYMENT, entry.begun.id.as_str()),
        ])
    }
}
