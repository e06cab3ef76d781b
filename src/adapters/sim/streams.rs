//! What the simulated engines tell as it happens: events and logs.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::Simulation;
use super::answers::{Found, found};
use super::clock::{Ns, SECOND};
use super::fleet::Happened;
use super::logs::{self, Line};
use crate::domain::event::EngineEvent;
use crate::domain::ids::ContainerKey;
use crate::domain::ids::{ContainerId, HostId};
use crate::domain::usage::Sample;
use crate::logs::frames::{Demux, Form};
use crate::logs::line::{Batch, SourceId};
use crate::ports::engine::{EngineError, LogRequest};

/// A log is made in pieces of this many seconds, so that a reader of its start does not wait for all of it.
const PIECE: Ns = 600 * SECOND;

type Items<T> = BoxStream<'static, Result<T, EngineError>>;

struct Events {
    simulation: Arc<Simulation>,
    host: HostId,
    next: u64,
    ready: VecDeque<Happened>,
    seen: watch::Receiver<u64>,
}

fn lost(what: &str) -> EngineError {
    EngineError::Broken { what: what.to_owned(), cause: "the connection was lost".to_owned() }
}

/// What that engine reports, from then on.
pub(super) fn events(
    simulation: &Arc<Simulation>,
    host: &HostId,
    since_ns: Option<i64>,
) -> Items<EngineEvent> {
    let since = since_ns.map(|ns| simulation.clock.at_wall(ns));
    let next = simulation.fleet().first_event(host, since);
    let state = Events {
        simulation: Arc::clone(simulation),
        host: host.clone(),
        next,
        ready: VecDeque::new(),
        seen: simulation.changed.subscribe(),
    };
    stream::unfold(Some(state), |state| async move {
        let mut state = state?;
        loop {
            if let Some(event) = state.ready.pop_front() {
                let event = state.simulation.told(event);
                return Some((Ok(event), Some(state)));
            }
            state.seen.mark_unchanged();
            let due = {
                let fleet = state.simulation.fleet();
                if fleet.is_lost(&state.host) {
                    return Some((Err(lost("events")), None));
                }
                let (ready, next) = fleet.events(&state.host, state.next);
                (state.ready, state.next) = (ready.into(), next);
                fleet.next_due()
            };
            if state.ready.is_empty() {
                state.simulation.wait(due, &mut state.seen).await;
            }
        }
    })
    .boxed()
}

/// What that engine reports up to then.
pub(super) fn events_until(
    simulation: &Arc<Simulation>,
    host: &HostId,
    since_ns: Option<i64>,
    until_ns: i64,
) -> Items<EngineEvent> {
    let until = simulation.clock.at_wall(until_ns);
    if until > simulation.clock.now() {
        let own = Arc::clone(simulation);
        let end = async move { own.clock.until(until).await };
        return events(simulation, host, since_ns).take_until(Box::pin(end)).boxed();
    }
    let told = since_ns.map_or_else(Vec::new, |since| past(simulation, host, since));
    stream::iter(told.into_iter().filter(move |event| event.at_ns <= until_ns).map(Ok)).boxed()
}

/// What that engine reported since then, as far as it is kept.
pub(super) fn past(simulation: &Simulation, host: &HostId, since_ns: i64) -> Vec<EngineEvent> {
    let since = simulation.clock.at_wall(since_ns);
    let fleet = simulation.fleet();
    let (events, _) = fleet.events(host, fleet.first_event(host, Some(since)));
    events.into_iter().map(|event| simulation.told(event)).collect()
}

impl Simulation {
    fn told(&self, event: Happened) -> EngineEvent {
        EngineEvent {
            at_ns: self.clock.wall_ns(event.at),
            kind: "container".to_owned(),
            action: event.action,
            id: event.id.as_str().to_owned(),
            name: event.name,
            exit_code: event.code,
            more: String::new(),
        }
    }
}

/// A reading a second of what runs, until it ends.
pub(super) fn usage(simulation: &Arc<Simulation>, key: ContainerKey) -> Items<Sample> {
    let (simulation, seen) = (Arc::clone(simulation), simulation.changed.subscribe());
    let state = (simulation, seen, Ns::MIN);
    stream::unfold(Some(state), move |state| {
        let key = key.clone();
        async move {
            let (simulation, mut seen, last) = state?;
            loop {
                seen.mark_unchanged();
                let (now, is_lost) = (simulation.clock.now(), simulation.fleet().is_lost(&key.host));
                if is_lost {
                    return Some((Err(lost("usage")), None));
                }
                let sample = simulation.sample(&key)?;
                if now >= last.saturating_add(SECOND) {
                    return Some((Ok(sample), Some((simulation, seen, now))));
                }
                let due = simulation.fleet().next_due();
                let at = due.map_or(last + SECOND, |due| due.min(last + SECOND));
                simulation.wait(Some(at), &mut seen).await;
            }
        }
    })
    .boxed()
}

