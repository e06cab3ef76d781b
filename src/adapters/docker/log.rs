//! One container's log as the engine streams it; where its files rotate, what the engine's follower leaves out or tells
//! twice is mended. Never loses a line without a marker at its place.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::io::AsyncReadExt;
use tokio::time::{sleep, timeout};

use super::api::{Api, Streamed};
use super::engine::{now_ns, stamp};
use crate::domain::ids::ContainerId;
use crate::logs::dedup::SLACK_NS;
use crate::logs::frames::{Demux, Form};
use crate::logs::line::{Batch, Flags, Level, SourceId};
use crate::logs::rotation::{Gap, Taken, Watch};
use crate::ports::engine::{EngineError, LogRequest};

/// Most bytes of a log that are taken in one piece.
const READ_BYTES: usize = 64 << 10;
/// A follower that told much and then nothing for so long is looked after, again after twice that, and so on …
const QUIET: Duration = Duration::from_secs(1);
/// … until it was quiet for this long: rotation happens while a container prints.
const LONGEST_QUIET: Duration = Duration::from_secs(32);
/// A line that is in the file and does not come within this will not come.
const LATE: Duration = Duration::from_millis(700);

/// A rotation is over after this.
const RENAMED: Duration = Duration::from_millis(20);

type Batches = BoxStream<'static, Result<Batch, EngineError>>;

/// A container's log at its engine.
#[derive(Clone)]
pub(super) struct Log {
    pub api: Arc<Api>,
    pub id: ContainerId,
    pub form: Form,
}

/// An engine's answer that goes on as a log.
pub(super) struct Answer(Streamed);

impl Log {
    fn what(&self) -> String {
        format!("logs of {}", self.id.short())
    }

    /// As the engine streams it.
    async fn read(&self, request: LogRequest) -> Result<Batches, EngineError> {
        Ok(self.lines(self.ask(request).await?).0)
    }

    /// Asks for it; needs no form.
    pub(super) async fn ask(&self, request: LogRequest) -> Result<Answer, EngineError> {
        let mut path = format!("/containers/{}/logs?stdout=1&stderr=1&timestamps=1", self.id);
        path += &request.tail.map_or("&tail=all".to_owned(), |n| format!("&tail={n}"));
        path += &request.since_ns.map(|ns| format!("&since={}", stamp(ns))).unwrap_or_default();
        path += &request.until_ns.map(|ns| format!("&until={}", stamp(ns))).unwrap_or_default();
        path += if request.follow { "&follow=1" } else { "" };
        self.api.stream(&self.what(), &path).await.map(Answer)
    }

    /// With the time at which the engine began to stream it, by its own clock; by ours where it does not say.
    pub(super) fn lines(&self, answer: Answer) -> (Batches, i64) {
        let what = self.what();
        let Streamed { begun_ns, rest: mut chunk, wire } = answer.0;
        chunk.reserve(READ_BYTES);
        let state = Some((chunk, wire, Demux::new(SourceId(0), self.form)));
        let batches = stream::try_unfold(state, move |state| {
            let what = what.clone();
            async move {
                let Some((mut chunk, mut wire, mut demux)) = state else { return Ok(None) };
                let broken = |cause: String| EngineError::Broken { what: what.clone(), cause };
                let mut batch = Batch::new();
                if chunk.is_empty()
                    && wire.read_buf(&mut chunk).await.map_err(|e| broken(e.to_string()))? == 0
                {
                    if demux.is_in_frame() {
                        return Err(broken("cut off in the middle of a line".to_owned()));
                    }
                    demux.finish(&mut batch);
                    return Ok(Some((batch, None)));
                }
                demux.feed(&chunk, &mut batch).map_err(|e| broken(e.to_string()))?;
                chunk.clear();
                Ok(Some((batch, Some((chunk, wire, demux)))))
            }
        })
        .try_filter(|batch| std::future::ready(!batch.is_empty()));
        (batches.boxed(), begun_ns.unwrap_or_else(now_ns))
    }

