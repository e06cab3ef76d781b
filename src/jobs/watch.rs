//! The link to one host: connect, list, details, then events; on failure say so and try again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::Peekable;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::route::{LONGEST_WAIT, Refusal, Route};
use crate::domain::backoff::Backoff;
use crate::domain::container::{Container, Detail, Health, State};
use crate::domain::ids::{ContainerId, HostId};
use crate::domain::ledger::HOLDER;
use crate::domain::lock;
use crate::domain::skew::Skew;
use crate::msg::{HostFact, Msg};
use crate::ports::engine::{CALL_TIMEOUT, Engine, EngineError, EngineEvent};
use crate::ports::pace::roll;

/// An event's list waits this long for its neighbours …
const GATHER: Duration = Duration::from_millis(100);
/// … and lists are at least this far apart, however many containers come and go.
const LIST_GAP: Duration = Duration::from_millis(700);
/// With no event for this long the engine is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(10);
/// Clocks run apart: a quiet engine is asked for its time so often.
const CLOCK_GAP: Duration = Duration::from_secs(600);
/// How far back the engine is asked what happened …
const PAST: chrono::TimeDelta = chrono::TimeDelta::hours(24);
/// … and how long it may think about it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The engine's word for what was written into a container by its archive call.
const WRITTEN: &str = "extract-to-dir";
const DETAILS_AT_ONCE: usize = 4;
/// Stopped containers beyond this many get no details: their list entry says how they ended.
const STOPPED_DETAILS: usize = 200;

/// Runs until dropped. What it learns goes to `out`; when that is full it waits, and the engine with it.
pub async fn watch(host: HostId, route: Arc<Route>, out: Sender<Msg>) {
    let mut backoff = Backoff::up_to(LONGEST_WAIT);
    loop {
        let started = Instant::now();
        let mut heard = None;
        let (why, needs_person) = match connect(&host, &route, &out).await {
            Ok(engine) => match follow(&host, &route, &engine, &out, heard.insert(Instant::now())).await {
                Ok(()) => return,
                Err(EngineError::Broken { cause, .. }) => (cause, false),
                Err(error) => (error.to_string(), false),
            },
            Err(failure) => failure,
        };
        // By itself only with what asks nobody.
        route.gate().close();
        let fact = if needs_person { HostFact::Asks(why) } else { HostFact::Lost(why) };
        if out.send(Msg::Host(host.clone(), fact)).await.is_err() {
            return;
        }
        if let Some(heard) = heard
            && out.send(Msg::Host(host.clone(), HostFact::Heard(heard.into_std()))).await.is_err()
        {
            return;
        }
        let next_try = |at: Instant| out.send(Msg::Host(host.clone(), HostFact::NextTry(at.into_std())));
        if needs_person {
            route.gate().wished().await;
        } else {
            // A link that held for a while begins again with the short wait.
            if started.elapsed() > LONGEST_WAIT {
                backoff.reset();
            }
            let own = Instant::now() + backoff.after_failure(roll());
            let next = route.next_try().map_or(own, Instant::from_std);
            if next_try(next).await.is_err() {
                return;
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = route.gate().wished() => {}
            }
        }
        if next_try(Instant::now()).await.is_err() {
            return;
        }
    }
}

/// The first engine that answers; otherwise a line per way: what was tried, what came back, what mends it; and whether
/// somebody has to act before it is tried again.
async fn connect(host: &HostId, route: &Route, out: &Sender<Msg>) -> Result<Arc<dyn Engine>, (String, bool)> {
    match route.connect().await {
        Ok(engine) => {
            route.gate().close();
            // The receiver is gone only when the console ends.
            let _ = out.send(Msg::Host(host.clone(), HostFact::Up)).await;
            Ok(engine)
        }
        Err(refusals) => {
            // Where there is but one way, nobody asks which.
            let source =
                |r: &Refusal| if refusals.len() > 1 { format!("{}: ", r.source) } else { String::new() };
            let line = |r: &Refusal| format!("{}{}\t{}", source(r), r.error, r.mend);
            let needs_person = refusals.iter().any(|r| matches!(r.error, EngineError::NeedsPerson { .. }));
            Err((refusals.iter().map(line).collect::<Vec<_>>().join("\n"), needs_person))
        }
    }
}

