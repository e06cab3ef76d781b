//! One container's log, read for as long as the view lives: through ends, restarts, lost links and floods.
//!
//! Never gives a line twice, and never loses one without a marker at its place.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::ending;
use super::lives::{Lives, RETRY};
use super::pace::{FRAME, Pace, Step, is_all};
use crate::domain::backoff::Backoff;
use crate::domain::container::Detail;
use crate::domain::ids::ContainerKey;
use crate::jobs::clock::now_ns;
use crate::jobs::route::Route;
use crate::logs::dedup::Dedup;
use crate::logs::line::{Batch, Level, SourceId};
use crate::ports::engine::{EngineError, LogRequest};

/// How many lines at the end of a log are asked for when its stream goes on …
const RESUME_LINES: u32 = 2_000;
/// … and how many times more when they do not reach back to where it broke.
const GROWTH: u32 = 16;
/// An end is told by an event shortly after the log's own.
const EVENT_WAIT: Duration = Duration::from_millis(300);
/// A log that ends although its container runs is asked for again after this.
const HICCUP: Duration = Duration::from_millis(100);

/// What a reader has to say.
pub(super) enum News {
    /// The clock that stamps its lines from here on is so many ns ahead.
    Ahead(SourceId, i64),
    /// Lines, in order.
    Lines(SourceId, Batch),
    /// The lines of the past are all told.
    Ready(SourceId),
    /// So many ms behind the engine.
    Behind(SourceId, u64),
    /// Cannot be read, and why.
    Failed(SourceId, String),
    /// Broken off, and why: it is tried again.
    Cut(SourceId, String),
    /// Can be read again.
    Back(SourceId),
    /// Nothing more comes for now.
    Ended(SourceId),
}

/// Nobody listens any more.
struct Unheard;

enum Pause {
    /// The stream ended as it should.
    Closed,
    /// Too far behind; the rest was left.
    Skipped,
    /// It went on later than where it broke.
    Unmet,
}

/// One container's log.
pub(super) struct Reader {
    pub route: Arc<Route>,
    pub key: ContainerKey,
    pub source: SourceId,
    /// Lines of the past to begin with.
    pub lines: u32,
    pub lives: watch::Receiver<Lives>,
    pub out: mpsc::Sender<News>,
    dedup: Dedup,
    is_failing: bool,
    is_ready: bool,
    // The stream was left because it was too far behind: what is between is not asked for.
    is_skipping: bool,
    told_end_ns: Option<i64>,
}

impl Reader {
    pub fn new(
        source: SourceId,
        (key, route): (ContainerKey, Arc<Route>),
        lines: u32,
        lives: watch::Receiver<Lives>,
        out: mpsc::Sender<News>,
    ) -> Self {
        let dedup = Dedup::new();
        let (is_failing, is_ready, is_skipping, told_end_ns) = (false, false, false, None);
        Self { route, key, source, lines, lives, out, dedup, is_failing, is_ready, is_skipping, told_end_ns }
    }

    /// Reads until nobody listens, or until the container is gone or cannot be read at all.
    pub async fn run(mut self) {
        // The receiver is gone only when the view is.
        let _ = self.until_unheard().await;
    }

    async fn until_unheard(&mut self) -> Result<(), Unheard> {
        let mut backoff = Backoff::between(RETRY.0, RETRY.1);
        let mut tail = Some(self.lines);
        loop {
            let began = Instant::now();
            let begun_ns = self.life().started_ns;
            // Here all is by the engine's clock, also what is read again: only what is told is by ours.
            let ahead_ns = self.route.ahead_ns().await;
            self.say(News::Ahead(self.source, ahead_ns)).await?;
            let read = match self.read(tail).await? {
                Ok(Pause::Skipped) => {
                    self.is_skipping = true;
                    tail = Some(self.lines.min(RESUME_LINES));
                    continue;
                }
                Ok(Pause::Unmet) => {
                    tail = tail.filter(|tail| *tail < u32::MAX / GROWTH).map(|tail| tail * GROWTH);
                    continue;
                }
                Ok(Pause::Closed) => self.after_end(begun_ns).await?,
                Err(error) => Err(error),
            };
            tail = Some(if self.dedup.newest_ns().is_some() { RESUME_LINES } else { self.lines });
            match read {
                Ok(()) => backoff.reset(),
                Err(error) if error.is_gone() => return self.gone().await,
                Err(error @ EngineError::Refused { .. }) => return self.unreadable(&error).await,
                Err(error) => {
                    if !std::mem::replace(&mut self.is_failing, true) {
                        let why = match error {
                            EngineError::Broken { cause, .. } => cause,
                            other => other.to_string(),
                        };
                        self.say(News::Cut(self.source, why)).await?;
                    }
                    if began.elapsed() > RETRY.1 {
                        backoff.reset();
                    }
                    self.route.pause(backoff.after_failure(0)).await;
                }
            }
        }
    }

