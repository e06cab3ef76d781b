//! One act on several containers, one after the other, each reported by name.

use tokio::sync::mpsc::Sender;

use crate::domain::act::ContainerAct;
use crate::effect::JobId;
use crate::msg::{JobEvent, Msg};
use crate::ports::engine::Engine;
use std::sync::Arc;

/// Acts on each in turn; a failure is reported and the next is still tried. Gives the failures.
pub async fn act(
    job: JobId,
    act: ContainerAct,
    targets: Vec<(Arc<dyn Engine>, crate::domain::ids::ContainerKey, String)>,
    out: &Sender<Msg>,
) -> Vec<String> {
    let mut failures = Vec::new();
    for (engine, key, name) in targets {
        let event = match engine.act(&key.id, act).await {
            Ok(()) => JobEvent::Done(format!("{name} {} on {}", act.done(), key.host)),
            Err(error) => {
                failures.push(format!("{name} on {}: {error}", key.host));
                JobEvent::Failed(format!("{} {name} on {}: {error}", act.verb(), key.host))
            }
        };
        // The loop ends before its tasks; what was begun is done, and recorded, nevertheless.
        let _ = out.send(Msg::Job(job, event)).await;
    }
    failures
}
