//! `pilothouse environments` and `releases`: what these panes of the console show, as tables or as data.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::failure::Failure;
use super::out::{Out, Tone};
use super::setup::Options;
use super::site::{Depth, Found, Site, Which};
use super::status::{Head, class_word};
use super::table::{Table, cell, left, right};
use crate::domain::ids::HostId;
use crate::domain::natural::natural;
use crate::logs::ansi;
use crate::ui::text::age;

/// The shape of `environments --json`.
pub const ENVIRONMENTS_JSON: &str = "\
JSON (--json), one object per environment:
  environment, class, protected
  default   looked at where no other is named
  hosts     [{host, address, from}]; from is the key of the configuration, the
            docker context, or the file, line and column of the inventory
  projects  Compose projects that belong to it; empty means all";

/// The shape of `releases --json`.
pub const RELEASES_JSON: &str = "\
JSON (--json), one object per service and image that its containers carry,
newest first:
  environment, service, release, image, image_id
  version, revision, created  its OCI labels, else null
  running, containers  how many of its containers run, and how many there are
  since     when the first of them was created";

/// Which environments.
#[derive(clap::Args, Debug)]
pub struct Environments {
    /// Print data: one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct EnvironmentRow<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    default: bool,
    hosts: Vec<HostRow<'a>>,
    projects: &'a [String],
}

#[derive(Serialize)]
struct HostRow<'a> {
    host: &'a str,
    address: String,
    from: Option<&'a str>,
}

#[derive(Serialize)]
struct ReleaseRow<'a> {
    environment: &'a str,
    service: &'a str,
    release: &'a str,
    image: &'a str,
    image_id: &'a str,
    version: Option<&'a str>,
    revision: Option<&'a str>,
    created: Option<&'a str>,
    running: usize,
    containers: usize,
    since: DateTime<Utc>,
}

/// Lists the environments; asks no host.
pub fn environments(arguments: &Environments, options: &Options) -> Result<u8, Failure> {
    let site = Site::load(options)?;
    let default = site.environment(None)?.id;
    let mut out = Out::new(arguments.json);
    let mut table = Table::new([left("ENVIRONMENT"), left("CLASS"), left(""), left("HOSTS")]);
    for e in &site.world.environments {
        let address = |id| site.world.hosts.get(id).map_or_else(String::new, |h| h.address.to_string());
        if out.is_json {
            let hosts = e.hosts.iter();
            let hosts =
                hosts.map(|id| HostRow { host: id.as_str(), address: address(id), from: from(&site, id) });
            out.json(&EnvironmentRow {
                head: Head::of(e),
                default: e.id == default,
                hosts: hosts.collect(),
                projects: &e.projects,
            })?;
            continue;
        }
        let note = match (e.is_protected, e.id == default) {
            (true, true) => "protected, default",
            (true, false) => "protected",
            (false, true) => "default",
            (false, false) => "",
        };
        let hosts = e.hosts.iter().map(|id| match from(&site, id).filter(|from| from.contains(':')) {
            Some(from) => format!("{id} ({}, from {from})", address(id)),
            None => format!("{id} ({})", address(id)),
        });
        let hosts: Vec<_> = hosts.collect();
        table.row([
            cell(Tone::Bright, e.id.as_str()),
            class_word(e.class).into(),
            note.into(),
            cell(Tone::Dim, hosts.join(", ")),
        ]);
    }
    table.print(&mut out, 0)?;
    out.flush()?;
    Ok(0)
}

/// What named a host.
fn from<'a>(site: &'a Site, id: &HostId) -> Option<&'a str> {
    Some(site.plan(id)?.ways.first()?.source.as_str())
}

/// Tells which images the services carry.
pub async fn releases(which: Which, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let found = site.find(&which.at, &which.targets, Depth::List).await?;
    let mut groups: BTreeMap<_, Vec<&Found>> = BTreeMap::new();
    for one in &found {
        let c = &one.container;
        groups.entry((&one.environment.id, &c.service, &c.image_id)).or_default().push(one);
    }
    let mut rows: Vec<_> = groups.into_values().filter_map(|group| release(&group)).collect();
    let place = |a: &ReleaseRow, b: &ReleaseRow| {
        natural(a.environment, b.environment).then_with(|| natural(a.service, b.service))
    };
    rows.sort_by(|a, b| place(a, b).then_with(|| b.since.cmp(&a.since)));
    let mut out = Out::new(which.json);
    let mut table = Table::new([
        left("SERVICE"),
        left("RELEASE"),
        right("UP"),
        right("SINCE"),
        left("REVISION").spare(2),
        left("IMAGE").spare(1),
        left("IMAGE ID").spare(3),
    ]);
    let now = Utc::now();
    for row in &rows {
        if out.is_json {
            out.json(row)?;
            continue;
        }
        let digest = row.image_id.strip_prefix("sha256:").unwrap_or(row.image_id);
        table.row([
            cell(Tone::Bright, row.service),
            row.version.unwrap_or(row.release).into(),
            format!("{}/{}", row.running, row.containers).into(),
            age(row.since, now).into(),
            // Cut first, half of a control sequence would take along what is behind it.
            row.revision.map_or("-".to_owned(), |text| ansi::plain(text).chars().take(12).collect()).into(),
            row.image.into(),
            cell(Tone::Dim, digest.get(..12).unwrap_or(digest)),
        ]);
    }
    table.print(&mut out, 0)?;
    out.flush()?;
    Ok(site.status())
}

fn release<'a>(group: &[&'a Found]) -> Option<ReleaseRow<'a>> {
    let first = group.first()?;
    let c = &first.container;
    let label = |name: &str| {
        let value = c.labels.get(&format!("org.opencontainers.image.{name}"));
        value.map(String::as_str).filter(|value| !value.is_empty())
    };
    Some(ReleaseRow {
        environment: first.environment.id.as_str(),
        service: c.service.as_str(),
        release: c.release(),
        image: &c.image,
        image_id: c.image_id.as_str(),
        version: label("version"),
        revision: label("revision"),
        created: label("created"),
        running: group.iter().filter(|f| f.container.state.is_up()).count(),
        containers: group.len(),
        since: group.iter().map(|f| f.container.created).min()?,
    })
}
