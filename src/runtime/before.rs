//! The environment that a release goes through before it comes to another one.

use std::sync::Arc;

use super::hosts::Routes;
use super::place;
use crate::deploy::plan::Manner;
use crate::domain::environment::Environment;
use crate::domain::ids::ServiceId;
use crate::domain::ledger::Who;
use crate::jobs::deploy::begin::Site;
use crate::world::World;

/// Those of its hosts that answered, with the service as it is found there: of that Compose project, else of the one it has.
pub fn of(
    (world, routes): (&World, &Routes),
    environment: &Environment,
    service: &ServiceId,
    project: Option<&str>,
    who: Who,
) -> Site {
    let nobody = Arc::new(|_| {});
    let mut site = place::of((world, routes), environment, Some(service), Manner::default(), who, nobody);
    let there = world.containers(environment).into_iter().filter(|c| c.service == *service);
    let projects: Vec<Option<&str>> = there.map(|c| c.project.as_deref()).collect();
    let own = projects.iter().find(|known| **known == project).or(projects.first());
    site.project = own.copied().flatten().map(str::to_owned);
    site
}