    /// Reads one stream to its end. `tail` of none asks for all lines since the last one.
    async fn read(&mut self, tail: Option<u32>) -> Result<Result<Pause, EngineError>, Unheard> {
        let request = LogRequest { tail, follow: true, since_ns: self.dedup.since_ns(), until_ns: None };
        let mut stream = match self.route.engine().logs(&self.key.id, request).await {
            Ok(stream) => stream,
            Err(error) => return Ok(Err(error)),
        };
        if std::mem::take(&mut self.is_failing) {
            self.say(News::Back(self.source)).await?;
        }
        let is_resumed = request.since_ns.is_some();
        self.dedup.resume();
        let mut is_joined = !is_resumed;
        let mut pace = Pace::new(tail.unwrap_or(u32::MAX));
        loop {
            let asked = Instant::now();
            // A quiet log's past is told when nothing more comes at once.
            let next = if self.is_ready {
                stream.next().await
            } else {
                match timeout(FRAME * 2, stream.next()).await {
                    Ok(next) => next,
                    Err(_) => {
                        self.ready().await?;
                        stream.next().await
                    }
                }
            };
            let mut batch = match next {
                Some(Ok(batch)) => batch,
                Some(Err(error)) => return Ok(Err(error)),
                None => return Ok(Ok(Pause::Closed)),
            };
            let (bytes, lines) = (batch.text_bytes(), batch.len());
            let last_ns = batch.metas().last().map_or(0, |meta| meta.at_ns);
            let step = pace.read(batch.len(), bytes, asked.elapsed(), now_ns() - last_ns);
            batch.set_source(self.source);
            let (before_ns, first_ns) =
                (self.dedup.newest_ns(), batch.metas().first().map(|meta| meta.at_ns));
            let before = (!is_joined).then(|| self.dedup.clone());
            self.dedup.pass(&mut batch);
            if !std::mem::replace(&mut is_joined, true) && !self.dedup.has_met() {
                // What lies between was passed over, has to be asked for, or is not in the log any more.
                let is_over = tail.is_none() || std::mem::take(&mut self.is_skipping);
                if !is_over {
                    // This batch is not told: it must not count as seen, or what is before it is never asked for.
                    self.dedup = before.unwrap_or_default();
                    return Ok(Ok(Pause::Unmet));
                }
                self.dedup.begin_at(first_ns.unwrap_or(0));
                let gap_ns = first_ns.zip(before_ns).map_or(0, |(first, before)| first - before);
                let text = if tail.is_none() {
                    "lines may be missing here: the log was cut meanwhile".to_owned()
                } else {
                    format!("{} of lines skipped to stay live", seconds(gap_ns))
                };
                self.mark(before_ns.unwrap_or(0), &text, Level::Warn).await?;
            }
            if !batch.is_empty() {
                self.say(News::Lines(self.source, batch)).await?;
            }
            if !self.is_ready && pace.is_live() {
                self.ready().await?;
            }
            match step {
                Step::Behind(ms) => self.say(News::Behind(self.source, ms)).await?,
                Step::Skip => return Ok(Ok(Pause::Skipped)),
                Step::On => {}
            }
            // The past comes as fast as the engine gives it.
            if self.is_ready && is_all(lines, bytes) && asked.elapsed() < pace.frame() {
                sleep(pace.frame()).await;
            }
        }
    }

    async fn ready(&mut self) -> Result<(), Unheard> {
        if std::mem::replace(&mut self.is_ready, true) {
            Ok(())
        } else {
            self.say(News::Ready(self.source)).await
        }
    }

    fn life(&self) -> super::lives::Life {
        self.lives.borrow().of(&self.key.id)
    }

