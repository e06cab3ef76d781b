//! Steps at the balancer in front of a service: it is made, replicas come and go behind it, and traffic is shared.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::Run;
use super::act::Fault;
use super::judge::{self, Judged};
use crate::deploy::event::Said;
use crate::deploy::guard::{Next, Verdict};
use crate::deploy::plan::traffic::Fronted;
use crate::deploy::plan::{Refusal, Scene};
use crate::domain::deployment::{DEPLOYMENT, ENVIRONMENT, FRONT, Hold, Replica, Step};
use crate::domain::ids::{ContainerKey, HostId};
use crate::domain::spec::{Endpoint, Spec};
use crate::domain::traffic::{Front, Slot, Split};
use crate::ports::balancer::{Balancer, BalancerError, Balancers, Fence};
use crate::ports::engine::EngineError;
use crate::ports::housing::Housing;

/// What a subnet of ours begins with; the third number is chosen, and replicas have addresses below 128: the engine gives
/// out the others by itself.
const SUBNETS: [u8; 2] = [10, 213];
const FIRST: u8 = 10;
const LAST: u8 = 127;

impl Run {
    pub(super) fn front(&self) -> Result<&Front, Fault> {
        self.plan.front.as_ref().ok_or_else(|| Fault::Never("the plan names no balancer".to_owned()))
    }

    pub(super) fn balancer(&self, host: &HostId) -> Result<Box<dyn Balancer>, Fault> {
        let found = self.balancers.of(host, self.front()?);
        found.ok_or_else(|| Fault::Never(format!("the balancer on {host} cannot be driven from here")))
    }

    fn housing(&self, host: &HostId) -> Result<Arc<dyn Housing>, Fault> {
        let found = self.balancers.housing(host);
        found.ok_or_else(|| Fault::Never(format!("no balancer can be made on {host} from here")))
    }

    fn fence(&self) -> Fence {
        Fence { epoch: self.locks.claim.epoch, by: self.entry.begun.id.as_str().to_owned() }
    }

    /// The same for a place behind the balancer: on its network, at an address that stays, found by nobody else, and
    /// without the port that the balancer has.
    pub(super) async fn behind(&self, host: &HostId, spec: &Spec) -> Result<Spec, Fault> {
        let front = self.front()?;
        let subnet = self.network(host, front).await?;
        let taken = self.taken(host, front).await?;
        let free = (FIRST..=LAST).map(|last| Ipv4Addr::new(subnet[0], subnet[1], subnet[2], last));
        let Some(address) = free.into_iter().find(|address| !taken.contains(&address.to_string())) else {
            return Err(Fault::Never(format!("the network {} has no address left", front.network)));
        };
        let mut endpoints = spec.without_aliases().networks();
        endpoints.retain(|endpoint| endpoint.network != front.network);
        endpoints.push(Endpoint::at(&front.network, &address.to_string()));
        Ok(spec.without_published(front.port).with_endpoints(&endpoints))
    }

    /// The network between the balancer and its replicas, made where it is not there.
    async fn network(&self, host: &HostId, front: &Front) -> Result<[u8; 3], Fault> {
        let engine = self.housing(host)?;
        let mut last = String::new();
        for third in 0..=u8::MAX {
            if let Some(subnet) = engine.subnet(&front.network).await.map_err(Fault::of)? {
                let [a, b, c, _] = subnet.octets();
                return Ok([a, b, c]);
            }
            self.sure(host).await?;
            let [a, b] = SUBNETS;
            match engine.make_network(&front.network, Ipv4Addr::new(a, b, third, 0)).await {
                Ok(()) => {}
                // Another network has these addresses.
                Err(EngineError::Refused { message, .. }) => last = message,
                Err(other) => return Err(Fault::of(other)),
            }
        }
        Err(Fault::Never(format!("no network could be made for the balancer: {last}")))
    }

    /// Addresses that containers have on that network, stopped ones too.
    async fn taken(&self, host: &HostId, front: &Front) -> Result<BTreeSet<String>, Fault> {
        let engine = self.host(host)?;
        let mut taken = BTreeSet::new();
        for container in engine.containers().await.map_err(Fault::of)? {
            if container.labels.get(ENVIRONMENT).map(String::as_str) != Some(self.environment.as_str()) {
                continue;
            }
            match engine.spec(&container.key.id).await {
                Ok(spec) => taken.extend(address(&spec, front)),
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(Fault::of(error)),
            }
        }
        Ok(taken)
    }

