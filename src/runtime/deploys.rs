//! Deployments that the console orders: planned here, done in a process of their own; on simulated hosts in this one.

use std::sync::Arc;

use tokio::sync::mpsc::{Sender, unbounded_channel};

use super::hosts::Routes;
use super::records::operator;
use super::worker;
use super::{before, place, place::Say};
use crate::app::model::Model;
use crate::deploy::event::{Ending, Event};
use crate::deploy::order::{Order, Task};
use crate::deploy::plan::{Manner, Wish};
use crate::domain::deployment::Asked;
use crate::domain::ids::{EnvironmentId, ServiceId};
use crate::domain::ledger::Record;
use crate::effect::JobId;
use crate::jobs::deploy::Run;
use crate::jobs::deploy::begin::{NotBegun, Site};
use crate::jobs::deploy::promote::Wanting;
use crate::jobs::deploy::take_up::Way;
use crate::msg::{JobEvent, Msg};

/// Exit status of what was not begun; nobody exits here.
const NOT_BEGUN: u8 = 1;

/// The hosts of an environment as this console reaches them.
fn site(
    model: &Model,
    routes: &Routes,
    environment: &EnvironmentId,
    service: Option<&ServiceId>,
    manner: Manner,
    say: Say,
) -> Option<Site> {
    let environment = model.world.environment(environment)?;
    Some(place::of((&model.world, routes), environment, service, manner, operator(model), say))
}

/// What is to be live.
pub enum Wanted {
    /// This.
    Wish(Wish),
    /// What is live there, of that Compose project.
    From(EnvironmentId, Option<String>),
}

/// What would be done, told by that job.
pub fn plan(
    job: JobId,
    (environment, service, project): (&EnvironmentId, ServiceId, Option<String>),
    wanted: Wanted,
    (model, routes): (&Model, &Routes),
    out: Sender<Msg>,
) {
    let nobody: Say = Arc::new(|_| {});
    let Some(mut site) = site(model, routes, environment, Some(&service), Manner::default(), nobody) else {
        return;
    };
    let before = |id: &EnvironmentId, project: Option<&str>| {
        let environment = model.world.environment(id)?;
        Some(before::of((&model.world, routes), environment, &service, project, operator(model)))
    };
    let after = model.world.environment(environment).and_then(|e| e.after.as_ref());
    let gate = after.and_then(|id| before(id, project.as_deref()));
    let source = match &wanted {
        Wanted::Wish(_) => None,
        Wanted::From(id, project) => before(id, project.as_deref()),
    };
    site.project = project;
    tokio::spawn(async move {
        let wanting = match (wanted, &source) {
            (Wanted::Wish(wish), _) => Wanting::Wish(wish),
            (Wanted::From(..), Some(source)) => Wanting::From(source, &service),
            (Wanted::From(..), None) => return,
        };
        let event = match site.judged(&service, wanting, gate.as_ref()).await {
            Ok(judged) => JobEvent::Judged(Box::new(judged)),
            Err(error) => JobEvent::Planned(Err(reasons(error))),
        };
        send(&out, job, event).await;
    });
}

fn reasons(error: NotBegun) -> Vec<String> {
    match error {
        NotBegun::Refused(refusals) => refusals.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

/// Asks it of whoever is at work; what comes of it the journal tells.
pub fn ask(
    job: JobId,
    environment: &EnvironmentId,
    record: Record,
    what: Asked,
    (model, routes): (&Model, &Routes),
    out: Sender<Msg>,
) {
    let nobody: Say = Arc::new(|_| {});
    let Some(site) = site(model, routes, environment, None, Manner::default(), nobody) else { return };
    let words = match what {
        Asked::Pause => "waits before its next step",
        Asked::GoOn => "goes on",
        Asked::Back => "turns back",
        Asked::Promote => "gives the new release everything",
        Asked::Weigh(_) => "shares traffic so",
    };
    tokio::spawn(async move {
        let act = &record.begun.act;
        let event = match site.ask(&record, what, None).await {
            Ok(()) => JobEvent::Done(format!("{act}: asked; it {words}")),
            Err(error) => JobEvent::Failed(format!("{act}: it could not be asked: {error}")),
        };
        send(&out, job, event).await;
    });
}

/// Has it done, and tells what is heard of it.
pub fn order(job: JobId, order: Order, (model, routes): (&Model, &Routes), out: Sender<Msg>) {
    if !model.world.is_demo {
        tokio::spawn(async move { elsewhere(job, &order, &out).await });
        return;
    }
    let (tell, mut told) = unbounded_channel();
    let told_too = tell.clone();
    let say: Say = Arc::new(move |said| drop(told_too.send(Event::Said(said))));
    let service = match &order.task {
        Task::Begin { service, .. } => Some(service.clone()),
        Task::TakeUp { service, .. } => service.clone(),
    };
    let Some(site) = site(model, routes, &order.environment, service.as_ref(), order.manner, say) else {
        return;
    };
    tokio::spawn(async move {
        let run = async {
            match begun(site, order.task).await {
                Ok(Some(run)) => {
                    let _ = tell.send(Event::Begun(run.entry.begun.number));
                    Event::Ended(Ending::from(run.run().await))
                }
                Ok(None) => Event::Nothing,
                Err(error) => {
                    Event::NotBegun { status: NOT_BEGUN, why: format!("{error}; nothing was done") }
                }
            }
        };
        let mut run = std::pin::pin!(run);
        let last = loop {
            tokio::select! {
                biased;
                Some(event) = told.recv() => send(&out, job, JobEvent::Deployment(event)).await,
                last = &mut run => break last,
            }
        };
        while let Ok(event) = told.try_recv() {
            send(&out, job, JobEvent::Deployment(event)).await;
        }
        send(&out, job, JobEvent::Deployment(last)).await;
    });
}

async fn begun(mut site: Site, task: Task) -> Result<Option<Run>, NotBegun> {
    match task {
        Task::Begin { service, project, wish, shown, note } => {
            site.project = project;
            site.begin(&service, &wish, Some(&shown), note).await.map(Some)
        }
        Task::TakeUp { back, .. } => site.take_up(back.map_or(Way::On, Way::Back)).await,
    }
}

/// In a process of its own, which goes on when this console ends.
async fn elsewhere(job: JobId, order: &Order, out: &Sender<Msg>) {
    let mut started = match worker::start(order).await {
        Ok(started) => started,
        Err(error) => {
            let why = format!("no process for it could be started: {error}; nothing was done");
            let event = Event::NotBegun { status: NOT_BEGUN, why };
            return send(out, job, JobEvent::Deployment(event)).await;
        }
    };
    let mut is_over = false;
    while let Some(event) = started.next().await {
        is_over = matches!(event, Event::Ended(_) | Event::NotBegun { .. } | Event::Nothing);
        send(out, job, JobEvent::Deployment(event)).await;
    }
    if !is_over {
        let text = format!(
            "the process of the deployment ({}) is not heard any more; its journal stays",
            started.pid
        );
        send(out, job, JobEvent::Failed(text)).await;
    }
}

async fn send(out: &Sender<Msg>, job: JobId, event: JobEvent) {
    // The loop ends before its tasks; then nobody wants to know.
    let _ = out.send(Msg::Job(job, event)).await;
}
