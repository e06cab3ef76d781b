//! Where a command deploys, and whether somebody else may be at work there.

use chrono::Utc;

use super::Say;
use crate::cli::failure::Failure;
use crate::cli::site::Site;
use crate::deploy::plan::Manner;
use crate::domain::environment::Environment;
use crate::domain::ids::ServiceId;
use crate::domain::ledger::Record;
use crate::jobs::deploy::begin::Site as Place;
use crate::runtime::place;
use crate::runtime::who::who;

/// Longer a worker writes nothing only while it waits for a replica, which may take so long at most.
const SILENT_FOR: chrono::TimeDelta = chrono::TimeDelta::seconds(150);

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

/// A process of this machine is there, and not only not waited for yet.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Its name may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Why whoever holds the lock may still be at work; `None` where nobody does, or where that is known to be over.
pub(super) async fn may_be_at_work(
    place: &Place,
    record: Option<&Record>,
) -> Result<Option<String>, Failure> {
    for (host, engine) in &place.hosts.0 {
        let Some(lock) = engine.lock_seen(&place.environment).await? else { continue };
        let Some(claim) = lock.claim else { continue };
        let is_here = claim.who.machine == place.who.machine;
        if is_here && !is_alive(claim.pid) {
            continue;
        }
        let notes = record.iter().flat_map(|record| &record.notes).map(|note| note.at);
        let last = notes.chain([claim.at]).max().unwrap_or(claim.at);
        let silent = Utc::now() - last;
        if silent < SILENT_FOR || is_here {
            return Ok(Some(format!(
                "{} on {host}, process {}, may still be at work ({}): the last sign is {} s old; \
                 wait for it, or add --take-over",
                claim.who,
                claim.pid,
                claim.purpose,
                silent.num_seconds().max(0)
            )));
        }
    }
    Ok(None)
}
