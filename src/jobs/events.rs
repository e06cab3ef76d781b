//! All events of one engine, for the list of events: those of the last hour first, then what comes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

use super::route::Route;
use crate::domain::ids::HostId;
use crate::msg::{HostFact, Msg};

/// How far back the list begins; the engine itself keeps its last 256 events.
const PAST: chrono::TimeDelta = chrono::TimeDelta::hours(1);
/// Events that are there together travel together.
const AT_ONCE: usize = 100;
const RETRY: Duration = Duration::from_secs(2);

/// Runs until dropped. After a break it goes on where it was; what is told twice is dropped where it is kept.
pub async fn events(host: HostId, route: Arc<Route>, out: Sender<Msg>) {
    // By the engine's clock.
    let mut since = None;
    loop {
        let ahead_ns = route.ahead_ns().await;
        let begin = (chrono::Utc::now() - PAST).timestamp_nanos_opt().map(|ns| ns + ahead_ns);
        // That the link is down is told elsewhere.
        if let Ok(stream) = route.engine().events(since.or(begin)).await {
            let mut batches = stream.ready_chunks(AT_ONCE);
            while let Some(batch) = batches.next().await {
                let events: Vec<_> = batch.into_iter().map_while(Result::ok).collect();
                let Some(last) = events.last() else { break };
                since = Some(last.at_ns);
                if out.send(Msg::Host(host.clone(), HostFact::Events(events))).await.is_err() {
                    return;
                }
            }
        }
        sleep(RETRY).await;
    }
}