    async fn missing(&self, gap: Gap) -> Result<Missing, EngineError> {
        let (since_ns, until_ns) = (Some(gap.since_ns), Some(gap.until_ns));
        let lines = self.read(LogRequest { since_ns, until_ns, ..LogRequest::default() }).await?;
        Ok(Missing { gap, lines, is_joined: false, has_found: false, is_second: false, doubt: None })
    }

    /// Followed although its files are begun anew after about so many bytes.
    pub(super) fn followed(self, answer: Answer, file_bytes: u64) -> Batches {
        let (lines, opened_ns) = self.lines(answer);
        let watch = Watch::new(file_bytes, opened_ns);
        let followed = Followed { log: self, lines, watch, rest: None, gap: None, quiet: QUIET };
        stream::try_unfold(followed, |mut followed| async move {
            Ok(followed.next().await?.map(|batch| (batch, followed)))
        })
        .boxed()
    }
}

/// A followed log and what is known of its wholeness.
struct Followed {
    log: Log,
    lines: Batches,
    watch: Watch,
    rest: Option<Batch>,
    gap: Option<Missing>,
    quiet: Duration,
}

/// Lines that may have been left out, read from the files.
struct Missing {
    gap: Gap,
    lines: Batches,
    is_joined: bool,
    has_found: bool,
    is_second: bool,
    // Lines in front of this one were in no answer so far, and the last line before them.
    doubt: Option<Gap>,
}

impl Followed {
    async fn next(&mut self) -> Result<Option<Batch>, EngineError> {
        loop {
            if self.gap.is_some() {
                if let Some(batch) = self.missing().await? {
                    return Ok(Some(batch));
                }
                continue;
            }
            let batch = match self.rest.take() {
                Some(rest) => rest,
                None => match self.read().await? {
                    Some(batch) => batch,
                    None => return Ok(None),
                },
            };
            let mut taken = self.watch.take(batch);
            if let Some((gap, rest)) = taken.gap.take() {
                self.gap = Some(self.log.missing(gap).await?);
                self.rest = Some(rest);
            }
            let lines = told_of(taken, self.watch.newest_ns());
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
        }
    }

    /// The next lines out of the gap, with a marker in front where it does not join on; `None` when it is closed.
    async fn missing(&mut self) -> Result<Option<Batch>, EngineError> {
        let Some(missing) = &mut self.gap else { return Ok(None) };
        let found = missing.lines.try_next().await?;
        let is_over = found.is_none();
        let batch = found.unwrap_or_default();
        let first_ns = batch.metas().first().map_or(missing.gap.until_ns, |meta| meta.at_ns);
        let taken = self.watch.take(batch);
        let is_told = std::mem::replace(&mut missing.is_joined, true);
        let mut told = Batch::new();
        if !is_told && !taken.has_met {
            let lost_ms = (first_ns - missing.gap.last_ns) / 1_000_000;
            let text = format!(
                "lines of {}.{:03} s lost here: the log was rotated away before they were read",
                lost_ms / 1000,
                lost_ms % 1000
            );
            told = Batch::note(SourceId(0), missing.gap.last_ns, &text, Level::Warn);
        }
        if let Some(first) = taken.lines.metas().first()
            && let Some(doubt) = missing.doubt.take()
            && doubt.until_ns == first.at_ns
            && told.is_empty()
        {
            told = in_doubt(doubt.last_ns);
        }
        if taken.has_late && told.is_empty() {
            told = in_doubt(missing.gap.last_ns);
        }
        missing.has_found |= !taken.lines.is_empty() || !told.is_empty();
        let is_in_doubt = is_over && !missing.has_found && missing.gap.is_likely;
        if told.is_empty() {
            told = taken.lines;
        } else {
            told.append_from(&taken.lines, 0);
        }
        if let Some((inner, _)) = taken.gap {
            // The files were rotated while they were read: what is behind is read anew.
            let gap = Gap { until_ns: missing.gap.until_ns, ..inner };
            // What is told to be lost is not told again.
            let is_joined = told.metas().iter().any(|meta| meta.flags.has(Flags::MARKER));
            let doubt = Some(inner).filter(|inner| inner.is_likely && !is_joined);
            sleep(RENAMED).await;
            self.gap = Some(Missing { is_joined, doubt, ..self.log.missing(gap).await? });
        } else if is_in_doubt && !missing.is_second {
            // A file that is just being renamed is in no answer.
            let gap = missing.gap;
            sleep(RENAMED).await;
            self.gap = Some(Missing { is_second: true, ..self.log.missing(gap).await? });
            self.watch.reopened();
        } else if is_over {
            if is_in_doubt {
                told = in_doubt(missing.gap.last_ns);
            }
            self.gap = None;
            self.watch.filled();
        }
        Ok(Some(told).filter(|told| !told.is_empty()))
    }