/// Asks the engine whether it is there; `false` when an event is: it tells as much, and a link that died in silence is
/// found out by it first.
async fn is_there<T>(
    engine: &Arc<dyn Engine>,
    events: Pin<&mut Peekable<impl Stream<Item = T>>>,
) -> Result<bool, EngineError> {
    tokio::select! {
        answer = timeout(QUIET, engine.greet()) => answer.map_err(|_| silent("liveness"))?.map(|()| true),
        _ = events.peek() => Ok(false),
    }
}

/// Ends with the error that broke the link, or `Ok` when nobody listens any more. `heard` is when the engine last spoke.
async fn follow(
    host: &HostId,
    route: &Route,
    engine: &Arc<dyn Engine>,
    out: &Sender<Msg>,
    heard: &mut Instant,
) -> Result<(), EngineError> {
    let send = |fact| out.send(Msg::Host(host.clone(), fact));
    // First the events, then the list: what happens in between is told by both and lost by none.
    let events = timeout(CALL_TIMEOUT, engine.events(None)).await.map_err(|_| silent("events"))??;
    let mut events = events.peekable();
    let mut details =
        Details { engine: Arc::clone(engine), wanted: Wanted::default(), asked: JoinSet::new() };
    let mut list_at = Some(Instant::now());
    let (mut listed, mut timed) = (Instant::now(), Instant::now());
    // Begun with the first wait, behind the list: it costs the engine as much, and nothing waits for it.
    let (mut facts, mut has_facts) = (std::pin::pin!(route.facts()), false);
    loop {
        if list_at.is_some_and(|at| at <= Instant::now()) {
            let list = engine.containers().await?;
            *heard = Instant::now();
            details.wanted.take(&list);
            if send(HostFact::Listed(list)).await.is_err() {
                return Ok(());
            }
            (list_at, listed) = (None, Instant::now());
            continue;
        }
        let due = list_at.unwrap_or_else(|| Instant::now() + QUIET);
        tokio::select! {
            event = events.next() => {
                let Some(event) = event.transpose()? else {
                    return Err(EngineError::Broken { what: "events".into(), cause: "the engine closed the stream".into() });
                };
                *heard = Instant::now();
                if event.kind != "container" || is_looking(&event) {
                    continue;
                }
                if event.name != HOLDER && !event.name.starts_with(lock::NAME) {
                    details.wanted.outdated(&event.id);
                    list_at = list_at.or(Some((Instant::now() + GATHER).max(listed + LIST_GAP)));
                }
                for fact in facts_of(event) {
                    if send(fact).await.is_err() {
                        return Ok(());
                    }
                }
            }
            Some(answer) = details.next() => {
                if let Some((id, detail)) = answer? && send(HostFact::Detailed(id, Arc::new(detail))).await.is_err() {
                    return Ok(());
                }
            }
            told = &mut facts, if !has_facts => {
                let told = told?;
                has_facts = true;
                if send(HostFact::Engine(told)).await.is_err() {
                    return Ok(());
                }
                // Asked by its clock, which only now is known.
                if send(HostFact::Happened(past(route, engine).await)).await.is_err() {
                    return Ok(());
                }
            }
            () = sleep_until(due) => {
                if list_at.is_none() && timed.elapsed() > CLOCK_GAP {
                    timed = Instant::now();
                    let told = timeout(CALL_TIMEOUT, route.facts()).await.map_err(|_| silent("liveness"))??;
                    if send(HostFact::Engine(told)).await.is_err() {
                        return Ok(());
                    }
                } else if list_at.is_none() && is_there(engine, Pin::new(&mut events)).await? {
                    *heard = Instant::now();
                }
            }
        }
    }
}

fn silent(what: &str) -> EngineError {
    EngineError::Broken { what: what.into(), cause: format!("no answer for {} s", QUIET.as_secs()) }
}

/// What happened before we came, as far as the engine still knows. Its list and its details do without.
async fn past(route: &Route, engine: &Arc<dyn Engine>) -> Vec<EngineEvent> {
    let ahead = chrono::TimeDelta::nanoseconds(route.skew().map_or(0, Skew::certain_ns));
    let until = chrono::Utc::now() + ahead;
    let ns = |at: chrono::DateTime<chrono::Utc>| at.timestamp_nanos_opt().unwrap_or(0);
    let asked = engine.past_events(ns(until - PAST), ns(until));
    match timeout(PATIENCE, asked).await {
        Ok(Ok(events)) => {
            let is_ours = |event: &EngineEvent| event.name == HOLDER || event.name.starts_with(lock::NAME);
            events.into_iter().filter(|event| !is_ours(event)).collect()
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "no past events");
            Vec::new()
        }
        // An engine whose clock is behind waits for the time that it is here.
        Err(_) => Vec::new(),
    }
}

