//! The first deployment of a service that does not run yet: as its files say.

use super::errands::{Errands, Run};
use super::images::{self, Chosen};
use super::{Meant, Plan, Purpose, Refusal, Scene, created};
use crate::deploy::progress::serving;
use crate::domain::deployment::errand::Kind;
use crate::domain::deployment::{Act, Step};

pub(super) fn deploy(image: &str, meant: &Meant, scene: &Scene) -> Result<Plan, Vec<Refusal>> {
    let (Chosen { reference, digest }, mut refusals) = images::chosen(image, scene);
    refusals.extend(scene.early());
    refusals.extend(scene.broken().into_iter().map(Refusal::Rule));
    let shares = shares(meant, scene);
    if meant.traits.has_fixed_port && shares.iter().any(|share| *share > 1) {
        refusals.push(Refusal::PortTaken { service: scene.service.clone() });
    }
    let (mut steps, mut last, mut number) = (Vec::new(), Vec::new(), 0);
    for (stage, share) in scene.hosts.iter().zip(shares).filter(|(_, share)| *share > 0) {
        let source = match stage.source(&reference, scene.platforms()) {
            Ok(source) => source,
            Err(refusal) => {
                refusals.push(refusal);
                continue;
            }
        };
        refusals.extend(stage.taken(&meant.traits.ports));
        let model = meant.over(None);
        if number == 0 {
            let own = Run { scene, host: &stage.host, like: &model, source: &source, release: scene.next };
            let Errands { post_deploy, .. } = &scene.terms.errands;
            steps.extend(own.before());
            last = own.steps(Kind::PostDeploy, post_deploy);
        }
        for _ in 0..share {
            number += 1;
            let is_apart = scene.may_overlap(&meant.traits);
            let new = scene.made(&meant.traits, is_apart, scene.next, number);
            let acts =
                [created(&new, &model, &source)].into_iter().chain(serving(Act::Start(new.clone()), &new));
            steps.extend(acts.map(|act| Step { host: stage.host.clone(), act }));
        }
    }
    if number == 0 && refusals.is_empty() {
        let why = format!("{} would not run at all: its files say 0 replicas", scene.service);
        refusals.push(Refusal::Already(why));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    steps.extend(last);
    let before = scene.hosts.iter().flat_map(|h| &h.replicas).map(|r| r.release).max().unwrap_or_default();
    let plan = scene.planned(Purpose::Deploy, scene.next, before, image, steps);
    Ok(Plan { digest, ..plan })
}

/// How many on each host: as many as files say on each, or as many as the configuration says on all, evenly.
fn shares(meant: &Meant, scene: &Scene) -> Vec<usize> {
    let hosts = scene.hosts.len();
    let share = |total: usize, n: usize| total / hosts + usize::from(n < total % hosts);
    let replicas = |n| scene.terms.replicas.map_or(meant.replicas, |total| share(total, n));
    (0..hosts).map(replicas).collect()
}