    /// The next lines of the follower; `None` when it ended. One that is stuck is left for another.
    async fn read(&mut self) -> Result<Option<Batch>, EngineError> {
        loop {
            if self.quiet > LONGEST_QUIET {
                return self.read_any().await;
            }
            match timeout(self.quiet, self.lines.try_next()).await {
                Ok(found) => {
                    self.quiet = QUIET;
                    return found;
                }
                Err(_) if self.watch.may_be_stuck() && self.goes_on().await? => {
                    match timeout(LATE, self.lines.try_next()).await {
                        Ok(found) => return found,
                        Err(_) => {
                            let since_ns = self.watch.newest_ns().map(|ns| ns - SLACK_NS);
                            let request = LogRequest { since_ns, follow: true, ..LogRequest::default() };
                            self.lines = self.log.read(request).await?;
                            self.watch.reopened();
                        }
                    }
                }
                Err(_) => self.quiet *= 2,
            }
        }
    }

    async fn read_any(&mut self) -> Result<Option<Batch>, EngineError> {
        let found = self.lines.try_next().await;
        self.quiet = QUIET;
        found
    }

    /// Whether the file has a line that was not told.
    async fn goes_on(&mut self) -> Result<bool, EngineError> {
        let last = LogRequest { tail: Some(1), ..LogRequest::default() };
        let last = self.log.read(last).await?.try_next().await?;
        let last_ns = last.and_then(|batch| batch.metas().last().map(|meta| meta.at_ns));
        Ok(last_ns > self.watch.newest_ns())
    }
}

/// What is told of a batch, with a marker in front where lines came too late for their place.
fn told_of(taken: Taken, newest_ns: Option<i64>) -> Batch {
    if !taken.has_late {
        return taken.lines;
    }
    let first_ns = taken.lines.metas().first().map(|meta| meta.at_ns);
    let mut told = in_doubt(first_ns.or(newest_ns).unwrap_or(0));
    told.append_from(&taken.lines, 0);
    told
}

/// At the place of lines that no answer had, although there was time enough for many.
fn in_doubt(at_ns: i64) -> Batch {
    let text = "lines may be lost here: the log was rotated meanwhile";
    Batch::note(SourceId(0), at_ns, text, Level::Warn)
}

/// `max-size` as docker takes it: a number, and maybe `k`, `m` or `g` of 1024 each; `None` where it is unlimited.
pub(super) fn file_bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (number, shift) = match text.char_indices().next_back()? {
        (at, 'k') => (&text[..at], 10),
        (at, 'm') => (&text[..at], 20),
        (at, 'g') => (&text[..at], 30),
        _ => (text, 0),
    };
    let number: f64 = number.trim().parse().ok()?;
    (number > 0.0).then_some((number * f64::from(1_u32 << shift)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        assert_eq!(file_bytes("1m"), Some(1 << 20));
        assert_eq!(file_bytes("10K"), Some(10 << 10));
        assert_eq!(file_bytes("1.5gb"), Some(3 << 29));
        assert_eq!(file_bytes("512"), Some(512));
        assert_eq!((file_bytes("-1"), file_bytes(""), file_bytes("x")), (None, None, None));
    }
}
