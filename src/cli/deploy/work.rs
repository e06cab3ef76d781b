//! The process that does one deployment: in a session of its own, without a terminal, told what to do on its standard
//! input and telling what happens on its standard output, as long as somebody hears it.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustix::process::{getpid, getsid, setsid};
use tokio::signal::unix::{SignalKind, signal};

use super::{not_begun, place};
use crate::cli::console::workers;
use crate::cli::diagnosis;
use crate::cli::failure::Failure;
use crate::cli::setup::{Options, Places};
use crate::cli::site::{Depth, Site};
use crate::deploy::event::{Ending, Event};
use crate::deploy::order::{Order, Task};
use crate::jobs::deploy::Run;
use crate::jobs::deploy::take_up::Way;
use crate::ports::engine::EngineError;

/// Longer orders are none of ours.
const MOST_BYTES: u64 = 4 << 20;
/// So long whoever hears it may take to hear the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does what standard input says; gives the exit status.
///
/// # Errors
/// It was not started as such a process.
pub fn run() -> Result<u8, Failure> {
    let order = order()?;
    // Where it leads a group already it would stay with a terminal that may go.
    if setsid().is_err() && getsid(None).ok() != Some(getpid()) {
        return Err(Failure::Usage("it has no session of its own; `deploy` starts it".to_owned()));
    }
    let options = Options::reaching(order.reach.clone());
    let _log = logged(&options);
    let (events, said) = channel();
    let (told, is_told) = channel::<()>();
    std::thread::Builder::new().name("events".to_owned()).spawn(move || {
        tell(&said);
        drop(told);
    })?;
    let workers = workers()?;
    let status = workers.block_on(async {
        // From now on nobody's leaving ends it.
        let _ignored = signal(SignalKind::hangup());
        carry_out(order, &options, &events).await
    });
    drop(events);
    workers.shutdown_timeout(Duration::ZERO);
    // Nothing is ever sent: it waits for the end of the thread.
    let _ = is_told.recv_timeout(PATIENCE);
    diagnosis::note(&Ok(status));
    Ok(status)
}

fn order() -> Result<Order, Failure> {
    let wrong = |why: &str| Failure::Usage(format!("{why}; `deploy` and its like start this command"));
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        return Err(wrong("nothing to do was given"));
    }
    let mut bytes = Vec::new();
    input.by_ref().take(MOST_BYTES).read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(&format!("the order cannot be read: {error}")))
}

/// Its log, wherever one can be kept: nobody reads what it says otherwise.
fn logged(options: &Options) -> Option<crate::runtime::diagnostics::Kept> {
    let is_chosen = options.log_file.is_some() || options.log_level.is_some();
    let own = || Some(Places::find(options).ok()?.state()?.join("worker.log"));
    let log_file: Option<PathBuf> = if is_chosen { options.log_file.clone() } else { own() };
    if let (false, Some(dir)) = (is_chosen, log_file.as_deref().and_then(Path::parent)) {
        // Why it could not be made is what the file cannot be opened for.
        let _ = std::fs::create_dir_all(dir);
    }
    let log_level = options.log_level.clone().or_else(|| "info".parse().ok());
    let options = Options { log_file, log_level, ..options.clone() };
    diagnosis::begin(crate::runtime::worker::COMMAND, &options).ok().flatten()
}

/// A line each, until nobody hears them any more.
fn tell(said: &Receiver<Event>) {
    let mut out = std::io::stdout().lock();
    for event in said {
        tracing::info!(?event, "told");
        let Ok(mut line) = serde_json::to_vec(&event) else { continue };
        line.push(b'\n');
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    // What is told from now on is in the log alone.
    for event in said {
        tracing::info!(?event, "told nobody");
    }
}

async fn carry_out(order: Order, options: &Options, events: &Sender<Event>) -> u8 {
    // Whoever hears it may be gone; that changes nothing.
    let told = |event: Event| drop(events.send(event));
    let run = match begun(order, options, events).await {
        Ok(Some(run)) => run,
        Ok(None) => {
            told(Event::Nothing);
            return 0;
        }
        Err(failure) => {
            let status = failure.status();
            told(Event::NotBegun { status, why: failure.to_string() });
            return status;
        }
    };
    told(Event::Begun(run.entry.begun.number));
    let ending = Ending::from(run.run().await);
    let status = super::status(&ending);
    told(Event::Ended(ending));
    status
}

async fn begun(order: Order, options: &Options, events: &Sender<Event>) -> Result<Option<Run>, Failure> {
    let mut site = Site::asking_nobody(options)?;
    // It keeps nobody from taking a disk away.
    std::env::set_current_dir("/")?;
    let environment = site.environment(Some(order.environment.as_str()))?;
    site.ask(std::slice::from_ref(&environment), Depth::List).await;
    all_answer(&site, &order)?;
    let events = events.clone();
    let say = Arc::new(move |said| drop(events.send(Event::Said(said))));
    let of_service = match &order.task {
        Task::Begin { service, .. } => Some(service.clone()),
        Task::TakeUp { service, .. } => service.clone(),
    };
    let mut place = place::of(&site, &environment, of_service.as_ref(), order.manner, say);
    match order.task {
        Task::Begin { service, project, wish, shown, note } => {
            place.project = project;
            place.begin(&service, &wish, Some(&shown), note).await.map(Some)
        }
        Task::TakeUp { back, .. } => place.take_up(back.map_or(Way::On, Way::Back)).await,
    }
    .map_err(not_begun)
}

/// Hosts that answered whoever was there to be asked answer here too; else nothing is begun.
fn all_answer(site: &Site, order: &Order) -> Result<(), Failure> {
    for host in &order.hosts {
        let refusals = site.refusals(host);
        if refusals.is_empty() {
            continue;
        }
        let told: Vec<_> = refusals.iter().map(ToString::to_string).collect();
        let is_asking = |error: &EngineError| matches!(error, EngineError::NeedsPerson { .. });
        let hint = if refusals.iter().any(|refusal| is_asking(&refusal.error)) {
            "\n  a deployment runs in a process of its own, where nobody can be asked: give ssh-agent the key \
             (ssh-add), or the host a key without a passphrase (ssh-copy-id)"
        } else {
            ""
        };
        let told = told.join("\n");
        return Err(Failure::Unreachable(format!(
            "host {host} does not answer the process of the deployment; nothing was done\n{told}{hint}"
        )));
    }
    Ok(())
}
