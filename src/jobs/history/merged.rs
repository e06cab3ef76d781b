//! The past of several logs read beside each other, in one order of time. Ends where the logs end.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::domain::ids::ContainerKey;
use crate::jobs::route::Route;
use crate::logs::line::{Batch, SourceId};
use crate::logs::merge::{MAX_WINDOW, Merge};
use crate::ports::engine::{EngineError, LogRequest};

/// Logs opened at once.
const OPEN_AT_ONCE: usize = 8;

/// One log to read.
#[derive(Clone)]
pub(super) struct Log {
    pub source: SourceId,
    pub key: ContainerKey,
    pub route: Arc<Route>,
}

/// What was read of one log so far.
pub(super) struct Lane {
    source: SourceId,
    // How far the clock that stamps its lines is ahead.
    ahead_ns: i64,
    stream: BoxStream<'static, Result<Batch, EngineError>>,
    /// Lines read.
    pub lines: u64,
    /// Time of its first line.
    pub first_ns: Option<i64>,
    /// It was read to its end.
    pub is_over: bool,
}

/// Several logs as one.
pub(super) struct Merged {
    merge: Merge,
    pub lanes: Vec<Lane>,
}

impl Merged {
    /// Opens them; a log that the engine refuses to hand out is left out, as its reader already says so.
    pub async fn open(logs: &[Log], request: LogRequest) -> Result<Self, EngineError> {
        let opened = futures_util::stream::iter(logs.to_vec())
            .map(|log| async move {
                let ahead_ns = log.route.ahead_ns().await;
                let request = request.by_clock(ahead_ns);
                (log.source, ahead_ns, log.route.engine().logs(&log.key.id, request).await)
            })
            .buffered(OPEN_AT_ONCE);
        let opened: Vec<_> = opened.collect().await;
        let (mut merge, mut lanes) = (Merge::new(MAX_WINDOW, usize::MAX), Vec::new());
        for (source, ahead_ns, answer) in opened {
            match answer {
                Ok(stream) => {
                    merge.add(source);
                    lanes.push(Lane { source, ahead_ns, stream, lines: 0, first_ns: None, is_over: false });
                }
                Err(EngineError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { merge, lanes })
    }

    /// The next lines; `None` when all logs are over.
    pub async fn next(&mut self) -> Result<Option<Batch>, EngineError> {
        loop {
            // With a clock that stands still nothing is settled but by what was read.
            if let Some(batch) = self.merge.poll(0) {
                return Ok(Some(batch));
            }
            let silent = self.merge.silent();
            if silent.is_empty() {
                return Ok(None);
            }
            for lane in self.lanes.iter_mut().filter(|lane| silent.contains(&lane.source)) {
                match lane.stream.next().await {
                    Some(batch) => {
                        let mut batch = batch?;
                        batch.set_source(lane.source);
                        batch.take_off(lane.ahead_ns);
                        lane.lines += batch.len() as u64;
                        lane.first_ns = lane.first_ns.or(batch.metas().first().map(|meta| meta.at_ns));
                        self.merge.push(lane.source, batch, 0);
                    }
                    None => {
                        lane.is_over = true;
                        self.merge.remove(lane.source);
                    }
                }
            }
        }
    }
}
