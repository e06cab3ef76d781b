//! Deployments of a service behind a balancer: the new release comes up in the idle slot, is tried by the balancer's own
//! check, gets the traffic in one step or several, and the old one goes once nothing is in flight with it any more.

use std::collections::BTreeMap;

use super::images::Source;
use super::{Refusal, Scene, Standing, created, start};
use crate::domain::deployment::{Act, Hold, Model, Replica, Step};
use crate::domain::ids::HostId;
use crate::domain::spec::RestartPolicy;
use crate::domain::traffic::{Front, Route, Slot, Split, Stick, WHOLE};

/// What the name of a balancer, and of its network, ends with.
pub const FRONT_NETWORK: &str = "-front";

/// What the configuration says of the traffic of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traffic {
    /// The image of the balancer.
    pub image: String,
    /// See [`Front::listen`].
    pub listen: Option<u16>,
    /// See [`Front::port`].
    pub port: u16,
    /// See [`Front::check`].
    pub check: Option<String>,
    /// See [`Front::stick`].
    pub stick: Stick,
    /// See [`Front::preview`].
    pub preview: Option<String>,
    /// Shares of the new release on its way to all traffic, in 1/10,000, rising; none for one flip.
    pub steps: Vec<u16>,
    /// How long each of them is watched, in seconds.
    pub hold_s: u32,
    /// How long the old release stays up without traffic, in seconds.
    pub warm_s: u32,
    /// How long requests in flight may take before they are cut, in seconds.
    pub drain_s: u32,
    /// The new release waits beside the old one until somebody flips.
    pub by_hand: bool,
}

impl Traffic {
    /// The balancer of a service whose containers have names that begin so.
    pub fn front(&self, base: &str) -> Front {
        let name = format!("{base}{FRONT_NETWORK}");
        Front {
            proxy: name.clone(),
            image: self.image.clone(),
            network: name,
            listen: self.listen,
            port: self.port,
            check: self.check.clone(),
            stick: self.stick.clone(),
            preview: self.preview.clone(),
        }
    }
}

/// The balancer of a service, as it is there.
#[derive(Clone, PartialEq, Debug)]
pub struct Fronted {
    /// What it is.
    pub front: Front,
    /// How each host's traffic runs; `None` where it has no balancer yet, or why nobody knows.
    pub routes: BTreeMap<HostId, Result<Option<Route>, String>>,
}

impl Fronted {
    fn route(&self, host: &HostId) -> Option<&Route> {
        self.routes.get(host)?.as_ref().ok()?.as_ref()
    }
}

/// Where the traffic is and where it goes.
pub(super) struct Way<'a> {
    fronted: &'a Fronted,
    traffic: &'a Traffic,
    /// The slot that gets everything; `None` before there is a balancer.
    pub(super) live: Option<Slot>,
}

/// A replica for an old one.
pub(super) struct Change<'a> {
    pub(super) old: &'a Standing,
    pub(super) new: Replica,
    /// Both may run at once.
    pub(super) may_overlap: bool,
    /// What makes it; `None` where it is kept.
    pub(super) create: Option<Act>,
}

impl<'a> Way<'a> {
    /// `None` where the service has no balancer to go through.
    ///
    /// # Errors
    /// What speaks against it.
    pub(super) fn of(scene: &'a Scene) -> Result<Option<Self>, Vec<Refusal>> {
        let (Some(fronted), Some(traffic)) = (&scene.front, &scene.terms.traffic) else { return Ok(None) };
        let mut refusals = Vec::new();
        let mut refuse = |host: &HostId, why: String| {
            refusals.push(Refusal::Traffic { host: host.clone(), why });
        };
        let mut live = None;
        for stage in scene.hosts.iter().filter(|stage| stage.live().next().is_some()) {
            match fronted.routes.get(&stage.host) {
                Some(Err(why)) => refuse(&stage.host, why.clone()),
                Some(Ok(Some(route))) => match (route.flow.split.sole(), live) {
                    (None, _) => refuse(
                        &stage.host,
                        format!("its traffic is split ({}): flip it first", route.flow.split),
                    ),
                    (Some(slot), Some(other)) if slot != other => {
                        refuse(
                            &stage.host,
                            format!("{slot} gets its traffic, and {other} that of other hosts"),
                        );
                    }
                    (slot, _) => live = slot,
                },
                Some(Ok(None)) | None => {}
            }
            for old in stage.live() {
                if let Some(why) = scene.alone(&old.traits) {
                    refuse(&stage.host, format!("{} {why}, so two cannot run at once", old.name));
                }
            }
        }
        if refusals.is_empty() { Ok(Some(Self { fronted, traffic, live })) } else { Err(refusals) }
    }

    /// The slot of the new release.
    fn next(&self) -> Slot {
        self.live.map_or(Slot::Blue, Slot::other)
    }

    fn is_housed(&self, host: &HostId) -> bool {
        self.fronted.route(host).is_some()
    }

    /// It has the balancer's port of its host.
    fn is_taken_by(&self, old: &Standing) -> bool {
        self.fronted.front.listen.is_some_and(|port| old.traits.published.contains(&port))
    }

    /// The balancer.
    pub(super) fn front(&self) -> &Front {
        &self.fronted.front
    }

