//! Where what runs is not what the files say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Project, Service};
use crate::domain::spec::{Difference, Spec};

/// Bookkeeping of whoever made the container.
const BOOKKEEPING: [&str; 2] = ["label com.docker.compose.", "label pilothouse."];
/// The number of a container, as Compose has it.
pub const NUMBER: &str = "com.docker.compose.container-number";

/// A container that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// What it was made from.
    pub spec: Spec,
}

/// One thing that is not as the files say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Drift {
    /// A container was made otherwise: `here` is what the files say, `there` what runs.
    Key {
        /// Its service.
        service: String,
        /// Its name.
        container: String,
        /// In what.
        difference: Difference,
    },
    /// Not as many run as the files say.
    Count {
        /// Of which service.
        service: String,
        /// So many are said.
        said: u32,
        /// So many run.
        run: u32,
    },
    /// Something runs that the files do not name.
    Unnamed {
        /// Which service.
        service: String,
    },
}

impl Drift {
    /// Of which service.
    pub fn service(&self) -> &str {
        match self {
            Self::Key { service, .. } | Self::Count { service, .. } | Self::Unnamed { service } => service,
        }
    }
}

impl Project {
    /// All of it, by service. Values of names that `hides` are hidden. `only` one service, or all.
    pub fn drift(
        &self,
        profiles: &BTreeSet<String>,
        running: &[Running],
        only: Option<&str>,
        hides: &dyn Fn(&str) -> bool,
    ) -> Vec<Drift> {
        let mut drift = Vec::new();
        let mut by_service: BTreeMap<&str, Vec<&Running>> = BTreeMap::new();
        for one in running {
            by_service.entry(&one.service).or_default().push(one);
        }
        let is_meant = |service: &str| only.is_none_or(|only| only == service);
        for (name, service) in self.services.iter().filter(|(name, _)| is_meant(name)) {
            let run = by_service.remove(name.as_str()).unwrap_or_default();
            let is_wanted = service.is_in(profiles);
            if (is_wanted && run.len() != service.replicas as usize)
                || (run.len() > service.replicas as usize)
            {
                let (service, said, run) = (name.clone(), service.replicas, run.len() as u32);
                drift.push(Drift::Count { service, said, run });
            }
            for one in run {
                let differences = differences(service, &one.spec, hides);
                drift.extend(differences.into_iter().map(|difference| Drift::Key {
                    service: name.clone(),
                    container: one.name.clone(),
                    difference,
                }));
            }
        }
        let unnamed = by_service.into_keys().filter(|service| is_meant(service));
        drift.extend(unnamed.map(|service| Drift::Unnamed { service: service.to_owned() }));
        drift
    }
}

/// Where a container was made otherwise than its files say: `here` is what they say, `there` what runs.
pub fn differences(service: &Service, runs: &Spec, hides: &dyn Fn(&str) -> bool) -> Vec<Difference> {
    let said = service.spec(number(runs));
    let all = said.differences_hiding(runs, hides).into_iter();
    all.filter(|difference| !is_bookkeeping(difference, &said, runs)).collect()
}

fn number(spec: &Spec) -> u32 {
    spec.labels().get(NUMBER).and_then(|number| number.parse().ok()).unwrap_or(1)
}

fn is_bookkeeping(difference: &Difference, said: &Spec, runs: &Spec) -> bool {
    BOOKKEEPING.iter().any(|begin| difference.key.starts_with(begin)) || is_made_up(difference, said, runs)
}

/// The engine named a volume that the files do not name.
fn is_made_up(difference: &Difference, said: &Spec, runs: &Spec) -> bool {
    let Some(target) = difference.key.strip_prefix("mount ") else { return false };
    let is_anonymous = |spec: &Spec| spec.mounts().iter().any(|m| m.target == target && m.is_anonymous());
    is_anonymous(said) && is_anonymous(runs)
}
