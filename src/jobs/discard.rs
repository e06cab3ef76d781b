//! What an engine keeps: asking for it, and removing exactly what was shown.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use crate::domain::ids::HostId;
use crate::domain::inventory::{Item, Kind, prune};
use crate::effect::JobId;
use crate::msg::{HostFact, JobEvent, Msg};
use crate::ports::engine::{Engine, EngineError};

/// Asks once; the answer, or why there is none, is a fact of the host.
pub async fn ask(engine: &Arc<dyn Engine>, host: HostId, out: &Sender<Msg>) {
    let answer = engine.inventory().await.map(Arc::new).map_err(|error| error.to_string());
    // The loop ends before its tasks; then nobody wants to know.
    let _ = out.send(Msg::Host(host, HostFact::Inventory(answer))).await;
}

/// What became of a removal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What went.
    pub gone: Vec<Item>,
    /// What stayed, and why.
    pub stayed: Vec<(Item, EngineError)>,
    /// Bytes freed by the build cache, as the engine counted them; the rest is known from the items.
    pub cache_bytes: u64,
}

/// Removes each in turn, by its id; what cannot go is said and the next is still tried. Records of the build cache go
/// together, because the engine has no way to remove one.
pub async fn remove(engine: &Arc<dyn Engine>, items: Vec<Item>) -> Outcome {
    let mut outcome = Outcome::default();
    let (cache, others): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.kind == Kind::Cache);
    for item in others {
        match engine.remove(&item).await {
            Ok(()) => outcome.gone.push(item),
            Err(error) => outcome.stayed.push((item, error)),
        }
    }
    if !cache.is_empty() {
        match engine.prune_cache().await {
            Ok(bytes) => {
                outcome.cache_bytes = bytes;
                outcome.gone.extend(cache);
            }
            Err(error) => outcome.stayed.extend(cache.into_iter().map(|item| (item, error.clone()))),
        }
    }
    outcome
}

impl Outcome {
    /// What is freed, in bytes; the truth may be more where layers were shared.
    pub fn freed(&self) -> prune::Freed {
        let counted = prune::freed(self.gone.iter().filter(|item| item.kind != Kind::Cache));
        prune::Freed { bytes: counted.bytes + self.cache_bytes, ..counted }
    }

    /// Why things stayed.
    pub fn failures(&self, host: &HostId) -> Vec<String> {
        self.stayed.iter().map(|(_, error)| format!("{error} on {host}")).collect()
    }

    /// How many of which kind went: `3 images, 1 volume`; empty when nothing did.
    pub fn words(&self) -> String {
        let count = |kind| self.gone.iter().filter(|item| item.kind == kind).count();
        let told = Kind::ALL.into_iter().filter_map(|kind| match count(kind) {
            0 => None,
            1 => Some(format!("1 {}", kind.noun())),
            n if kind == Kind::Cache => Some(format!("{n} build cache records")),
            n => Some(format!("{n} {}", kind.plural())),
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

/// Removes and reports: one line for what went, one for each that stayed. Gives why those stayed.
pub async fn discard(
    job: JobId,
    engine: &Arc<dyn Engine>,
    host: &HostId,
    items: Vec<Item>,
    out: &Sender<Msg>,
) -> Vec<String> {
    let outcome = remove(engine, items).await;
    let failures = outcome.failures(host);
    let mut events = Vec::new();
    if !outcome.gone.is_empty() {
        events.push(JobEvent::Done(format!("removed {} on {host}: {}", outcome.words(), outcome.freed())));
    }
    for (_, error) in outcome.stayed {
        events.push(JobEvent::Failed(format!("{error} on {host}; it stays")));
    }
    for event in events {
        // The loop ends before its tasks; then nobody wants to know.
        let _ = out.send(Msg::Job(job, event)).await;
    }
    failures
}
