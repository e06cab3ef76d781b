//! `pilothouse disk` and `prune`: what the engines keep, and clearing away exactly what was listed.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::consent::{Consent, Request};
use super::failure::Failure;
use super::out::{Out, Tone, remark};
use super::setup::{Options, one_of};
use super::site::{Depth, Site, Where, record};
use super::table::{Table, cell, left, right};
use crate::domain::act::Change;
use crate::domain::environment::Environment;
use crate::domain::ids::HostId;
use crate::domain::inventory::prune::{Prune, freed};
use crate::domain::inventory::{Inventory, Item, Kind};
use crate::domain::ledger::{Outcome, Subject};
use crate::domain::size::bytes;
use crate::jobs::discard;
use crate::ui::text::age;
use crate::world::Link;

/// The shape of `disk --json`.
pub const DISK_JSON: &str = "\
JSON (--json), one object per host:
  environment, host
  disk_free_bytes, disk_total_bytes  of the file system below the engine's
                                     data; null where it cannot be asked
  kinds   [{kind, count, kept, bytes, free_bytes, is_least}]: kept cannot go
          now, free_bytes would go with a prune; is_least says that it may be
          more (shared layers, sizes the engine does not know)
  items   with --items: [{kind, id, name, bytes, shared_bytes, created,
          used_by, kept_because, note}]; else null";

/// The shape of `prune --json`.
pub const PRUNE_JSON: &str = "\
JSON (--json), one object per thing:
  environment, host, kind, id, name, bytes  what it is; bytes is null where
                                            the engine does not know
  result  would go (with --dry-run), gone, stays
  error   why it stays, else null

Kinds: build-cache, dangling-images, containers (that ended), networks; and
only when named: images (all that no container uses), anonymous-volumes,
volumes (that no container uses: this is data).";

/// As for containers: shorter starts of an id are typing mistakes more often than ids.
const LEAST_ID_DIGITS: usize = 4;

/// What goes where nothing is named: what can be made again.
const HARMLESS: [Prune; 4] = [Prune::Cache, Prune::DanglingImages, Prune::Containers, Prune::Networks];

/// Where, and how much.
#[derive(clap::Args, Debug)]
pub struct Disk {
    #[command(flatten)]
    at: Where,
    /// List each thing, with what uses it
    #[arg(short, long)]
    items: bool,
    /// Print data: one JSON object per host, one a line
    #[arg(long)]
    json: bool,
}

/// What is cleared away.
#[derive(clap::Args, Debug)]
pub struct Clearing {
    /// What to clear away; otherwise what can be made again
    #[arg(value_name = "KIND", hide_possible_values = true,
        value_parser = one_of(Prune::ALL.map(Prune::name), Prune::named))]
    kinds: Vec<Prune>,
    #[command(flatten)]
    at: Where,
    /// Of these kinds only this: a name, or the start of an id; may be given several times
    #[arg(long, value_name = "NAME")]
    item: Vec<String>,
    /// Only list what would go
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct HostRow<'a> {
    environment: &'a str,
    host: &'a str,
    disk_free_bytes: Option<u64>,
    disk_total_bytes: Option<u64>,
    kinds: Vec<KindRow>,
    items: Option<Vec<ItemRow<'a>>>,
}

#[derive(Serialize)]
struct KindRow {
    kind: &'static str,
    count: usize,
    kept: usize,
    bytes: u64,
    free_bytes: u64,
    is_least: bool,
}

#[derive(Serialize)]
struct ItemRow<'a> {
    kind: &'static str,
    id: &'a str,
    name: &'a str,
    bytes: Option<u64>,
    shared_bytes: u64,
    created: Option<DateTime<Utc>>,
    used_by: Vec<&'a str>,
    kept_because: Option<String>,
    note: &'a str,
}

#[derive(Serialize)]
struct Gone<'a> {
    environment: &'a str,
    host: &'a str,
    kind: &'static str,
    id: &'a str,
    name: &'a str,
    bytes: Option<u64>,
    result: &'static str,
    error: Option<String>,
}

