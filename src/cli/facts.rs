//! `pilothouse environments`: what that pane of the console shows, as a table or as data.

use serde::Serialize;

use super::failure::Failure;
use super::out::{Out, Tone};
use super::setup::Options;
use super::site::Site;
use super::status::{Head, class_word};
use super::table::{Table, cell, left};
use crate::domain::ids::HostId;

/// The shape of `environments --json`.
pub const ENVIRONMENTS_JSON: &str = "\
JSON (--json), one object per environment:
  environment, class, protected
  default   looked at where no other is named
  hosts     [{host, address, from}]; from is the key of the configuration, the
            docker context, or the file, line and column of the inventory
  projects  Compose projects that belong to it; empty means all";

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
