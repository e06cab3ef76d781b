//! Back to an earlier release: its kept containers are started again, and made like them where there are too few.

use std::collections::BTreeSet;

use super::errands::Run;
use super::images::Source;
use super::{Refusal, Scene, Stage, Standing, created, replaced};
use crate::domain::deployment::errand::Kind;
use crate::domain::deployment::{Act, Model, Plan, Purpose, Release, Replica};

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
    let mut steps = Vec::new();
    let mut count = scene.highest(release);
    let mut refusals: Vec<Refusal> = scene.early().into_iter().collect();
    for stage in &scene.hosts {
        let mut kept = kept(stage).into_iter();
        for old in stage.live() {
            if let Some(back) = kept.next() {
                refusals.extend(stage.taken(&back.traits.ports));
                let new = scene.kept(&back, old);
                let may_overlap = scene.may_overlap(&old.traits);
                steps.extend(replaced(old, &new, may_overlap, None, Act::Revive(new.clone())));
                continue;
            }
            match stage.source(&model.image, &[]) {
                Ok(source) => {
                    refusals.extend(stage.taken(&model.traits.ports));
                    count += 1;
                    let restart = scene.kept(&model, old).restart;
                    let is_apart = scene.may_overlap(&model.traits);
                    let new = Replica { restart, ..scene.made(&model.traits, is_apart, release, count) };
                    let create = created(&new, &Model::Like(model.key.clone()), &source);
                    let may_overlap = scene.may_overlap(&old.traits);
                    steps.extend(replaced(old, &new, may_overlap, Some(create), Act::Start(new.clone())));
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
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
    Ok(Plan { crosses, ..plan })
}