struct Log {
    simulation: Arc<Simulation>,
    host: HostId,
    id: ContainerId,
    what: String,
    /// Lines from here on are still to come.
    from: Ns,
    until: Option<Ns>,
    follow: bool,
    /// The run that is followed; its end ends the stream.
    run: u64,
    first: Vec<Line>,
    demux: Demux,
    is_tty: bool,
    seen: watch::Receiver<u64>,
}

/// A log in batches, as [`crate::ports::engine::Engine::logs`] says.
pub(super) fn log(
    simulation: &Arc<Simulation>,
    host: &HostId,
    id: &ContainerId,
    request: LogRequest,
) -> Result<Items<Batch>, EngineError> {
    let what = format!("logs of {}", id.short());
    let fleet = simulation.fleet();
    let it = found(&fleet, host, id.as_str(), &what)?;
    let now = simulation.clock.now();
    let wall = |at| simulation.clock.wall(at);
    let start = it.container.first_line_at().unwrap_or(now);
    let since = request.since_ns.map_or(start, |ns| simulation.clock.at_wall(ns)).max(start);
    let until = request.until_ns.map(|ns| simulation.clock.at_wall(ns));
    let (mut from, mut first) = (since, Vec::new());
    if let Some(count) = request.tail {
        let end = until.unwrap_or(Ns::MAX).min(now + 1);
        first = logs::last(it.container, it.kind, count as usize, end, &wall);
        first.retain(|line| line.at >= since);
        from = end.max(since);
    }
    let form = if it.kind.tty { Form::Raw } else { Form::Framed };
    let state = Log {
        simulation: Arc::clone(simulation),
        host: host.clone(),
        id: id.clone(),
        what,
        from,
        until,
        follow: request.follow,
        run: it.container.run,
        first,
        demux: Demux::new(SourceId(0), form),
        is_tty: it.kind.tty,
        seen: simulation.changed.subscribe(),
    };
    drop(fleet);
    Ok(stream::unfold(Some(state), |state| async move {
        let mut state = state?;
        match state.batch().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(state))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed())
}

/// What is to be done next with a log.
enum Next {
    Give(Vec<Line>),
    Wait(Option<Ns>),
    End,
}

impl Log {
    /// The next lines; `None` at the end.
    async fn batch(&mut self) -> Result<Option<Batch>, EngineError> {
        loop {
            self.seen.mark_unchanged();
            match self.next()? {
                Next::Give(lines) => return self.read(&lines).map(Some),
                Next::Wait(at) => self.simulation.wait(at, &mut self.seen).await,
                Next::End => return Ok(None),
            }
        }
    }

    fn next(&mut self) -> Result<Next, EngineError> {
        if !self.first.is_empty() {
            return Ok(Next::Give(std::mem::take(&mut self.first)));
        }
        let fleet = self.simulation.fleet();
        if fleet.is_lost(&self.host) {
            return Err(lost(&self.what));
        }
        let now = self.simulation.clock.now();
        // Removed meanwhile: the log ends.
        let Ok(Found { container, kind, .. }) = found(&fleet, &self.host, self.id.as_str(), &self.what)
        else {
            return Ok(Next::End);
        };
        let wall = |at| self.simulation.clock.wall(at);
        let end = self.until.map_or(now + 1, |until| until.min(now + 1));
        while self.from < end {
            let to = end.min(self.from.saturating_add(PIECE));
            let lines = logs::between(container, kind, self.from, to, &wall);
            self.from = to;
            if !lines.is_empty() {
                return Ok(Next::Give(lines));
            }
        }
        let is_over =
            !container.is_up() || container.run != self.run || self.until.is_some_and(|until| until <= now);
        if !self.follow || is_over {
            return Ok(Next::End);
        }
        let line = logs::next_after(container, kind, self.from);
        let at = [line, fleet.next_due(), self.until].into_iter().flatten().min();
        Ok(Next::Wait(at))
    }

    fn read(&mut self, lines: &[Line]) -> Result<Batch, EngineError> {
        let mut bytes = Vec::new();
        for line in lines {
            logs::wire(line, self.is_tty, self.simulation.clock.wall(line.at), &mut bytes);
        }
        let mut batch = Batch::new();
        let broken = |cause: String| EngineError::Broken { what: self.what.clone(), cause };
        self.demux.feed(&bytes, &mut batch).map_err(|e| broken(e.to_string()))?;
        Ok(batch)
    }
}
