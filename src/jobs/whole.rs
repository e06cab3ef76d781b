//! Logs of several containers read whole, for a file or a pipe: nothing is skipped, and where the reader is slow the
//! engine waits. The past comes in one order of time; what follows is merged within the usual short window.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout_at};

use super::clock::now_ns;
use super::route::{LONGEST_WAIT, Route};
use crate::domain::backoff::Backoff;
use crate::domain::ids::ContainerKey;
use crate::logs::dedup::Dedup;
use crate::logs::line::{Batch, Level, SourceId};
use crate::logs::merge::{MAX_WINDOW, Merge};
use crate::ports::engine::{EngineError, LogRequest};
use crate::ports::pace::roll;

/// Logs opened at once.
const OPEN_AT_ONCE: usize = 8;
/// Most lines that wait for older ones of other containers.
const WAITING_LINES: usize = 20_000;
const IDLE: Duration = Duration::from_secs(3600);
/// A log that ends although its container runs is asked for again after this.
const HICCUP: Duration = Duration::from_millis(200);

/// One log; its place in the list is the number of its source.
#[derive(Clone)]
pub struct Log {
    /// Whose.
    pub key: ContainerKey,
    /// The way to its host.
    pub route: Arc<Route>,
}

/// What is handed out.
#[derive(Debug)]
pub enum Piece {
    /// Lines in order.
    Lines(Batch),
    /// The log of that source cannot be read any more.
    Failed(SourceId, EngineError),
    /// The way to the log of that source is lost; it is tried again.
    Lost(SourceId, EngineError),
    /// The log of that source goes on where it was lost.
    Back(SourceId),
    /// The container of that source ended with this code; its next start is waited for.
    Ended(SourceId, Option<i64>),
    /// The container of that source is gone.
    Gone(SourceId),
}

/// Reads until all is told; with `request.follow` until all containers are gone. Ends when nobody listens any more.
pub async fn read(logs: Vec<Log>, request: LogRequest, out: Sender<Piece>) {
    let opened = logs.into_iter().enumerate().map(|(number, log)| async move {
        let ahead_ns = log.route.ahead_ns().await;
        Reader {
            log,
            source: SourceId(number as u16),
            ahead_ns,
            seen: Dedup::new(),
            begun_ns: None,
            end: None,
            is_lost: false,
        }
    });
    let mut readers = futures_util::future::join_all(opened).await;
    let past = LogRequest { follow: false, ..request };
    if past_of(&mut readers, past, request.follow, &out).await.is_ok() && request.follow {
        follow(readers, request, out).await;
    }
}

/// Nobody listens any more.
struct Unheard;

/// What is known of one log. Here all is by the engine's clock; what is handed out is by ours.
struct Reader {
    log: Log,
    source: SourceId,
    ahead_ns: i64,
    seen: Dedup,
    // From here on all counts, also what was written while nobody could read.
    begun_ns: Option<i64>,
    // The last end that was told: when, and with which code.
    end: Option<(Option<DateTime<Utc>>, Option<i64>)>,
    is_lost: bool,
}

struct Lane {
    source: SourceId,
    stream: BoxStream<'static, Result<Batch, EngineError>>,
    batch: Batch,
    next: usize,
}

impl Lane {
    fn head_ns(&self) -> Option<i64> {
        self.batch.metas().get(self.next).map(|meta| meta.at_ns)
    }
}

async fn past_of(
    readers: &mut [Reader],
    request: LogRequest,
    goes_on: bool,
    out: &Sender<Piece>,
) -> Result<(), Unheard> {
    let ways = readers.iter().map(|r| (r.source, r.log.clone(), request.by_clock(r.ahead_ns)));
    let opened =
        futures_util::stream::iter(ways.collect::<Vec<_>>())
            .map(|(source, log, request)| async move {
                (source, log.route.engine().logs(&log.key.id, request).await)
            })
            .buffered(OPEN_AT_ONCE);
    let mut lanes = Vec::new();
    for (source, answer) in opened.collect::<Vec<_>>().await {
        match answer {
            Ok(stream) => lanes.push(Lane { source, stream, batch: Batch::new(), next: 0 }),
            Err(error) => say(out, broken(&mut readers[usize::from(source.0)], error, goes_on)).await?,
        }
    }
    while !lanes.is_empty() {
        fill(&mut lanes, readers, goes_on, out).await?;
        let mut lines = Batch::new();
        // Until one of them has nothing left: then its next lines have to be seen first.
        while let Some(at) = earliest(&lanes) {
            let limit_ns =
                lanes.iter().enumerate().filter(|(i, _)| *i != at).filter_map(|(_, l)| l.head_ns()).min();
            let lane = &mut lanes[at];
            while let Some(line) = lane.batch.get(lane.next) {
                if limit_ns.is_some_and(|limit| line.at_ns > limit) {
                    break;
                }
                lines.push(line.bytes, line.head());
                lane.next += 1;
            }
        }
        if !lines.is_empty() {
            say(out, Piece::Lines(lines)).await?;
        }
    }
    Ok(())
}

