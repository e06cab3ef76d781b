//! Where a command deploys: the hosts of an environment that answered, their ledger, and how readiness is asked there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use futures_util::StreamExt;

use super::Say;
use crate::cli::failure::Failure;
use crate::cli::site::Site;
use crate::deploy::plan::Manner;
use crate::domain::container::{Container, Detail};
use crate::domain::environment::Environment;
use crate::domain::health::Verdict;
use crate::domain::host::Address;
use crate::domain::ids::{HostId, ServiceId};
use crate::domain::ledger::Record;
use crate::domain::probe::{ProbeKind, ProbeSpec, Target};
use crate::jobs::deploy::begin::Site as Place;
use crate::jobs::deploy::gate::Readiness;
use crate::jobs::deploy::{Care, Hosts};
use crate::jobs::route::Route;
use crate::logs::ansi;
use crate::ports::engine::LogRequest;
use crate::ports::lifecycle::Lifecycle;
use crate::runtime::who::who;

/// Lines of evidence.
const LAST_LINES: u32 = 20;
/// Longer a worker writes nothing only while it waits for a replica, which may take so long at most.
const SILENT_FOR: chrono::TimeDelta = chrono::TimeDelta::seconds(150);
const LINES_WITHIN: Duration = Duration::from_secs(3);

/// The hosts that answered, in the order in which everybody locks them.
pub(super) fn of(
    site: &Site,
    environment: &Environment,
    service: Option<&ServiceId>,
    manner: Manner,
    say: Say,
) -> Place {
    let mut hosts: Vec<(String, HostId, Arc<Route>)> = Vec::new();
    for host in &environment.hosts {
        let facts = site.world.hosts.get(host).and_then(|host| host.engine.as_ref());
        if let (Some(facts), Some(route)) = (facts, site.route(host)) {
            hosts.push((facts.id.clone(), host.clone(), Arc::clone(route)));
        }
    }
    hosts.sort_by(|(a, x, _), (b, y, _)| (a, x).cmp(&(b, y)));
    // Two names of one engine are one host.
    hosts.dedup_by(|(a, ..), (b, ..)| !a.is_empty() && a == b);
    let spec = service.and_then(|service| site.world.service_spec(&environment.id, service));
    let asks = Asks {
        ready: spec.and_then(|spec| spec.ready.clone()),
        routes: hosts.iter().map(|(_, host, route)| (host.clone(), Arc::clone(route))).collect(),
        addresses: hosts
            .iter()
            .filter_map(|(_, host, _)| Some((host.clone(), site.world.hosts.get(host)?.address.clone())))
            .collect(),
    };
    let engines = hosts.iter().map(|(id, host, _)| (host.clone(), id.clone())).collect();
    let engine =
        |(_, host, route): (String, HostId, Arc<Route>)| (host, route.engine() as Arc<dyn Lifecycle>);
    Place {
        environment: environment.id.clone(),
        hosts: Hosts(hosts.into_iter().map(engine).collect()),
        engines,
        book: site.book(environment),
        who: who(site.config.operator.as_deref()),
        pid: std::process::id(),
        project: None,
        manner,
        readiness: Arc::new(asks),
        care: Care::default(),
        say,
    }
}

/// Asks the configured probe of readiness.
struct Asks {
    ready: Option<Arc<ProbeSpec>>,
    routes: BTreeMap<HostId, Arc<Route>>,
    addresses: BTreeMap<HostId, Address>,
}

#[async_trait]
impl Readiness for Asks {
    async fn probe(&self, container: &Container, detail: &Detail) -> Option<Result<(), String>> {
        let spec = self.ready.as_ref()?;
        let address = self.addresses.get(&container.key.host)?;
        let known = Container { detail: Some(Arc::new(detail.clone())), ..container.clone() };
        let target = match Target::new(ProbeKind::Ready, spec, &known, address) {
            Ok(target) => target,
            Err(why) => return Some(Err(why.to_string())),
        };
        let Some(prober) = self.routes.get(&container.key.host)?.prober() else {
            return Some(Err(
                "its host takes no probes from here; only this machine and ssh:// do".to_owned()
            ));
        };
        let reading = prober.probe(&target).await;
        Some(match reading.judge(&spec.ask) {
            Verdict::Ok => Ok(()),
            Verdict::Bad(why) => Err(format!("{why} ({})", target.url())),
        })
    }

    async fn last_lines(&self, container: &Container) -> Vec<String> {
        let Some(route) = self.routes.get(&container.key.host) else { return Vec::new() };
        let request = LogRequest { tail: Some(LAST_LINES), ..LogRequest::default() };
        let read = async {
            let mut lines = Vec::new();
            let Ok(mut batches) = route.engine().logs(&container.key.id, request).await else { return lines };
            while let Some(Ok(batch)) = batches.next().await {
                let text = |bytes| ansi::plain(&String::from_utf8_lossy(bytes)).into_owned();
                lines.extend(batch.iter().map(|line| text(line.bytes)));
            }
            lines
        };
        // Evidence is welcome and never waited for.
        tokio::time::timeout(LINES_WITHIN, read).await.unwrap_or_default()
    }
}

/// A process of this machine is there, and not only not waited for yet.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Its name may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Why whoever holds the lock may still be at work; `None` where nobody does, or where that is known to be over.
pub(super) async fn may_be_at_work(
    place: &Place,
    record: Option<&Record>,
) -> Result<Option<String>, Failure> {
    for (host, engine) in &place.hosts.0 {
        let Some(lock) = engine.lock_seen(&place.environment).await? else { continue };
        let Some(claim) = lock.claim else { continue };
        let is_here = claim.who.machine == place.who.machine;
        if is_here && !is_alive(claim.pid) {
            continue;
        }
        let notes = record.iter().flat_map(|record| &record.notes).map(|note| note.at);
        let last = notes.chain([claim.at]).max().unwrap_or(claim.at);
        let silent = Utc::now() - last;
        if silent < SILENT_FOR || is_here {
            return Ok(Some(format!(
                "{} on {host}, process {}, may still be at work ({}): the last sign is {} s old; \
                 wait for it, or add --take-over",
                claim.who,
                claim.pid,
                claim.purpose,
                silent.num_seconds().max(0)
            )));
        }
    }
    Ok(None)
}
