//! More or fewer replicas of what is live, shared evenly among the hosts.

use super::traffic::Way;
use super::{Plan, Purpose, Refusal, Scene, Standing, created, fronted};
use crate::deploy::progress::serving;
use crate::domain::deployment::{Act, Model, Release, Step};

pub(super) fn scale(
    replicas: usize,
    live_release: Release,
    model: &Standing,
    scene: &Scene,
    now: usize,
) -> Result<Plan, Vec<Refusal>> {
    if replicas == now {
        let (service, s) = (&scene.service, if now == 1 { "" } else { "s" });
        return Err(vec![Refusal::Already(format!("{service} has {now} replica{s} already"))]);
    }
    if replicas == 0 {
        let service = &scene.service;
        return Err(vec![Refusal::Already(format!("{service} would not run at all; stop it instead"))]);
    }
    let way = Way::of(scene)?;
    if way.as_ref().is_some_and(|way| way.live.is_none()) {
        let (host, why) =
            (model.key.host.clone(), "it has no balancer yet; deploy first, which makes it".to_owned());
        return Err(vec![Refusal::Traffic { host, why }]);
    }
    let mut counts: Vec<usize> = scene.hosts.iter().map(|stage| stage.live().count()).collect();
    let mut steps = Vec::new();
    let mut gone = Vec::new();
    let mut number = scene.highest(live_release);
    for _ in now..replicas {
        let Some(to) = (0..counts.len()).min_by_key(|host| counts[*host]) else { break };
        if model.traits.has_fixed_port && counts[to] > 0 {
            return Err(vec![Refusal::PortTaken { service: scene.service.clone() }]);
        }
        counts[to] += 1;
        number += 1;
        let stage = &scene.hosts[to];
        let like = stage.live().next().unwrap_or(model);
        let against: Vec<Refusal> =
            scene.early().into_iter().chain(stage.taken(&like.traits.ports)).collect();
        if !against.is_empty() {
            return Err(against);
        }
        let source = stage.source(&model.image, &[]).map_err(|refusal| vec![refusal])?;
        let is_apart = scene.may_overlap(&like.traits) && way.is_none();
        let new = scene.made(&like.traits, is_apart, live_release, number);
        if let Some(way) = &way {
            steps.extend(way.one_more(&stage.host, like, &new, &source));
            continue;
        }
        let create = created(&new, &Model::Like(like.key.clone()), &source);
        let acts = [create].into_iter().chain(serving(Act::Start(new.clone()), &new));
        steps.extend(acts.map(|act| Step { host: stage.host.clone(), act }));
    }
    let mut taken = vec![0; counts.len()];
    for _ in replicas..now {
        let Some(from) = (0..counts.len()).rev().max_by_key(|host| counts[*host]) else { break };
        counts[from] -= 1;
        let stage = &scene.hosts[from];
        let mut live: Vec<_> = stage.live().collect();
        live.reverse();
        if let Some(old) = live.get(taken[from]) {
            let out = way.as_ref().map(|way| way.out(old));
            let old = old.replica(way.is_none());
            let retire = || vec![Step { host: stage.host.clone(), act: Act::Retire(old.clone()) }];
            steps.extend(out.unwrap_or_else(retire));
            gone.push(Step { host: stage.host.clone(), act: Act::Discard(old) });
        }
        taken[from] += 1;
    }
    steps.extend(gone);
    let plan = scene.planned(Purpose::Scale, live_release, live_release, &model.image, steps);
    Ok(fronted(plan, way.as_ref()))
}