/// What a log that broke off is to whoever listens.
fn broken(reader: &mut Reader, error: EngineError, goes_on: bool) -> Piece {
    reader.is_lost = goes_on && is_passing(&error);
    if reader.is_lost { Piece::Lost(reader.source, error) } else { Piece::Failed(reader.source, error) }
}

/// It may be otherwise when it is tried again, without anybody doing anything.
fn is_passing(error: &EngineError) -> bool {
    matches!(error, EngineError::Unreachable { .. } | EngineError::Broken { .. })
}

/// The lane with the earliest line; none when a lane has to be read first.
fn earliest(lanes: &[Lane]) -> Option<usize> {
    let heads: Option<Vec<_>> = lanes.iter().map(Lane::head_ns).collect();
    heads?.into_iter().enumerate().min_by_key(|(_, at_ns)| *at_ns).map(|(at, _)| at)
}

/// Gives every lane lines; one that is over is left out.
async fn fill(
    lanes: &mut Vec<Lane>,
    readers: &mut [Reader],
    goes_on: bool,
    out: &Sender<Piece>,
) -> Result<(), Unheard> {
    let mut at = 0;
    while let Some(lane) = lanes.get_mut(at) {
        if lane.head_ns().is_some() {
            at += 1;
            continue;
        }
        let reader = &mut readers[usize::from(lane.source.0)];
        match lane.stream.next().await {
            Some(Ok(batch)) => (lane.batch, lane.next) = (reader.take(batch), 0),
            Some(Err(error)) => {
                lanes.remove(at);
                say(out, broken(reader, error, goes_on)).await?;
            }
            None => drop(lanes.remove(at)),
        }
    }
    Ok(())
}

async fn say(out: &Sender<Piece>, piece: Piece) -> Result<(), Unheard> {
    out.send(piece).await.map_err(|_| Unheard)
}

/// What comes after the past, each log from its last line on.
async fn follow(readers: Vec<Reader>, request: LogRequest, out: Sender<Piece>) {
    // Full: the readers wait, and the engines with them.
    let (to, mut pieces) = mpsc::channel(8);
    let mut merge = Merge::new(MAX_WINDOW, WAITING_LINES);
    let mut tasks = JoinSet::new();
    for mut reader in readers {
        merge.add(reader.source);
        reader.begun_ns = request.by_clock(reader.ahead_ns).since_ns;
        tasks.spawn(reader.run(to.clone()));
    }
    drop(to);
    loop {
        let wait_ns = merge.next_deadline().map(|at| (at - now_ns()).max(0) as u64);
        let due = Instant::now() + wait_ns.map_or(IDLE, Duration::from_nanos);
        let mut aside = None;
        match timeout_at(due, pieces.recv()).await {
            Ok(Some(Piece::Lines(batch))) => {
                let source = batch.get(0).map_or(SourceId(0), |line| line.source);
                merge.push(source, batch, now_ns());
            }
            Ok(Some(other)) => {
                // What is lost keeps nobody waiting; it joins again with its next line.
                if let Piece::Failed(source, _) | Piece::Lost(source, _) | Piece::Gone(source) = &other {
                    merge.remove(*source);
                }
                aside = Some(other);
            }
            Ok(None) => {
                while let Some(batch) = merge.poll(i64::MAX) {
                    if say(&out, Piece::Lines(batch)).await.is_err() {
                        return;
                    }
                }
                return;
            }
            Err(_) => {}
        }
        while let Some(batch) = merge.poll(now_ns()) {
            if say(&out, Piece::Lines(batch)).await.is_err() {
                return;
            }
        }
        if let Some(piece) = aside
            && say(&out, piece).await.is_err()
        {
            return;
        }
    }
}

