//! Usage: sampled for the rows on the screen, streamed for the selected one alone, because a stats stream costs the
//! engine 0.24 % of a core each, for ever.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::route::Route;
use crate::domain::ids::{ContainerKey, HostId};
use crate::domain::usage::Sample;
use crate::msg::Msg;
use crate::ports::engine::EngineError;

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
/// Nothing is due: only news of the rows ends the wait.
const NEVER: Duration = Duration::from_secs(3600);
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

/// What is asked: the answers of each host as they come.
type Asked = SelectAll<BoxStream<'static, (ContainerKey, Result<Sample, EngineError>)>>;

/// Samples the rows, which may change at any time, until nobody wants any. A row that stays is not asked more often
/// because others come and go; a host that does not answer holds up its own rows alone.
pub async fn sample(mut rows: watch::Receiver<Rows>, gap: Duration, out: Sender<Msg>) {
    let mut readings = Readings { gap, last: HashMap::new() };
    let (mut asked, mut open) = (Asked::new(), HashSet::new());
    loop {
        let wanted = rows.borrow_and_update().clone();
        readings.last.retain(|_, (at, _)| at.elapsed() < gap * 10);
        let free = || wanted.iter().filter(|(key, _)| !open.contains(key));
        let now = Instant::now();
        let next = free().map(|(key, _)| readings.due(key, now)).min();
        if next.is_some_and(|at| at <= now) {
            let due: Vec<_> =
                free().filter(|(key, _)| readings.due(key, now) <= now + TOGETHER).cloned().collect();
            for (key, _) in &due {
                readings.read(key, now);
                open.insert(key.clone());
            }
            ask(&mut asked, due);
            continue;
        }
        tokio::select! {
            () = sleep_until(next.unwrap_or(now + NEVER)) => {}
            changed = rows.changed() => {
                if changed.is_err() {
                    return;
                }
                sleep(SETTLE).await;
            }
            Some(first) = asked.next(), if !asked.is_empty() => {
                // With all that answered at the same time: one message, one picture.
                let mut answers = vec![first];
                while let Some(Some(more)) = asked.next().now_or_never() {
                    answers.push(more);
                }
                for (key, _) in &answers {
                    open.remove(key);
                }
                // One that stopped meanwhile has no usage; its state says so.
                let samples: Vec<_> = answers.into_iter().filter_map(|(_, sample)| sample.ok()).collect();
                if !samples.is_empty() && out.send(Msg::Usage(samples)).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// One reading of each, of as many at once as their host takes. Engine 20.10 answers at its next reading of all that are
/// asked for, once a second: asked four by four, a screen of rows took it three seconds.
fn ask(asked: &mut Asked, due: Rows) {
    let mut hosts: HashMap<HostId, Rows> = HashMap::new();
    for (key, route) in due {
        hosts.entry(key.host.clone()).or_default().push((key, route));
    }
    for rows in hosts.into_values() {
        let at_once = rows.first().map_or(1, |(_, route)| route.engine().questions_at_once());
        let read = |(key, route): (ContainerKey, Arc<Route>)| async move {
            let sample = route.engine().usage(&key.id).await;
            (key, sample)
        };
        asked.push(stream::iter(rows).map(read).buffer_unordered(at_once).boxed());
    }
}

/// One reading of each that runs.
pub async fn once(rows: Rows) -> Vec<Sample> {
    let mut asked = Asked::new();
    ask(&mut asked, rows);
    // One that stopped meanwhile has no usage; its state says so.
    asked.filter_map(|(_, sample)| std::future::ready(sample.ok())).collect().await
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
    use crate::adapters::sim::clock::Clock;
    use crate::adapters::sim::faults::{Call, Fault};
    use crate::adapters::sim::scenario::Scenario;
    use crate::adapters::sim::{SimEngine, Simulation};
    use crate::domain::ids::ContainerId;
    use crate::jobs::route::Way;
    use crate::ports::lifecycle::Lifecycle;

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

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_answers_once_a_second_is_asked_for_all_at_once() {
        let scenario = Scenario::named("incident").unwrap();
        let simulation = Simulation::new(&scenario, Clock::held(scenario.starts));
        let engine = SimEngine::new(simulation, HostId::new("web1"));
        let list = engine.containers().await.unwrap();
        let up = list.iter().find(|c| c.state.is_up()).unwrap().key.clone();
        engine.faults.set(Call::Usage, Fault::Slow(Duration::from_secs(1)));
        let way = Way { source: "web1".into(), engine: Arc::new(engine), mend: Box::new(|_| String::new()) };
        let route = Arc::new(Route::new(way, Vec::new()));
        let began = Instant::now();
        let samples = once(vec![(up, route); 20]).await;
        assert_eq!((samples.len(), began.elapsed().as_secs()), (20, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_does_not_answer_holds_up_its_own_rows_alone() {
        let scenario = Scenario::named("incident").unwrap();
        let simulation = Simulation::new(&scenario, Clock::held(scenario.starts));
        let mut rows = Rows::new();
        for host in ["web1", "web2"] {
            let engine = SimEngine::new(Arc::clone(&simulation), HostId::new(host));
            let list = engine.containers().await.unwrap();
            let up = list.iter().find(|c| c.state.is_up()).unwrap().key.clone();
            if host == "web2" {
                engine.faults.set(Call::Usage, Fault::Hang);
            }
            let way =
                Way { source: host.into(), engine: Arc::new(engine), mend: Box::new(|_| String::new()) };
            rows.push((up, Arc::new(Route::new(way, Vec::new()))));
        }
        let (_rows, wanted) = watch::channel(rows);
        let (out, mut told) = tokio::sync::mpsc::channel(8);
        let began = Instant::now();
        let task = tokio::spawn(sample(wanted, GAP, out));
        for _ in 0..3 {
            let Some(Msg::Usage(samples)) = told.recv().await else { panic!("usage is told") };
            assert_eq!(samples.iter().map(|s| s.key.host.to_string()).collect::<Vec<_>>(), ["web1"]);
        }
        assert!(began.elapsed() <= FIRST_GAP + GAP + Duration::from_millis(1), "{:?}", began.elapsed());
        task.abort();
    }
}
