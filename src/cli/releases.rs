//! `pilothouse releases`: the history of each service as its ledger has it, and what runs that no deployment made.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::deploy::watching::sign;
use super::failure::Failure;
use super::out::{Out, Tone, remark};
use super::setup::Options;
use super::site::{Depth, Site, Which};
use super::table::{Table, cell, left, right};
use crate::deploy::releases::{Presence, Stand, containers_of, of, places, presence};
use crate::deploy::story::Story;
use crate::domain::container::{Container, release_of};
use crate::domain::deployment::errand::ERRAND;
use crate::domain::deployment::{Plan, Release};
use crate::domain::environment::Environment;
use crate::domain::ids::{HostId, ImageId, ServiceId};
use crate::domain::ledger::{Outcome, Record};
use crate::domain::natural::natural;
use crate::domain::registry::shortened;
use crate::logs::ansi;
use crate::panes::deployment::spent;
use crate::ui::text::age;

/// The shape of `--json`.
pub const JSON: &str = "\
Every deployment of a service, the newest first, as the ledger of its hosts
has it; then each image that its containers carry and no deployment made.
What was seen of a ledger before is read from here, the rest from the hosts;
`ledger verify` checks all of it.

JSON (--json), one object per deployment, or per image that none made:
  environment, service
  number     in the ledger; null, as all of who to error, where none made it
  release    v43; the tag of the image where no deployment made it
  tag, image, image_id, digest  digest: as its registry calls it, else null
  purpose, replicas             deploy, rollback or scale, to so many
  who, at, why, took_s          took_s: until it ended, or until now
  outcome    running, paused, going back, unguarded, taken back, failed,
             live, was good; error says why where it is not good
  hosts      [{host, has}]: live, kept, gone or not known
  version, revision, created    OCI labels of its containers, else null
  running, containers           how many of them run, and how many there are
  since      when the first of them was created";

#[derive(Serialize, Default)]
struct Row<'a> {
    environment: &'a str,
    service: &'a str,
    number: Option<u32>,
    release: String,
    tag: &'a str,
    image: &'a str,
    image_id: Option<&'a str>,
    digest: Option<&'a str>,
    purpose: Option<&'static str>,
    replicas: Option<usize>,
    who: Option<&'a str>,
    at: Option<DateTime<Utc>>,
    why: Option<&'a str>,
    took_s: Option<f64>,
    outcome: Option<&'static str>,
    error: Option<&'a str>,
    hosts: Vec<On>,
    version: Option<&'a str>,
    revision: Option<&'a str>,
    created: Option<&'a str>,
    running: usize,
    containers: usize,
    since: Option<DateTime<Utc>>,
    #[serde(skip)]
    places: String,
    #[serde(skip)]
    what: String,
}

#[derive(Serialize)]
struct On {
    host: String,
    has: &'static str,
}

/// Prints it.
pub async fn run(which: Which, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let found = site.find(&which.at, &which.targets, Depth::List).await?;
    let mut services: Vec<(Environment, ServiceId, Option<String>)> = Vec::new();
    for one in &found {
        let project = one.container.project.as_deref().map(str::to_owned);
        let service = (one.environment.clone(), one.container.service.clone(), project);
        if !services.contains(&service) {
            services.push(service);
        }
    }
    services.sort_by(|(a, x, _), (b, y, _)| {
        natural(a.id.as_str(), b.id.as_str()).then_with(|| natural(x.as_str(), y.as_str()))
    });
    let mut out = Out::new(which.json);
    let mut table = heads();
    let mut records: Vec<Record> = Vec::new();
    let (mut of_environment, mut sign) = (None, None);
    for (environment, service, project) in &services {
        if of_environment != Some(&environment.id) {
            (records, sign) = ledger(&site, environment).await;
            of_environment = Some(&environment.id);
        }
        let all: Vec<&Container> = site.world.containers(environment);
        let of_it = |c: &&Container| {
            c.service == *service && c.project == project.as_deref().map(Into::into) && !is_errand(c)
        };
        let all: Vec<&Container> = all.into_iter().filter(of_it).collect();
        let place = Place { site: &site, environment, service, all: &all, sign };
        for row in place.rows(&records) {
            if out.is_json { out.json(&row)? } else { place_in(&mut table, &row) }
        }
    }
    table.print(&mut out, 0)?;
    out.flush()?;
    Ok(site.status())
}

fn is_errand(c: &Container) -> bool {
    c.labels.contains_key(ERRAND)
}

/// The records of an environment; where one is not over, the last sign of whoever is at work there.
async fn ledger(site: &Site, environment: &Environment) -> (Vec<Record>, Option<DateTime<Utc>>) {
    let heard = site.book(environment).read_new(false).await;
    for (host, error) in &heard.unheard {
        remark(&format!("pilothouse: the ledger on {host} cannot be read: {error}"));
    }
    let records = heard.ledger.records;
    let is_open = records.iter().any(|record| record.end.is_none() && record.plan.is_some());
    let sign = if is_open { sign(site, environment).await } else { None };
    (records, sign)
}

struct Place<'a> {
    site: &'a Site,
    environment: &'a Environment,
    service: &'a ServiceId,
    all: &'a [&'a Container],
    sign: Option<DateTime<Utc>>,
}