/// Why a reader stopped.
enum Stop {
    Unheard,
    Gone,
    Broken(EngineError),
}

impl From<Unheard> for Stop {
    fn from(_: Unheard) -> Self {
        Self::Unheard
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self::Broken(error)
    }
}

impl Reader {
    /// New lines, by our clock; those that were told before are left out.
    fn take(&mut self, mut batch: Batch) -> Batch {
        batch.set_source(self.source);
        self.seen.pass(&mut batch);
        batch.take_off(self.ahead_ns);
        batch
    }

    /// Follows through ends, restarts and lost links, until the container is gone or its log cannot be read.
    async fn run(mut self, to: Sender<Piece>) {
        let mut backoff = Backoff::up_to(LONGEST_WAIT);
        let last = loop {
            let began = Instant::now();
            match self.until_broken(&to).await {
                Stop::Unheard => return,
                Stop::Gone => break Piece::Gone(self.source),
                Stop::Broken(error) if error.is_gone() => break Piece::Gone(self.source),
                Stop::Broken(error) if is_passing(&error) => {
                    // By itself only with what asks nobody.
                    self.log.route.gate().close();
                    let is_news = !std::mem::replace(&mut self.is_lost, true);
                    if is_news && say(&to, Piece::Lost(self.source, error)).await.is_err() {
                        return;
                    }
                    if began.elapsed() > LONGEST_WAIT {
                        backoff.reset();
                    }
                    self.log.route.pause(backoff.after_failure(roll())).await;
                }
                Stop::Broken(error) => break Piece::Failed(self.source, error),
            }
        };
        // Nobody listens any more only when the reading ends.
        let _ = to.send(last).await;
    }

    async fn until_broken(&mut self, to: &Sender<Piece>) -> Stop {
        loop {
            if let Err(stop) = self.read_on(to).await {
                return stop;
            }
        }
    }

    /// One stream to its end, and the next start of the container.
    async fn read_on(&mut self, to: &Sender<Piece>) -> Result<(), Stop> {
        let since_ns = self.seen.since_ns().or(self.begun_ns);
        // A log of which nothing was seen is read from its end: its past was asked for already.
        let tail = since_ns.is_none().then_some(0);
        let request = LogRequest { tail, since_ns, follow: true, ..LogRequest::default() };
        let mut stream = self.log.route.engine().logs(&self.log.key.id, request).await?;
        if std::mem::take(&mut self.is_lost) {
            say(to, Piece::Back(self.source)).await?;
        }
        self.begun_ns = since_ns.or_else(|| Some(now_ns() + self.ahead_ns));
        self.seen.resume();
        let mut is_joined = self.seen.newest_ns().is_none();
        while let Some(batch) = stream.next().await.transpose()? {
            let mut told = self.take(batch);
            if !std::mem::replace(&mut is_joined, true) && !self.seen.has_met() {
                let text = "lines may be missing here: the log was cut meanwhile";
                let at_ns = told.metas().first().map_or(0, |meta| meta.at_ns);
                let mut marked = Batch::note(self.source, at_ns, text, Level::Warn);
                marked.append_from(&told, 0);
                told = marked;
            }
            if !told.is_empty() {
                say(to, Piece::Lines(told)).await?;
            }
        }
        self.started_again(to).await
    }

    /// Waits for the container's next start. Its end is told once, however often the way to it is lost meanwhile.
    async fn started_again(&mut self, to: &Sender<Piece>) -> Result<(), Stop> {
        let (engine, id) = (self.log.route.engine(), &self.log.key.id);
        let mut events = engine.events(None).await?;
        // It may have been started between the end of the log and the first event.
        let detail = engine.detail(id).await?;
        if detail.exit_code.is_none() {
            tokio::time::sleep(HICCUP).await;
            return Ok(());
        }
        let end = (detail.finished, detail.exit_code);
        if self.end.replace(end) != Some(end) {
            say(to, Piece::Ended(self.source, detail.exit_code)).await?;
        }
        while let Some(event) = events.next().await.transpose()? {
            if event.id == id.as_str() && event.action == "start" {
                return Ok(());
            }
            if event.id == id.as_str() && event.action == "destroy" {
                return Err(Stop::Gone);
            }
        }
        Err(EngineError::Broken { what: "events".into(), cause: "the engine closed the stream".into() }
            .into())
    }
}
