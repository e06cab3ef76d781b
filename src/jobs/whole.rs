//! Logs of several containers read whole, for a file or a pipe: nothing is skipped, and where the reader is slow the
//! engine waits. The past comes in one order of time; what follows is merged within the usual short window.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout_at};

use crate::domain::ids::ContainerKey;
use crate::logs::line::{Batch, SourceId};
use crate::logs::merge::{MAX_WINDOW, Merge};
use crate::ports::engine::{Engine, EngineError, LogRequest};

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
    /// Where it is read.
    pub engine: Arc<dyn Engine>,
}

/// What is handed out.
#[derive(Debug)]
pub enum Piece {
    /// Lines in order.
    Lines(Batch),
    /// The log of that source cannot be read any more.
    Failed(SourceId, EngineError),
    /// The container of that source ended with this code; its next start is waited for.
    Ended(SourceId, Option<i64>),
    /// The container of that source is gone.
    Gone(SourceId),
}

/// Reads until all is told; with `request.follow` until all containers are gone. Ends when nobody listens any more.
pub async fn read(logs: Vec<Log>, request: LogRequest, out: Sender<Piece>) {
    let mut lasts = vec![None; logs.len()];
    let past = LogRequest { follow: false, ..request };
    if past_of(&logs, past, &mut lasts, &out).await.is_ok() && request.follow {
        follow(logs, request, lasts, out).await;
    }
}

/// Nobody listens any more.
struct Unheard;

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
    logs: &[Log],
    request: LogRequest,
    lasts: &mut [Option<i64>],
    out: &Sender<Piece>,
) -> Result<(), Unheard> {
    let opened = futures_util::stream::iter(logs.iter().cloned().enumerate())
        .map(|(number, log)| async move { (number, log.engine.logs(&log.key.id, request).await) })
        .buffered(OPEN_AT_ONCE);
    let mut lanes = Vec::new();
    for (number, answer) in opened.collect::<Vec<_>>().await {
        let source = SourceId(number as u16);
        match answer {
            Ok(stream) => lanes.push(Lane { source, stream, batch: Batch::new(), next: 0 }),
            Err(error) => say(out, Piece::Failed(source, error)).await?,
        }
    }
    while !lanes.is_empty() {
        fill(&mut lanes, out).await?;
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
                lasts[usize::from(lane.source.0)] = Some(line.at_ns);
                lane.next += 1;
            }
        }
        if !lines.is_empty() {
            say(out, Piece::Lines(lines)).await?;
        }
    }
    Ok(())
}

/// The lane with the earliest line; none when a lane has to be read first.
fn earliest(lanes: &[Lane]) -> Option<usize> {
    let heads: Option<Vec<_>> = lanes.iter().map(Lane::head_ns).collect();
    heads?.into_iter().enumerate().min_by_key(|(_, at_ns)| *at_ns).map(|(at, _)| at)
}

/// Gives every lane lines; one that is over is left out.
async fn fill(lanes: &mut Vec<Lane>, out: &Sender<Piece>) -> Result<(), Unheard> {
    let mut at = 0;
    while let Some(lane) = lanes.get_mut(at) {
        if lane.head_ns().is_some() {
            at += 1;
            continue;
        }
        match lane.stream.next().await {
            Some(Ok(mut batch)) => {
                batch.set_source(lane.source);
                (lane.batch, lane.next) = (batch, 0);
            }
            Some(Err(error)) => {
                let source = lane.source;
                lanes.remove(at);
                say(out, Piece::Failed(source, error)).await?;
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
async fn follow(logs: Vec<Log>, request: LogRequest, lasts: Vec<Option<i64>>, out: Sender<Piece>) {
    // Full: the readers wait, and the engines with them.
    let (to, mut pieces) = mpsc::channel(8);
    let mut merge = Merge::new(MAX_WINDOW, WAITING_LINES);
    let mut readers = JoinSet::new();
    for (number, (log, last_ns)) in logs.into_iter().zip(lasts).enumerate() {
        let source = SourceId(number as u16);
        merge.add(source, 0);
        let since_ns = last_ns.map(|ns| ns + 1).or(request.since_ns);
        readers.spawn(follow_one(source, log, since_ns, to.clone()));
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
                if let Piece::Failed(source, _) | Piece::Gone(source) = &other {
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

async fn follow_one(source: SourceId, log: Log, since_ns: Option<i64>, to: Sender<Piece>) {
    let last = match until_gone(source, &log, since_ns, &to).await {
        Ok(()) => return,
        Err(EngineError::Refused { status: 404, .. }) => Piece::Gone(source),
        Err(error) => Piece::Failed(source, error),
    };
    // Nobody listens any more only when the reading ends.
    let _ = to.send(last).await;
}

/// Ends with the error that says so, or `Ok` when nobody listens any more.
async fn until_gone(
    source: SourceId,
    log: &Log,
    mut since_ns: Option<i64>,
    to: &Sender<Piece>,
) -> Result<(), EngineError> {
    // A log of which nothing was seen is read from its end: its past was asked for already.
    let mut tail = since_ns.is_none().then_some(0);
    loop {
        let request = LogRequest { tail, since_ns, follow: true, ..LogRequest::default() };
        let mut stream = log.engine.logs(&log.key.id, request).await?;
        while let Some(mut batch) = stream.next().await.transpose()? {
            batch.set_source(source);
            since_ns = batch.metas().last().map(|meta| meta.at_ns + 1).or(since_ns);
            if to.send(Piece::Lines(batch)).await.is_err() {
                return Ok(());
            }
        }
        // From here on everything counts, also what came before the next request.
        tail = None;
        since_ns = since_ns.or_else(|| Some(now_ns()));
        if !started_again(source, log, to).await? {
            return Ok(());
        }
    }
}

/// Waits for the container's next start; false when nobody listens any more.
async fn started_again(source: SourceId, log: &Log, to: &Sender<Piece>) -> Result<bool, EngineError> {
    let mut events = log.engine.events(None).await?;
    // It may have been started between the end of the log and the first event.
    let detail = log.engine.detail(&log.key.id).await?;
    if detail.exit_code.is_none() {
        tokio::time::sleep(HICCUP).await;
        return Ok(true);
    }
    if to.send(Piece::Ended(source, detail.exit_code)).await.is_err() {
        return Ok(false);
    }
    while let Some(event) = events.next().await.transpose()? {
        if event.id == log.key.id.as_str() && event.action == "start" {
            return Ok(true);
        }
        if event.id == log.key.id.as_str() && event.action == "destroy" {
            return Err(EngineError::Refused {
                what: format!("logs of {}", log.key.id.short()),
                status: 404,
                message: "the container was removed".to_owned(),
            });
        }
    }
    Err(EngineError::Broken { what: "events".into(), cause: "the engine closed the stream".into() })
}

fn now_ns() -> i64 {
    chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0)
}
