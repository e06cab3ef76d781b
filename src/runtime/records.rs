//! What the console does, in the ledger of the environment where it counts.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::hosts::Routes;
use super::who::who;
use crate::app::model::Model;
use crate::domain::ids::HostId;
use crate::domain::ledger::{Intent, Outcome, Who};
use crate::effect::JobId;
use crate::jobs::ledger::Book;
use crate::jobs::record::{self, Recording};
use crate::jobs::route::Route;
use crate::msg::{JobEvent, Msg};
use crate::world::{Link, World};

/// Whoever writes down one act.
pub struct Clerk {
    who: Who,
    intent: Intent,
    routes: Vec<(HostId, Arc<Route>)>,
}

impl Clerk {
    /// On those hosts of its environment that answer; the others get it when they are back.
    pub fn new(intent: Intent, model: &Model, routes: &Routes) -> Self {
        let who = operator(model);
        let routes = answering(&model.world, &intent, routes);
        Self { who, intent, routes }
    }

    /// Before the act.
    ///
    /// # Errors
    /// It must not be done, and why.
    pub async fn begin(self) -> Result<Recording, JobEvent> {
        let Self { who, intent, routes } = self;
        let (environment, act) = (intent.environment.clone(), intent.act.clone());
        let book = Book::over(environment.clone(), routes).await;
        record::begin(book, who, intent).await.map_err(|newer| {
            JobEvent::Failed(format!("{act}: {environment} is read-only here: {newer}; nothing was done"))
        })
    }
}

/// Who sits here.
pub fn operator(model: &Model) -> Who {
    let here = who(None);
    // The header shows a login with its machine.
    let is_login = model.operator == format!("{}@{}", here.login, here.machine);
    if is_login { here } else { who(Some(&model.operator)) }
}

fn answering(world: &World, intent: &Intent, routes: &Routes) -> Vec<(HostId, Arc<Route>)> {
    let is_up = |id: &&HostId| world.hosts.get(*id).is_some_and(|host| host.link == Link::Up);
    let hosts = world.environment(&intent.environment).map(|e| &e.hosts[..]).unwrap_or_default();
    hosts.iter().filter(is_up).filter_map(|id| Some((id.clone(), Arc::clone(routes.get(id)?)))).collect()
}

/// Behind the act: writes how it ended, and tells where that is not written.
pub async fn end(recording: Recording, outcome: Outcome, job: JobId, out: &Sender<Msg>) {
    let recorded = recording.end(outcome).await;
    let record = recorded.record.map(|record| JobEvent::Recorded(Box::new(record)));
    for event in record.into_iter().chain(recorded.trouble.map(JobEvent::Failed)) {
        // The loop ends before its tasks; then nobody wants to know.
        let _ = out.send(Msg::Job(job, event)).await;
    }
}
