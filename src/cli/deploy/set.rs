//! What a deployment is about: one service, or several that go together.

use super::{Subject, place, service_of};
use crate::cli::failure::Failure;
use crate::cli::site::{Site, Where};
use crate::cli::target::Target;
use crate::deploy::plan::Wish;
use crate::domain::ids::ServiceId;

/// The service or set that a target means: `web`, `web+worker`, or the name of a set of the configuration.
pub(super) async fn of(
    site: &mut Site,
    at: &Where,
    target: &Target,
    wish: &Wish,
) -> Result<Subject, Failure> {
    let names: Vec<String> = match site.config.sets.get(&target.name) {
        Some(set) => set.services.clone(),
        None => ServiceId::new(target.name.as_str()).each().iter().map(ToString::to_string).collect(),
    };
    let mut all: Vec<Subject> = Vec::new();
    for name in names {
        let one = Target { name, ..target.clone() };
        let found = match service_of(site, at, &one).await {
            Ok(found) => found,
            Err(failure) => {
                let is_deploy = matches!(wish, Wish::Deploy { .. });
                place::written(site, &one, at)?.filter(|_| is_deploy).ok_or(failure)?
            }
        };
        if let Some((_, service, _)) = all.iter().find(|(_, _, project)| *project != found.2) {
            let other = &found.1;
            return Err(Failure::Failed(format!(
                "{service} and {other} are of several Compose projects: only what is of one goes together"
            )));
        }
        if all.iter().all(|(_, service, _)| *service != found.1) {
            all.push(found);
        }
    }
    let services: Vec<_> = all.iter().map(|(_, service, _)| service.clone()).collect();
    match all.into_iter().next() {
        Some((environment, _, project)) => Ok((environment, ServiceId::set(&services), project)),
        None => Err(Failure::Usage(format!("`{}` names no service", target.name))),
    }
}
