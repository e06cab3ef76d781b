//! When the containers of one host started and ended, as its events tell: what a log itself does not say.
//!
//! Never asks about one container: one event stream a host serves every reader of a view.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;

use crate::domain::backoff::Backoff;
use crate::domain::ids::ContainerId;
use crate::jobs::route::Route;
use crate::ports::engine::{EngineError, EngineEvent};

/// Shortest and longest wait before the engine is asked again.
pub(super) const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// What is known of all containers of a host since the view was opened.
#[derive(Debug, Default)]
pub(super) struct Lives {
    of: HashMap<ContainerId, Life>,
    /// How often the event stream was opened: after a gap in it nothing may be taken for granted.
    pub links: u64,
}

/// The last turns of one container's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    /// Its last start, ns since 1970 by the engine's clock.
    pub started_ns: Option<i64>,
    /// Its last end: when, and with which code.
    pub died: Option<(i64, Option<i64>)>,
    /// When the kernel last ended a process of it for want of memory.
    pub oom_ns: Option<i64>,
}

impl Lives {
    /// What is known of that one.
    pub fn of(&self, id: &ContainerId) -> Life {
        self.of.get(id).copied().unwrap_or_default()
    }

    fn take(&mut self, event: &EngineEvent) {
        let id = ContainerId::new(event.id.as_str());
        if event.action == "destroy" {
            self.of.remove(&id);
            return;
        }
        let life = self.of.entry(id).or_default();
        match event.action.as_str() {
            "start" => life.started_ns = Some(event.at_ns),
            "die" => life.died = Some((event.at_ns, event.exit_code)),
            _ => life.oom_ns = Some(event.at_ns),
        }
    }
}

/// Follows the events until nobody looks any more.
pub(super) async fn keep(route: Arc<Route>, lives: watch::Sender<Lives>) {
    let (mut backoff, mut last_ns) = (Backoff::between(RETRY.0, RETRY.1), None);
    while !lives.is_closed() {
        if follow(&route, &lives, &mut last_ns).await.is_ok() {
            backoff.reset();
        }
        route.pause(backoff.after_failure(0)).await;
    }
}

async fn follow(
    route: &Route,
    lives: &watch::Sender<Lives>,
    last_ns: &mut Option<i64>,
) -> Result<(), EngineError> {
    let mut events = route.engine().events(*last_ns).await?;
    lives.send_modify(|lives| lives.links += 1);
    while let Some(event) = events.next().await.transpose()? {
        *last_ns = Some(event.at_ns);
        if event.kind == "container" && matches!(event.action.as_str(), "start" | "die" | "oom" | "destroy") {
            lives.send_modify(|lives| lives.take(&event));
        }
        if lives.is_closed() {
            break;
        }
    }
    Ok(())
}
