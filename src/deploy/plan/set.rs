//! One plan for services that go together: in the order in which they need each other, what is run once before all of them
//! and once after.

use std::collections::{BTreeMap, BTreeSet};

use super::errands::Run;
use super::images::{self, Chosen};
use super::{Meant, Plan, Purpose, Refusal, Scene};
use crate::domain::deployment::errand::Kind;
use crate::domain::deployment::{Act, Part, Step};
use crate::domain::ids::ServiceId;

/// What a service needs first: others, by name.
pub type Needs = BTreeMap<ServiceId, BTreeSet<ServiceId>>;

/// Services in an order in which each comes after what it needs; else in the order they were named.
///
/// # Errors
/// They need each other in a circle.
pub fn ordered(named: &[ServiceId], needs: &Needs) -> Result<Vec<ServiceId>, Refusal> {
    let mut left: Vec<&ServiceId> = named.iter().collect();
    let mut ordered: Vec<ServiceId> = Vec::new();
    while !left.is_empty() {
        let is_free = |service: &&ServiceId| {
            let needs = needs.get(*service).into_iter().flatten();
            needs.filter(|on| *on != *service).all(|on| !left.contains(&on))
        };
        let Some(next) = left.iter().position(is_free) else {
            let names: Vec<_> = left.iter().map(|service| service.as_str()).collect();
            return Err(Refusal::Circle(names.join(", ")));
        };
        ordered.push(left.remove(next).clone());
    }
    Ok(ordered)
}

/// The plan of a service that others wait for until it ended: it runs once, on one host.
pub fn job(image: &str, meant: &Meant, scene: &Scene) -> Result<Plan, Vec<Refusal>> {
    let (Chosen { reference, digest }, mut refusals) = images::chosen(image, scene);
    refusals.extend(scene.broken().into_iter().map(Refusal::Rule));
    let Some(stage) = scene.hosts.first() else { return Err(refusals) };
    let source = stage.source(&reference, scene.platforms()).map_err(|refusal| refusals.push(refusal)).ok();
    let Some(source) = source.filter(|_| refusals.is_empty()) else { return Err(refusals) };
    let like = meant.over(None);
    let run = Run { scene, host: &stage.host, like: &like, source: &source, release: scene.next };
    let steps = run.as_it_says(Kind::Job);
    let plan = scene.planned(Purpose::Deploy, scene.next, scene.next, image, steps);
    Ok(Plan { digest, ..plan })
}

/// All of them as one.
pub fn joined(plans: Vec<Plan>) -> Option<Plan> {
    let mut all = plans.into_iter();
    let mut whole = all.next()?;
    let part =
        |plan: &Plan| Part { service: plan.service.clone(), release: plan.release, before: plan.before };
    let mut set = vec![part(&whole)];
    for plan in all {
        set.push(part(&plan));
        whole.release = whole.release.max(plan.release);
        whole.before = whole.before.max(plan.before);
        whole.replicas += plan.replicas;
        whole.crosses = whole.crosses.max(plan.crosses);
        whole.steps.extend(plan.steps);
        whole.after_back.extend(plan.after_back);
        let name = |key: &str| format!("{} {key}", plan.service);
        let own = plan
            .differences
            .into_iter()
            .map(|one| crate::domain::spec::Difference { key: name(&one.key), ..one });
        whole.differences.extend(own);
    }
    if set.len() == 1 {
        return Some(whole);
    }
    whole.service = ServiceId::set(&set.iter().map(|part| part.service.clone()).collect::<Vec<_>>());
    whole.set = set;
    whole.steps = once(whole.steps);
    whole.after_back = once(whole.after_back);
    Some(whole)
}

/// What is run once for all is run once, and stands where it belongs.
fn once(steps: Vec<Step>) -> Vec<Step> {
    // The same command with the same image does the same, whoever's configuration names it.
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    let mut twice: BTreeSet<String> = BTreeSet::new();
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    for step in &steps {
        if let Act::Create { replica, errand: Some(errand), image, .. } = &step.act {
            kinds.insert(replica.name.clone(), errand.kind);
            if errand.kind != Kind::Job && !known.insert((errand.to_string(), image.clone())) {
                twice.insert(replica.name.clone());
            }
        }
    }
    let named = |step: &Step| step.act.replica().map(|replica| replica.name.clone()).unwrap_or_default();
    let place = |step: &Step| match (&step.act, kinds.get(&named(step))) {
        (Act::Pull { .. }, _) => 0,
        (_, Some(Kind::PreDeploy)) => 1,
        (_, Some(Kind::Migrate(_))) => 2,
        (_, Some(Kind::PostDeploy | Kind::PostRollback)) => 4,
        (Act::Discard(replica), None) if replica.id.is_some() => 5,
        _ => 3,
    };
    let mut all: Vec<Step> = Vec::new();
    for step in steps {
        let is_pulled = matches!(step.act, Act::Pull { .. }) && all.contains(&step);
        if !twice.contains(&named(&step)) && !is_pulled {
            all.push(step);
        }
    }
    all.sort_by_key(place);
    all
}

#[cfg(test)]
mod tests;
