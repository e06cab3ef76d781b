//! Back to an earlier release: its kept containers are started again, and made like them where there are too few.

use std::collections::BTreeSet;

use super::errands::Run;
use super::images::Source;
use super::traffic::{Change, Way};
use super::{Refusal, Scene, Stage, Standing, arranged, created, fronted};
use crate::domain::deployment::errand::Kind;
use crate::domain::deployment::{Model, Plan, Purpose, Release, Replica};

pub(super) fn rollback(
    wanted: Option<Release>,
    before: Release,
    scene: &Scene,
) -> Result<Plan, Vec<Refusal>> {
    let known: BTreeSet<Release> =
        scene.hosts.iter().flat_map(|h| &h.replicas).filter(|r| !r.is_up).map(|r| r.release).collect();
    let earlier = || known.range(..before).next_back().copied();
    let Some(release) = wanted.or_else(earlier) else {
        return Err(vec![Refusal::NothingBefore(scene.service.clone())]);
    };
    if release == before {
        return Err(vec![Refusal::Already(format!("{} {release} is live already", scene.service))]);
    }
    let kept = |stage: &Stage| -> Vec<Standing> {
        stage.replicas.iter().filter(|r| !r.is_up && r.release == release).cloned().collect()
    };
    let Some(model) = scene.hosts.iter().flat_map(kept).next() else {
        let (service, known) = (scene.service.clone(), known.into_iter().collect());
        return Err(vec![Refusal::NoSuchRelease { service, release, known }]);
    };
    let way = Way::of(scene)?;
    let mut changes = Vec::new();
    let mut count = scene.highest(release);
    let mut refusals: Vec<Refusal> = scene.early().into_iter().collect();
    for stage in &scene.hosts {
        let is_fit = |kept: &Standing| way.as_ref().is_none_or(|way| way.knows(kept));
        let mut kept = kept(stage).into_iter().filter(is_fit);
        for old in stage.live() {
            if let Some(back) = kept.next() {
                refusals.extend(stage.taken(&back.traits.ports));
                let may_overlap = scene.may_overlap(&old.traits);
                let new = kept_as(&back, old, may_overlap && way.is_none());
                changes.push(Change { old, new, may_overlap, create: None });
                continue;
            }
            match stage.source(&model.image, &[]) {
                Ok(source) => {
                    refusals.extend(stage.taken(&model.traits.ports));
                    count += 1;
                    let restart = kept_as(&model, old, false).restart;
                    let is_apart = scene.may_overlap(&model.traits) && way.is_none();
                    let new = Replica { restart, ..scene.made(&model.traits, is_apart, release, count) };
                    let create = Some(created(&new, &Model::Like(model.key.clone()), &source));
                    let may_overlap = scene.may_overlap(&old.traits);
                    changes.push(Change { old, new, may_overlap, create });
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut steps = arranged(&changes, way.as_ref(), false);
    if let Some(stage) = scene.hosts.iter().find(|stage| kept(stage).iter().any(|r| r.key == model.key)) {
        let source = Source { reference: &model.image, id: Some(&model.image_id) };
        let like = Model::Like(model.key.clone());
        let own = Run { scene, host: &stage.host, like: &like, source: &source, release };
        steps.extend(own.steps(Kind::PostRollback, &scene.terms.errands.post_rollback));
    }
    let plan = scene.planned(Purpose::Rollback, release, before, &model.image, steps);
    // Whatever lies between the two, whichever is the later one.
    let (least, most) = (release.min(before), release.max(before));
    let crosses = scene.irreversible.iter().find(|r| **r > least && **r <= most).copied();
    Ok(fronted(Plan { crosses, ..plan }, way.as_ref()))
}

/// One that is kept, in place of a live one. The engine was told to leave it alone; where nobody knows what it did with
/// it before, it does as with the live one.
fn kept_as(back: &Standing, live: &Standing, is_apart: bool) -> Replica {
    let replica = back.replica(is_apart);
    let is_unknown = replica.restart.name == "no";
    Replica {
        restart: if is_unknown { live.traits.restart.clone() } else { replica.restart.clone() },
        ..replica
    }
}
