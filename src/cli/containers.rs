//! `pilothouse containers`: what the containers pane shows, as a table or as data.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::failure::Failure;
use super::out::{Out, Tone};
use super::setup::Options;
use super::site::{Depth, Found, Site, Which};
use super::table::{Cell, Table, cell, left, right};
use crate::domain::container::{Container, Health, Standing, State};
use crate::domain::size::bytes;
use crate::domain::usage::Usage;
use crate::panes::containers::words::state_text;
use crate::runtime::run::now;
use crate::ui::text::age;

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per container:
  environment, host, service, project, container, id   which it is; project is
                                                       null without Compose
  image, image_id, release    what it runs
  state       created, running, paused, restarting, removing, exited, dead
  exit_code   of its last end, else null
  oom_killed, restarts, error    why it ended, how often the engine started it
                                 again; null where unknown
  health      none, starting, healthy, unhealthy
  standing    bad, warn, ok, plain
  created, started, finished     RFC 3339 in UTC, or null
  ports       [{inside, protocol, address, published}]; the last two are null
              where nothing is published
  usage       with --usage, for what runs: {cpu_percent, memory_bytes,
              memory_limit_bytes, received_bytes_per_s, sent_bytes_per_s};
              else null";

/// Which containers, and how.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Only what runs
    #[arg(short, long)]
    running: bool,
    /// With the use of processor, memory and network, measured over a second
    #[arg(short, long)]
    usage: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    environment: &'a str,
    host: &'a str,
    service: &'a str,
    project: Option<&'a str>,
    container: &'a str,
    id: &'a str,
    image: &'a str,
    image_id: &'a str,
    release: &'a str,
    state: &'a str,
    exit_code: Option<i64>,
    oom_killed: Option<bool>,
    restarts: Option<u32>,
    error: Option<&'a str>,
    health: &'static str,
    standing: &'static str,
    created: DateTime<Utc>,
    started: Option<DateTime<Utc>>,
    finished: Option<DateTime<Utc>>,
    ports: Vec<PortRow<'a>>,
    usage: Option<UsageRow>,
}

#[derive(Serialize)]
struct PortRow<'a> {
    inside: u16,
    protocol: &'a str,
    address: Option<&'a str>,
    published: Option<u16>,
}

#[derive(Serialize)]
struct UsageRow {
    cpu_percent: f32,
    memory_bytes: u64,
    memory_limit_bytes: Option<u64>,
    received_bytes_per_s: u64,
    sent_bytes_per_s: u64,
}

/// Lists them. Without a container nothing is printed, and that is no error.
pub async fn run(arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let mut found = site.find(&arguments.which.at, &arguments.which.targets, Depth::Detail).await?;
    if arguments.running {
        found.retain(|f| f.container.state.is_up());
    }
    if arguments.usage {
        let running = found.iter().filter(|f| f.container.state == State::Running);
        let running: Vec<_> = running.map(|f| f.container.key.clone()).collect();
        site.measure(&running).await?;
    }
    let mut out = Out::new(arguments.which.json);
    if out.is_json {
        for one in &found {
            out.json(&row(&site, one))?;
        }
    } else {
        table(&site, &found, arguments.usage).print(&mut out, 0)?;
    }
    out.flush()?;
    Ok(site.status())
}

fn row<'a>(site: &Site, found: &'a Found) -> Row<'a> {
    let c = &found.container;
    let usage = usage_of(site, c);
    let detail = c.detail.as_deref();
    let code = if let State::Exited(code) = c.state { code } else { None };
    Row {
        environment: found.environment.id.as_str(),
        host: c.key.host.as_str(),
        service: c.service.as_str(),
        project: c.project.as_deref(),
        container: &c.name,
        id: c.key.id.as_str(),
        image: &c.image,
        image_id: c.image_id.as_str(),
        release: c.release(),
        state: c.state.word(),
        exit_code: code.or_else(|| detail?.exit_code),
        oom_killed: detail.map(|d| d.is_oom_killed),
        restarts: detail.map(|d| d.restarts),
        error: detail.map(|d| d.error.as_str()).filter(|error| !error.is_empty()),
        health: health_word(c.health),
        standing: standing_word(site.world.standing(&found.environment.id, c, now())),
        created: c.created,
        started: detail.and_then(|d| d.started),
        finished: detail.and_then(|d| d.finished),
        ports: c.ports.iter().map(port).collect(),
        usage: usage.map(|u| UsageRow {
            cpu_percent: u.cpu_percent,
            memory_bytes: u.memory_bytes,
            memory_limit_bytes: u.memory_limit_bytes,
            received_bytes_per_s: u.received_per_s as u64,
            sent_bytes_per_s: u.sent_per_s as u64,
        }),
    }
}

