//! One act on several containers, one after the other, each reported by name.

use tokio::sync::mpsc::Sender;

use crate::domain::act::ContainerAct;
use crate::effect::JobId;
use crate::msg::{JobEvent, Msg};
use crate::ports::engine::Engine;
use std::sync::Arc;

/// Acts on each in turn; a failure is reported and the next is still tried.
pub async fn act(
    job: JobId,
    act: ContainerAct,
    targets: Vec<(Arc<dyn Engine>, crate::domain::ids::ContainerKey, String)>,
    out: Sender<Msg>,
) {
    for (engine, key, name) in targets {
        let event = match engine.act(&key.id, act).await {
            Ok(()) => JobEvent::Done(format!("{name} {} on {}", act.done(), key.host)),
            Err(error) => JobEvent::Failed(format!("{} {name} on {}: {error}", act.verb(), key.host)),
        };
        if out.send(Msg::Job(job, event)).await.is_err() {
            return;
        }
    }
}
