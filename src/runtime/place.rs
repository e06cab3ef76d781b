//! Where deployments are done: the hosts of an environment that answer, their ledger, and how readiness is asked there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;

use super::balancers::Engines;
use super::files::Files;
use super::hosts::Routes;
use super::logins::Operator;
use super::secrets::Here;
use crate::deploy::event::Said;
use crate::deploy::plan::Manner;
use crate::domain::container::{Container, Detail};
use crate::domain::environment::Environment;
use crate::domain::health::{Outcome, Verdict};
use crate::domain::host::Address;
use crate::domain::ids::{HostId, ServiceId};
use crate::domain::ledger::Who;
use crate::domain::probe::{ProbeKind, ProbeSpec, Target};
use crate::jobs::deploy::begin::Site;
use crate::jobs::deploy::gate::Readiness;
use crate::jobs::deploy::secrets::Vault;
use crate::jobs::deploy::{Care, Hosts};
use crate::jobs::ledger::{Book, Place};
use crate::jobs::route::Route;
use crate::logs::ansi;
use crate::ports::engine::LogRequest;
use crate::ports::lifecycle::Lifecycle;
use crate::world::{Link, World};

/// Lines of evidence.
const LAST_LINES: u32 = 20;
/// So much of what a service answered is evidence.
const BODY_CHARS: usize = 200;
const LINES_WITHIN: Duration = Duration::from_secs(3);

/// Who is told of it.
pub type Say = Arc<dyn Fn(Said) + Send + Sync>;

/// The hosts that answered, in the order in which everybody locks them; of no Compose project yet.
pub fn of(
    (world, routes): (&World, &Routes),
    environment: &Environment,
    service: Option<&ServiceId>,
    manner: Manner,
    who: Who,
    say: Say,
) -> Site {
    let answering = environment.hosts.iter().filter_map(|id| {
        let host = world.hosts.get(id).filter(|host| !matches!(host.link, Link::Lost { .. }))?;
        let (engine_id, route) = (host.engine.as_ref()?.id.clone(), routes.get(id)?);
        Some(Place { host: id.clone(), engine_id, engine: route.engine(), copy: route.copy() })
    });
    let book = Book::new(environment.id.clone(), answering.collect());
    let on = |place: &Place| {
        let route = routes.get(&place.host)?;
        Some((place.engine_id.clone(), place.host.clone(), Arc::clone(route)))
    };
    let hosts: Vec<(String, HostId, Arc<Route>)> = book.places().iter().filter_map(on).collect();
    let specs = world.services.get(&environment.id).into_iter().flatten();
    let asks = Asks {
        ready: specs.filter_map(|(name, spec)| Some((name.clone(), spec.ready.clone()?))).collect(),
        routes: hosts.iter().map(|(_, host, route)| (host.clone(), Arc::clone(route))).collect(),
        addresses: hosts
            .iter()
            .filter_map(|(_, host, _)| Some((host.clone(), world.hosts.get(host)?.address.clone())))
            .collect(),
    };
    let of = world.terms.get(&environment.id).cloned().unwrap_or_default();
    let terms = service.map(ServiceId::each).unwrap_or_default().into_iter().map(|service| {
        let mut terms = of.services.get(service.as_str()).cloned().unwrap_or_default();
        terms.rules.class = environment.class;
        (service, terms)
    });
    let terms = terms.collect();
    let engines = hosts.iter().map(|(id, host, _)| (host.clone(), id.clone())).collect();
    let engines_of = hosts.iter().map(|(_, host, route)| (host.clone(), route.engine())).collect();
    let engine =
        |(_, host, route): (String, HostId, Arc<Route>)| (host, route.engine() as Arc<dyn Lifecycle>);
    Site {
        environment: environment.id.clone(),
        hosts: Hosts(hosts.into_iter().map(engine).collect()),
        engines,
        book,
        who,
        pid: std::process::id(),
        project: None,
        manner,
        terms,
        readiness: Arc::new(asks),
        logins: Arc::new(Operator),
        balancers: Arc::new(Engines(engines_of)),
        models: Arc::new(Files::of(environment, &of)),
        vault: Vault::new(Arc::new(Here)),
        care: Care::default(),
        say,
    }
}

/// What a service answered, in one short line.
fn said(outcome: &Outcome) -> String {
    let Outcome::Answered(answer) = outcome else { return String::new() };
    let text = String::from_utf8_lossy(&answer.body);
    let words: Vec<_> = text.split_whitespace().collect();
    let line: String = ansi::plain(&words.join(" ")).chars().take(BODY_CHARS).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}

/// Asks the configured probe of readiness.
struct Asks {
    /// By the name of the service.
    ready: BTreeMap<String, Arc<ProbeSpec>>,
    routes: BTreeMap<HostId, Arc<Route>>,
    addresses: BTreeMap<HostId, Address>,
}

#[async_trait]
impl Readiness for Asks {
    async fn probe(&self, container: &Container, detail: &Detail) -> Option<Result<(), String>> {
        let spec = self.ready.get(container.service.as_str())?;
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
            Verdict::Bad(why) => Err(format!("{why} ({}){}", target.url(), said(&reading.outcome))),
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
