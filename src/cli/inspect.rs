//! `pilothouse inspect` and `top`: all that an engine knows of a container, and what runs in it.

use serde::Serialize;

use super::failure::Failure;
use super::out::{Out, escaped, remark};
use super::setup::Options;
use super::site::{Depth, Site, Where};
use super::table::{Cell, Table, left};
use super::target::Target;
use crate::config::mask::Masks;
use crate::domain::container::State;

/// The shape of `inspect --json`.
pub const INSPECT_JSON: &str = "\
JSON (--json), one object per container: what the engine itself answers, on
one line. Values of secrets are ******** unless --reveal is given.";

/// The shape of `top --json`.
pub const TOP_JSON: &str = "\
JSON (--json), one object per container:
  environment, host, service, container, id  which it is
  titles     the heads of the columns, as the engine's ps names them
  processes  one list of texts per process, in the order of the titles";

/// Which containers.
#[derive(clap::Args, Debug)]
pub struct Inspect {
    /// [ENVIRONMENT/][HOST/]SERVICE (all its containers), a container, or the start of its id
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<Target>,
    #[command(flatten)]
    at: Where,
    /// Show the values of secrets
    #[arg(long)]
    reveal: bool,
    /// On one line per container
    #[arg(long)]
    json: bool,
}

/// Which containers.
#[derive(clap::Args, Debug)]
pub struct Top {
    /// [ENVIRONMENT/][HOST/]SERVICE (all its containers), a container, or the start of its id; otherwise all that run
    #[arg(value_name = "TARGET")]
    targets: Vec<Target>,
    #[command(flatten)]
    at: Where,
    /// Print data: one JSON object per container, one a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct TopRow<'a> {
    environment: &'a str,
    host: &'a str,
    service: &'a str,
    container: &'a str,
    id: &'a str,
    titles: &'a [String],
    processes: &'a [Vec<String>],
}

/// Prints what the engine knows, secrets masked.
pub async fn inspect(arguments: Inspect, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let found = site.find(&arguments.at, &arguments.targets, Depth::List).await?;
    let masks = Masks::new(&site.config.masks.keys);
    let mut out = Out::new(arguments.json);
    for one in &found {
        let key = &one.container.key;
        let mut value = site.engine(&key.host)?.inspect(&key.id).await?;
        if !arguments.reveal {
            masks.mask(&mut value);
        }
        if out.is_json {
            out.json(&value)?;
        } else {
            let text = serde_json::to_string_pretty(&value).map_err(|e| Failure::Failed(e.to_string()))?;
            out.safe(&format!("{}\n", escaped(&text)))?;
        }
    }
    out.flush()?;
    Ok(site.status())
}

/// Prints the processes of each.
pub async fn top(arguments: Top, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let mut found = site.find(&arguments.at, &arguments.targets, Depth::List).await?;
    if arguments.targets.is_empty() {
        found.retain(|f| f.container.state == State::Running);
    }
    let mut out = Out::new(arguments.json);
    let mut has_failed = false;
    for (number, one) in found.iter().enumerate() {
        let c = &one.container;
        let answer = match site.engine(&c.key.host)?.processes(&c.key.id).await {
            Ok(answer) => answer,
            Err(error) => {
                remark(&format!("pilothouse: {} on {}: {error}", c.name, c.key.host));
                has_failed = true;
                continue;
            }
        };
        if out.is_json {
            out.json(&TopRow {
                environment: one.environment.id.as_str(),
                host: c.key.host.as_str(),
                service: c.service.as_str(),
                container: &c.name,
                id: c.key.id.as_str(),
                titles: &answer.titles,
                processes: &answer.rows,
            })?;
            continue;
        }
        if number > 0 {
            out.line("")?;
        }
        out.line(&format!("{} on {}", c.name, c.key.host))?;
        let columns: Vec<_> = answer.titles.iter().map(|title| left(title)).collect();
        let mut table = Table::new(columns);
        for row in &answer.rows {
            table.row(row.iter().map(Cell::from).collect::<Vec<_>>());
        }
        table.print(&mut out, 2)?;
    }
    out.flush()?;
    Ok(if has_failed { 1 } else { site.status() })
}
