//! Runs a deployment over the hosts it touches, and its journal with it: what is about to be done is written down, then
//! the lock is looked at, then it is done and read back, then that is written down. What cannot be done turns it back.
//! Whoever is cut off at any instant leaves a journal from which another goes on, in either direction.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use tokio::time::sleep;

use super::ledger::journal::told;
use super::ledger::{Book, Entry};
use crate::deploy::event::{Ending, Said};
use crate::deploy::guard::Guard;
use crate::deploy::plan::Terms;
use crate::deploy::progress::{Numbered, Progress};
use crate::domain::deployment::{Act, Heading, Note, Phase, Plan, Step};
use crate::domain::ids::{EnvironmentId, HostId, ServiceId};
use crate::domain::ledger::{Outcome, RecordNumber};
use crate::ports::balancer::Balancers;
use crate::ports::engine::EngineError;
use crate::ports::lifecycle::Lifecycle;

mod act;
pub mod ask;
pub mod begin;
mod errand;
mod front;
pub mod gate;
pub mod heed;
pub mod images;
mod judge;
pub mod lock;
pub mod model;
pub mod promote;
pub mod scene;
pub mod secrets;
pub mod take_up;

use act::Fault;
use gate::Readiness;
use heed::{Beside, Ears};
use images::Logins;
use lock::Held;
use model::Models;
use secrets::Vault;

/// A host that does not answer is asked again after these waits, then the deployment stops where it is.
const AGAIN_AFTER: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// What is over by then is written down together with what comes after it.
const SOON: Duration = Duration::from_millis(150);

/// What is held to while a deployment runs. Each is there for a reason; proofs take one away to see that it is missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Care {
    /// What is about to be done is written down first.
    pub intents: bool,
    /// The lock is looked at before each step.
    pub fence: bool,
    /// What was done is read back.
    pub read_back: bool,
    /// What was ready once is asked again by who takes a deployment up.
    pub gates_again: bool,
    /// What may still be being stopped is waited for before it is started again.
    pub settles: bool,
}

impl Default for Care {
    fn default() -> Self {
        Self { intents: true, fence: true, read_back: true, gates_again: true, settles: true }
    }
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// As was planned.
    Done,
    /// It was taken back; why.
    Undone(String),
    /// It stopped where it is; why. It can be gone on with.
    Halted(Halt),
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        match end {
            End::Done => Self::Done,
            End::Undone(why) => Self::Undone(why),
            End::Halted(halt) => {
                Self::Halted { why: halt.to_string(), is_locked: matches!(halt, Halt::Lock(_)) }
            }
        }
    }
}

/// Why a deployment stopped where it is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Halt {
    /// Somebody else has the lock; nothing was touched since.
    #[error("{0}; nothing was touched since")]
    Lock(Held),
    /// A host did not answer.
    #[error("{step}: {error}")]
    Lost {
        /// What was tried.
        step: String,
        /// What came back.
        error: EngineError,
    },
    /// It could not even be taken back.
    #[error("taking it back stopped at `{step}`: {why}")]
    Stuck {
        /// What was tried.
        step: String,
        /// What came back.
        why: String,
    },
    /// It would have gone back by itself, if no migration stood in its way.
    #[error(
        "{0}; its migration cannot be undone, so it does not go back by itself. `resume` tries again; \
         `undo` goes back, if the release before can live with what the migration did"
    )]
    Migration(String),
    /// Its journal could not be written, so nothing more was done.
    #[error("the journal cannot be written: {0}")]
    Journal(String),
}

/// The hosts of a deployment, by the id of their engines.
#[derive(Clone)]
pub struct Hosts(pub Vec<(HostId, Arc<dyn Lifecycle>)>);

impl Hosts {
    /// One of them.
    pub fn get(&self, host: &HostId) -> Option<&dyn Lifecycle> {
        self.0.iter().find(|(known, _)| known == host).map(|(_, engine)| &**engine)
    }
}

