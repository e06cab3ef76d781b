//! `pilothouse health`: what the engine's checks said last, and what the configured probes say now.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::containers::{health_tone, health_word};
use super::failure::Failure;
use super::out::{Out, Tone};
use super::setup::Options;
use super::site::{Depth, Found, Site, Which};
use super::table::{Table, cell, left, right};
use crate::domain::container::{Check, Container, Health, Standing, State};
use crate::domain::health::dependencies::{Dependency, Mood};
use crate::domain::health::{Verdict, took};
use crate::domain::probe::ProbeKind;
use crate::panes::containers::words::state_text;
use crate::runtime::run::now;
use crate::ui::text::age;
use crate::world::health::ProbeHistory;

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per container:
  environment, host, service, container, id  which it is
  state   created, running, paused, restarting, removing, exited, dead
  health  none, starting, healthy, unhealthy: as the engine's HEALTHCHECK
          says; null for what does not run
  checks  [{at, took_ms, exit_code, output}], oldest first; the engine keeps
          five
  probes  [{kind, ok, why, took_ms, status, url, dependencies}], each asked
          once: kind is live or ready, ok is null where it could not be asked
          and why says so, status is that of an HTTP answer; dependencies are
          [{name, mood, word, latency_ms, text}] of the answer, with mood bad,
          warn, unknown or ok

Exit status: 3 when a check or a probe is bad or a container is down, else as
for containers.";

#[derive(Serialize)]
struct Row<'a> {
    environment: &'a str,
    host: &'a str,
    service: &'a str,
    container: &'a str,
    id: &'a str,
    state: &'a str,
    health: Option<&'static str>,
    checks: Vec<CheckRow<'a>>,
    probes: Vec<ProbeRow<'a>>,
}

#[derive(Serialize)]
struct CheckRow<'a> {
    at: DateTime<Utc>,
    took_ms: i64,
    exit_code: i64,
    output: &'a str,
}

#[derive(Serialize)]
struct ProbeRow<'a> {
    kind: &'static str,
    ok: Option<bool>,
    why: Option<String>,
    took_ms: Option<f64>,
    status: Option<u16>,
    url: Option<String>,
    dependencies: Vec<DependencyRow<'a>>,
}

#[derive(Serialize)]
struct DependencyRow<'a> {
    name: &'a str,
    mood: &'static str,
    word: &'a str,
    latency_ms: Option<f64>,
    text: &'a str,
}

/// Asks once and tells.
pub async fn run(which: Which, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let found = site.find(&which.at, &which.targets, Depth::Detail).await?;
    let asked: Vec<_> = found.iter().map(|f| (f.environment.id.clone(), f.container.clone())).collect();
    site.probe(&asked).await;
    let mut out = Out::new(which.json);
    let is_bad = found.iter().any(|one| is_bad(&site, one));
    if out.is_json {
        for one in &found {
            out.json(&row(&site, one))?;
        }
    } else {
        let is_whole = !out.is_terminal;
        table(&site, &found, is_whole).print(&mut out, 0)?;
    }
    out.flush()?;
    Ok(match (site.status(), is_bad) {
        (0, true) => 3,
        (status, _) => status,
    })
}

fn readings<'a>(site: &'a Site, c: &Container) -> Vec<&'a ProbeHistory> {
    site.world.readings(&c.key, now()).filter(|_| c.state == State::Running).collect()
}

fn is_bad(site: &Site, found: &Found) -> bool {
    let c = &found.container;
    site.world.standing(&found.environment.id, c, now()) == Standing::Bad
        || readings(site, c).iter().any(|history| !history.verdict.is_ok())
}

fn row<'a>(site: &'a Site, found: &'a Found) -> Row<'a> {
    let c = &found.container;
    let checks = c.detail.as_deref().map(|d| d.checks.as_slice()).unwrap_or_default();
    let asked = readings(site, c).into_iter().map(probe_row);
    let not_asked = site.not_probed(&found.environment.id, c).into_iter().map(|(kind, why)| ProbeRow {
        kind: kind.word(),
        ok: None,
        why: Some(why),
        took_ms: None,
        status: None,
        url: None,
        dependencies: Vec::new(),
    });
    Row {
        environment: found.environment.id.as_str(),
        host: c.key.host.as_str(),
        service: c.service.as_str(),
        container: &c.name,
        id: c.key.id.as_str(),
        state: c.state.word(),
        health: (c.state == State::Running).then(|| health_word(c.health)),
        checks: checks.iter().map(check_row).collect(),
        probes: asked.chain(not_asked).collect(),
    }
}

fn check_row(check: &Check) -> CheckRow<'_> {
    CheckRow { at: check.at, took_ms: check.took_ms, exit_code: check.exit_code, output: &check.output }
}

