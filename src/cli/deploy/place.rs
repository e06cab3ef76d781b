//! Where a command deploys, and whether somebody else may be at work there.

use chrono::{Local, TimeDelta, Utc};

use super::{Say, Subject, not_begun};
use crate::cli::failure::Failure;
use crate::cli::site::{Site, Where};
use crate::cli::target::Target;
use crate::deploy::plan::Manner;
use crate::domain::environment::Environment;
use crate::domain::ids::{HostId, ServiceId};
use crate::domain::lock::{Guard, Watched};
use crate::domain::skew::Skew;
use crate::jobs::deploy::begin::Site as Place;
use crate::runtime::place;
use crate::runtime::who::who;

/// The hosts that answered.
pub(super) fn of(
    site: &Site,
    environment: &Environment,
    service: Option<&ServiceId>,
    manner: Manner,
    say: Say,
) -> Place {
    let who = who(site.config.operator.as_deref());
    place::of((&site.world, site.routes()), environment, service, manner, who, say)
}

/// A service of that name that the Compose files of the environment name.
pub(super) fn written(site: &Site, target: &Target, at: &Where) -> Result<Option<Subject>, Failure> {
    let environment = site.environment(target.before.as_deref().or(at.environment.as_deref()))?;
    let service = ServiceId::new(target.name.as_str());
    let place = of(site, &environment, Some(&service), Manner::default(), super::nobody());
    // With a host missing nobody knows whether it runs.
    if site.is_incomplete() {
        return Ok(None);
    }
    let said = place.models.said(&service).map_err(Failure::Failed)?;
    Ok(said.map(|said| (environment, service, Some(said.project))))
}

/// A process of this machine is there, and not only not waited for yet.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Its name may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// How far the clock of a host is ahead of ours, as far as that is known.
pub(super) fn ahead(site: &Site, host: &HostId) -> TimeDelta {
    let skew = site.world.hosts.get(host).and_then(|host| host.engine.as_ref()?.skew);
    TimeDelta::nanoseconds(skew.map_or(0, Skew::certain_ns))
}

/// Who holds the lock and lives; `None` where nobody does.
pub(super) async fn at_work(site: &Site, place: &Place) -> Result<Option<String>, Failure> {
    for (host, watched) in place.watched().await.map_err(not_begun)? {
        let Some(claim) = &watched.lock.claim else { continue };
        // What is known is better than what is waited for.
        let is_dead = claim.who.machine == place.who.machine && !is_alive(claim.pid);
        if !is_dead && watched.guard(Utc::now() + ahead(site, &host)) == Guard::Kept {
            let (who, pid, purpose) = (&claim.who, claim.pid, &claim.purpose);
            return Ok(Some(format!(
                "{who}, process {pid}, is at work on {host} ({purpose}): {}",
                guarded(site, &host, &watched)
            )));
        }
    }
    Ok(None)
}

/// Since when nobody is at work on what was begun.
pub(super) async fn silence(site: &Site, place: &Place) -> Result<String, Failure> {
    let told = place.watched().await.map_err(not_begun)?;
    let told = told.iter().map(|(host, watched)| format!("{host} is {}", guarded(site, host, watched)));
    let told: Vec<_> = told.collect();
    Ok(if told.is_empty() { "nobody is at work on it".to_owned() } else { told.join("; ") })
}

/// In words: how old the last sign of the holder is, or since when there is none.
pub(super) fn guarded(site: &Site, host: &HostId, watched: &Watched) -> String {
    let (ahead, now) = (ahead(site, host), Utc::now());
    match watched.guard(now + ahead) {
        Guard::Unguarded(since) => {
            let since = (since - ahead).with_timezone(&Local);
            format!("unguarded since {}", since.format("%F %H:%M"))
        }
        Guard::Kept => {
            let age = watched.last_sign().map_or(TimeDelta::zero(), |last| now + ahead - last);
            format!("its last sign is {} s old", age.num_seconds().max(0))
        }
    }
}
