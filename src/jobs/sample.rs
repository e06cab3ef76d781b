//! Usage of the rows on the screen, sampled: a stats stream costs the engine 0.24 % of a core each, for ever.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;

use super::route::Route;
use crate::domain::ids::ContainerKey;
use crate::msg::Msg;

const AT_ONCE: usize = 4;
/// The second sweep follows soon, since a rate needs two.
const FIRST_GAP: Duration = Duration::from_millis(700);
const GAP: Duration = Duration::from_secs(3);

/// Samples `keys` for ever, one message a sweep.
pub async fn sample(keys: Vec<(ContainerKey, Arc<Route>)>, out: Sender<Msg>) {
    let mut gap = FIRST_GAP;
    loop {
        let asked = futures_util::stream::iter(keys.clone())
            .map(|(key, route)| async move { route.engine().usage(&key.id).await })
            .buffer_unordered(AT_ONCE);
        // One that stopped meanwhile has no usage; its state says so.
        let samples: Vec<_> = asked.filter_map(|s| std::future::ready(s.ok())).collect().await;
        if !samples.is_empty() && out.send(Msg::Usage(samples)).await.is_err() {
            return;
        }
        tokio::time::sleep(gap).await;
        gap = GAP;
    }
}
