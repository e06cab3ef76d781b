//! What the configuration says of how services are deployed, with the files of names that it points at.

use std::path::Path;

use super::compose;
use crate::config::schema::Config;
use crate::config::services;
use crate::deploy::plan::{AllTerms, InEnvironment, Terms};
use crate::deploy::rules::Broken;
use crate::domain::environment::Environment;

/// For each environment, every service that the configuration names. In `state` the key lies that hides values in hashes.
pub fn all(config: &Config, environments: &[Environment], state: Option<&Path>) -> AllTerms {
    let of = |environment: &Environment| {
        let own = config.environments.get(environment.id.as_str());
        let names = config.services.keys().chain(own.into_iter().flat_map(|e| e.services.keys()));
        let services = names.map(|name| (name.clone(), of_service(config, environment, name))).collect();
        let (compose, hidden) = (own.and_then(|own| own.compose.clone()), config.masks.keys.clone());
        let key = state.map(|state| state.join("seal.key"));
        (environment.id.clone(), InEnvironment { services, compose, hidden, key })
    };
    environments.iter().map(of).collect()
}

fn of_service(config: &Config, environment: &Environment, service: &str) -> Terms {
    let of = config.service(environment.id.as_str(), service);
    let mut rules = services::rules(&of.env, environment.class);
    if let Some(path) = &of.env.example {
        match compose::names(path) {
            Ok(names) => rules.required.extend(names),
            // What cannot be judged is not deployed.
            Err(problems) => rules.faults.extend(
                problems
                    .into_iter()
                    .map(|p| Broken { key: format!("names in {}", p.origin), rule: p.message }),
            ),
        }
    }
    let (errands, guards) = (services::errands(&of.deploy), services::guards(&of.guards));
    let (may_be_early, replicas) = (of.deploy.early_traffic, of.deploy.replicas.map(usize::from));
    let sources = of.env.from.iter().map(|(name, from)| (name.clone(), services::source(from))).collect();
    let traffic = services::traffic(&of.traffic);
    Terms { rules, errands, may_be_early, guards, replicas, sources, traffic }
}
