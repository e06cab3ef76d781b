//! Effects as tasks; each reports by messages.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::hosts::Routes;
use super::records::Clerk;
use super::{deploys, export, records};
use crate::app::model::Model;
use crate::config::{edit, files};
use crate::domain::act::Change;
use crate::domain::environment::Class;
use crate::domain::ids::{ContainerKey, HostId};
use crate::domain::ledger::Outcome;
use crate::effect::{Effect, JobId};
use crate::jobs::{act, discard};
use crate::msg::{JobEvent, Msg};
use crate::ports::engine::Engine;

/// Starts what an effect asks for. Answer, Copy, Shell and Quit belong to the loop and are handed back.
pub fn start(effect: Effect, routes: &Routes, model: &Model, out: &Sender<Msg>) -> Option<Effect> {
    let engine = |key: &ContainerKey| routes.get(&key.host).map(|r| r.engine());
    let out = out.clone();
    match effect {
        Effect::Change(job, change, intent) => {
            let (clerk, routes) = (Clerk::new(intent, model, routes), routes.clone());
            tokio::spawn(async move { carry_out(job, change, clerk, &routes, &out).await });
        }
        Effect::Plan { job, environment, service, project, wish } => {
            let wanted = deploys::Wanted::Wish(wish);
            deploys::plan(job, (&environment, service, project), wanted, (model, routes), out);
        }
        Effect::Promote { job, from, environment, service, projects: [here, project] } => {
            let wanted = deploys::Wanted::From(from, here);
            deploys::plan(job, (&environment, service, project), wanted, (model, routes), out);
        }
        Effect::Ask { job, environment, record, what } => {
            deploys::ask(job, &environment, *record, what, (model, routes), out);
        }
        Effect::Order(job, order) => deploys::order(job, *order, (model, routes), out),
        Effect::Connect(host) => routes.get(&host)?.gate().open(),
        Effect::Inventory(host) => {
            let engine = routes.get(&host)?.engine();
            tokio::spawn(async move { discard::ask(&engine, host, &out).await });
        }
        Effect::Inspect(job, key) => {
            let engine = engine(&key)?;
            tokio::spawn(async move {
                let event = match engine.inspect(&key.id).await {
                    Ok(value) => JobEvent::Inspected(value),
                    Err(error) => JobEvent::Failed(error.to_string()),
                };
                send(&out, Msg::Job(job, event)).await;
            });
        }
        Effect::Processes(job, key) => {
            let engine = engine(&key)?;
            tokio::spawn(async move { send(&out, Msg::Job(job, processes(&engine, &key).await)).await });
        }
        Effect::Export(job, path, text) => {
            tokio::task::spawn_blocking(move || {
                let event = export::write(&path, &text);
                // The loop ends before its tasks; then nobody wants to know.
                let _ = out.blocking_send(Msg::Job(job, event));
            });
        }
        Effect::Classify { job, file, environment, class, hosts } => {
            tokio::task::spawn_blocking(move || {
                let event = classified(&file, environment.as_str(), class, &hosts);
                // The loop ends before its tasks; then nobody wants to know.
                let _ = out.blocking_send(Msg::Job(job, event));
            });
        }
        other => return Some(other),
    }
    None
}

/// Does what was confirmed, between the beginning and the end of its record.
async fn carry_out(job: JobId, change: Change, clerk: Clerk, routes: &Routes, out: &Sender<Msg>) {
    let recording = match clerk.begin().await {
        Ok(recording) => recording,
        Err(refused) => return send(out, Msg::Job(job, refused)).await,
    };
    let engine = |host: &HostId| routes.get(host).map(|route| route.engine());
    let failures = match change {
        Change::Containers(act, targets) => {
            let targets = targets.into_iter().filter_map(|(key, name)| Some((engine(&key.host)?, key, name)));
            act::act(job, act, targets.collect(), out).await
        }
        Change::Discard(host, items) => match engine(&host) {
            Some(engine) => {
                let failures = discard::discard(job, &engine, &host, items, out).await;
                discard::ask(&engine, host, out).await;
                failures
            }
            None => vec![format!("{host}: no such host")],
        },
    };
    records::end(recording, Outcome::of(&failures), job, out).await;
}

fn classified(file: &Path, environment: &str, class: Class, hosts: &[String]) -> JobEvent {
    let (word, at) = (class.word(), file.display());
    match keep_class(file, environment, class, hosts) {
        Ok(()) => JobEvent::Done(format!("{environment} is {word} from now on; {at} says so")),
        Err(why) => JobEvent::Failed(format!(
            "{environment} is {word} until the console ends; it cannot be kept in {at}: {why}"
        )),
    }
}

fn keep_class(file: &Path, environment: &str, class: Class, hosts: &[String]) -> Result<(), String> {
    let before = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.to_string()),
    };
    let after = edit::classify(&before, environment, class, hosts).map_err(|error| error.to_string())?;
    files::write(file, &after).map_err(|error| error.to_string())
}

async fn send(out: &Sender<Msg>, msg: Msg) {
    // The loop ends before its tasks; then nobody wants to know.
    let _ = out.send(msg).await;
}

async fn processes(engine: &Arc<dyn Engine>, key: &ContainerKey) -> JobEvent {
    match engine.processes(&key.id).await {
        Ok(table) => JobEvent::Processes(table.titles, table.rows),
        Err(error) => JobEvent::Failed(error.to_string()),
    }
}