    /// See [`Traffic::drain_s`].
    pub(super) fn drain_s(&self) -> u32 {
        self.traffic.drain_s
    }

    /// It was made to be behind this balancer.
    pub(super) fn knows(&self, kept: &Standing) -> bool {
        kept.traits.endpoints.iter().any(|endpoint| endpoint.network == self.fronted.front.network)
    }

    /// All changes at once: each new one is ready before anything goes its way, and each old one serves until nothing does.
    pub(super) fn steps(&self, changes: &[Change<'_>], is_watched: bool) -> Vec<Step> {
        let next = self.next();
        let mut steps = Vec::new();
        for Change { old, new, create, .. } in changes {
            let host = &old.key.host;
            let start = start(new, create.as_ref());
            let acts = create.clone().into_iter().chain([start, Act::Gate(new.clone())]);
            steps.extend(acts.map(|act| step(host, act)));
            if self.is_housed(host) {
                steps.push(step(host, Act::Attach(new.clone(), next)));
            }
        }
        steps.extend(self.taken_over(changes, next));
        let housed: Vec<&HostId> = hosts(changes).into_iter().filter(|host| self.is_housed(host)).collect();
        if let (Some(live), Some(first)) = (self.live, housed.first()) {
            let before = Split::all(live);
            let split = |to: Split| housed.iter().map(move |host| step(host, Act::Split { before, to }));
            if is_watched && self.traffic.by_hand && self.traffic.steps.is_empty() {
                steps.push(step(first, Act::Hold(Hold::Flip)));
            }
            let shares = self.traffic.steps.iter().filter(|share| is_watched && (1..WHOLE).contains(*share));
            for to in shares.filter_map(|share| Split::to(next, *share)) {
                steps.extend(split(to));
                steps.push(step(first, Act::Hold(Hold::Canary(self.traffic.hold_s))));
            }
            steps.extend(split(Split::all(next)));
            if is_watched && self.traffic.warm_s > 0 {
                steps.push(step(first, Act::Hold(Hold::Warm(self.traffic.warm_s))));
            }
        }
        for Change { old, .. } in changes.iter().filter(|change| self.is_housed(&change.old.key.host)) {
            steps.extend(self.out(old));
        }
        steps
    }

    /// Where there is no balancer yet: what publishes its port goes before the balancer can have it.
    fn taken_over(&self, changes: &[Change<'_>], next: Slot) -> Vec<Step> {
        let mut steps = Vec::new();
        for host in hosts(changes).into_iter().filter(|host| !self.is_housed(host)) {
            let here: Vec<&Change<'_>> =
                changes.iter().filter(|change| change.old.key.host == *host).collect();
            let Some(first) = here.first() else { continue };
            let proxy = Replica {
                name: self.fronted.front.proxy.clone(),
                id: None,
                restart: RestartPolicy { name: "unless-stopped".to_owned(), most: 0 },
                found_as: Vec::new(),
            };
            let servers: Vec<Replica> = here.iter().map(|change| change.new.clone()).collect();
            let passes: Vec<Act> = servers.iter().cloned().map(Act::Passes).collect();
            let like = first.old.key.clone();
            let house = Act::House { proxy: proxy.clone(), like, slot: next, servers };
            let retire = here.iter().map(|change| Act::Retire(change.old.replica(false)));
            let start = std::iter::once(Act::Start(proxy)).chain(passes);
            let is_in_the_way = here.iter().any(|change| self.is_taken_by(change.old));
            let acts: Vec<Act> = if is_in_the_way {
                std::iter::once(house).chain(retire).chain(start).collect()
            } else {
                std::iter::once(house).chain(start).chain(retire).collect()
            };
            steps.extend(acts.into_iter().map(|act| step(host, act)));
        }
        steps
    }

    /// Takes a replica out and stops it.
    pub(super) fn out(&self, old: &Standing) -> Vec<Step> {
        let replica = old.replica(false);
        let host = &old.key.host;
        let server = self.fronted.route(host).and_then(|route| route.flow.server(&old.name));
        let detach = server.map(|server| Act::Detach(replica.clone(), server.slot));
        detach.into_iter().chain([Act::Retire(replica)]).map(|act| step(host, act)).collect()
    }

    /// Makes one more in the live slot.
    pub(super) fn one_more(
        &self,
        host: &HostId,
        like: &Standing,
        new: &Replica,
        source: &Source<'_>,
    ) -> Vec<Step> {
        let create = created(new, &Model::Like(like.key.clone()), source);
        let acts = [create, Act::Start(new.clone()), Act::Gate(new.clone())];
        let attach = self.live.filter(|_| self.is_housed(host)).map(|slot| Act::Attach(new.clone(), slot));
        acts.into_iter().chain(attach).map(|act| step(host, act)).collect()
    }
}

fn step(host: &HostId, act: Act) -> Step {
    Step { host: host.clone(), act }
}

/// Their hosts, each once.
fn hosts<'a>(changes: &'a [Change<'_>]) -> Vec<&'a HostId> {
    let mut hosts: Vec<&HostId> = changes.iter().map(|change| &change.old.key.host).collect();
    hosts.dedup();
    hosts
}
