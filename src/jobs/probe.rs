//! Asking one container one question again and again: never twice at once, and not all containers at the same instant.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, sleep_until};

use crate::domain::probe::Target;
use crate::msg::Msg;
use crate::ports::probe::Prober;

/// The first questions of all probes are spread over this, so that the screen is soon complete.
const SPREAD: Duration = Duration::from_millis(250);

/// Which part of `span` this target waits: always the same one, differing from target to target.
fn share(target: &Target, span: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    (&target.key, target.kind, target.port).hash(&mut hasher);
    span.mul_f64((hasher.finish() % 1000) as f64 / 1000.0)
}

/// Asks until dropped. A question that takes longer than the interval delays the next one; none is made up for.
pub async fn probe(target: Target, prober: Arc<dyn Prober>, out: Sender<Msg>) {
    sleep(share(&target, SPREAD)).await;
    // From the second on they are spread over the whole interval.
    let mut next = Instant::now() + target.spec.interval / 2 + share(&target, target.spec.interval / 2);
    loop {
        let reading = prober.probe(&target).await;
        if out.send(Msg::Probed(target.clone(), reading)).await.is_err() {
            return;
        }
        next = next.max(Instant::now());
        sleep_until(next).await;
        next += target.spec.interval;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::Utc;

    use super::*;
    use crate::domain::health::{Outcome, Reading};
    use crate::domain::ids::{ContainerId, ContainerKey, HostId};
    use crate::domain::probe::{Ask, ProbeKind, ProbeSpec, Via};

    /// Notes when it is asked and takes its time.
    struct Slow(Duration, Mutex<Vec<(Instant, Instant)>>);

    #[async_trait]
    impl Prober for Slow {
        async fn probe(&self, _: &Target) -> Reading {
            let began = Instant::now();
            sleep(self.0).await;
            self.1.lock().unwrap().push((began, Instant::now()));
            Reading { at: Utc::now(), took: began.elapsed(), outcome: Outcome::Connected }
        }
    }

    fn target(id: &str) -> Target {
        let (interval, timeout) = (Duration::from_secs(5), Duration::from_secs(30));
        let (ask, via) = (Ask::Tcp, Via::Published);
        Target {
            key: ContainerKey { host: HostId::new("h"), id: ContainerId::new(id) },
            kind: ProbeKind::Live,
            address: "127.0.0.1".to_owned(),
            port: 1,
            spec: Arc::new(ProbeSpec { ask, port: None, via, interval, timeout }),
        }
    }

    /// Begin and end of the first four questions.
    async fn asked(took: Duration) -> Vec<(Instant, Instant)> {
        let slow = Arc::new(Slow(took, Mutex::default()));
        let (out, mut said) = tokio::sync::mpsc::channel(1);
        let task = tokio::spawn(probe(target("a"), slow.clone(), out));
        for _ in 0..4 {
            said.recv().await.unwrap();
        }
        task.abort();
        let asked = slow.1.lock().unwrap();
        asked.clone()
    }

    #[tokio::test(start_paused = true)]
    async fn questions_are_an_interval_apart_from_start_to_start() {
        let asked = asked(Duration::from_secs(1)).await;
        for pair in asked[1..].windows(2) {
            let gap = pair[1].0 - pair[0].0;
            assert!((4_999..=5_002).contains(&gap.as_millis()), "{gap:?}");
        }
        assert!(asked[1].0 - asked[0].0 <= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_is_awaited_before_the_next_question() {
        for pair in asked(Duration::from_secs(12)).await.windows(2) {
            assert!(pair[1].0 >= pair[0].1, "asked again before the answer");
        }
    }

    #[test]
    fn targets_do_not_begin_at_the_same_instant() {
        let mut starts: Vec<_> = (0..50).map(|n| share(&target(&n.to_string()), SPREAD)).collect();
        starts.sort();
        starts.dedup();
        assert!(starts.len() > 40 && starts.iter().all(|s| *s < SPREAD), "{starts:?}");
    }
}