/// A deployment that is run.
pub struct Run {
    /// Where.
    pub environment: EnvironmentId,
    /// On which hosts.
    pub hosts: Hosts,
    /// Its ledger.
    pub book: Book,
    /// Its record.
    pub entry: Entry,
    /// Its steps.
    pub plan: Plan,
    /// How far it is.
    pub progress: Progress,
    /// The newest record when it was planned: whatever else was planned since is somebody else's.
    pub seen: RecordNumber,
    /// The locks that were taken for it, all with one epoch.
    pub locks: Arc<lock::Locked>,
    /// How readiness is asked.
    pub readiness: Arc<dyn Readiness>,
    /// Who asks registries.
    pub logins: Arc<dyn Logins>,
    /// Who drives what traffic goes through.
    pub balancers: Arc<dyn Balancers>,
    /// Judges the new release beside the old one.
    guard: Mutex<Guard>,
    /// Who knows what files say.
    pub models: Arc<dyn Models>,
    /// Values that come from sources.
    pub vault: Vault,
    /// What the configuration says of its services.
    pub terms: BTreeMap<ServiceId, Terms>,
    /// What is held to.
    pub care: Care,
    /// Who wants to know.
    pub say: Box<dyn Fn(Said) + Send + Sync>,
    /// What is asked of it meanwhile.
    ears: Arc<Ears>,
    /// Lines of its journal that go with the next ones: each write costs the hosts more than most looks at them.
    unwritten: Vec<Note>,
}

impl Run {
    /// Goes on until it is done, taken back or stopped; writes its end down, and gives the locks back unless it stopped.
    pub async fn run(mut self) -> End {
        let beside = Beside::of(&self);
        let walked = tokio::select! {
            biased;
            walked = self.walk() => walked,
            () = beside.keep() => Ok(()),
        };
        let end = match walked {
            Ok(()) if self.progress.heading == Heading::Forward => End::Done,
            Ok(()) => {
                End::Undone(self.progress.failure.clone().unwrap_or_else(|| "it was wanted".to_owned()))
            }
            Err(halt) => {
                // Whoever took it up has written more; the others find how far it came.
                if !matches!(halt, Halt::Lock(_) | Halt::Journal(_)) {
                    drop(self.write_down().await);
                }
                return End::Halted(halt);
            }
        };
        let outcome = match &end {
            End::Undone(why) => Outcome::Undone(why.clone()),
            _ => Outcome::Done,
        };
        let (_, missed) = self.book.end_with(&self.entry, &self.unwritten, outcome).await;
        if !missed.is_empty() {
            (self.say)(Said::Trouble(format!("its end is not on every host: {}", told(&missed))));
        }
        if let Err(error) = self.locks.give_back(&self.hosts).await {
            (self.say)(Said::Trouble(format!("a lock could not be given back: {error}")));
        }
        end
    }

    async fn walk(&mut self) -> Result<(), Halt> {
        loop {
            let mut ahead = self.progress.ahead(&self.plan);
            if !self.care.gates_again {
                ahead.retain(|one| one.number.is_some());
            }
            let mut is_turned = false;
            for one in ahead {
                if let Some(why) = self.step(&one).await? {
                    (self.say)(Said::Turns(why));
                    is_turned = true;
                    break;
                }
            }
            if !is_turned {
                break;
            }
        }
        // Whoever slept in the last step must not write an end over that of another.
        let hosts: Vec<_> = self.hosts.0.iter().map(|(host, _)| host).collect();
        loop {
            for host in &hosts {
                match self.look(host).await {
                    Err(Fault::Locked(held)) => return Err(Halt::Lock(*held)),
                    // One that does not answer says nothing; the others tell.
                    Ok(()) | Err(Fault::Never(_) | Fault::Unheard(_)) => {}
                }
            }
            if !self.care.fence || hosts.iter().any(|host| self.locks.is_fresh(host)) {
                return Ok(());
            }
            sleep(AGAIN_AFTER[0]).await;
        }
    }

