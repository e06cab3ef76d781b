//! `pilothouse status`: what is broken, since when and why; for people at night and for scripts.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::containers::{health_word, standing_word};
use super::failure::Failure;
use super::health;
use super::out::{Out, Tone};
use super::setup::Options;
use super::site::{Depth, Site, Where};
use super::table::{Table, cell, left, right};
use crate::domain::alert::Figure;
use crate::domain::container::{Container, Health, Standing, State};
use crate::domain::environment::{Class, Environment};
use crate::domain::size::bytes;
use crate::panes::containers::words::state_text;
use crate::runtime::run::now;
use crate::ui::text::age;
use crate::world::health::Condition;
use crate::world::{Host, Link};

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per environment:
  environment, class (unclassified, development, staging, production),
    protected
  standing     bad, warn, ok, or unknown when no host answers: the worst of
               all below
  hosts        [{host, address, answers, error, engine, api, disk_free_bytes,
               disk_total_bytes, load1, memory_available_bytes,
               memory_total_bytes, clock_ahead_ms}]; null where unknown
  services     [{service, standing, running, containers}]
  problems     [{standing, host, service, container, what, since}]; service
               and container are null for a host

Exit status: 0 all is well, 3 something is bad, 6 a host does not answer (that
goes first: something is unknown).";

/// Which environments.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    at: Where,
    /// All environments
    #[arg(short, long, conflicts_with = "environment")]
    all: bool,
    /// Print data: one JSON object per environment, one a line
    #[arg(long)]
    json: bool,
}

/// How every object about an environment begins.
#[derive(Serialize)]
pub struct Head<'a> {
    environment: &'a str,
    class: &'static str,
    protected: bool,
}

impl<'a> Head<'a> {
    /// Of that one.
    pub fn of(environment: &'a Environment) -> Self {
        Self {
            environment: environment.id.as_str(),
            class: class_word(environment.class),
            protected: environment.is_protected,
        }
    }
}

#[derive(Serialize)]
struct EnvironmentRow<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    standing: &'static str,
    hosts: Vec<HostRow<'a>>,
    services: Vec<ServiceRow<'a>>,
    problems: &'a [Problem],
}

#[derive(Serialize)]
struct HostRow<'a> {
    host: &'a str,
    address: String,
    answers: bool,
    error: Option<&'a str>,
    engine: Option<&'a str>,
    api: Option<&'a str>,
    disk_free_bytes: Option<u64>,
    disk_total_bytes: Option<u64>,
    load1: Option<f32>,
    memory_available_bytes: Option<u64>,
    memory_total_bytes: Option<u64>,
    clock_ahead_ms: Option<i64>,
}

#[derive(Serialize)]
struct ServiceRow<'a> {
    service: &'a str,
    standing: &'static str,
    running: usize,
    containers: usize,
}

/// Something that needs somebody, now or soon.
#[derive(Serialize)]
struct Problem {
    standing: &'static str,
    host: String,
    service: Option<String>,
    container: Option<String>,
    what: String,
    since: Option<DateTime<Utc>>,
}

/// Tells how things stand.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let environments = if arguments.all {
        site.world.environments.clone()
    } else {
        vec![site.environment(arguments.at.environment.as_deref())?]
    };
    site.ask_with_load(&environments, Depth::Detail).await;
    look_closer(&mut site, &environments).await?;
    let mut out = Out::new(arguments.json);
    let mut is_bad = false;
    for environment in &environments {
        let problems = problems(&site, environment);
        is_bad |= problems.iter().any(|p| p.standing == "bad");
        if out.is_json {
            out.json(&data(&site, environment, &problems))?;
        } else {
            show(&site, environment, &problems, &mut out)?;
        }
    }
    out.flush()?;
    Ok(match (site.is_incomplete(), is_bad) {
        (true, _) => 6,
        (false, true) => 3,
        (false, false) => 0,
    })
}

/// Asks the probes, those that fail twice, and reads what containers use.
async fn look_closer(site: &mut Site, environments: &[Environment]) -> Result<(), Failure> {
    let each = |e: &Environment| {
        let all = site.world.containers(e).into_iter().filter(|c| c.state == State::Running);
        all.map(|c| (e.id.clone(), c.clone())).collect::<Vec<_>>()
    };
    let running: Vec<_> = environments.iter().flat_map(each).collect();
    let keys: BTreeSet<_> = running.iter().map(|(_, c)| c.key.clone()).collect();
    site.probe(&running).await;
    site.measure(&keys.into_iter().collect::<Vec<_>>()).await?;
    site.probe_again().await;
    Ok(())
}

