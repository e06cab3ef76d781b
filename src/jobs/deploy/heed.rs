//! A deployment that runs says that it lives, hears what is asked of it in its journal, and does that before its next step.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::future::join_all;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::act::Fault;
use super::lock::Locked;
use super::{Halt, Hosts, Run};
use crate::deploy::event::Said;
use crate::deploy::request::Heard;
use crate::domain::deployment::{Heading, Request};
use crate::domain::ids::HostId;
use crate::domain::ledger::Begun;
use crate::domain::lock::{BEAT, Doing, Sign};
use crate::jobs::ledger::Book;
use crate::ports::engine::EngineError;

/// Whoever writes to the journal writes more than once.
const GATHER: Duration = Duration::from_millis(100);
/// And who reads it costs the hosts as much: what is asked may be heard so much later.
const READ_EVERY: Duration = Duration::from_secs(1);
/// A host that does not tell what is written there is asked again after so long.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// What a run hears while it works, and what it lets others know.
pub(super) struct Ears {
    heard: watch::Sender<Heard>,
    doing: watch::Sender<Doing>,
    /// Locks that are gone: somebody cleared them away, or took the deployment up.
    lost: watch::Sender<bool>,
}

impl Ears {
    pub(super) fn new() -> Arc<Self> {
        let (heard, doing) = (watch::Sender::default(), watch::Sender::default());
        Arc::new(Self { heard, doing, lost: watch::Sender::new(false) })
    }

    /// What is asked, now and from now on.
    pub(super) fn heard(&self) -> watch::Receiver<Heard> {
        self.heard.subscribe()
    }

    /// Somebody wants it back.
    pub(super) fn back(&self) -> Option<Request> {
        self.heard.borrow().back.clone()
    }
}

/// What such a run is, for whoever keeps signs and listens beside it.
pub(super) struct Beside {
    hosts: Hosts,
    locks: Arc<Locked>,
    book: Book,
    begun: Begun,
    ears: Arc<Ears>,
}

impl Beside {
    pub(super) fn of(run: &Run) -> Self {
        let (hosts, locks) = (run.hosts.clone(), Arc::clone(&run.locks));
        let (book, begun, ears) = (run.book.clone(), run.entry.begun.clone(), Arc::clone(&run.ears));
        Self { hosts, locks, book, begun, ears }
    }

    /// Never ends.
    pub(super) async fn keep(&self) {
        tokio::join!(self.beat(), self.listen());
    }

    /// A sign on each host, by its own pace: one that is slow keeps no other from knowing.
    async fn beat(&self) {
        join_all(self.hosts.0.iter().map(|(host, _)| self.beat_on(host))).await;
    }

    async fn beat_on(&self, host: &HostId) {
        let pause = BEAT.to_std().unwrap_or_default();
        let mut doing = self.ears.doing.subscribe();
        loop {
            // The lock itself is the first sign.
            let is_told = tokio::select! {
                () = sleep(pause) => true,
                changed = doing.changed() => changed.is_ok(),
            };
            let sign = Sign { at: Utc::now(), doing: doing.borrow_and_update().clone() };
            let (Some(engine), Some(lock)) = (self.hosts.get(host), self.locks.on(host)) else { continue };
            match engine.lock_sign(&lock, &sign).await {
                Err(error) if error.is_gone() => drop(self.ears.lost.send_replace(true)),
                // Whoever looks on sees that there is none.
                Err(error) => tracing::debug!(%host, %error, is_told, "no sign could be left"),
                Ok(()) => {}
            }
        }
    }

    /// Reads what is asked whenever something was written, from the first moment on.
    async fn listen(&self) {
        // What was asked once was asked, whether its host still tells or not.
        let mut asked = Vec::new();
        loop {
            let mut written = written(&self.hosts).await;
            loop {
                let read = Instant::now();
                for note in self.book.asked(&self.begun).await {
                    if !asked.contains(&note) {
                        asked.push(note);
                    }
                }
                let heard = Heard::of(&asked, self.locks.claim.epoch);
                self.ears.heard.send_if_modified(|known| {
                    let is_other = *known != heard;
                    *known = heard;
                    is_other
                });
                if !matches!(written.next().await, Some(true)) {
                    break;
                }
                sleep(GATHER.max(READ_EVERY.saturating_sub(read.elapsed()))).await;
                while let Some(Some(true)) = written.next().now_or_never() {}
            }
            sleep(LISTEN_AGAIN).await;
        }
    }
}

/// Something was written on any of these hosts; false once one of them tells no more.
pub async fn written(hosts: &Hosts) -> BoxStream<'static, bool> {
    let asked = hosts.0.iter().map(|(host, engine)| async move {
        engine.ledger_written().await.inspect_err(|error| {
            tracing::debug!(%host, %error, "what is asked here is not heard");
        })
    });
    let all: Vec<Result<BoxStream<'static, ()>, EngineError>> = join_all(asked).await;
    let ending = |one: BoxStream<'static, ()>| one.map(|()| true).chain(stream::iter([false])).boxed();
    let is_deaf = all.iter().all(Result::is_err);
    let told = stream::select_all(all.into_iter().flatten().map(ending));
    if is_deaf { stream::iter([false]).boxed() } else { told.boxed() }
}

impl Run {
    /// Waits while it is asked to, and gives why it shall turn back.
    pub(super) async fn heed(&mut self) -> Result<Option<String>, Halt> {
        let (mut heard, mut lost) = (self.ears.heard.subscribe(), self.ears.lost.subscribe());
        let mut is_paused = false;
        loop {
            let now = heard.borrow_and_update().clone();
            if let Some(why) = self.turned_by(now.back.as_ref()) {
                self.works_on(is_paused);
                return Ok(Some(why));
            }
            let Some(pause) = now.pause.filter(|_| now.back.is_none()) else {
                self.works_on(is_paused);
                return Ok(None);
            };
            if !is_paused {
                is_paused = true;
                // Whoever looks on meanwhile sees how far it is.
                self.write_down().await?;
                (self.say)(Said::Paused(pause.to_string()));
                self.ears.doing.send_replace(Doing::Paused(pause.to_string()));
            }
            tokio::select! {
                _ = heard.changed() => {}
                _ = lost.changed() => self.look_everywhere().await?,
            }
        }
    }

    fn works_on(&self, was_paused: bool) {
        if was_paused {
            (self.say)(Said::GoesOn);
            self.ears.doing.send_replace(Doing::Works);
        }
    }

    /// Why it turns back now, where that is asked and can be done.
    pub(super) fn turned_by(&self, back: Option<&Request>) -> Option<String> {
        let back = back.filter(|_| self.progress.heading == Heading::Forward)?;
        self.progress.may_turn(&self.plan).then(|| back.to_string())
    }

    /// Whose the locks are: a process that waits has to find out that it is not wanted any more.
    async fn look_everywhere(&self) -> Result<(), Halt> {
        for (host, _) in &self.hosts.0 {
            if let Err(Fault::Locked(held)) = self.look(host).await {
                return Err(Halt::Lock(*held));
            }
        }
        Ok(())
    }
}
