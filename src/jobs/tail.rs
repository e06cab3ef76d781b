//! Following the logs of one or several containers: history first, then what comes, merged by time, always near now.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::{self, Sender};
use tokio::time::{Instant, sleep, timeout_at};

use crate::domain::ids::ContainerKey;
use crate::logs::line::{Batch, SourceId};
use crate::logs::merge::{MAX_WINDOW, Merge};
use crate::msg::{LogFact, Msg};
use crate::ports::engine::{Engine, EngineError, LogRequest};
use crate::sub::Generation;

/// Lines of history a view opens on.
pub const HISTORY: u32 = 1000;
/// Most lines that wait for older ones of other containers.
const WAITING_LINES: usize = 20_000;
/// Small batches are read at most this often: a screen shows no more.
const FRAME: Duration = Duration::from_millis(16);
const SMALL_BYTES: usize = 32 << 10;
/// Nothing waits for a deadline.
const IDLE: Duration = Duration::from_secs(3600);
/// A flood that leaves the view this far behind is skipped up to now.
const BEHIND_NS: i64 = 2_000_000_000;
/// After this much was read a view counts as live even if it never waited.
const HISTORY_BYTES: usize = 4 << 20;

/// Follows until dropped. The position in `sources` is the number of the source.
pub async fn tail(generation: Generation, sources: Vec<(ContainerKey, Arc<dyn Engine>)>, out: Sender<Msg>) {
    let count = sources.len();
    // Full: the readers wait, and the engine with them.
    let (lines, merged) = mpsc::channel(8);
    let mut readers = tokio::task::JoinSet::new();
    let share = (HISTORY / sources.len().max(1) as u32).max(50);
    for (number, (key, engine)) in sources.into_iter().enumerate() {
        let (lines, out) = (lines.clone(), out.clone());
        readers.spawn(async move {
            let source = SourceId(number as u16);
            if let Err(error) = read(&engine, &key, source, share, &lines).await {
                // The console ends when nobody listens any more.
                let _ = out.send(Msg::Log(generation, LogFact::Failed(key, error.to_string()))).await;
            }
        });
    }
    drop(lines);
    pump(generation, count, merged, &out).await;
}

async fn pump(generation: Generation, sources: usize, mut lines: mpsc::Receiver<Batch>, out: &Sender<Msg>) {
    let mut merge = Merge::new(MAX_WINDOW, WAITING_LINES);
    for number in 0..sources {
        merge.add(SourceId(number as u16), 0);
    }
    loop {
        let wait_ns = merge.next_deadline().map(|at| (at - now_ns()).max(0) as u64);
        let due = Instant::now() + wait_ns.map_or(IDLE, Duration::from_nanos);
        match timeout_at(due, lines.recv()).await {
            Ok(Some(batch)) => {
                let source = batch.get(0).map_or(SourceId(0), |line| line.source);
                merge.push(source, batch, now_ns());
            }
            Ok(None) => return,
            Err(_) => {}
        }
        while let Some(batch) = merge.poll(now_ns()) {
            if out.send(Msg::Log(generation, LogFact::Lines(batch))).await.is_err() {
                return;
            }
        }
    }
}

/// Ends with the error that broke it, or when nobody listens any more.
async fn read(
    engine: &Arc<dyn Engine>,
    key: &ContainerKey,
    source: SourceId,
    history: u32,
    out: &Sender<Batch>,
) -> Result<(), EngineError> {
    let mut request = LogRequest { tail: Some(history), follow: true, ..LogRequest::default() };
    let mut last_ns = None;
    loop {
        let mut stream = engine.logs(&key.id, request).await?;
        let (mut is_live, mut read_bytes) = (request.since_ns.is_some(), 0);
        let mut is_skipping = false;
        loop {
            let asked = Instant::now();
            let Some(batch) = stream.next().await else { break };
            let mut batch = batch?;
            is_live |= asked.elapsed() > FRAME * 2 || read_bytes > HISTORY_BYTES;
            let pause = batch.text_bytes() < SMALL_BYTES && asked.elapsed() < FRAME;
            read_bytes += batch.text_bytes();
            batch.set_source(source);
            last_ns = batch.get(batch.len().saturating_sub(1)).map(|l| l.at_ns).or(last_ns);
            let behind_ns = last_ns.map_or(0, |ns| now_ns() - ns);
            if out.send(batch).await.is_err() {
                return Ok(());
            }
            if is_live && behind_ns > BEHIND_NS && read_bytes > HISTORY_BYTES {
                is_skipping = true;
                break;
            }
            if pause {
                sleep(FRAME).await;
            }
        }
        drop(stream);
        if is_skipping {
            let gap_ms = last_ns.map_or(0, |ns| (now_ns() - ns) / 1_000_000);
            let text = format!("{}.{} s of lines skipped to stay live", gap_ms / 1000, gap_ms % 1000 / 100);
            let marker = Batch::marker(source, last_ns.unwrap_or(0), &text);
            if out.send(marker).await.is_err() {
                return Ok(());
            }
            request = LogRequest { tail: Some(history), follow: true, ..LogRequest::default() };
            continue;
        }
        started_again(engine, key).await?;
        request = match last_ns {
            Some(ns) => LogRequest { since_ns: Some(ns + 1), follow: true, ..LogRequest::default() },
            None => request,
        };
    }
}

/// Waits until the container's next start: the engine ends a followed log when the container ends.
async fn started_again(engine: &Arc<dyn Engine>, key: &ContainerKey) -> Result<(), EngineError> {
    let mut events = engine.events(None).await?;
    // It may have been started between the end of the log and the first event.
    if engine.detail(&key.id).await?.exit_code.is_none() {
        sleep(MAX_WINDOW).await;
        return Ok(());
    }
    while let Some(event) = events.next().await.transpose()? {
        if event.id == key.id.as_str() && event.action == "start" {
            return Ok(());
        }
    }
    Err(EngineError::Broken { what: "events".into(), cause: "the engine closed the stream".into() })
}

fn now_ns() -> i64 {
    chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0)
}

/// Older lines than `before_ns`, by growing `tail`: `until` with `tail` gives nothing on engine 20.10.
///
/// Reads the last `count` lines and hands out those before the time. Errors are the engine's.
pub async fn older(
    engine: &Arc<dyn Engine>,
    key: &ContainerKey,
    before_ns: i64,
    count: u32,
) -> Result<Batch, EngineError> {
    let request = LogRequest { tail: Some(count), ..LogRequest::default() };
    let mut stream = engine.logs(&key.id, request).await?;
    let mut all = Batch::new();
    while let Some(batch) = stream.next().await.transpose()? {
        let end = batch.iter().position(|l| l.at_ns >= before_ns).unwrap_or(batch.len());
        for line in batch.iter().take(end) {
            all.push(line.bytes, line.head());
        }
        if end < batch.len() {
            break;
        }
    }
    Ok(all)
}

/// The first `count` lines of a log: read from the start, then the connection is closed.
pub async fn first(engine: &Arc<dyn Engine>, key: &ContainerKey, count: usize) -> Result<Batch, EngineError> {
    let mut stream = engine.logs(&key.id, LogRequest::default()).await?;
    let mut all = Batch::new();
    while all.len() < count
        && let Some(batch) = stream.next().await.transpose()?
    {
        all.append_from(&batch, 0);
    }
    Ok(all)
}
