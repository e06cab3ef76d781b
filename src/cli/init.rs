//! `pilothouse init`: a first `pilothouse.toml` from what runs, for a person to correct. Never overwrites one.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use super::failure::Failure;
use super::setup::Options;
use super::site::{Depth, Site};
use crate::config::files::PROJECT_FILE;
use crate::config::init::{EnvironmentFacts, Facts, HostFacts, ServiceFacts, render};
use crate::domain::container::{Container, Health};
use crate::domain::host::TlsFiles;

/// Where it goes.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Write it to the standard output instead of a new pilothouse.toml
    #[arg(long)]
    pub stdout: bool,
}

/// Asks every engine there is and writes the file.
///
/// # Errors
/// No engine answers, or there is a file already.
pub async fn run(arguments: &Arguments, options: &Options) -> Result<(), Failure> {
    let taken = || {
        Failure::Failed(format!(
            "{PROJECT_FILE} is there already; move it away, or see a new one with `pilothouse init --stdout`"
        ))
    };
    // Before anybody is asked; the file is made only where none is, whatever happens meanwhile.
    if !arguments.stdout && std::path::Path::new(PROJECT_FILE).exists() {
        return Err(taken());
    }
    let mut site = Site::load(options)?;
    let environments = site.world.environments.clone();
    site.ask(&environments, Depth::List).await;
    if site.world.hosts.values().all(|host| host.containers.is_none()) {
        return Err(Failure::Unreachable("no engine answers; there is nothing to write".to_owned()));
    }
    let text = render(&facts(&site));
    if arguments.stdout {
        std::io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(());
    }
    let made = OpenOptions::new().write(true).create_new(true).open(PROJECT_FILE);
    let mut file = made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(),
        _ => Failure::Failed(format!("cannot write {PROJECT_FILE}: {error}")),
    })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{PROJECT_FILE} is written: correct it, and say in it what each environment is")?;
    Ok(())
}

fn facts(site: &Site) -> Facts {
    let world = &site.world;
    let mut services: BTreeMap<&str, ServiceFacts> = BTreeMap::new();
    for c in world.hosts.values().filter_map(|host| host.containers.as_ref()).flatten() {
        let known = services
            .entry(c.service.as_str())
            .or_insert_with(|| ServiceFacts { name: c.service.to_string(), ..ServiceFacts::default() });
        add(known, c);
    }
    let environment = |e: &crate::domain::environment::Environment| {
        let all = world.containers(e);
        let mut projects: Vec<_> =
            all.iter().filter_map(|c| c.project.as_ref()).map(ToString::to_string).collect();
        projects.sort();
        projects.dedup();
        EnvironmentFacts {
            name: e.id.to_string(),
            hosts: e.hosts.iter().map(ToString::to_string).collect(),
            projects,
        }
    };
    let host = |(id, host): (&crate::domain::ids::HostId, &crate::world::Host)| HostFacts {
        name: id.to_string(),
        address: host.address.to_string(),
        tls: site.plan(id).and_then(|plan| plan.ways.first()).and_then(|way| way.tls.as_ref()).map(portable),
    };
    Facts {
        environments: world.environments.iter().map(environment).collect(),
        hosts: world.hosts.iter().map(host).collect(),
        services: services.into_values().collect(),
    }
}

/// The same files for everybody who keeps them at home.
fn portable(tls: &TlsFiles) -> TlsFiles {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let file = |path: &Option<PathBuf>| {
        let path = path.as_ref()?;
        let below = home.as_ref().and_then(|home| path.strip_prefix(home).ok());
        Some(below.map_or_else(|| path.clone(), |rest| PathBuf::from("~").join(rest)))
    };
    TlsFiles { ca: file(&tls.ca), cert: file(&tls.cert), key: file(&tls.key), ..tls.clone() }
}

fn add(service: &mut ServiceFacts, c: &Container) {
    let tcp = c.ports.iter().filter(|port| *port.protocol == *"tcp");
    for port in tcp {
        service.is_published |= port.published.is_some();
        if !service.ports.contains(&port.inside) {
            service.ports.push(port.inside);
        }
    }
    service.ports.sort_unstable();
    service.has_healthcheck |= c.health != Health::None;
}
