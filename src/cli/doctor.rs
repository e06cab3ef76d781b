//! `pilothouse doctor`: step by step what was found on the way to each engine, and the command that mends what is
//! wrong. Changes nothing, here or there.

use futures_util::future::join_all;

use self::report::Report;
use super::failure::Failure;
use super::setup::Options;
use super::site::{Depth, Site, Where};
use crate::domain::checkup::{OVER_SSH, Stage, Step, is_ended};
use crate::domain::environment::Environment;
use crate::domain::host::Address;
use crate::domain::ids::HostId;
use crate::world::Link;

mod engine;
mod here;
mod meant;
mod report;
mod tcp;

/// The shape of `--json`.
pub const JSON: &str = "\
Over SSH the way is walked once, step by step; the first that is bad ends it,
and what lies behind is unknown. Nothing is recorded: a key that nobody
vouches for is taken for this once at most. Questions are asked on the
terminal, each once; without one, what would have been asked is told.

JSON (--json), one object per step:
  host     null for what belongs to this machine
  via      the host on the way whose step it is, else null
  step     configuration, terminal, found, settings, name, connection, key
           exchange, host key, authentication, commands, socket, tls, client
           key, engine, clock, disk, log limits, ledger
  verdict  ok, warn, bad, unknown
  found    what was found, in words
  mend     the command that mends it, else null
  took_ms  how long it took, else null

Exit status: 0 nothing is bad, 3 something is, 6 a host does not answer.";

/// Which hosts.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only this host: its name in the configuration, a docker context, ssh://…, or a name that ssh knows
    #[arg(value_name = "HOST")]
    only: Option<String>,
    #[command(flatten)]
    at: Where,
    /// Print data: one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Looks at everything and says what it found.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let mut report = Report::new(arguments.json);
    report.begin(None)?;
    report.step(&here::configuration(options))?;
    report.step(&here::terminal())?;
    // Somebody may be asked something soon: what was found so far stands before it.
    report.flush()?;
    let meant::Meant { mut site, environment, remark } =
        meant::find(options, &arguments.at, arguments.only.as_deref())?;
    site.be_quiet();
    let walks = join_all(environment.hosts.iter().map(|id| walk(&site, id))).await;
    let open = walks.iter().filter(|(_, steps)| !is_ended(steps)).map(|(id, _)| id.clone()).collect();
    site.ask_with_load(&[Environment { hosts: open, ..environment.clone() }], Depth::Detail).await;
    let mut is_incomplete = site.is_incomplete();
    for (id, steps) in &walks {
        report.begin(Some(id.as_str()))?;
        let address = site.world.hosts.get(id).map(|host| host.address.clone());
        match address {
            Some(Address::Ssh(_)) => over_ssh(&mut report, &site, id, steps, remark.as_deref())?,
            Some(Address::Unix(path)) => {
                ways(&mut report, &site, id)?;
                report.step(&here::socket(&path))?;
            }
            Some(Address::Tcp(to)) => {
                ways(&mut report, &site, id)?;
                if !is_lost(&site, id) {
                    let way = site.plan(id).and_then(|plan| plan.ways.first());
                    let steps = tcp::steps(&to, way.and_then(|way| way.tls.as_ref())).await;
                    steps.iter().try_for_each(|step| report.step(step))?;
                }
            }
            _ => ways(&mut report, &site, id)?,
        }
        is_incomplete |= is_ended(steps);
        let facts = site.world.hosts.get(id).and_then(|host| host.engine.clone());
        let Some(facts) = facts.filter(|_| !is_lost(&site, id)) else { continue };
        for step in engine::steps(&site, &environment, id, &facts).await? {
            report.step(&step)?;
        }
    }
    report.flush()?;
    Ok(match (is_incomplete, report.is_bad) {
        (true, _) => 6,
        (false, true) => 3,
        (false, false) => 0,
    })
}

async fn walk(site: &Site, id: &HostId) -> (HostId, Vec<Step>) {
    let machine = site.route(id).and_then(|route| route.machine());
    let steps = match machine {
        Some(machine) => machine.walk().await,
        None => Vec::new(),
    };
    (id.clone(), steps)
}

fn is_lost(site: &Site, id: &HostId) -> bool {
    site.world.hosts.get(id).is_none_or(|known| matches!(known.link, Link::Lost { .. }))
}

/// Places where the engine was looked for.
fn ways(report: &mut Report, site: &Site, id: &HostId) -> Result<(), Failure> {
    let is_lost = is_lost(site, id);
    for refusal in site.refusals(id) {
        let found = format!("{}: {}", refusal.source, refusal.error);
        // A place without an engine is no fault as long as another has one.
        let step = if is_lost {
            Step::bad(Stage::Found, found, refusal.mend.as_str())
        } else {
            Step::ok(Stage::Found, found)
        };
        report.step(&step)?;
    }
    if is_lost { Ok(()) } else { found(report, site, id, None) }
}

fn found(report: &mut Report, site: &Site, id: &HostId, remark: Option<&str>) -> Result<(), Failure> {
    let Some((known, route)) = site.world.hosts.get(id).zip(site.route(id)) else { return Ok(()) };
    let source = route.chosen().source.as_str();
    let why = remark.map_or_else(|| format!(" by {source}"), |remark| format!(", {remark}"));
    report.step(&Step::ok(Stage::Found, format!("{}{why}", known.address)))
}

/// The way as it was walked, and the engine where that is as far as it goes.
fn over_ssh(
    report: &mut Report,
    site: &Site,
    id: &HostId,
    steps: &[Step],
    remark: Option<&str>,
) -> Result<(), Failure> {
    found(report, site, id, remark)?;
    steps.iter().try_for_each(|step| report.step(step))?;
    let refusals = site.refusals(id);
    for refusal in refusals {
        report.step(&Step::bad(Stage::Engine, refusal.error.to_string(), refusal.mend.as_str()))?;
    }
    if refusals.is_empty() && !is_ended(steps) {
        return Ok(());
    }
    let is_told = |stage: Stage| {
        stage == Stage::Engine && !refusals.is_empty()
            || steps.iter().any(|step| step.stage == stage && step.via.is_none())
    };
    report.not_reached(&OVER_SSH.into_iter().filter(|stage| !is_told(*stage)).collect::<Vec<_>>())
}
