//! `pilothouse traffic`: how traffic is shared, and what each slot does with it, by the balancers' own figures.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::mpsc;

use super::failure::Failure;
use super::out::{Out, Tone, remark};
use super::setup::Options;
use super::site::{Depth, Site, Which};
use super::table::{Table, cell, left, right};
use crate::domain::environment::Environment;
use crate::domain::health::took;
use crate::domain::traffic::{Flow, FrontId, Percent, Slot};
use crate::jobs::traffic;
use crate::msg::Msg;
use crate::panes::traffic::percent;
use crate::runtime::run::now;
use crate::world::traffic::service::{Behind, Stand, Total};

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per balancer; with --watch again every second:
  environment, service, host, balancer   which it is
  ok           false where a slot that is given traffic has no server for it,
               null where it does not tell
  failure      why it does not tell, else null
  up_s         seconds since it started, which all counters begin with
  maintenance  it answers every request with its maintenance page
  slots        blue, then green: {slot, releases, set_percent,
               measured_percent, requests_per_s, error_percent, mean_ms,
               in_flight}; what nobody knows is null: a share of no requests,
               a rate after one reading
  servers      [{slot, name, address, check, in, in_flight}]: check is passed,
               else what its check came back with

What is measured is of the time it was watched, at most a minute, since the
split was last changed: about a second without --watch.

Exit status: 3 when a slot that is given traffic has no server for it, 6 when
a balancer or a host does not tell, 1 where there is no balancer.";

/// Readings that give a rate.
const READINGS: usize = 2;

/// Whose.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Go on telling every second, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    environment: &'a str,
    service: &'a str,
    host: &'a str,
    balancer: &'a str,
    ok: Option<bool>,
    failure: Option<&'a str>,
    up_s: Option<u64>,
    maintenance: Option<bool>,
    slots: Vec<SlotRow<'a>>,
    servers: Vec<ServerRow<'a>>,
}

#[derive(Serialize)]
struct SlotRow<'a> {
    slot: &'static str,
    releases: Vec<&'a str>,
    set_percent: Option<f64>,
    measured_percent: Option<f64>,
    requests_per_s: Option<f64>,
    error_percent: Option<f64>,
    mean_ms: Option<f64>,
    in_flight: Option<u32>,
}

#[derive(Serialize)]
struct ServerRow<'a> {
    slot: &'static str,
    name: &'a str,
    address: &'a str,
    check: String,
    r#in: bool,
    in_flight: u32,
}

/// Watches them until each told what it does, or on and on.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let which = &arguments.which;
    let found = site.find(&which.at, &which.targets, Depth::List).await?;
    let environment = match found.first() {
        Some(first) => first.environment.clone(),
        None => site.environment(which.at.environment.as_deref())?,
    };
    let of = |id: &_, c: &_| site.world.service_behind(id, c);
    let services: BTreeSet<_> = found.iter().map(|f| of(&f.environment.id, &f.container)).collect();
    let fronts = site.world.fronts(&environment).into_iter();
    let fronts: Vec<_> = fronts.filter(|(front, _)| services.contains(&front.service)).collect();
    if fronts.is_empty() {
        return Err(none(&site, &environment, which));
    }
    let (out, mut told) = mpsc::channel(64);
    let mut watching = tokio::task::JoinSet::new();
    let mut awaited: Vec<(FrontId, usize)> = Vec::new();
    for (front, c) in fronts.into_iter().filter(|(_, c)| c.state.is_up()) {
        let route = site.way(&front.host)?;
        awaited.push((front.clone(), READINGS));
        watching.spawn(traffic::watch(front, c.key.id.clone(), Arc::clone(&c.name), route, out.clone()));
    }
    drop(out);
    let services: Vec<_> = services.into_iter().collect();
    let mut out = Out::new(which.json);
    loop {
        // Each once more, or the reason why not.
        while awaited.iter().any(|(_, left)| *left > 0) {
            let Some(Msg::Traffic(front, answer)) = told.recv().await else { break };
            if let Some((_, left)) = awaited.iter_mut().find(|(id, _)| *id == front) {
                *left = if answer.is_ok() { left.saturating_sub(1) } else { 0 };
            }
            site.world.told_of_traffic(front, answer, now());
        }
        let all: Vec<_> = services.iter().filter_map(|one| site.world.behind(&environment, one)).collect();
        print(&site, &environment, &all, &mut out)?;
        out.flush()?;
        if !arguments.watch || awaited.is_empty() {
            return Ok(status(&site, &all));
        }
        for (_, left) in &mut awaited {
            *left = 1;
        }
    }
}

fn none(site: &Site, environment: &Environment, which: &Which) -> Failure {
    let mut others: Vec<_> =
        site.world.fronts(environment).into_keys().map(|front| front.service.to_string()).collect();
    others.dedup();
    let whose = which.targets.first().map_or_else(|| "any service".to_owned(), |target| target.name.clone());
    let known = if others.is_empty() { String::new() } else { format!("; there are: {}", others.join(", ")) };
    Failure::Failed(format!(
        "no balancer is in front of {whose} in {}{known}; [services.NAME.traffic] in pilothouse.toml puts one there",
        environment.id
    ))
}

/// Every slot that is given traffic has a server for it.
fn is_able(flow: &Flow) -> bool {
    Slot::BOTH.into_iter().all(|slot| flow.split.share(slot) == 0 || flow.is_able(slot))
}

