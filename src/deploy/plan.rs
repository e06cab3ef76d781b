//! The plan of a deployment: from what is wanted and what is there to the steps, or to the reasons why not.
//!
//! One replica after the other. A new one is ready before the old one stops, unless both cannot run at once: they would
//! publish one port, write to one volume, or take jobs from a queue as soon as they start.

use serde::{Deserialize, Serialize};

use super::progress::serving;
use crate::domain::deployment::errand::Kind;
use crate::domain::deployment::{Act, Model, Plan, Purpose, Release, Replica, Step};
use crate::domain::registry::digest_of;

pub mod errands;
mod first;
pub mod images;
mod refusal;
mod rollback;
pub mod routing;
mod scale;
mod scene;
pub mod set;
pub mod traffic;

use errands::{Errands, Run};
use images::{Chosen, Source};
pub use refusal::Refusal;
use rollback::rollback;
use scale::scale;
pub use scene::{AllTerms, InEnvironment, Known, Manner, Meant, Scene, Stage, Standing, Terms, Traits};
use traffic::{Change, Way};

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// This image.
    Deploy {
        /// As it was asked for.
        image: String,
    },
    /// The image that runs, in new containers: as the configuration has become, or simply anew.
    Restart,
    /// This release again; the one before the live one where none is named.
    Rollback(Option<Release>),
    /// So many replicas of what is live.
    Scale(usize),
}

/// The steps, or all reasons why not.
///
/// # Errors
/// Every [`Refusal`] at once.
pub fn plan(wish: &Wish, scene: &Scene) -> Result<Plan, Vec<Refusal>> {
    if let (Wish::Deploy { image }, Some(meant)) = (wish, scene.meant.as_ref().filter(|meant| meant.is_job)) {
        return set::job(image, meant, scene);
    }
    let live: Vec<&Standing> = scene.hosts.iter().flat_map(|h| &h.replicas).filter(|r| r.is_up).collect();
    let Some(first) = live.first() else {
        return match (wish, &scene.meant) {
            (Wish::Deploy { image }, Some(meant)) => first::deploy(image, meant, scene),
            _ => Err(vec![Refusal::NothingRuns(scene.service.clone())]),
        };
    };
    let before = live.iter().map(|r| r.release).max().unwrap_or_default();
    match wish {
        Wish::Deploy { image } => deploy(Some(image), before, first, scene),
        Wish::Restart => deploy(None, before, first, scene),
        Wish::Rollback(wanted) => rollback(*wanted, before, scene),
        Wish::Scale(replicas) => scale(*replicas, before, first, scene, live.len()),
    }
}

