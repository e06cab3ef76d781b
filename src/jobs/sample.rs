//! Usage: sampled for the rows on the screen, streamed for the selected one alone, because a stats stream costs the
//! engine 0.24 % of a core each, for ever.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::route::Route;
use crate::domain::ids::ContainerKey;
use crate::msg::Msg;

const AT_ONCE: usize = 4;
/// The second reading follows soon, since a rate needs two.
const FIRST_GAP: Duration = Duration::from_millis(700);
/// From one reading to the next where nobody set it.
pub const GAP: Duration = Duration::from_secs(3);
/// What is due this soon goes with what is due now: one message, one picture.
const TOGETHER: Duration = Duration::from_millis(300);
/// A list that is scrolled through is asked about once it stands still.
const SETTLE: Duration = Duration::from_millis(120);
/// A selection that moves on sooner is not streamed.
const REST: Duration = Duration::from_millis(300);
/// After a stream broke.
const RETRY: Duration = Duration::from_secs(3);

/// Whose usage is wanted, with the way there.
pub type Rows = Vec<(ContainerKey, Arc<Route>)>;

/// When each row was read last, and whether once only.
struct Readings {
    gap: Duration,
    last: HashMap<ContainerKey, (Instant, bool)>,
}

impl Readings {
    /// When this one is due; a row never read is due at once.
    fn due(&self, key: &ContainerKey, now: Instant) -> Instant {
        match self.last.get(key) {
            None => now,
            Some((at, true)) => *at + FIRST_GAP,
            Some((at, false)) => *at + self.gap,
        }
    }

    fn read(&mut self, key: &ContainerKey, now: Instant) {
        let entry = self.last.entry(key.clone()).or_insert((now, true));
        // One that was off the screen for long begins anew: its last reading says nothing of now.
        let is_first = now == entry.0 || now.duration_since(entry.0) > self.gap * 3;
        *entry = (now, is_first);
    }
}

/// Samples the rows, which may change at any time, until nobody wants any. A row that stays is not asked more often
/// because others come and go.
pub async fn sample(mut rows: watch::Receiver<Rows>, gap: Duration, out: Sender<Msg>) {
    let mut readings = Readings { gap, last: HashMap::new() };
    loop {
        let wanted = rows.borrow_and_update().clone();
        readings.last.retain(|_, (at, _)| at.elapsed() < gap * 10);
        let now = Instant::now();
        let next = wanted.iter().map(|(key, _)| readings.due(key, now)).min();
        let wait = next.map_or(Duration::from_secs(3600), |at| at.saturating_duration_since(now));
        if wait > Duration::ZERO {
            tokio::select! {
                () = sleep(wait) => {}
                changed = rows.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    sleep(SETTLE).await;
                    continue;
                }
            }
        }
        let now = Instant::now();
        let due: Vec<_> =
            wanted.into_iter().filter(|(key, _)| readings.due(key, now) <= now + TOGETHER).collect();
        for (key, _) in &due {
            readings.read(key, now);
        }
        let asked = futures_util::stream::iter(due)
            .map(|(key, route)| async move { route.engine().usage(&key.id).await })
            .buffer_unordered(AT_ONCE);
        // One that stopped meanwhile has no usage; its state says so.
        let samples: Vec<_> = asked.filter_map(|s| std::future::ready(s.ok())).collect().await;
        if !samples.is_empty() && out.send(Msg::Usage(samples)).await.is_err() {
            return;
        }
    }
}

/// Readings of one container as the engine makes them, until dropped.
pub async fn live(key: ContainerKey, route: Arc<Route>, out: Sender<Msg>) {
    sleep(REST).await;
    loop {
        // An error is no news: the state of the container or of the link tells it.
        if let Ok(mut readings) = route.engine().usage_stream(&key.id).await {
            while let Some(Ok(sample)) = readings.next().await {
                if out.send(Msg::Usage(vec![sample])).await.is_err() {
                    return;
                }
            }
        }
        sleep(RETRY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ContainerId, HostId};

    fn key(id: &str) -> ContainerKey {
        ContainerKey { host: HostId::new("h"), id: ContainerId::new(id) }
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_reading_follows_soon_and_the_third_later() {
        let (mut readings, start) = (Readings { gap: GAP, last: HashMap::new() }, Instant::now());
        assert_eq!(readings.due(&key("a"), start), start);
        readings.read(&key("a"), start);
        assert_eq!(readings.due(&key("a"), start), start + FIRST_GAP);
        readings.read(&key("a"), start + FIRST_GAP);
        assert_eq!(readings.due(&key("a"), start), start + FIRST_GAP + GAP);
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_that_comes_back_soon_is_not_asked_anew() {
        let (mut readings, start) = (Readings { gap: GAP, last: HashMap::new() }, Instant::now());
        readings.read(&key("a"), start);
        readings.read(&key("a"), start + FIRST_GAP);
        let back = start + FIRST_GAP + Duration::from_secs(1);
        assert!(readings.due(&key("a"), back) > back);
        assert_eq!(readings.due(&key("b"), back), back);
    }
}