impl<'a> Place<'a> {
    /// Deployments, then what none made.
    fn rows(&self, records: &'a [Record]) -> Vec<Row<'a>> {
        let mut rows: Vec<_> =
            of(records, self.service).filter_map(|(record, plan)| self.deployed(record, plan)).collect();
        let made: BTreeSet<Release> = of(records, self.service).map(|(_, plan)| plan.release).collect();
        let mut rest: Vec<&Container> =
            self.all.iter().copied().filter(|c| !made.contains(&Release::of(c))).collect();
        rest.sort_by(|a, b| (&a.image_id, &a.created).cmp(&(&b.image_id, &b.created)));
        let mut others: Vec<_> = rest
            .chunk_by(|a, b| a.image_id == b.image_id)
            .map(|of_it| {
                let first = of_it[0];
                let row = Row { release: first.release().to_owned(), image: &first.image, ..Row::default() };
                self.with(Row { what: first.image.to_string(), ..row }, of_it)
            })
            .collect();
        others.sort_by_key(|row| std::cmp::Reverse(row.since));
        rows.extend(others);
        rows
    }

    fn deployed(&self, record: &'a Record, plan: &'a Plan) -> Option<Row<'a>> {
        let now = Utc::now();
        let story = Story::of(record, self.sign, now)?;
        let of_it = containers_of(plan.release, self.all);
        let is_live = of_it.iter().any(|c| c.state.is_up());
        let end = record.end.as_ref();
        let took = end.map_or(now, |(at, _)| *at) - record.begun.at;
        let error = end.and_then(|(_, outcome)| match outcome {
            Outcome::Undone(why) | Outcome::Failed(why) => Some(why.as_str()),
            Outcome::Done | Outcome::Status(_) => None,
        });
        let row = Row {
            number: Some(record.begun.number.0),
            release: plan.release.to_string(),
            image: &plan.image,
            image_id: plan.made_from().filter(|_| plan.digest.is_none()),
            digest: plan.digest.as_deref(),
            purpose: Some(plan.purpose.verb()),
            replicas: Some(plan.replicas),
            who: Some(&record.begun.who.name),
            at: Some(record.begun.at),
            why: record.begun.why.as_deref(),
            took_s: Some(took.num_milliseconds() as f64 / 1000.0),
            outcome: Some(Stand::of(&story, is_live).word()),
            error,
            what: plan.about(),
            ..Row::default()
        };
        Some(self.with(row, &of_it))
    }

    /// With what its containers tell.
    fn with(&self, row: Row<'a>, of_it: &[&'a Container]) -> Row<'a> {
        let lost = |id: &HostId| !self.site.refusals(id).is_empty();
        let has = presence(&self.environment.hosts, of_it, lost);
        let label = |name: &str| {
            let value = of_it.first()?.labels.get(&format!("org.opencontainers.image.{name}"));
            value.map(String::as_str).filter(|value| !value.is_empty())
        };
        let on = |(host, has): &(HostId, Presence)| On { host: host.to_string(), has: has.word() };
        Row {
            environment: self.environment.id.as_str(),
            service: self.service.as_str(),
            tag: release_of(row.image),
            image_id: of_it.first().map(|c| ImageId::as_str(&c.image_id)).or(row.image_id),
            hosts: has.iter().map(on).collect(),
            places: places(&has),
            version: label("version"),
            revision: label("revision"),
            created: label("created"),
            running: of_it.iter().filter(|c| c.state.is_up()).count(),
            containers: of_it.len(),
            since: of_it.iter().map(|c| c.created).min(),
            ..row
        }
    }
}

fn heads() -> Table {
    Table::new([
        left("SERVICE"),
        right("NUMBER").spare(5),
        left("RELEASE"),
        left("STATE"),
        right("CAME"),
        right("TOOK").spare(4),
        left("BY").spare(1),
        left("WHAT").text(),
        left("ON HOSTS").spare(2),
        left("DIGEST").spare(6),
        left("WHY").spare(3),
    ])
}

fn place_in(table: &mut Table, row: &Row<'_>) {
    let now = Utc::now();
    let dash = || "-".to_owned();
    let (state, tone) = match row.outcome {
        Some(word @ ("live" | "was good")) => (word.to_owned(), Tone::Plain),
        Some(word @ ("failed" | "unguarded")) => (word.to_owned(), Tone::Bad),
        Some(word) => (word.to_owned(), Tone::Soon),
        None if row.running == 0 => ("down".to_owned(), Tone::Dim),
        None => (format!("live {}/{}", row.running, row.containers), Tone::Plain),
    };
    let came = row.at.or(row.since).map_or_else(dash, |at| age(at, now));
    let took = row.took_s.map_or_else(dash, |took| spent(TimeDelta::milliseconds((took * 1000.0) as i64)));
    let digest = row.digest.or(row.image_id).unwrap_or("-");
    let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
    let name = row.version.filter(|_| row.number.is_none()).unwrap_or(&row.release);
    table.row([
        cell(Tone::Bright, row.service),
        row.number.map_or_else(dash, |number| number.to_string()).into(),
        ansi::plain(name).into_owned().into(),
        cell(tone, state),
        came.into(),
        cell(Tone::Dim, took),
        row.who.unwrap_or("-").into(),
        shortened(&row.what).into(),
        row.places.as_str().into(),
        cell(Tone::Dim, digest.get(..12).unwrap_or(digest)),
        cell(Tone::Dim, row.why.unwrap_or_default()),
    ]);
}
