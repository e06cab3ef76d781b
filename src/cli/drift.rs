//! `pilothouse drift`: where what runs is not what the Compose files say.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::failure::Failure;
use super::out::{Out, Tone};
use super::setup::Options;
use super::site::{Depth, Found, Site, Where};
use super::table::{Table, cell, left};
use super::target::Target;
use crate::compose::drift::{Drift, Running};
use crate::config::mask::Masks;
use crate::config::problem::Problems;
use crate::domain::container::Container;
use crate::domain::environment::Environment;
use crate::domain::ids::HostId;
use crate::runtime::compose;

/// The shape of `drift --json`.
pub const JSON: &str = "\
The files are those of [environments.NAME.compose] in the configuration.

JSON (--json), one object per thing that differs:
  environment, host, service
  container  null where it is about the whole service
  key        env NAME, label NAME, mount PATH, port N/tcp, network NAME,
             Image, HostConfig.NAME, …; `replicas` where not as many run as
             the files say; `service` where they name none of what runs
  files, running  the values; null where there is none, ******** for secrets";

/// Which service.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only this: [ENVIRONMENT/]SERVICE; otherwise all of the project
    #[arg(value_name = "TARGET")]
    target: Option<Target>,
    #[command(flatten)]
    at: Where,
    /// Print data: one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    environment: &'a str,
    host: &'a str,
    service: &'a str,
    container: Option<&'a str>,
    key: &'a str,
    files: Option<String>,
    running: Option<String>,
}

/// Prints it; 1 where there is any.
pub async fn run(arguments: &Arguments, options: &Options) -> Result<u8, Failure> {
    let mut site = Site::load(options)?;
    let mut at = arguments.at.clone();
    let only = arguments.target.as_ref().map(|target| target.name.as_str());
    if let Some(before) = arguments.target.as_ref().and_then(|target| target.before.clone()) {
        at.environment = Some(before);
    }
    let environment = site.environment(at.environment.as_deref())?;
    let configured = site.config.environments.get(environment.id.as_str()).and_then(|e| e.compose.clone());
    let Some(configured) = configured else { return Err(nothing_to_compare(&mut site, &environment).await) };
    let one = if let [one] = &environment.projects[..] { Some(&**one) } else { None };
    let project = compose::read(&configured, one).map_err(|all| Failure::Configuration(Problems(all)))?;
    if let Some(unknown) = only.filter(|only| !project.services.contains_key(*only)) {
        let known: Vec<_> = project.services.keys().map(String::as_str).collect();
        return Err(Failure::Failed(format!(
            "no service {unknown} in the files; there are: {}",
            known.join(", ")
        )));
    }
    let found = site.find(&at, &[], Depth::List).await?;
    let is_of_it = |c: &Container| c.project.as_deref() == Some(&*project.name) && c.state.is_up();
    // Each host that answers is meant to run the whole project.
    let hosts = environment.hosts.iter().filter(|host| site.refusals(host).is_empty());
    let mut by_host: BTreeMap<HostId, Vec<Running>> = hosts.map(|host| (host.clone(), Vec::new())).collect();
    for Found { container, .. } in found.iter().filter(|found| is_of_it(&found.container)) {
        let spec = site.engine(&container.key.host)?.spec(&container.key.id).await?;
        let (service, name) = (container.service.to_string(), container.name.to_string());
        by_host.entry(container.key.host.clone()).or_default().push(Running { service, name, spec });
    }
    let masks = Masks::new(&site.config.masks.keys);
    let profiles: BTreeSet<String> = configured.profiles.iter().cloned().collect();
    let mut drift: Vec<(HostId, Drift)> = Vec::new();
    // What comes from a source stands in no file.
    let terms = site.world.terms.get(&environment.id);
    for (host, running) in &by_host {
        let all = project.drift(&profiles, running, only, &|name| masks.hides(name));
        let is_given = |one: &Drift| match one {
            Drift::Key { service, difference, .. } => {
                terms.is_some_and(|all| all.services.get(service).is_some_and(|of| of.gives(&difference.key)))
            }
            _ => false,
        };
        drift.extend(all.into_iter().filter(|one| !is_given(one)).map(|one| (host.clone(), one)));
    }
    tell(&drift, &environment, arguments.json)?;
    Ok(if drift.is_empty() { site.status() } else { 1 })
}

/// The files that whoever made the containers named, for the configuration.
async fn nothing_to_compare(site: &mut Site, environment: &Environment) -> Failure {
    let id = &environment.id;
    site.ask(std::slice::from_ref(environment), Depth::List).await;
    let label =
        |c: &&Container, name: &str| c.labels.get(&format!("com.docker.compose.project.{name}")).cloned();
    let told = site.world.containers(environment).into_iter().find_map(|c| {
        let (dir, files) = (label(&c, "working_dir")?, label(&c, "config_files")?);
        Some(format!("; what runs there was made from {files} in {dir}"))
    });
    Failure::Failed(format!(
        "no Compose files are configured for {id}{}\n\
         add [environments.{id}.compose] with files = [\"…\"] to the configuration",
        told.unwrap_or_default()
    ))
}

fn row<'a>(host: &'a HostId, drift: &'a Drift, environment: &'a Environment) -> Row<'a> {
    let host = host.as_str();
    let (environment, service) = (environment.id.as_str(), drift.service());
    match drift {
        Drift::Key { container, difference, .. } => Row {
            environment,
            host,
            service,
            container: Some(container),
            key: &difference.key,
            files: difference.here.clone(),
            running: difference.there.clone(),
        },
        Drift::Count { said, run, .. } => Row {
            environment,
            host,
            service,
            container: None,
            key: "replicas",
            files: Some(said.to_string()),
            running: Some(run.to_string()),
        },
        Drift::Unnamed { .. } => {
            let running = Some("runs".to_owned());
            Row { environment, host, service, container: None, key: "service", files: None, running }
        }
    }
}

fn tell(drift: &[(HostId, Drift)], environment: &Environment, is_json: bool) -> Result<(), Failure> {
    let mut out = Out::new(is_json);
    let rows: Vec<Row<'_>> = drift.iter().map(|(host, one)| row(host, one, environment)).collect();
    if out.is_json {
        for row in &rows {
            out.json(row)?;
        }
        return out.flush();
    }
    if rows.is_empty() {
        out.line("as the files say")?;
        return out.flush();
    }
    let mut table = Table::new([
        left("HOST").spare(2),
        left("SERVICE"),
        left("CONTAINER").spare(1),
        left("KEY"),
        left("FILES").text(),
        left("RUNNING").text(),
    ]);
    for row in &rows {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        table.row([
            row.host.into(),
            row.service.into(),
            cell(Tone::Dim, row.container.unwrap_or("-")),
            row.key.into(),
            shown(&row.files).into(),
            shown(&row.running).into(),
        ]);
    }
    table.print(&mut out, 0)?;
    out.flush()
}
