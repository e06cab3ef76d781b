//! What is there of a service, asked of its hosts: what a plan is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};

use super::Hosts;
use super::images::{self, Logins, known};
use super::model::{self, Models};
use crate::deploy::plan::images::Registry;
use crate::deploy::plan::routing::{Ports, routed_by};
use crate::deploy::plan::traffic::FRONT_NETWORK;
use crate::deploy::plan::{Manner, Scene, Stage, Standing, Terms, Traits, Wish};
use crate::deploy::progress::Progress;
use crate::domain::container::{Container, Health};
use crate::domain::deployment::Release;
use crate::domain::deployment::errand::ERRAND;
use crate::domain::ids::{HostId, ServiceId};
use crate::domain::ledger::Record;
use crate::domain::ledger::union::Ledger;
use crate::domain::spec::{Endpoint, MountKind, Published, RestartPolicy, Spec};
use crate::ports::engine::EngineError;
use crate::ports::lifecycle::Lifecycle;

/// Which service.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// Its name.
    pub service: &'a ServiceId,
    /// Its Compose project, where it is of one.
    pub project: Option<&'a str>,
    /// What the configuration says of it.
    pub terms: &'a Terms,
}

/// Why nobody knows what is there, or what is meant.
#[derive(Debug)]
pub enum Unseen {
    /// A host did not answer.
    Host(HostId, EngineError),
    /// Files cannot be read.
    Files(String),
}

/// Asks all hosts at once.
///
/// # Errors
/// The first that a host gave.
pub async fn observe(
    hosts: &Hosts,
    which: Which<'_>,
    wish: &Wish,
    ledger: &Ledger,
    manner: Manner,
    (logins, models): (&dyn Logins, &Arc<dyn Models>),
) -> Result<Scene, Unseen> {
    let asked = hosts.0.iter().map(|(host, engine)| async {
        stage(host, &**engine, which, wish).await.map_err(|error| Unseen::Host(host.clone(), error))
    });
    let mut stages = try_join_all(asked).await?;
    let meant = match wish {
        Wish::Deploy { .. } | Wish::Restart => {
            let first = stages.iter().flat_map(|stage| &stage.replicas).find(|replica| replica.is_up);
            let live = match first.and_then(|live| Some((live, hosts.get(&live.key.host)?))) {
                Some((live, engine)) => {
                    let spec = engine.spec(&live.key.id).await;
                    let spec = spec.map_err(|error| Unseen::Host(live.key.host.clone(), error))?;
                    let has_check = live.traits.has_check;
                    Some((spec, (live.traits.has_port, has_check)))
                }
                None => None,
            };
            let meant = model::meant(
                models,
                which.service,
                which.project,
                which.terms,
                live.as_ref().map(|(spec, seen)| (spec, *seen)),
            );
            meant.map_err(Unseen::Files)?
        }
        Wish::Rollback(_) | Wish::Scale(_) => None,
    };
    let registry = match wish {
        Wish::Deploy { image } => {
            let asked = images::ask(hosts, &mut stages, image, manner, logins).await;
            asked.map_err(|(host, error)| Unseen::Host(host, error))?
        }
        Wish::Restart | Wish::Rollback(_) | Wish::Scale(_) => Registry::NotAsked,
    };
    for kept in stages.iter_mut().flat_map(|stage| &mut stage.replicas).filter(|replica| !replica.is_up) {
        if let Some(restart) = restart_of(ledger, kept) {
            kept.traits.restart = restart;
        }
    }
    let service = which.service;
    let replicas = || stages.iter().flat_map(|stage| &stage.replicas);
    let planned = ledger.records.iter().filter_map(|record| record.plan.as_ref());
    let planned = planned.filter_map(|plan| Some(plan.of(service)?.release));
    let last = replicas().map(|replica| replica.release).chain(planned).max().unwrap_or_default();
    let first = replicas().find(|replica| replica.is_up).or_else(|| replicas().next());
    let unknown =
        || which.project.map_or_else(|| service.to_string(), |project| format!("{project}-{service}"));
    let base = first.map_or_else(unknown, |replica| base(&replica.name, replica.release));
    let next = Release(last.0.saturating_add(1));
    let terms = which.terms.clone();
    let irreversible = ledger.records.iter().filter_map(|record| past(record, service)).collect();
    let service = service.clone();
    Ok(Scene {
        service,
        base,
        next,
        hosts: stages,
        registry,
        terms,
        meant,
        irreversible,
        manner,
        front: None,
    })
}

/// The release of a deployment that ran a migration which cannot be undone.
fn past(record: &Record, service: &ServiceId) -> Option<Release> {
    let plan = record.plan.as_ref()?;
    let part = plan.of(service)?;
    Progress::of(&record.notes).is_past_migration(plan).then_some(part.release)
}

/// When a kept container was started by itself before it was stopped to be kept: the engine was told to leave it alone.
fn restart_of(ledger: &Ledger, kept: &Standing) -> Option<RestartPolicy> {
    let plans = ledger.records.iter().rev().filter_map(|record| record.plan.as_ref());
    let steps = plans.flat_map(|plan| &plan.steps).filter(|step| step.host == kept.key.host);
    let mut replicas = steps.filter_map(|step| step.act.replica());
    replicas.find(|replica| replica.id.as_ref() == Some(&kept.key.id)).map(|replica| replica.restart.clone())
}