/// Without an image each replica keeps its own.
fn deploy(
    wanted: Option<&str>,
    before: Release,
    first: &Standing,
    scene: &Scene,
) -> Result<Plan, Vec<Refusal>> {
    let image = wanted.unwrap_or(&first.image);
    let (Chosen { reference, digest }, mut refusals) = match wanted {
        Some(image) => images::chosen(image, scene),
        None => (Chosen::running(image), Vec::new()),
    };
    refusals.extend(scene.early());
    refusals.extend(scene.broken().into_iter().map(Refusal::Rule));
    let way = Way::of(scene).unwrap_or_else(|found| {
        refusals.extend(found);
        None
    });
    let (mut steps, mut changes, mut is_live) = (Vec::new(), Vec::new(), wanted.is_some());
    let mut last = Vec::new();
    let mut after_back = Vec::new();
    for stage in scene.targets() {
        for old in stage.live() {
            let reference = wanted.map_or(&old.image, |_| &reference);
            let source = match stage.source(reference, scene.platforms()) {
                Ok(source) => source,
                Err(refusal) => {
                    if !refusals.contains(&refusal) {
                        refusals.push(refusal);
                    }
                    is_live = false;
                    continue;
                }
            };
            is_live &= source.id == Some(&old.image_id);
            let like = || Model::Like(old.key.clone());
            let model = scene.meant.as_ref().map_or_else(like, |meant| meant.over(Some(old)));
            if changes.is_empty() {
                let own =
                    Run { scene, host: &stage.host, like: &model, source: &source, release: scene.next };
                let Errands { post_deploy, post_rollback, .. } = &scene.terms.errands;
                steps.extend(own.before());
                last = own.steps(Kind::PostDeploy, post_deploy);
                let source = Source { reference: &old.image, id: Some(&old.image_id) };
                let back = Run { like: &like(), source: &source, release: before, ..own };
                after_back = back.steps(Kind::PostRollback, post_rollback);
            }
            let traits = scene.meant.as_ref().map_or(&old.traits, |meant| &meant.traits);
            let may_overlap = scene.may_overlap(&old.traits) && scene.may_overlap(traits);
            let is_apart = may_overlap && way.is_none();
            let new = scene.made(traits, is_apart, scene.next, changes.len() as u32 + 1);
            let create = Some(created(&new, &model, &source));
            changes.push(Change { old, new, may_overlap, create });
        }
    }
    let differences = scene.meant.as_ref().map(|meant| meant.differences.clone()).unwrap_or_default();
    // What files say otherwise is a release of its own.
    if is_live && differences.is_empty() {
        let service = &scene.service;
        let hint = "`deploy` without an image makes its containers anew";
        refusals.push(Refusal::Already(format!("{image} is live already, as {service} {before}; {hint}")));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    steps.extend(arranged(&changes, way.as_ref(), true));
    steps.extend(last);
    steps.extend(scene.surplus(&[scene.next, before]));
    let plan = scene.planned(Purpose::Deploy, scene.next, before, image, steps);
    Ok(fronted(Plan { digest, after_back, differences, ..plan }, way.as_ref()))
}

/// All changes: one after the other, or behind the balancer.
fn arranged(changes: &[Change<'_>], way: Option<&Way<'_>>, is_watched: bool) -> Vec<Step> {
    match way {
        Some(way) => way.steps(changes, is_watched),
        None => changes.iter().flat_map(replaced).collect(),
    }
}

/// With the balancer that it goes through. That is no replica, although it is started.
fn fronted(plan: Plan, way: Option<&Way<'_>>) -> Plan {
    let Some(way) = way else { return plan };
    let is_house = |step: &&Step| matches!(step.act, Act::House { .. });
    let replicas = plan.replicas - plan.steps.iter().filter(is_house).count();
    Plan { replicas, front: Some(way.front().clone()), drain_s: way.drain_s(), ..plan }
}

/// What has it run: one that was kept is started again.
fn start(new: &Replica, create: Option<&Act>) -> Act {
    if create.is_some() { Act::Start(new.clone()) } else { Act::Revive(new.clone()) }
}

fn created(new: &Replica, like: &Model, source: &Source<'_>) -> Act {
    Act::Create {
        replica: new.clone(),
        like: like.clone(),
        image: source.reference.to_owned(),
        image_id: source.id.cloned(),
        errand: None,
    }
}

impl Scene {
    fn planned(
        &self,
        purpose: Purpose,
        release: Release,
        before: Release,
        image: &str,
        steps: Vec<Step>,
    ) -> Plan {
        let Manner { ready_within_s, settle_s, .. } = self.manner;
        let count = |is_it: fn(&Act) -> bool| steps.iter().filter(|step| is_it(&step.act)).count();
        let live = self.hosts.iter().map(|host| host.live().count()).sum::<usize>();
        let more = count(|act| matches!(act, Act::Start(_) | Act::Revive(_)));
        let replicas = (live + more).saturating_sub(count(|act| matches!(act, Act::Retire(_))));
        let digest = digest_of(image).map(str::to_owned);
        let steps = images::pulled_first(steps);
        let plan = Plan::new(purpose, self.service.as_str(), (before, release), image, steps);
        Plan { digest, replicas, ready_within_s, settle_s, ..plan }
    }

    /// Kept containers of releases that are more than are kept. What no deployment made is somebody else's.
    fn surplus(&self, besides: &[Release]) -> Vec<Step> {
        let all = self.hosts.iter().flat_map(|h| &h.replicas).filter(|r| !r.is_up && r.release > Release(0));
        let mut kept: Vec<Release> =
            all.clone().map(|r| r.release).filter(|r| !besides.contains(r)).collect();
        kept.sort_unstable();
        kept.dedup();
        // The one that is replaced is kept too.
        let goes = kept.len().saturating_sub(self.manner.keep.saturating_sub(1));
        let old = &kept[..goes];
        let gone = all.filter(|r| old.contains(&r.release));
        gone.map(|r| Step { host: r.key.host.clone(), act: Act::Discard(r.replica(false)) }).collect()
    }
}

/// The new one for the old one.
fn replaced(Change { old, new, may_overlap, create }: &Change<'_>) -> Vec<Step> {
    let retire = Act::Retire(old.replica(*may_overlap));
    let (serving, create) = (serving(start(new, create.as_ref()), new), create.clone());
    let acts: Vec<Act> = if *may_overlap {
        create.into_iter().chain(serving).chain([retire]).collect()
    } else {
        create.into_iter().chain([retire]).chain(serving).collect()
    };
    acts.into_iter().map(|act| Step { host: old.key.host.clone(), act }).collect()
}

#[cfg(test)]
mod tests;
