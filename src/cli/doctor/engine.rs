//! What an engine that answers says: version, time, room, logs, and where its history is kept.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::site::Site;
use crate::domain::checkup::{Stage, Step};
use crate::domain::environment::Environment;
use crate::domain::host::EngineFacts;
use crate::domain::ids::HostId;
use crate::domain::size::bytes;
use crate::ports::machine::Directory;

/// Names listed in one step.
const LISTED: usize = 6;
/// Beside the directory where the engine keeps its data.
const LEDGER: &str = "pilothouse";

/// All that can be said of the engine of a host that answered.
pub(super) async fn steps(
    site: &Site,
    environment: &Environment,
    id: &HostId,
    facts: &EngineFacts,
) -> Result<Vec<Step>, Failure> {
    let found = format!("{}, API {}, {}", facts.version, facts.api, facts.system);
    Ok(vec![
        Step::ok(Stage::Engine, found),
        clock(site, id).await?,
        disk(site, environment, id, facts),
        log_limits(site, environment, id),
        ledger(site, id, facts).await,
    ])
}

/// By the time that the engine says it is.
async fn clock(site: &Site, id: &HostId) -> Result<Step, Failure> {
    let route = site.way(id)?;
    route.ahead_ns().await;
    let Some(skew) = route.skew() else {
        return Ok(Step::unknown(Stage::Clock, "the engine does not say what time it is"));
    };
    if skew.is_told() {
        let mend = "sudo timedatectl set-ntp true, on both machines";
        return Ok(Step::warn(Stage::Clock, format!("{skew} of ours"), mend));
    }
    let most_ns = skew.ahead_ns.saturating_abs().saturating_add(skew.within_ns);
    Ok(Step::ok(Stage::Clock, format!("at most {} ms off ours", most_ns / 1_000_000)))
}

fn disk(site: &Site, environment: &Environment, id: &HostId, facts: &EngineFacts) -> Step {
    let Some((free, total)) = site.world.hosts.get(id).and_then(|host| host.load.disk_bytes) else {
        return Step::unknown(Stage::Disk, "the machine below the engine cannot be asked");
    };
    let found = format!("{}: {} of {} free", facts.root_dir, bytes(free), bytes(total));
    if site.world.limits.is_disk_short((free, total)) {
        let mend = format!("pilothouse prune --dry-run -e {}", environment.id);
        Step::warn(Stage::Disk, found, mend)
    } else {
        Step::ok(Stage::Disk, found)
    }
}

fn log_limits(site: &Site, environment: &Environment, id: &HostId) -> Step {
    let containers = site.world.containers(environment);
    let here: Vec<_> = containers.iter().filter(|c| c.key.host == *id).collect();
    let unlimited: Vec<_> = here
        .iter()
        .filter(|c| c.detail.as_ref().is_some_and(|d| d.is_log_unlimited))
        .map(|c| &*c.name)
        .collect();
    if unlimited.is_empty() {
        let found = format!("none of {} containers keeps a log without a limit", here.len());
        return Step::ok(Stage::LogLimits, found);
    }
    let more = unlimited.len().saturating_sub(LISTED);
    let names = unlimited.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mend = r#"put {"log-opts": {"max-size": "10m", "max-file": "3"}} into /etc/docker/daemon.json, restart docker, create them again"#;
    Step::warn(Stage::LogLimits, format!("logs without a limit: {names}{more}"), mend)
}

/// Where acts are written down, by the engine.
async fn ledger(site: &Site, id: &HostId, facts: &EngineFacts) -> Step {
    let parent = Path::new(&facts.root_dir).parent().filter(|parent| parent.is_absolute());
    let Some(path) = parent.map(|parent| parent.join(LEDGER).display().to_string()) else {
        return Step::unknown(Stage::Ledger, "the engine does not say where it keeps its data");
    };
    let there = match site.route(id).and_then(|route| route.machine()) {
        Some(machine) => machine.directory(&path).await,
        None => None,
    };
    match there {
        Some(Directory::Missing) => Step::ok(Stage::Ledger, format!("{path} is made by the first act")),
        Some(Directory::Open) => Step::ok(Stage::Ledger, format!("{path} is there and may be written")),
        Some(Directory::Shut) => {
            Step::ok(Stage::Ledger, format!("{path} is there; the engine writes it, you may not"))
        }
        Some(Directory::Other) => {
            Step::bad(Stage::Ledger, format!("{path} is no directory"), format!("ls -l {path}"))
        }
        None => Step::unknown(Stage::Ledger, format!("{path}: the machine below the engine cannot be asked")),
    }
}
