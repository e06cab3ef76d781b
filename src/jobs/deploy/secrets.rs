//! Values of variables that come from a source: had before anything is touched, kept for one deployment, told to nobody.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::act::Fault;
use super::begin::{NotBegun, Site};
use super::{Run, Said};
use crate::deploy::plan::{Refusal, Terms};
use crate::domain::deployment::{Act, Model, Plan, Source, Sourced};
use crate::domain::ids::ServiceId;
use crate::domain::seal::{Keyed, SealKey};
use crate::domain::spec::Spec;

/// A value that is dropped without a trace.
pub type Secret = Zeroizing<String>;

/// Gives values. What went wrong is told without any of them, and without what a command said.
#[async_trait]
pub trait Sources: Send + Sync {
    /// What is there now.
    async fn value(&self, source: &Source) -> Result<Secret, String>;
}

/// There are none.
pub struct NoSources;

#[async_trait]
impl Sources for NoSources {
    async fn value(&self, _: &Source) -> Result<Secret, String> {
        Err("there are no sources here".to_owned())
    }
}

/// Values of a deployment, each had once.
#[derive(Clone)]
pub struct Vault {
    sources: Arc<dyn Sources>,
    known: Arc<Mutex<BTreeMap<(ServiceId, String), Secret>>>,
}

impl Vault {
    /// From these.
    pub fn new(sources: Arc<dyn Sources>) -> Self {
        Self { sources, known: Arc::default() }
    }

    /// The value of a variable.
    async fn value(&self, service: &ServiceId, name: &str, source: &Source) -> Result<Secret, String> {
        let key = (service.clone(), name.to_owned());
        let mut known = self.known.lock().await;
        if let Some(value) = known.get(&key) {
            return Ok(value.clone());
        }
        let told = |why: String| format!("{name} of {service}, from {source}: {why}");
        let value = self.sources.value(source).await.map_err(told)?;
        known.insert(key, value.clone());
        Ok(value)
    }
}

/// All that have their values from sources, where the plan makes containers of their services.
pub(super) fn sourced(terms: &BTreeMap<ServiceId, Terms>, plan: &Plan) -> Vec<Sourced> {
    if !plan.steps.iter().any(|step| matches!(step.act, Act::Create { .. })) {
        return Vec::new();
    }
    let of = |(service, terms): (&ServiceId, &Terms)| {
        let own = terms.sources.iter();
        let own: Vec<_> = own
            .map(|(name, source)| Sourced {
                service: service.clone(),
                name: name.clone(),
                source: source.to_string(),
                hash: None,
            })
            .collect();
        own
    };
    terms.iter().filter(|(service, _)| plan.of(service).is_some()).flat_map(of).collect()
}

fn hash(key: Option<&SealKey>, value: &Secret) -> Option<Keyed> {
    key.map(|key| Keyed { key: key.name(), hash: key.hash(value.as_bytes()) })
}

impl Site {
    /// Has all values of a plan, before anything is touched, and judges them; gives them as the ledger has them.
    pub(super) async fn had_all(&self, plan: &Plan) -> Result<Vec<Sourced>, NotBegun> {
        let (mut all, mut refusals) = (plan.secrets.clone(), Vec::new());
        let key = self.models.key();
        for one in &mut all {
            let Some(terms) = self.terms.get(&one.service) else { continue };
            let Some(source) = terms.sources.get(&one.name) else { continue };
            match self.vault.value(&one.service, &one.name, source).await {
                Ok(value) => {
                    let variables = BTreeMap::from([(one.name.clone(), value.to_string())]);
                    let broken = terms.rules.broken(&variables).into_iter();
                    refusals.extend(broken.filter(|broken| broken.key == one.name).map(Refusal::Rule));
                    one.hash = hash(key.as_ref(), &value);
                }
                Err(why) => refusals.push(Refusal::Secret(why)),
            }
        }
        if refusals.is_empty() { Ok(all) } else { Err(NotBegun::Refused(refusals)) }
    }
}

impl Run {
    /// With the values of its variables that come from sources. Where another goes on with a deployment they are had again.
    pub(super) async fn with_values(&self, spec: Spec, model: &Model) -> Result<Spec, Fault> {
        let service = self.service_of(&spec, model);
        let Some(terms) = self.terms.get(&service) else { return Ok(spec) };
        let mut env = spec.env();
        for (name, source) in &terms.sources {
            let value = self.vault.value(&service, name, source).await.map_err(Fault::Never)?;
            let begun = self.plan.secrets.iter().find(|one| one.service == service && one.name == *name);
            let begun = begun.and_then(|one| one.hash.as_ref());
            let now = hash(self.models.key().as_ref(), &value);
            let is_other = begun.zip(now.as_ref()).is_some_and(|(a, b)| a.key == b.key && a.hash != b.hash);
            if is_other {
                let why = format!("{name} of {service} has another value now than when this was begun");
                (self.say)(Said::Trouble(why));
            }
            env.insert(name.clone(), Some(value.to_string()));
        }
        Ok(spec.with_env(&env))
    }
}
