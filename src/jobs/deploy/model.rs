//! What new replicas are made from: another container, or what files say, read again where they are made.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Run;
use super::act::Fault;
use super::scene::traits;
use crate::compose::drift::differences;
use crate::compose::{Condition, Service};
use crate::deploy::plan::set::Needs;
use crate::deploy::plan::{Meant, Terms};
use crate::domain::deployment::{Model, Replica, Written};
use crate::domain::ids::{HostId, ServiceId};
use crate::domain::seal::{Seal, SealKey};
use crate::domain::spec::Spec;

/// Labels by which Compose knows whether a container is as its files say.
const COMPOSE_KNOWS: [&str; 2] = ["com.docker.compose.config-hash", "com.docker.compose.version"];

/// Knows what files say of services. They are read anew each time.
pub trait Models: Send + Sync {
    /// What they say; `None` where no files are configured, or where they do not name it. The error is in words.
    fn said(&self, service: &ServiceId) -> Result<Option<Said>, String>;
    /// The key that hides values in hashes, where one can be kept.
    fn key(&self) -> Option<SealKey>;
    /// Whether the value of that name is hidden.
    fn hides(&self, name: &str) -> bool;
}

/// What files say of a service.
pub struct Said {
    /// Their Compose project.
    pub project: String,
    /// The service.
    pub service: Service,
}

/// No files are configured.
pub struct NoFiles;

impl Models for NoFiles {
    fn said(&self, _: &ServiceId) -> Result<Option<Said>, String> {
        Ok(None)
    }

    fn key(&self) -> Option<SealKey> {
        None
    }

    fn hides(&self, name: &str) -> bool {
        crate::domain::secret::hides(name)
    }
}

/// How services of a set need each other.
#[derive(Default)]
pub(super) struct Needed {
    /// What each needs first.
    pub(super) needs: Needs,
    /// Those that others wait for until they ended.
    pub(super) jobs: BTreeSet<ServiceId>,
}

/// As files say, among these; of one alone it does not matter.
pub(super) fn needed(models: &Arc<dyn Models>, services: &[ServiceId]) -> Result<Needed, String> {
    let mut needed = Needed::default();
    for service in services.iter().filter(|_| services.len() > 1) {
        let Some(said) = models.said(service)? else { continue };
        for (on, condition) in said.service.depends_on {
            let on = ServiceId::new(on);
            if condition == Condition::Completed && services.contains(&on) {
                needed.jobs.insert(on.clone());
            }
            needed.needs.entry(service.clone()).or_default().insert(on);
        }
    }
    Ok(needed)
}

/// What is meant of a service, where files say so of this project. Of one that runs: what it is made from, and whether it
/// listens.
pub(super) fn meant(
    models: &Arc<dyn Models>,
    service: &ServiceId,
    project: Option<&str>,
    terms: &Terms,
    live: Option<(&Spec, (bool, bool))>,
) -> Result<Option<Meant>, String> {
    let Some(said) = models.said(service)?.filter(|said| project == Some(said.project.as_str())) else {
        return Ok(None);
    };
    let base = &said.service.base;
    let seal = Seal::of(base, models.key().as_ref());
    let hides = |name: &str| models.hides(name);
    // What its image listens on and is checked by nobody knows here; it does as the one before does.
    let (listens, has_check) = live.map(|(_, seen)| seen).unwrap_or_default();
    let seen = (listens || !base.exposed().is_empty(), has_check);
    let differences = live.map(|(live, _)| differences(&said.service, live, &hides)).unwrap_or_default();
    Ok(Some(Meant {
        written: Written { project: said.project, service: service.clone(), seal, over: None },
        replicas: said.service.replicas as usize,
        is_job: false,
        traits: traits(base, &base.labels(), seen, terms),
        differences: differences
            .into_iter()
            .filter(|one| one.key != "Image" && !terms.gives(&one.key))
            .collect(),
    }))
}

/// Compose knows by a hash of its own whether a container is as its files say. It stays while they say the same: then it
/// leaves the new one alone where it would have left the old one.
fn as_compose_knows(service: &Service, old: &Spec, spec: Spec) -> Spec {
    let is_same = differences(service, old, &|_| false).iter().all(|one| one.key == "Image");
    let known =
        COMPOSE_KNOWS.iter().filter_map(|name| Some(((*name).to_owned(), old.labels().remove(*name)?)));
    if is_same { spec.with_labels(&known.collect()) } else { spec }
}

impl Run {
    /// What a replica is made from, but for its image.
    pub(super) async fn model(&self, host: &HostId, replica: &Replica, model: &Model) -> Result<Spec, Fault> {
        let written = match model {
            Model::Like(key) => return self.host(&key.host)?.spec(&key.id).await.map_err(Fault::of),
            Model::Written(written) => written,
        };
        let number = replica.name.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(1);
        let service = self.again(written).map_err(Fault::Never)?;
        let spec = service.spec(number);
        let Some(over) = &written.over else { return Ok(spec) };
        match self.host(host)?.spec(&over.id).await {
            Ok(old) => Ok(as_compose_knows(&service, &old, spec.with_unnamed_volumes_of(&old))),
            // Its volumes went with it.
            Err(error) if error.is_gone() => Ok(spec),
            Err(error) => Err(Fault::of(error)),
        }
    }

    /// What the files say now, if it is what they said when it was planned.
    fn again(&self, written: &Written) -> Result<Service, String> {
        let service = &written.service;
        let said = self.models.said(service)?;
        let Some(said) = said.filter(|said| said.project == written.project) else {
            return Err(format!(
                "no Compose files that say what {service} of project {} is are configured here",
                written.project
            ));
        };
        if written.seal.holds(&said.service.base, self.models.key().as_ref()) {
            return Ok(said.service);
        }
        Err(format!(
            "the Compose files, or variables that they use, say something else of {service} now than when this was \
             planned; put them back, or plan anew"
        ))
    }
}