fn port(port: &crate::domain::container::Port) -> PortRow<'_> {
    let published = port.published.as_ref();
    PortRow {
        inside: port.inside,
        protocol: &port.protocol,
        address: published.map(|(address, _)| &**address),
        published: published.map(|(_, port)| *port),
    }
}

/// As in JSON.
pub fn health_word(health: Health) -> &'static str {
    match health {
        Health::None => "none",
        Health::Starting => "starting",
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    }
}

/// Health in words; of what does not run nothing is known.
fn health_text(c: &Container) -> &'static str {
    match c.health {
        _ if c.state != State::Running => "",
        Health::None => "no check",
        health => health_word(health),
    }
}

/// As in JSON.
pub fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Bad => "bad",
        Standing::Warn => "warn",
        Standing::Ok => "ok",
        Standing::Plain => "plain",
    }
}

/// The newest rates, where they were measured.
fn usage_of(site: &Site, c: &Container) -> Option<Usage> {
    site.world.usage.get(&c.key)?.usage.filter(|_| c.state == State::Running)
}

fn table(site: &Site, found: &[Found], has_usage: bool) -> Table {
    let mut columns = vec![
        left("SERVICE").spare(1),
        left("CONTAINER"),
        left("HOST").spare(4),
        left("RELEASE").spare(5),
        left("STATE"),
        left("HEALTH"),
    ];
    if has_usage {
        columns.extend([
            right("CPU").spare(1),
            right("MEM").spare(1),
            right("LIMIT").spare(8),
            right("NET IN/OUT").spare(6),
        ]);
    }
    columns.extend([
        right("RST").spare(3),
        right("UP").spare(2),
        left("PORTS").spare(7),
        left("IMAGE").spare(10),
        left("ID").spare(9),
    ]);
    let mut table = Table::new(columns);
    let now = Utc::now();
    for one in found {
        let c = &one.container;
        let mut cells: Vec<Cell> = vec![
            cell(Tone::Bright, c.service.as_str()),
            (&*c.name).into(),
            cell(Tone::Dim, c.key.host.as_str()),
            c.release().into(),
            cell(state_tone(c), state_text(c)),
            cell(health_tone(c), health_text(c)),
        ];
        if has_usage {
            cells.extend(usage_cells(c, usage_of(site, c)));
        }
        let restarts = c.detail.as_ref().map_or("?".to_owned(), |d| d.restarts.to_string());
        cells.extend([
            restarts.into(),
            since(c, now).into(),
            cell(Tone::Dim, ports(c)),
            cell(Tone::Dim, &*c.image),
            cell(Tone::Dim, c.key.id.short()),
        ]);
        table.row(cells);
    }
    table
}

fn usage_cells(c: &Container, usage: Option<Usage>) -> [Cell; 4] {
    let Some(usage) = usage else {
        // What does not run uses nothing; what runs and was not measured is unknown.
        let word = if c.state == State::Running { "?" } else { "-" };
        return [word, word, word, word].map(|word| cell(Tone::Dim, word));
    };
    [
        format!("{:.1}%", usage.cpu_percent).into(),
        bytes(usage.memory_bytes).into(),
        cell(Tone::Dim, usage.memory_limit_bytes.map_or("none".to_owned(), bytes)),
        cell(Tone::Dim, format!("{}/{}", bytes(usage.received_per_s as u64), bytes(usage.sent_per_s as u64))),
    ]
}

/// As the console colours it.
pub fn state_tone(c: &Container) -> Tone {
    match (&c.state, c.standing()) {
        (State::Running, _) => Tone::Plain,
        (_, Standing::Bad) => Tone::Bad,
        (_, Standing::Warn) => Tone::Soon,
        _ => Tone::Dim,
    }
}

/// As the console colours it.
pub fn health_tone(c: &Container) -> Tone {
    match c.health {
        Health::None => Tone::Dim,
        Health::Starting => Tone::Soon,
        Health::Healthy => Tone::Good,
        Health::Unhealthy => Tone::Bad,
    }
}

/// How long it runs, or how long ago it ended.
fn since(c: &Container, now: DateTime<Utc>) -> String {
    let detail = c.detail.as_ref();
    if c.state.is_up() {
        detail.and_then(|d| d.started).map_or("?".to_owned(), |at| age(at, now))
    } else {
        detail.and_then(|d| d.finished).map_or("-".to_owned(), |at| format!("{} ago", age(at, now)))
    }
}

fn ports(c: &Container) -> String {
    let each = c.ports.iter().map(|p| match &p.published {
        Some((_, port)) => format!("{port}->{}/{}", p.inside, p.protocol),
        None => format!("{}/{}", p.inside, p.protocol),
    });
    each.collect::<Vec<_>>().join(" ")
}
