//! Begins a deployment: takes the locks, plans again under them, and writes the plan down. Nothing is touched before that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::Utc;

use super::front;
use super::gate::Readiness;
use super::heed::Ears;
use super::images::Logins;
use super::lock::{LockError, Locked};
use super::model::{Models, needed};
use super::scene::{Unseen, Which, observe};
use super::secrets::{Vault, sourced};
use super::{Care, Hosts, Run};
use crate::deploy::event::Said;
use crate::deploy::guard::Guard;
use crate::deploy::plan::set::{joined, ordered};
use crate::deploy::plan::{Manner, Refusal, Terms, Wish, plan};
use crate::deploy::progress::Progress;
use crate::domain::deployment::{Plan, Purpose};
use crate::domain::ids::{EnvironmentId, HostId, ServiceId};
use crate::domain::ledger::union::Ledger;
use crate::domain::ledger::{Intent, Record, RecordNumber, Subject, Who};
use crate::domain::lock::Claim;
use crate::jobs::ledger::{Book, Entry, LedgerError};
use crate::ports::balancer::Balancers;
use crate::ports::engine::EngineError;

/// Where and how deployments are done.
#[derive(Clone)]
pub struct Site {
    /// In which environment.
    pub environment: EnvironmentId,
    /// Its hosts that answer, in the order of the ids of their engines.
    pub hosts: Hosts,
    /// The ids of their engines.
    pub engines: BTreeMap<HostId, String>,
    /// Their ledger.
    pub book: Book,
    /// By whom.
    pub who: Who,
    /// In which process.
    pub pid: u32,
    /// Of which Compose project, where it is of one.
    pub project: Option<String>,
    /// How services are deployed.
    pub manner: Manner,
    /// What the configuration says of each service that is deployed.
    pub terms: BTreeMap<ServiceId, Terms>,
    /// How readiness is asked.
    pub readiness: Arc<dyn Readiness>,
    /// Who asks registries.
    pub logins: Arc<dyn Logins>,
    /// Who drives what traffic goes through.
    pub balancers: Arc<dyn Balancers>,
    /// Who knows what files say.
    pub models: Arc<dyn Models>,
    /// Values that come from sources.
    pub vault: Vault,
    /// What is held to.
    pub care: Care,
    /// Who wants to know.
    pub say: Arc<dyn Fn(Said) + Send + Sync>,
}

/// Why a deployment was not begun; nothing was touched.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotBegun {
    /// It cannot be planned.
    #[error("{}", .0.iter().map(Refusal::to_string).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<Refusal>),
    /// Somebody else deploys.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// An earlier one was cut off.
    #[error("{0}")]
    Unfinished(String),
    /// What was shown is not what would be done now.
    #[error("something changed since the plan was shown; look at it again")]
    Changed,
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A host did not answer.
    #[error("{0}: {1}")]
    Engine(HostId, EngineError),
}

impl Site {
    /// What would be done now. Touches nothing.
    ///
    /// # Errors
    /// Why it cannot be.
    pub async fn plan(&self, service: &ServiceId, wish: &Wish) -> Result<Plan, NotBegun> {
        let ledger = self.ledger().await?;
        self.planned(service, wish, &ledger).await
    }

    async fn planned(&self, service: &ServiceId, wish: &Wish, ledger: &Ledger) -> Result<Plan, NotBegun> {
        let services = service.each();
        if services.len() > 1 && matches!(wish, Wish::Scale(_)) {
            return Err(NotBegun::Refused(vec![Refusal::SetScaled]));
        }
        let files = |why| NotBegun::Refused(vec![Refusal::Files(why)]);
        let needed = needed(&self.models, &services).map_err(files)?;
        let services = ordered(&services, &needed.needs).map_err(|circle| NotBegun::Refused(vec![circle]))?;
        let mut scenes = Vec::new();
        for service in services.iter().filter(|service| {
            // What ran once is not gone back to.
            matches!(wish, Wish::Deploy { .. }) || !needed.jobs.contains(*service)
        }) {
            let terms = self.terms.get(service).cloned().unwrap_or_default();
            let which = Which { service, project: self.project.as_deref(), terms: &terms };
            let whom = (&*self.logins, &self.models);
            let scene = Box::pin(observe(&self.hosts, which, wish, ledger, self.manner, whom)).await;
            let mut scene = scene.map_err(|unseen| match unseen {
                Unseen::Host(host, error) => NotBegun::Engine(host, error),
                Unseen::Files(why) => files(why),
            })?;
            if let Some(meant) = &mut scene.meant {
                meant.is_job = needed.jobs.contains(service);
            }
            scene.front = front::fronted(&scene, &*self.balancers).await;
            scenes.push(scene);
        }
        // One number for all that goes together.
        let next = scenes.iter().map(|scene| scene.next).max().unwrap_or_default();
        let (mut plans, mut refusals) = (Vec::new(), Vec::new());
        for scene in &mut scenes {
            scene.next = next;
            refusals.extend(front::alone(scene, services.len()));
            match plan(wish, scene) {
                Ok(plan) => plans.push(plan),
                Err(why) => {
                    let new: Vec<_> = why.into_iter().filter(|why| !refusals.contains(why)).collect();
                    refusals.extend(new);
                }
            }
        }
        match joined(plans).filter(|_| refusals.is_empty()) {
            Some(plan) => {
                let secrets = sourced(&self.terms, &plan);
                Ok(Plan { engines: self.engines.clone(), secrets, ..plan })
            }
            None => Err(NotBegun::Refused(refusals)),
        }
    }