    /// Where the balancer reaches a replica.
    async fn server(&self, host: &HostId, replica: &Replica) -> Result<(String, String), Fault> {
        let front = self.front()?;
        let found = self.there(host, replica).await?;
        let spec = self.host(host)?.spec(&found.key.id).await.map_err(Fault::of)?;
        let Some(address) = address(&spec, front) else {
            let (name, network) = (&replica.name, &front.network);
            return Err(Fault::Never(format!("{name} has no address of its own on {network}")));
        };
        Ok((replica.name.clone(), format!("{address}:{}", front.port)))
    }

    /// Makes the balancer, ready to be started with these servers.
    pub(super) async fn house(
        &self,
        host: &HostId,
        proxy: &Replica,
        like: &ContainerKey,
        slot: Slot,
        replicas: &[Replica],
    ) -> Result<(), Fault> {
        let (front, engine, housing) = (self.front()?, self.host(host)?, self.housing(host)?);
        let mut servers = Vec::new();
        for replica in replicas {
            servers.push(self.server(host, replica).await?);
        }
        let house = self.balancers.house(front, slot, &servers).map_err(Fault::Never)?;
        if self.find(host, proxy).await?.is_none() {
            let model = self.host(&like.host)?.spec(&like.id).await.map_err(Fault::of)?;
            let named = model.networks().into_iter().filter(|endpoint| !endpoint.aliases.is_empty());
            let named =
                named.map(|e| Endpoint { network: e.network, aliases: e.aliases, ..Endpoint::default() });
            let own = Endpoint { network: front.network.clone(), ..Endpoint::default() };
            let endpoints: Vec<Endpoint> = std::iter::once(own).chain(named).collect();
            let directory = housing.directory(&format!("front/{}", front.proxy)).await.map_err(Fault::of)?;
            let labels = [
                (ENVIRONMENT, self.environment.as_str()),
                (FRONT, self.plan.service.as_str()),
                (DEPLOYMENT, self.entry.begun.id.as_str()),
            ];
            let labels: BTreeMap<String, String> =
                labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let spec = house.spec.with_endpoints(&endpoints).with_labels(&labels);
            let spec = spec.with_bind(&directory, house.inside);
            self.sure(host).await?;
            match engine.create(&proxy.name, &spec).await {
                Ok(_) | Err(EngineError::Refused { status: 409, .. }) => {}
                Err(error) => return Err(Fault::of(error)),
            }
        }
        let made = self.there(host, proxy).await?;
        self.sure(host).await?;
        housing.put(&made.key.id, house.inside, &house.files).await.map_err(Fault::of)
    }

