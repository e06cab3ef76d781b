//! `pilothouse start`, `stop`, `restart`, `pause`, `unpause`, `kill`, `rm`: acts on containers, one after the other,
//! after exactly those containers were confirmed.

use serde::Serialize;

use super::consent::{Consent, Request};
use super::failure::Failure;
use super::out::{Out, remark};
use super::setup::Options;
use super::site::{Depth, Found, Site, Where, record};
use super::target::Target;
use crate::domain::act::{Change, ContainerAct};
use crate::domain::environment::Environment;
use crate::domain::ledger::{Outcome, Subject};

/// The shape of `--json`.
pub const JSON: &str = "\
JSON (--json), one object per container, as each is done:
  environment, host, service, container, id  which it is
  act        start, stop, restart, pause, unpause, kill or remove
  done       true, or false when the engine refused
  error      the engine's words, else null";

/// Which containers.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// [ENVIRONMENT/][HOST/]SERVICE (all its containers), a container, or the start of its id
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<Target>,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    consent: Consent,
    /// Report as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Which containers are removed.
#[derive(clap::Args, Debug)]
pub struct Removal {
    /// Remove what runs too: it is killed first
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    rest: Arguments,
}

#[derive(Serialize)]
struct Report<'a> {
    environment: &'a str,
    host: &'a str,
    service: &'a str,
    container: &'a str,
    id: &'a str,
    act: &'static str,
    done: bool,
    error: Option<String>,
}

/// Does it to all of them; a failure is reported and the next is still tried.
pub async fn run(act: ContainerAct, arguments: Arguments, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let found = site.find(&arguments.at, &arguments.targets, Depth::List).await?;
    carry_out(&site, act, &found, &arguments).await
}

/// Removes all of them. Without `--force` nothing goes as long as one of them runs.
pub async fn remove(removal: Removal, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let found = site.find(&removal.rest.at, &removal.rest.targets, Depth::List).await?;
    let running: Vec<_> =
        found.iter().filter(|f| f.container.state.is_up()).map(|f| &*f.container.name).collect();
    if !running.is_empty() && !removal.force {
        let names = running.join(", ");
        let (runs, it) = if running.len() == 1 { ("runs", "it") } else { ("run", "them") };
        return Err(Failure::Failed(format!(
            "{names} {runs}; stop {it} first, or add --force to kill and remove {it}; nothing was done"
        )));
    }
    carry_out(&site, ContainerAct::Remove, &found, &removal.rest).await
}

async fn carry_out(
    site: &Site,
    act: ContainerAct,
    found: &[Found],
    arguments: &Arguments,
) -> Result<u8, Failure> {
    let mut environments: Vec<&Environment> = Vec::new();
    for one in found {
        if environments.iter().all(|known| known.id != one.environment.id) {
            environments.push(&one.environment);
        }
    }
    // Everything is confirmed before the first is touched.
    for environment in &environments {
        ask(act, environment, found, &arguments.consent).await?;
    }
    let mut records = Vec::new();
    for environment in environments {
        let on = found.iter().filter(|f| f.environment.id == environment.id).map(subject).collect();
        records.push((environment, site.record(environment, act.verb().to_owned(), on).await?, Vec::new()));
    }
    let mut out = Out::new(arguments.json);
    let mut has_failed = false;
    for one in found {
        let container = &one.container;
        let error = site.engine(&container.key.host)?.act(&container.key.id, act).await.err();
        has_failed |= error.is_some();
        if let Some(error) = &error
            && let Some((.., failures)) = records.iter_mut().find(|(e, ..)| e.id == one.environment.id)
        {
            failures.push(format!("{} on {}: {error}", container.name, container.key.host));
        }
        if out.is_json {
            out.json(&Report {
                environment: one.environment.id.as_str(),
                host: container.key.host.as_str(),
                service: container.service.as_str(),
                container: &container.name,
                id: container.key.id.as_str(),
                act: act.verb(),
                done: error.is_none(),
                error: error.map(|e| e.to_string()),
            })?;
        } else if let Some(error) = error {
            let (name, host) = (&container.name, &container.key.host);
            remark(&format!("pilothouse: {} {name} on {host}: {error}", act.verb()));
        } else {
            out.line(&format!("{} {} on {}", container.name, act.done(), container.key.host))?;
        }
        out.flush()?;
    }
    for (_, recording, failures) in records {
        record::end(recording, Outcome::of(&failures)).await;
    }
    Ok(if has_failed { 1 } else { site.status() })
}

fn subject(found: &Found) -> Subject {
    let container = &found.container;
    Subject::container(&container.key, &container.name, container.service.as_str())
}

async fn ask(
    act: ContainerAct,
    environment: &Environment,
    found: &[Found],
    consent: &Consent,
) -> Result<(), Failure> {
    let here = found.iter().filter(|f| f.environment.id == environment.id);
    let targets = here.map(|f| (f.container.key.clone(), f.container.name.to_string())).collect();
    consent.obtain(&Request::of(environment, &Change::Containers(act, targets))).await
}