/// What it does now; `None` where it does not tell.
fn told<'a>(stand: &Stand<'a>) -> Option<&'a Flow> {
    stand.flow().filter(|_| !stand.is_stale(now()))
}

fn status(site: &Site, all: &[Behind<'_>]) -> u8 {
    let stands = || all.iter().flat_map(|behind| &behind.stands);
    if stands().filter_map(told).any(|flow| !is_able(flow)) {
        3
    } else if stands().any(|stand| told(stand).is_none()) {
        6
    } else {
        site.status()
    }
}

fn print(site: &Site, environment: &Environment, all: &[Behind<'_>], out: &mut Out) -> Result<(), Failure> {
    let each = all.iter().flat_map(|behind| {
        behind
            .stands
            .iter()
            .map(|stand| Behind { service: behind.service.clone(), stands: vec![stand.clone()] })
    });
    if out.is_json {
        for one in each {
            out.json(&row(site, environment, &one))?;
        }
        return Ok(());
    }
    let mut table = Table::new([
        left("SERVICE"),
        left("HOST"),
        left("SLOT"),
        left("RELEASE").spare(2),
        right("SET"),
        right("MEASURED"),
        right("REQ/S"),
        right("ERRORS"),
        right("MEAN").spare(1),
        right("IN FLIGHT").spare(3),
        left("SERVERS").text(),
    ]);
    for one in each {
        let stand = &one.stands[0];
        if let Some(why) = silence(stand) {
            let host = &stand.id.host;
            remark(&format!("pilothouse: {}: {host}: {why}", stand.id.service));
        }
        for slot in Slot::BOTH {
            table.row(cells(site, environment, &one, slot));
        }
        if told(stand).is_some_and(|flow| flow.is_in_maintenance) {
            let (service, host) = (&stand.id.service, &stand.id.host);
            remark(&format!("pilothouse: {service}: {host}: every request gets the maintenance page"));
        }
    }
    table.print(out, 0)
}

/// Why it does not tell.
fn silence(stand: &Stand<'_>) -> Option<String> {
    if !stand.container.state.is_up() {
        let name = &stand.container.name;
        return Some(format!("balancer {name} does not run: {}", stand.container.state.word()));
    }
    stand.traffic.and_then(|traffic| traffic.failure.clone())
}

fn cells(site: &Site, environment: &Environment, one: &Behind<'_>, slot: Slot) -> [super::table::Cell; 11] {
    let stand = &one.stands[0];
    let total = if told(stand).is_some() { one.total(slot, now()) } else { Total::default() };
    let text = |known: Option<String>| known.unwrap_or_else(|| "-".to_owned());
    let set = told(stand).map(|flow| Percent(flow.split.share(slot)).to_string());
    let releases = site.world.releases_in(environment, &one.service, &[&stand.id.host], slot);
    let servers = told(stand).map(|flow| {
        let of_slot = flow.servers.iter().filter(|server| server.slot == slot);
        let each: Vec<_> = of_slot.map(|server| format!("{} {}", server.name, server.check)).collect();
        each.join(", ")
    });
    let has_none = told(stand).is_some_and(|flow| flow.split.share(slot) > 0 && !flow.is_able(slot));
    [
        cell(Tone::Bright, one.service.as_str()),
        cell(Tone::Dim, stand.id.host.as_str()),
        slot.word().to_owned().into(),
        text(Some(releases.join(" ")).filter(|text| !text.is_empty())).into(),
        cell(Tone::Bright, text(set)),
        text(total.measured.map(|share| format!("{share:.1}%"))).into(),
        text(total.rate.map(|rate| format!("{rate:.1}"))).into(),
        text(total.errors().map(percent)).into(),
        text(total.mean.map(took)).into(),
        text(total.in_flight.map(|count| count.to_string())).into(),
        cell(if has_none { Tone::Bad } else { Tone::Plain }, text(servers.filter(|text| !text.is_empty()))),
    ]
}

fn row<'a>(site: &'a Site, environment: &'a Environment, one: &'a Behind<'a>) -> Row<'a> {
    let stand = &one.stands[0];
    let flow = told(stand);
    let slot = |slot: Slot| {
        let total = if flow.is_some() { one.total(slot, now()) } else { Total::default() };
        SlotRow {
            slot: slot.word(),
            releases: site.world.releases_in(environment, &one.service, &[&stand.id.host], slot),
            set_percent: flow.map(|flow| f64::from(flow.split.share(slot)) / 100.0),
            measured_percent: total.measured,
            requests_per_s: total.rate,
            error_percent: total.errors(),
            mean_ms: total.mean.map(|mean| mean.as_secs_f64() * 1000.0),
            in_flight: total.in_flight,
        }
    };
    let servers = flow.map(|flow| flow.servers.as_slice()).unwrap_or_default();
    let server = |server: &'a crate::domain::traffic::Server| ServerRow {
        slot: server.slot.word(),
        name: &server.name,
        address: &server.address,
        check: server.check.to_string(),
        r#in: server.is_in,
        in_flight: server.in_flight,
    };
    Row {
        environment: environment.id.as_str(),
        service: one.service.as_str(),
        host: stand.id.host.as_str(),
        balancer: &stand.container.name,
        ok: flow.map(is_able),
        failure: stand.traffic.and_then(|traffic| traffic.failure.as_deref()),
        up_s: flow.map(|flow| flow.up_s),
        maintenance: flow.map(|flow| flow.is_in_maintenance),
        slots: Slot::BOTH.map(slot).into(),
        servers: servers.iter().map(server).collect(),
    }
}