    pub(super) async fn ledger(&self) -> Result<Ledger, NotBegun> {
        let heard = self.book.read().await;
        if let Some((host, error)) = heard.unheard.into_iter().next() {
            return Err(NotBegun::Engine(host, error));
        }
        if !heard.without_way.is_empty() {
            self.book.reopen().await;
            return Ok(self.book.read().await.ledger);
        }
        Ok(heard.ledger)
    }

    /// Takes the locks, makes sure that the plan is still the one that was shown, and writes it down.
    ///
    /// # Errors
    /// Why nothing was begun. The locks are given back then.
    pub async fn begin(
        &self,
        service: &ServiceId,
        wish: &Wish,
        shown: Option<&Plan>,
        why: Option<String>,
    ) -> Result<Run, NotBegun> {
        let epoch = epoch_after(&self.ledger().await?);
        let purpose = format!("{} {service}", purpose(wish).verb());
        let locks = Locked::take(&self.hosts, self.claim(epoch, purpose)).await?;
        match self.begin_locked(service, wish, shown, why).await {
            Ok((entry, plan, seen)) => Ok(self.run(entry, plan, Progress::new(), seen, locks)),
            Err(error) => {
                // What cannot be given back is told by who takes it next.
                drop(locks.give_back(&self.hosts).await);
                Err(error)
            }
        }
    }

    async fn begin_locked(
        &self,
        service: &ServiceId,
        wish: &Wish,
        shown: Option<&Plan>,
        why: Option<String>,
    ) -> Result<(Entry, Plan, RecordNumber), NotBegun> {
        let ledger = self.ledger().await?;
        if let Some(record) = unfinished(&ledger) {
            let (number, act) = (record.begun.number, &record.begun.act);
            return Err(NotBegun::Unfinished(format!(
                "{number} ({act}, by {}) was cut off: resume it or undo it first",
                record.begun.who
            )));
        }
        let plan = self.planned(service, wish, &ledger).await?;
        if shown.is_some_and(|shown| *shown != plan) {
            return Err(NotBegun::Changed);
        }
        let plan = Plan { secrets: self.had_all(&plan).await?, ..plan };
        let on = plan.steps.iter().filter_map(|step| {
            let replica = step.act.replica()?;
            let id = replica.id.as_ref()?;
            Some(Subject {
                host: step.host.to_string(),
                kind: "container".to_owned(),
                service: service.to_string(),
                name: replica.name.clone(),
                id: id.to_string(),
            })
        });
        let mut subjects: Vec<Subject> = Vec::new();
        for subject in on {
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        let (environment, act) = (self.environment.clone(), plan.title());
        let intent = Intent { environment, act, on: subjects, why };
        let opened = self.book.open().await?;
        let entry = self.book.begin(opened, self.who.clone(), intent).await?;
        self.book.planned(&entry, &plan.without_values()).await?;
        Ok((entry, plan, ledger.last.unwrap_or(RecordNumber(0))))
    }

    pub(super) fn claim(&self, epoch: u32, purpose: String) -> Claim {
        let (environment, who, pid) = (self.environment.clone(), self.who.clone(), self.pid);
        Claim { environment, who, pid, purpose, epoch, at: Utc::now() }
    }

    pub(super) fn run(
        &self,
        entry: Entry,
        plan: Plan,
        progress: Progress,
        seen: RecordNumber,
        locks: Locked,
    ) -> Run {
        let say = Arc::clone(&self.say);
        let guards = self.terms.get(&plan.service).map(|terms| terms.guards).unwrap_or_default();
        Run {
            environment: self.environment.clone(),
            hosts: self.hosts.clone(),
            book: self.book.clone(),
            entry,
            plan,
            progress,
            seen,
            locks: Arc::new(locks),
            readiness: Arc::clone(&self.readiness),
            logins: Arc::clone(&self.logins),
            balancers: Arc::clone(&self.balancers),
            guard: Mutex::new(Guard::new(guards)),
            models: Arc::clone(&self.models),
            vault: self.vault.clone(),
            terms: self.terms.clone(),
            care: self.care,
            say: Box::new(move |said| say(said)),
            ears: Ears::new(),
            unwritten: Vec::new(),
        }
    }
}

fn purpose(wish: &Wish) -> Purpose {
    match wish {
        Wish::Deploy { .. } | Wish::Restart => Purpose::Deploy,
        Wish::Rollback(_) => Purpose::Rollback,
        Wish::Scale(_) => Purpose::Scale,
    }
}

/// The deployment that was begun and has no end. One without a plan touched nothing.
pub fn unfinished(ledger: &Ledger) -> Option<&Record> {
    ledger.records.iter().rev().find(|record| record.end.is_none() && record.plan.is_some())
}

/// Higher than that of all who ever deployed there.
pub(super) fn epoch_after(ledger: &Ledger) -> u32 {
    let notes = ledger.records.iter().flat_map(|record| &record.notes);
    notes.map(|note| note.epoch).max().unwrap_or(0).saturating_add(1)
}