/// Hosts first, then containers; the bad before what may become so.
fn problems(site: &Site, environment: &Environment) -> Vec<Problem> {
    let mut all = Vec::new();
    for id in &environment.hosts {
        let Some(host) = site.world.hosts.get(id) else { continue };
        let mut add = |standing, what| {
            let host = id.to_string();
            all.push(Problem { standing, host, service: None, container: None, what, since: None });
        };
        if let Link::Lost { .. } = host.link {
            add("bad", "does not answer".to_owned());
        }
        if let Some((free, total)) = host.load.disk_bytes
            && site.world.limits.is_disk_short((free, total))
        {
            add("warn", format!("disk: {} of {} free", bytes(free), bytes(total)));
        }
        if let Some(skew) = host.skew().filter(|skew| skew.is_told()) {
            add("warn", format!("its clock is {skew} of ours; `pilothouse doctor {id}` says how to mend it"));
        }
    }
    let containers = site.world.containers(environment);
    for c in containers {
        let mut add = |standing, what, since| {
            let (service, container) = (Some(c.service.to_string()), Some(c.name.to_string()));
            all.push(Problem { standing, host: c.key.host.to_string(), service, container, what, since });
        };
        let standing = site.world.standing(&environment.id, c, now());
        if matches!(standing, Standing::Bad | Standing::Warn) {
            add(standing_word(standing), what(site, environment, c), c.bad_since());
        }
        for figure in Figure::ALL {
            let share = site.world.share(c, figure).filter(|share| site.world.limits.is_over(figure, *share));
            if let Some(share) = share {
                add("warn", format!("{} {:.0}% of what it may use", figure.word(), share * 100.0), None);
            }
        }
    }
    all.sort_by_key(|p| p.standing != "bad");
    all
}

/// State with its reason; for what runs, what asks it said last, or how often it was started again.
fn what(site: &Site, environment: &Environment, c: &Container) -> String {
    let detail = c.detail.as_deref();
    if c.state == State::Running {
        if let Some(trouble) = health::trouble(site, c) {
            return trouble;
        }
        if let Condition::Looping(count) = site.world.condition(&environment.id, c, now()) {
            return format!(
                "restarted {count} times by the engine; `pilothouse logs {}` may say why",
                c.name
            );
        }
        let said = detail.and_then(|d| d.checks.last()).map(|check| check.output.trim());
        return match said.filter(|text| !text.is_empty() && c.health == Health::Unhealthy) {
            Some(text) => format!("{}: {text}", health_word(c.health)),
            None => health_word(c.health).to_owned(),
        };
    }
    match detail.map(|d| d.error.trim()).filter(|error| !error.is_empty()) {
        Some(error) => format!("{}: {error}", state_text(c)),
        None => state_text(c),
    }
}

/// As in JSON.
pub fn class_word(class: Class) -> &'static str {
    match class {
        Class::Unclassified => "unclassified",
        Class::Development => "development",
        Class::Staging => "staging",
        Class::Production => "production",
    }
}

fn standing(site: &Site, environment: &Environment, problems: &[Problem]) -> &'static str {
    let answers = |h: &Host| matches!(h.link, Link::Up);
    if !environment.hosts.iter().filter_map(|id| site.world.hosts.get(id)).any(answers) {
        return "unknown";
    }
    problems.first().map_or("ok", |worst| worst.standing)
}

fn services<'a>(site: &Site, environment: &Environment, containers: &[&'a Container]) -> Vec<ServiceRow<'a>> {
    let standing = |c: &&Container| site.world.standing(&environment.id, c, now());
    let groups = containers.chunk_by(|a, b| a.service == b.service);
    groups
        .map(|group| {
            let worst = group.iter().map(standing).min().unwrap_or(Standing::Plain);
            ServiceRow {
                service: group[0].service.as_str(),
                standing: standing_word(worst),
                running: group.iter().filter(|c| c.state.is_up()).count(),
                containers: group.len(),
            }
        })
        .collect()
}