/// Somebody looked at a container, or ran something in it: nothing changed that a list shows. Of what leads to the
/// ledgers only what is written there counts, and of a lock that it is made and signed.
fn is_looking(event: &EngineEvent) -> bool {
    const LOOKS: [&str; 8] = ["top", "attach", "detach", "resize", "copy", "export", "archive-path", WRITTEN];
    if event.name == HOLDER {
        return event.action != WRITTEN;
    }
    if event.name.starts_with(lock::NAME) {
        return event.action != WRITTEN && event.action != "create";
    }
    event.action.starts_with("exec_") || LOOKS.contains(&event.action.as_str())
}

/// What an event is to the console.
fn facts_of(event: EngineEvent) -> Vec<HostFact> {
    if event.name == HOLDER {
        return vec![HostFact::LedgerWritten];
    }
    if event.name.starts_with(lock::NAME) {
        return vec![HostFact::Signed(event.name, event.at_ns)];
    }
    let told = told_by(&event);
    [HostFact::Happened(vec![event])].into_iter().chain(told).collect()
}

/// What an event alone tells, before the next list confirms it.
fn told_by(event: &EngineEvent) -> Option<HostFact> {
    let id = ContainerId::new(event.id.as_str());
    Some(match event.action.as_str() {
        "start" | "unpause" => HostFact::Changed(id, State::Running),
        "pause" => HostFact::Changed(id, State::Paused),
        "die" => HostFact::Changed(id, State::Exited(event.exit_code)),
        "destroy" => HostFact::Removed(id),
        _ => return None,
    })
}

/// Containers whose details are to be asked for, the running first.
#[derive(Default)]
struct Wanted {
    known: HashMap<ContainerId, (State, Health)>,
    queue: VecDeque<ContainerId>,
}

impl Wanted {
    /// What is known of it is of the past: the next list asks again.
    fn outdated(&mut self, id: &str) {
        self.known.remove(&ContainerId::new(id));
    }

    /// Takes in a list: those whose details are not known, or not any more, are wanted.
    fn take(&mut self, list: &[Container]) {
        let is_new = |c: &&Container| self.known.get(&c.key.id) != Some(&(c.state.clone(), c.health));
        let (up, down): (Vec<_>, Vec<_>) =
            list.iter().filter(is_new).partition(|c| c.state.is_up() || c.state == State::Restarting);
        let wanted: Vec<_> = up.into_iter().chain(down.into_iter().take(STOPPED_DETAILS)).collect();
        // What an older list still waits for stays wanted, unless it is gone.
        let here: HashSet<&ContainerId> = list.iter().map(|c| &c.key.id).collect();
        let mut queued: HashSet<ContainerId> = wanted.iter().map(|c| c.key.id.clone()).collect();
        let older = std::mem::take(&mut self.queue);
        self.queue = wanted.into_iter().map(|c| c.key.id.clone()).collect();
        self.queue.extend(older.into_iter().filter(|id| here.contains(id) && queued.insert(id.clone())));
        self.known = list.iter().map(|c| (c.key.id.clone(), (c.state.clone(), c.health))).collect();
    }
}

/// Asks for details, a few at a time, beside the events.
struct Details {
    engine: Arc<dyn Engine>,
    wanted: Wanted,
    asked: JoinSet<(ContainerId, Result<Detail, EngineError>)>,
}

impl Details {
    /// The next answer; `None` when none is wanted. One that vanished meanwhile gives nothing, the next list says so; an
    /// engine that does not answer is an error, so that a hang is not waited for once a container.
    async fn next(&mut self) -> Option<Result<Option<(ContainerId, Detail)>, EngineError>> {
        while self.asked.len() < DETAILS_AT_ONCE
            && let Some(id) = self.wanted.queue.pop_front()
        {
            let engine = Arc::clone(&self.engine);
            self.asked.spawn(async move { (id.clone(), engine.detail(&id).await) });
        }
        Some(match self.asked.join_next().await? {
            Ok((id, Ok(detail))) => Ok(Some((id, detail))),
            Ok((_, Err(error @ EngineError::Unreachable { .. }))) => Err(error),
            Ok((_, Err(error))) => {
                tracing::debug!(%error, "no details");
                Ok(None)
            }
            Err(error) => {
                tracing::debug!(%error, "details given up");
                Ok(None)
            }
        })
    }
}

#[cfg(test)]
mod tests;