fn probe_row(history: &ProbeHistory) -> ProbeRow<'_> {
    let why = match &history.verdict {
        Verdict::Ok => None,
        Verdict::Bad(why) => Some(why.clone()),
    };
    ProbeRow {
        kind: history.target.kind.word(),
        ok: Some(why.is_none()),
        why,
        took_ms: Some(history.last.took.as_secs_f64() * 1000.0),
        status: history.last.answer().map(|answer| answer.status),
        url: Some(history.target.url()),
        dependencies: history.dependencies.iter().map(dependency_row).collect(),
    }
}

fn dependency_row(dependency: &Dependency) -> DependencyRow<'_> {
    let mood = match dependency.mood {
        Mood::Bad => "bad",
        Mood::Warn => "warn",
        Mood::Unknown => "unknown",
        Mood::Ok => "ok",
    };
    DependencyRow {
        name: &dependency.name,
        mood,
        word: &dependency.word,
        latency_ms: dependency.latency_ms,
        text: &dependency.text,
    }
}

/// One question and its answer.
struct Line {
    asked: &'static str,
    answer: (Tone, String),
    took: String,
    age: String,
    said: String,
}

/// A line for each question; where somebody looks at it a container is named once.
fn table(site: &Site, found: &[Found], is_whole: bool) -> Table {
    let mut table = Table::new([
        left("SERVICE"),
        left("CONTAINER").spare(1),
        left("HOST").spare(4),
        left("ASKED"),
        left("ANSWER"),
        right("TOOK").spare(2),
        right("AGE").spare(3),
        left("SAID").text(),
    ]);
    for one in found {
        let c = &one.container;
        for (n, line) in lines(site, one).into_iter().enumerate() {
            let name = |text: &str| if n == 0 || is_whole { text.to_owned() } else { String::new() };
            table.row([
                cell(Tone::Bright, name(c.service.as_str())),
                name(&c.name).into(),
                cell(Tone::Dim, name(c.key.host.as_str())),
                line.asked.into(),
                cell(line.answer.0, line.answer.1),
                line.took.into(),
                line.age.into(),
                line.said.into(),
            ]);
        }
    }
    table
}

fn lines(site: &Site, found: &Found) -> Vec<Line> {
    let c = &found.container;
    let mut lines = Vec::new();
    let blank = || "-".to_owned();
    if c.state != State::Running {
        let tone = if c.standing() == Standing::Bad { Tone::Bad } else { Tone::Dim };
        let said = c.detail.as_deref().map_or(String::new(), |d| d.error.trim().to_owned());
        let answer = (tone, state_text(c));
        return vec![Line { asked: "state", answer, took: blank(), age: blank(), said }];
    }
    let readings = readings(site, c);
    lines.extend(readings.iter().map(|history| {
        let answer = match &history.verdict {
            Verdict::Ok => (Tone::Good, "ok".to_owned()),
            Verdict::Bad(why) => (Tone::Bad, why.clone()),
        };
        let told = dependencies(history);
        let said = if told.is_empty() { history.target.url() } else { told };
        Line {
            asked: history.target.kind.word(),
            answer,
            took: took(history.last.took),
            age: "now".to_owned(),
            said,
        }
    }));
    lines.extend(site.not_probed(&found.environment.id, c).into_iter().map(|(kind, why)| Line {
        asked: kind.word(),
        answer: (Tone::Soon, "not asked".to_owned()),
        took: blank(),
        age: blank(),
        said: why,
    }));
    if c.health != Health::None || lines.is_empty() {
        let last = c.detail.as_deref().and_then(|d| d.checks.last());
        lines.push(Line {
            asked: "check",
            answer: (health_tone(c), health_word(c.health).to_owned()),
            took: last.map_or_else(blank, |check| format!("{}ms", check.took_ms)),
            age: last.map_or_else(blank, |check| age(check.at, Utc::now())),
            said: last.map_or(String::new(), |check| check.output.trim().to_owned()),
        });
    }
    lines
}

/// `database timeout 5.0s, cache ok`: what an answer says of what the service needs, worst first.
pub fn dependencies(history: &ProbeHistory) -> String {
    let each = history.dependencies.iter().map(|d| {
        let latency = d.latency_ms.filter(|ms| *ms >= 0.5);
        let latency = latency.map(|ms| format!(" {}", took(std::time::Duration::from_secs_f64(ms / 1000.0))));
        format!("{} {}{}", d.name, d.word, latency.unwrap_or_default())
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Why a container is not well, by the probe that says so: `ready 503 after 5.0s: database timeout 5.0s`.
pub fn trouble(site: &Site, c: &Container) -> Option<String> {
    let bad = readings(site, c).into_iter().rfind(|history| !history.verdict.is_ok())?;
    let Verdict::Bad(why) = &bad.verdict else { return None };
    let kind: ProbeKind = bad.target.kind;
    let text = format!("{} {why} after {}", kind.word(), took(bad.last.took));
    let told: Vec<_> = bad.dependencies.iter().filter(|d| d.mood == Mood::Bad).collect();
    Some(if told.is_empty() { text } else { format!("{text}: {}", dependencies(bad)) })
}
