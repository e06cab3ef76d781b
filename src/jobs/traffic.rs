//! What one balancer does, for as long as somebody looks at it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::route::Route;
use crate::domain::backoff::Backoff;
use crate::domain::ids::ContainerId;
use crate::domain::traffic::FrontId;
use crate::msg::Msg;
use crate::ports::engine::CALL_TIMEOUT;
use crate::ports::pace::roll;

const EVERY: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Tells what it does every second until dropped. A way that breaks is said so, and tried again.
pub async fn watch(
    front: FrontId,
    container: ContainerId,
    name: Arc<str>,
    route: Arc<Route>,
    out: Sender<Msg>,
) {
    let mut backoff = Backoff::up_to(LONGEST_WAIT);
    loop {
        let Some(balancer) = route.balancer(&container, &name) else { return };
        let why = match timeout(CALL_TIMEOUT, balancer.watch(EVERY)).await {
            Err(_) => format!("balancer {name}: no answer in time"),
            Ok(Err(error)) => error.to_string(),
            Ok(Ok(mut flows)) => loop {
                match flows.next().await {
                    Some(Ok(flow)) => {
                        backoff.reset();
                        if out.send(Msg::Traffic(front.clone(), Ok(flow))).await.is_err() {
                            return;
                        }
                    }
                    Some(Err(error)) => break error.to_string(),
                    None => break format!("balancer {name}: it tells no more"),
                }
            },
        };
        if out.send(Msg::Traffic(front.clone(), Err(why))).await.is_err() {
            return;
        }
        route.pause(backoff.after_failure(roll())).await;
    }
}