async fn stage(
    host: &HostId,
    engine: &dyn Lifecycle,
    which: Which<'_>,
    wish: &Wish,
) -> Result<Stage, EngineError> {
    let mut containers = engine.containers().await?;
    let is_ours = |c: &Container| c.service == *which.service && c.project.as_deref() == which.project;
    let others = containers.iter().filter(|c| c.state.is_up() && !is_ours(c));
    let taken = others.map(|c| (c.name.to_string(), Ports::held(&c.ports))).collect();
    containers.retain(is_ours);
    containers.retain(|c| !c.labels.contains_key(ERRAND));
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    let replicas =
        join_all(containers.iter().map(|container| standing(engine, container, which.terms))).await;
    // One that was removed meanwhile is not there.
    let gone = |answer: &Result<Standing, EngineError>| !answer.as_ref().is_err_and(EngineError::is_gone);
    let replicas: Vec<Standing> = replicas.into_iter().filter(gone).collect::<Result<_, _>>()?;
    // By its id, since a tag may have moved; the image that is wanted by its name.
    let held = replicas.iter().map(|r| (r.image.clone(), r.image_id.to_string()));
    let wanted = match wish {
        Wish::Deploy { image } => Some((image.clone(), image.clone())),
        Wish::Restart | Wish::Rollback(_) | Wish::Scale(_) => None,
    };
    let is_other = |(name, _): &(String, String)| wanted.as_ref().is_none_or(|(image, _)| image != name);
    let asked: BTreeSet<_> = held.filter(is_other).chain(wanted.clone()).collect();
    let mut images = Vec::new();
    for (reference, by) in asked {
        images.extend(known(engine, &by, &reference).await?);
    }
    // What runs there tells what the host runs.
    let up = replicas.iter().find(|replica| replica.is_up);
    let architecture = match up {
        Some(up) => engine.image(up.image_id.as_str()).await?.map(|image| image.architecture),
        None => None,
    };
    Ok(Stage { host: host.clone(), replicas, images, architecture, taken })
}

async fn standing(
    engine: &dyn Lifecycle,
    container: &Container,
    terms: &Terms,
) -> Result<Standing, EngineError> {
    let spec = engine.spec(&container.key.id).await?;
    Ok(Standing {
        key: container.key.clone(),
        name: container.name.to_string(),
        release: Release::of(container),
        is_up: container.state.is_up(),
        image: container.image.to_string(),
        image_id: container.image_id.clone(),
        traits: traits(
            &spec,
            &container.labels,
            (!container.ports.is_empty(), container.health != Health::None),
            terms,
        ),
    })
}

/// What a specification says of how it is deployed.
pub(super) fn traits(
    spec: &Spec,
    labels: &BTreeMap<String, String>,
    (listens, has_check): (bool, bool),
    terms: &Terms,
) -> Traits {
    let variables = spec.env().into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let has_check =
        has_check || spec.health().is_some_and(|check| !check.test.iter().any(|word| word == "NONE"));
    // Behind a balancer, that has the port, and each replica an address of its own.
    let behind = terms.traffic.as_ref();
    let is_fixed = |port: &Published| port.port.is_some() && behind.is_none_or(|it| it.port != port.inside);
    let own: Vec<Published> = spec.published().into_iter().filter(|port| is_fixed(port)).collect();
    let is_pinned = |one: &Endpoint| {
        let is_ours = behind.is_some() && one.network.ends_with(FRONT_NETWORK);
        one.rest.contains_key("IPAMConfig") && !is_ours
    };
    Traits {
        restart: spec.restart(),
        endpoints: spec.networks(),
        has_fixed_port: !own.is_empty() || spec.networks().iter().any(is_pinned),
        published: spec.published().iter().filter_map(|port| port.port).collect(),
        has_port: listens || !spec.published().is_empty(),
        broken: terms.broken(&variables),
        ports: Ports::wanted(&own),
        has_check,
        routed_by: routed_by(labels, &variables, has_check),
        writes_to_volume: spec
            .mounts()
            .iter()
            .any(|mount| !mount.is_read_only && mount.kind != MountKind::Tmpfs),
    }
}

/// What the names of all replicas begin with: `shop-web` of `shop-web-1`, of `shop_web_1` it is `shop_web`.
fn base(name: &str, release: Release) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let Some((before, last)) = name.rsplit_once(['-', '_']).filter(|(_, last)| digits(last)) else {
        return name.to_owned();
    };
    let _ = last;
    let of_release = format!("-{release}");
    let is_ours = release > Release(0);
    if is_ours { before.strip_suffix(&of_release).unwrap_or(before).to_owned() } else { before.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_makers_have_a_base() {
        assert_eq!(base("shop-web-1", Release(0)), "shop-web");
        assert_eq!(base("shop_web_12", Release(0)), "shop_web");
        assert_eq!(base("shop-web-v43-2", Release(43)), "shop-web");
        assert_eq!(base("web", Release(0)), "web");
        assert_eq!(base("api-v2", Release(0)), "api-v2");
    }
}
