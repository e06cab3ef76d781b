//! The locks of a deployment: one on each host, taken in one order by everybody, looked at before each step.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use tokio::time::{Instant, sleep};

use super::{AGAIN_AFTER, Hosts, Run};
use crate::domain::ids::{EnvironmentId, HostId};
use crate::domain::lock::{Claim, Lock, Taken};
use crate::ports::engine::EngineError;
use crate::ports::lifecycle::Lifecycle;

/// So old an answer about a lock may be when something is done. Whoever takes a lock from another waits as long: what that one
/// was sure of is over then.
pub(super) const FRESH: Duration = Duration::from_secs(3);

/// A lock that somebody else has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Where it stands.
    pub host: HostId,
    /// It; `None` where it was given back since.
    pub lock: Option<Lock>,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lock.as_ref().map(|lock| &lock.claim) {
            Some(Some(claim)) => write!(
                f,
                "{} is locked on {} by {}, process {}, since {}: {}",
                claim.environment,
                self.host,
                claim.who,
                claim.pid,
                claim.at.format("%F %T UTC"),
                claim.purpose
            ),
            Some(None) => write!(f, "a lock that nobody can read stands on {}", self.host),
            None => write!(f, "somebody else took the deployment up on {}", self.host),
        }
    }
}

/// Why locks were not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has one.
    #[error("{0}")]
    Held(Held),
    /// A host did not do it.
    #[error("{0}: {1}")]
    Engine(HostId, EngineError),
}

/// Locks that were taken.
pub struct Locked {
    /// As it stands on all of them.
    pub claim: Claim,
    locks: Mutex<BTreeMap<HostId, (Lock, Instant)>>,
}

impl Locked {
    /// Takes the lock of every host, or of none.
    ///
    /// # Errors
    /// Somebody has one, or a host does not answer.
    pub async fn take(hosts: &Hosts, claim: Claim) -> Result<Self, LockError> {
        let locked = Self { claim, locks: Mutex::default() };
        for (host, engine) in &hosts.0 {
            let asked = Instant::now();
            let taken = match engine.lock_take(&locked.claim).await {
                // It may stand there although its answer was lost.
                Err(error) => match engine.lock_seen(&locked.claim.environment).await {
                    Ok(Some(lock)) if lock.claim.as_ref() == Some(&locked.claim) => Ok(lock),
                    _ => Err(LockError::Engine(host.clone(), error)),
                },
                Ok(Taken::Ours(lock)) => Ok(lock),
                Ok(Taken::Held(lock)) => Err(LockError::Held(Held { host: host.clone(), lock: Some(lock) })),
            };
            match taken {
                Ok(lock) => drop(locked.all().insert(host.clone(), (lock, asked))),
                Err(error) => {
                    // What cannot be given back is told by who takes it next.
                    drop(locked.give_back(hosts).await);
                    return Err(error);
                }
            }
        }
        Ok(locked)
    }

    /// Gives all of them back.
    ///
    /// # Errors
    /// The first that a host did not take back; the others are tried all the same.
    pub async fn give_back(&self, hosts: &Hosts) -> Result<(), LockError> {
        let mut first = Ok(());
        let all: Vec<_> = self.all().iter().map(|(host, (lock, _))| (host.clone(), lock.clone())).collect();
        for (host, lock) in all {
            let Some(engine) = hosts.get(&host) else { continue };
            if let Err(error) = dropped(engine, &lock).await {
                first = first.and(Err(LockError::Engine(host, error)));
            }
        }
        first
    }

    /// That of a host.
    pub(super) fn on(&self, host: &HostId) -> Option<Lock> {
        self.all().get(host).map(|(lock, _)| lock.clone())
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<HostId, (Lock, Instant)>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this was answered a moment ago. Whoever slept since does not know whether it is still so.
    pub(super) fn is_fresh(&self, host: &HostId) -> bool {
        self.all().get(host).is_some_and(|(_, asked)| asked.elapsed() < FRESH)
    }
}

/// Exactly this one, again where the host did not answer: a lock that is left keeps everybody from deploying.
async fn dropped(engine: &dyn Lifecycle, lock: &Lock) -> Result<(), EngineError> {
    let mut waits = AGAIN_AFTER.into_iter();
    loop {
        match (engine.lock_drop(lock).await, waits.next()) {
            (Err(_), Some(wait)) => sleep(wait).await,
            (answer, _) => return answer,
        }
    }
}

/// Why nothing may be done.
pub(super) enum Lost {
    /// Somebody else has it.
    Held(Held),
    /// The host did not answer.
    Unheard(EngineError),
}

/// Looks whether the lock of a host is still that of the run. One that was cleared away is taken again, unless somebody
/// else began meanwhile.
pub(super) async fn look(run: &Run, host: &HostId) -> Result<(), Lost> {
    let Some(engine) = run.hosts.get(host) else { return Ok(()) };
    let environment = &run.environment;
    let held = |lock| Lost::Held(Held { host: host.clone(), lock });
    let Some(ours) = run.locks.all().get(host).map(|(lock, _)| lock.clone()) else { return Err(held(None)) };
    let asked = Instant::now();
    match engine.lock_seen(environment).await.map_err(Lost::Unheard)? {
        Some(lock) if lock.id == ours.id => {
            run.locks.all().insert(host.clone(), (lock, asked));
            return Ok(());
        }
        Some(lock) => return Err(held(Some(lock))),
        None => {}
    }
    let ledger = run.book.read().await.ledger;
    let begun = &run.entry.begun;
    let is_taken_up = ledger.records.iter().any(|record| {
        let is_this = record.begun.number == begun.number && record.begun.id == begun.id;
        if is_this {
            return record.end.is_some() || record.notes.iter().any(|n| n.epoch > run.locks.claim.epoch);
        }
        record.begun.number > run.seen && record.plan.is_some()
    });
    if is_taken_up {
        return Err(held(None));
    }
    // It is made now: signs are measured from there.
    let claim = Claim { at: Utc::now(), ..run.locks.claim.clone() };
    match engine.lock_take(&claim).await.map_err(Lost::Unheard)? {
        Taken::Ours(lock) => {
            run.locks.all().insert(host.clone(), (lock, asked));
            Ok(())
        }
        Taken::Held(lock) => Err(held(Some(lock))),
    }
}

/// Breaks the locks of an environment that claim no more than `epoch`, wherever they stand.
///
/// # Errors
/// A host does not answer.
pub async fn break_up_to(hosts: &Hosts, environment: &EnvironmentId, epoch: u32) -> Result<(), LockError> {
    for (host, engine) in &hosts.0 {
        let failed = |error| LockError::Engine(host.clone(), error);
        if let Some(lock) = engine.lock_seen(environment).await.map_err(failed)?
            && lock.claim.as_ref().is_none_or(|claim| claim.epoch <= epoch)
        {
            dropped(&**engine, &lock).await.map_err(failed)?;
        }
    }
    Ok(())
}