    /// Waits until the balancer's own check of a replica passed.
    pub(super) async fn passes(&self, host: &HostId, replica: &Replica) -> Result<(), Fault> {
        let balancer = self.balancer(host)?;
        let end = Instant::now() + Duration::from_secs(self.plan.ready_within_s.into());
        loop {
            let seen = balancer.observe().await.map(|route| route.flow.is_passed(&replica.name));
            let why = match seen {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(why)) => why,
                Err(error) => error.to_string(),
            };
            if Instant::now() > end {
                return Err(Fault::Never(why));
            }
            sleep_until(Instant::now() + Duration::from_millis(100)).await;
        }
    }

    pub(super) async fn attach(&self, host: &HostId, replica: &Replica, slot: Slot) -> Result<(), Fault> {
        let (name, address) = self.server(host, replica).await?;
        self.sure(host).await?;
        let within = self.plan.ready_within_s;
        self.balancer(host)?.add(slot, &name, &address, within, &self.fence()).await.map_err(fault)
    }

    pub(super) async fn detach(&self, step: &Step, replica: &Replica, slot: Slot) -> Result<(), Fault> {
        self.sure(&step.host).await?;
        let balancer = self.balancer(&step.host)?;
        let cut =
            balancer.remove(slot, &replica.name, self.plan.drain_s, &self.fence()).await.map_err(fault)?;
        if cut > 0 {
            let what =
                format!("{cut} requests or connections were still open on {} and were cut", replica.name);
            (self.say)(Said::Trouble(what));
        }
        Ok(())
    }

    pub(super) async fn split(&self, host: &HostId, to: Split) -> Result<(), Fault> {
        self.sure(host).await?;
        let known = self.plan.splits(host);
        self.balancer(host)?.set_split(to, &known, &self.fence()).await.map(drop).map_err(fault)
    }

    /// Waits as long as it is meant to, or until somebody says how it goes on.
    pub(super) async fn hold(&self, step: &Step, hold: Hold) -> Result<(), Fault> {
        let mut heard = self.ears.heard();
        let begun = heard.borrow_and_update().clone();
        let seconds = hold.seconds();
        let end = seconds.map(|s| Instant::now() + Duration::from_secs(s.into()));
        (self.say)(Said::Waits(step.clone(), hold.words()));
        let mut weight = begun.weight.clone();
        let mut judged = self.judged(hold);
        let (since, mut told) = (Instant::now(), String::new());
        loop {
            let now = heard.borrow_and_update().clone();
            if let Some(why) = self.turned_by(now.back.as_ref()) {
                return Err(Fault::Never(why));
            }
            if hold.is_before_the_whole() && now.promote.is_some() {
                return Ok(());
            }
            if now.go_on.is_some() && now.go_on != begun.go_on {
                return Ok(());
            }
            if now.weight != weight {
                weight.clone_from(&now.weight);
                self.weigh(weight.as_ref().and_then(|asked| asked.what.split())).await?;
            }
            if judged.is_none() && end.is_some_and(|end| Instant::now() >= end) {
                return Ok(());
            }
            let mut until = end;
            if let Some(judged) = &mut judged {
                let next = self.next(judged, hold, since.elapsed()).await;
                match next {
                    Next::Promote => return Ok(()),
                    Next::Back(why) => return Err(Fault::Never(why)),
                    Next::Ask(why) if why != told => {
                        told.clone_from(&why);
                        let asked = format!("{why}; promote it, or take it back");
                        (self.say)(Said::Waits(step.clone(), asked));
                    }
                    Next::Ask(_) | Next::Wait => {}
                }
                until = Some(Instant::now() + judge::LOOK_EVERY);
            }
            let over = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = heard.changed() => {}
                () = over => {}
            }
        }
    }

    /// What follows from what the balancers tell. Once it has everything, only what speaks against it does.
    async fn next(&self, judged: &mut Judged, hold: Hold, held: Duration) -> Next {
        let verdict = self.verdict(judged).await;
        let whole = Duration::from_secs(hold.seconds().unwrap_or_default().into());
        match (hold, verdict) {
            (Hold::Warm(_), Verdict::Fail(why)) => Next::Back(why),
            (Hold::Warm(_), _) if held >= whole => Next::Promote,
            (Hold::Warm(_), _) => Next::Wait,
            (_, verdict) => {
                let guards = self.terms.get(&self.plan.service).map(|terms| terms.guards);
                guards.unwrap_or_default().inconclusive.next(verdict, held, whole)
            }
        }
    }

    /// Shares traffic as somebody asked by hand, on every host.
    async fn weigh(&self, split: Option<Split>) -> Result<(), Fault> {
        let Some(to) = split else { return Ok(()) };
        for (host, _) in self.hosts.0.iter().filter(|(host, _)| !self.plan.splits(host).is_empty()) {
            self.split(host, to).await?;
        }
        Ok(())
    }
}

/// The balancer of a service, as each of its hosts has it; `None` where none is wanted.
pub(super) async fn fronted(scene: &Scene, balancers: &dyn Balancers) -> Option<Fronted> {
    let front = scene.terms.traffic.as_ref()?.front(&scene.base);
    let ask = |host: &HostId| {
        let (host, balancer) = (host.clone(), balancers.of(host, &front));
        async move {
            let Some(balancer) = balancer else {
                return (host, Err("its balancer cannot be driven from here".to_owned()));
            };
            let route = match balancer.observe().await {
                Ok(route) => Ok(Some(route)),
                Err(BalancerError::Absent { .. }) => Ok(None),
                Err(error) => Err(error.to_string()),
            };
            (host, route)
        }
    };
    let routes = join_all(scene.hosts.iter().map(|stage| ask(&stage.host))).await;
    Some(Fronted { front, routes: routes.into_iter().collect() })
}

/// A plan has one balancer at most: what stands behind one is deployed by itself.
pub(super) fn alone(scene: &Scene, services: usize) -> Option<Refusal> {
    scene.front.as_ref().filter(|_| services > 1)?;
    let (host, service) = (scene.hosts.first()?.host.clone(), &scene.service);
    Some(Refusal::Traffic { host, why: format!("{service} stands behind a balancer; deploy it by itself") })
}

/// The address of a container on the balancer's network, where it has one that stays.
fn address(spec: &Spec, front: &Front) -> Option<String> {
    spec.networks().into_iter().find(|endpoint| endpoint.network == front.network)?.address()
}

fn fault(error: BalancerError) -> Fault {
    match error {
        BalancerError::Unreachable { .. } | BalancerError::Ambiguous { .. } => {
            Fault::Unheard(EngineError::Broken { what: "the balancer".to_owned(), cause: error.to_string() })
        }
        other => Fault::Never(other.to_string()),
    }
}