    /// Does one step; gives why it turned back, if it did.
    async fn step(&mut self, one: &Numbered) -> Result<Option<String>, Halt> {
        if let Some(why) = self.heed().await? {
            self.note(one, Phase::Failed(why.clone()));
            self.write_down().await?;
            return Ok(Some(why));
        }
        if self.care.intents {
            self.note(one, Phase::Intent);
        }
        (self.say)(Said::Begins(one.step.clone()));
        // What changes nothing need not wait until it is written down.
        let tried = if matches!(one.step.act, Act::Gate(_)) {
            self.tried_meanwhile(&one.step).await?
        } else {
            self.write_down().await?;
            self.tried(&one.step).await?
        };
        let printed = self.printed(&one.step).await;
        if !printed.is_empty() {
            (self.say)(Said::LastLines(one.step.clone(), printed.clone()));
            self.note(one, Phase::Printed(printed));
        }
        let failed = match tried {
            Ok(()) => {
                self.note(one, Phase::Done);
                if !self.care.intents {
                    self.write_down().await?;
                }
                (self.say)(Said::Done(one.step.clone()));
                return Ok(None);
            }
            Err(why) => why,
        };
        let why = format!("{}: {failed}", one.step);
        match (self.progress.heading, &one.step.act) {
            // What was meant serves, and this comes after.
            (heading, act)
                if is_last(act) || (heading == Heading::Forward && matches!(act, Act::Discard(_))) =>
            {
                (self.say)(Said::Trouble(why));
                self.note(one, Phase::Done);
                Ok(None)
            }
            (Heading::Forward, _) if self.progress.is_past_migration(&self.plan) => {
                self.note(one, Phase::Stopped(why.clone()));
                self.write_down().await?;
                Err(Halt::Migration(why))
            }
            (Heading::Forward, _) => {
                // From now on it goes back.
                self.note(one, Phase::Failed(why.clone()));
                self.write_down().await?;
                Ok(Some(why))
            }
            (Heading::Back, _) => Err(Halt::Stuck { step: one.step.to_string(), why: failed }),
        }
    }

    /// One more line for the journal. It is written down with the next ones, before anything more is changed.
    fn note(&mut self, one: &Numbered, phase: Phase) {
        let failed_gate = matches!(phase, Phase::Failed(_)) && one.number.is_none();
        let Some(step) = one.number.or(failed_gate.then_some(0)) else { return };
        let (number, id) = (self.entry.begun.number, self.entry.begun.id.clone());
        let (epoch, heading) = (self.locks.claim.epoch, self.progress.heading);
        let note = Note { number, id, epoch, heading, step, phase, at: Utc::now() };
        self.progress.note(&note);
        self.unwritten.push(note);
    }

    async fn write_down(&mut self) -> Result<(), Halt> {
        self.write(&self.unwritten).await?;
        self.unwritten.clear();
        Ok(())
    }

    async fn write(&self, notes: &[Note]) -> Result<(), Halt> {
        if notes.is_empty() {
            return Ok(());
        }
        let missed = self.book.noted(&self.entry, notes).await;
        let missed = missed.map_err(|error| Halt::Journal(error.to_string()))?;
        if !missed.is_empty() {
            (self.say)(Said::Trouble(format!("the journal is not on every host: {}", told(&missed))));
        }
        Ok(())
    }

    /// As [`Self::tried`], for what changes nothing: the journal says so beside it, where it is not over soon.
    async fn tried_meanwhile(&mut self, step: &Step) -> Result<Result<(), String>, Halt> {
        let (tried, is_written) = {
            let mut tried = pin!(self.tried(step));
            let written = async {
                sleep(SOON).await;
                self.write(&self.unwritten).await
            };
            tokio::select! {
                biased;
                tried = &mut tried => (tried, false),
                // What could not be written now is written before anything is changed.
                written = written => (tried.await, written.is_ok()),
            }
        };
        if is_written {
            self.unwritten.clear();
        }
        tried
    }

    /// Does it while the lock is ours, again where the host did not answer. The inner error is why it cannot be done.
    async fn tried(&self, step: &Step) -> Result<Result<(), String>, Halt> {
        let mut waits = AGAIN_AFTER.into_iter();
        loop {
            let error = match self.act(step).await {
                Ok(()) => return Ok(Ok(())),
                Err(Fault::Never(why)) => return Ok(Err(why)),
                Err(Fault::Locked(held)) => return Err(Halt::Lock(*held)),
                Err(Fault::Unheard(error)) => error,
            };
            let Some(wait) = waits.next() else {
                return Err(Halt::Lost { step: step.to_string(), error });
            };
            (self.say)(Said::Again(step.clone(), error.to_string(), wait));
            sleep(wait).await;
        }
    }
}

/// An errand after everything, or what belongs to it: the deployment is as good without it.
fn is_last(act: &Act) -> bool {
    act.errand().is_some_and(|errand| errand.kind.is_last())
}