fn data<'a>(site: &'a Site, environment: &'a Environment, problems: &'a [Problem]) -> EnvironmentRow<'a> {
    let host = |id: &'a crate::domain::ids::HostId| {
        let host = site.world.hosts.get(id)?;
        let engine = host.engine.as_ref();
        let why = if let Link::Lost { why, .. } = &host.link { Some(why.as_str()) } else { None };
        Some(HostRow {
            host: id.as_str(),
            address: host.address.to_string(),
            answers: why.is_none(),
            error: why.map(str::trim),
            engine: engine.map(|e| e.version.as_str()),
            api: engine.map(|e| e.api.as_str()),
            disk_free_bytes: host.load.disk_bytes.map(|(free, _)| free),
            disk_total_bytes: host.load.disk_bytes.map(|(_, total)| total),
            load1: host.load.load1,
            memory_available_bytes: host.load.memory_bytes.map(|(free, _)| free),
            memory_total_bytes: host.load.memory_bytes.map(|(_, total)| total),
            clock_ahead_ms: host.skew().map(|skew| skew.certain_ns() / 1_000_000),
        })
    };
    EnvironmentRow {
        head: Head::of(environment),
        standing: standing(site, environment, problems),
        hosts: environment.hosts.iter().filter_map(host).collect(),
        services: services(site, environment, &site.world.containers(environment)),
        problems,
    }
}

fn show(site: &Site, environment: &Environment, problems: &[Problem], out: &mut Out) -> Result<(), Failure> {
    let containers = site.world.containers(environment);
    let up = containers.iter().filter(|c| c.state.is_up()).count();
    let bad = problems.iter().filter(|p| p.standing == "bad").count();
    let head = cell_line(out, environment, standing(site, environment, problems), bad);
    let known = environment.hosts.iter().filter_map(|id| site.world.hosts.get(id));
    let count = if known.into_iter().any(|host| host.containers.is_some()) {
        format!("{up}/{} up", containers.len())
    } else {
        "containers unknown".to_owned()
    };
    out.safe(&format!("{head}  {count}\n"))?;
    for id in &environment.hosts {
        let Some(host) = site.world.hosts.get(id) else { continue };
        out.line(&format!("  {id}  {}", host_words(host)))?;
    }
    let mut table = Table::new([
        left(""),
        left("SERVICE"),
        left("CONTAINER"),
        left("HOST").spare(1),
        right("SINCE"),
        left("WHAT").text(),
    ]);
    let now = Utc::now();
    for problem in problems {
        let (tone, mark) =
            if problem.standing == "bad" { (Tone::Bad, "! bad") } else { (Tone::Soon, "~ soon") };
        table.row([
            cell(tone, mark),
            cell(Tone::Bright, problem.service.as_deref().unwrap_or("-")),
            problem.container.as_deref().unwrap_or("-").into(),
            problem.host.as_str().into(),
            problem.since.map_or("?".to_owned(), |at| age(at, now)).into(),
            cell(tone, &problem.what),
        ]);
    }
    table.print(out, 2)
}

fn cell_line(out: &Out, environment: &Environment, standing: &str, bad: usize) -> String {
    let name = crate::logs::ansi::plain(environment.id.as_str());
    let class = match environment.class {
        Class::Production => out.paint(Tone::Bad, "PRODUCTION"),
        class => class_word(class).to_owned(),
    };
    let protected = if environment.is_protected { " protected" } else { "" };
    let verdict = match standing {
        "bad" => out.paint(Tone::Bad, &format!("! {bad} bad")),
        "warn" => out.paint(Tone::Soon, "~ soon"),
        "ok" => out.paint(Tone::Good, "ok"),
        other => out.paint(Tone::Bad, &format!("? {other}")),
    };
    format!("{}  {class}{protected}  {verdict}", out.paint(Tone::Bright, &name))
}

fn host_words(host: &Host) -> String {
    let (Link::Up | Link::Asking, Some(engine)) = (&host.link, &host.engine) else {
        return "does not answer".to_owned();
    };
    let of = |pair: Option<(u64, u64)>| {
        pair.map_or("unknown".to_owned(), |(free, total)| format!("{} of {} free", bytes(free), bytes(total)))
    };
    let load = host.load.load1.map_or("unknown".to_owned(), |load| format!("{load:.2}"));
    let (disk, memory) = (of(host.load.disk_bytes), of(host.load.memory_bytes));
    let clock = host.skew().filter(|skew| skew.is_told()).map(|skew| format!("  clock {skew}"));
    let clock = clock.unwrap_or_default();
    format!("engine {}  disk {disk}  memory {memory}  load {load}{clock}", engine.version)
}