/// The hosts of the environment that answer, each with what its engine keeps.
async fn inventories(
    site: &mut Site,
    at: &Where,
) -> Result<(Environment, Vec<(HostId, Inventory)>), Failure> {
    let environment = site.environment(at.environment.as_deref())?;
    site.ask_with_load(std::slice::from_ref(&environment), Depth::Link).await;
    let mut all = Vec::new();
    for id in &environment.hosts {
        let is_lost = site.world.hosts.get(id).is_none_or(|h| matches!(h.link, Link::Lost { .. }));
        if !is_lost {
            all.push((id.clone(), site.engine(id)?.inventory().await?));
        }
    }
    if all.is_empty() {
        return Err(Failure::Unreachable(format!("no host of {} answers", environment.id)));
    }
    Ok((environment, all))
}

/// Tells what takes the space.
pub async fn disk(arguments: Disk, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, inventories) = inventories(&mut site, &arguments.at).await?;
    let mut out = Out::new(arguments.json);
    for (host, inventory) in &inventories {
        let space = site.world.hosts.get(host).and_then(|h| h.load.disk_bytes);
        if out.is_json {
            out.json(&HostRow {
                environment: environment.id.as_str(),
                host: host.as_str(),
                disk_free_bytes: space.map(|(free, _)| free),
                disk_total_bytes: space.map(|(_, total)| total),
                kinds: Kind::ALL.into_iter().map(|kind| kind_row(inventory, kind)).collect(),
                items: arguments.items.then(|| inventory.items.iter().map(item_row).collect()),
            })?;
            continue;
        }
        let space = space.map_or("disk unknown: it is not on this machine".to_owned(), |(free, total)| {
            format!("disk {} of {} free", bytes(free), bytes(total))
        });
        out.line(&format!("{host}  {space}"))?;
        totals(inventory).print(&mut out, 2)?;
        if arguments.items {
            out.line("")?;
            items(&inventory.items.iter().collect::<Vec<_>>(), true).print(&mut out, 2)?;
        }
    }
    out.flush()?;
    Ok(site.status())
}

fn kind_row(inventory: &Inventory, kind: Kind) -> KindRow {
    let total = inventory.total(kind);
    KindRow {
        kind: kind.noun(),
        count: total.count,
        kept: total.kept,
        bytes: total.bytes,
        free_bytes: total.free_bytes,
        is_least: total.is_least,
    }
}

fn item_row(item: &Item) -> ItemRow<'_> {
    ItemRow {
        kind: item.kind.noun(),
        id: &item.id,
        name: item.name(),
        bytes: item.bytes,
        shared_bytes: item.shared_bytes,
        created: item.created,
        used_by: item.users.iter().map(|user| &**user).collect(),
        kept_because: item.why_kept(),
        note: &item.note,
    }
}

fn totals(inventory: &Inventory) -> Table {
    let mut table = Table::new([left("KIND"), right("COUNT"), right("SIZE"), right("CAN GO"), left("")]);
    for kind in Kind::ALL {
        let total = inventory.total(kind);
        let note = if total.is_least { "or more" } else { "" };
        table.row([
            kind.plural().into(),
            total.count.to_string().into(),
            if kind == Kind::Network { "-".into() } else { bytes(total.bytes).into() },
            if kind == Kind::Network {
                (total.count - total.kept).to_string().into()
            } else {
                bytes(total.free_bytes).into()
            },
            cell(Tone::Dim, note),
        ]);
    }
    table
}

/// Things with what keeps each; that all of them go says itself.
fn items(items: &[&Item], may_stay: bool) -> Table {
    let mut columns =
        vec![left("KIND"), left("NAME"), right("SIZE"), right("AGE").spare(1), left("ID").spare(2)];
    columns.extend(may_stay.then(|| left("STAYS BECAUSE").text()));
    let mut table = Table::new(columns);
    let now = Utc::now();
    for item in items {
        let mut cells = vec![
            cell(Tone::Dim, item.kind.noun()),
            item.names.first().map_or("(no name)", |name| &**name).into(),
            if item.kind == Kind::Network {
                "-".into()
            } else {
                item.bytes.map_or("?".to_owned(), bytes).into()
            },
            item.created.map_or("?".to_owned(), |at| age(at, now)).into(),
            cell(Tone::Dim, item.short_id()),
        ];
        cells.extend(may_stay.then(|| item.why_kept().unwrap_or_default().into()));
        table.row(cells);
    }
    table
}