    /// The log ended: says how the container did, and waits until it runs again.
    async fn after_end(&mut self, begun_ns: Option<i64>) -> Result<Result<(), EngineError>, Unheard> {
        self.ready().await?;
        loop {
            let links = self.lives.borrow().links;
            let detail = match self.route.engine().detail(&self.key.id).await {
                Ok(detail) => detail,
                Err(error) => return Ok(Err(error)),
            };
            let is_running = detail.exit_code.is_none() && detail.started.is_some();
            if is_running {
                return self.runs_again(&detail, begun_ns).await.map(Ok);
            }
            if let Some(ended_ns) = detail.finished.and_then(|at| at.timestamp_nanos_opt())
                && detail.exit_code.is_some()
            {
                let oom = detail.is_oom_killed;
                self.tell_end(ended_ns, detail.exit_code, oom, detail.restarts).await?;
            }
            self.say(News::Ended(self.source)).await?;
            let known = detail.started.and_then(|at| at.timestamp_nanos_opt()).unwrap_or(0);
            let id = self.key.id.clone();
            // A sender that is gone means that the view is.
            let changed = self.lives.wait_for(|lives| {
                lives.links != links || lives.of(&id).started_ns.is_some_and(|at| at > known)
            });
            if changed.await.is_err() {
                return Err(Unheard);
            }
        }
    }

    /// It runs although its log ended: it was started again, or the stream alone broke.
    async fn runs_again(&mut self, detail: &Detail, begun_ns: Option<i64>) -> Result<(), Unheard> {
        let started_ns = detail.started.and_then(|at| at.timestamp_nanos_opt()).unwrap_or(0);
        let id = self.key.id.clone();
        let told_ns = self.told_end_ns.unwrap_or(i64::MIN);
        let is_news = move |lives: &Lives| {
            let life = lives.of(&id);
            life.died.is_some_and(|(at, _)| at > told_ns && begun_ns.is_none_or(|begun| at > begun))
        };
        // Both a lost view and a late event leave nothing to say.
        let died = match timeout(EVENT_WAIT, self.lives.wait_for(is_news)).await {
            Ok(Ok(lives)) => Some(lives.of(&self.key.id)),
            _ => None,
        };
        if let Some(life) = died
            && let Some((ended_ns, code)) = life.died
        {
            let oom = life
                .oom_ns
                .is_some_and(|at| (ended_ns - 5_000_000_000..=ended_ns + 1_000_000_000).contains(&at));
            self.tell_end(ended_ns.min(started_ns), code, oom, detail.restarts).await?;
        } else {
            sleep(HICCUP).await;
        }
        Ok(())
    }

    async fn tell_end(
        &mut self,
        ended_ns: i64,
        code: Option<i64>,
        is_oom: bool,
        restarts: u32,
    ) -> Result<(), Unheard> {
        // The event's time and the inspection's are some ms apart.
        if self.told_end_ns.is_some_and(|told| ended_ns - told < 1_000_000) {
            return Ok(());
        }
        self.told_end_ns = Some(ended_ns + 50_000_000);
        let at_ns = ended_ns.max(self.dedup.newest_ns().unwrap_or(0));
        let text = ending::text(code, is_oom, restarts);
        self.mark(at_ns, &text, ending::level(code, is_oom)).await
    }

    /// The container was removed.
    async fn gone(&mut self) -> Result<(), Unheard> {
        self.ready().await?;
        let at_ns = match self.dedup.newest_ns() {
            Some(newest_ns) => newest_ns,
            None => now_ns() + self.route.ahead_ns().await,
        };
        self.mark(at_ns, "removed", Level::Info).await?;
        self.say(News::Ended(self.source)).await
    }

    /// The engine will not hand out this log, now or later.
    async fn unreadable(&mut self, error: &EngineError) -> Result<(), Unheard> {
        self.ready().await?;
        let driver = match self.route.engine().detail(&self.key.id).await {
            Ok(detail) => detail.log_driver,
            Err(_) => String::new(),
        };
        self.say(News::Failed(self.source, ending::unreadable(&driver, error))).await?;
        self.say(News::Ended(self.source)).await
    }

    async fn mark(&self, at_ns: i64, text: &str, level: Level) -> Result<(), Unheard> {
        self.say(News::Lines(self.source, Batch::note(self.source, at_ns, text, level))).await
    }

    async fn say(&self, news: News) -> Result<(), Unheard> {
        self.out.send(news).await.map_err(|_| Unheard)
    }
}

fn seconds(ns: i64) -> String {
    let ms = ns / 1_000_000;
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