/// Lists what would go, and once that is confirmed removes exactly that.
pub async fn prune(arguments: Clearing, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let (environment, inventories) = inventories(&mut site, &arguments.at).await?;
    let kinds = if arguments.kinds.is_empty() { HARMLESS.to_vec() } else { arguments.kinds.clone() };
    let going: Vec<_> = inventories
        .iter()
        .map(|(host, inventory)| (host, going(inventory, &kinds, &arguments.item)))
        .collect();
    let missing =
        arguments.item.iter().find(|item| !going.iter().flat_map(|(_, all)| all).any(|i| is_called(i, item)));
    if let Some(missing) = missing {
        return Err(Failure::Failed(format!(
            "nothing of these kinds called `{missing}` can go; disk --items says why"
        )));
    }
    let mut out = Out::new(arguments.json);
    for (host, items) in &going {
        list(&environment, host, items, arguments.dry_run, &mut out)?;
    }
    out.flush()?;
    if arguments.dry_run || going.iter().all(|(_, items)| items.is_empty()) {
        return Ok(site.status());
    }
    for (host, items) in going.iter().filter(|(_, items)| !items.is_empty()) {
        let change = Change::Discard((*host).clone(), items.clone());
        arguments.consent.obtain(&Request::of(&environment, &change)).await?;
    }
    let on = going.iter().flat_map(|(host, items)| items.iter().map(|item| Subject::item(host, item)));
    let recording = site.record(&environment, "prune".to_owned(), on.collect()).await?;
    let (mut has_failed, mut failures) = (false, Vec::new());
    for (host, items) in going.into_iter().filter(|(_, items)| !items.is_empty()) {
        let outcome = discard::remove(&site.engine(host)?, items).await;
        has_failed |= !outcome.stayed.is_empty();
        failures.extend(outcome.failures(host));
        report(&environment, host, &outcome, &mut out)?;
    }
    out.flush()?;
    record::end(recording, Outcome::of(&failures)).await;
    Ok(if has_failed { 1 } else { site.status() })
}

/// Each once, in an order in which it can go.
fn going(inventory: &Inventory, kinds: &[Prune], only: &[String]) -> Vec<Item> {
    let mut all: Vec<Item> = Vec::new();
    for item in kinds.iter().flat_map(|kind| inventory.prune(*kind)) {
        if all.iter().all(|known| (known.kind, &known.id) != (item.kind, &item.id)) {
            all.push(item.clone());
        }
    }
    all.retain(|item| only.is_empty() || only.iter().any(|name| is_called(item, name)));
    all
}

fn is_called(item: &Item, name: &str) -> bool {
    let digits = item.id.strip_prefix("sha256:").unwrap_or(&item.id);
    let is_id = name.len() >= LEAST_ID_DIGITS && digits.starts_with(name) && item.kind != Kind::Volume;
    is_id || *item.id == *name || item.names.iter().any(|known| **known == *name)
}

fn list(
    environment: &Environment,
    host: &HostId,
    going: &[Item],
    is_dry: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    if out.is_json {
        for item in going.iter().filter(|_| is_dry) {
            out.json(&gone(environment, host, item, "would go", None))?;
        }
        return Ok(());
    }
    if going.is_empty() {
        return out.line(&format!("{host}: nothing to clear away"));
    }
    let things = if going.len() == 1 { "thing" } else { "things" };
    out.line(&format!("{host}: {} {things} would go, {}", going.len(), freed(going)))?;
    items(&going.iter().collect::<Vec<_>>(), false).print(out, 2)
}

fn report(
    environment: &Environment,
    host: &HostId,
    outcome: &discard::Outcome,
    out: &mut Out,
) -> Result<(), Failure> {
    if out.is_json {
        for item in &outcome.gone {
            out.json(&gone(environment, host, item, "gone", None))?;
        }
        for (item, error) in &outcome.stayed {
            out.json(&gone(environment, host, item, "stays", Some(error.to_string())))?;
        }
        return Ok(());
    }
    if !outcome.gone.is_empty() {
        out.line(&format!("removed on {host}: {}; {}", outcome.words(), outcome.freed()))?;
    }
    for (_, error) in &outcome.stayed {
        remark(&format!("pilothouse: {error} on {host}; it stays"));
    }
    Ok(())
}

fn gone<'a>(
    environment: &'a Environment,
    host: &'a HostId,
    item: &'a Item,
    result: &'static str,
    error: Option<String>,
) -> Gone<'a> {
    Gone {
        environment: environment.id.as_str(),
        host: host.as_str(),
        kind: item.kind.noun(),
        id: &item.id,
        name: item.name(),
        bytes: item.bytes,
        result,
        error,
    }
}
