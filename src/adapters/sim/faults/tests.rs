//! Each fault does what it says, to the calls it names, as often as it says.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::{Call, Fault};
use crate::adapters::sim::clock::Clock;
use crate::adapters::sim::scenario::Scenario;
use crate::adapters::sim::{SimEngine, Simulation};
use crate::domain::ids::HostId;
use crate::ports::engine::{CALL_TIMEOUT, Engine, EngineError, LogRequest};
use crate::ports::lifecycle::Lifecycle;

fn engine() -> SimEngine {
    let scenario = Scenario::named("incident").unwrap();
    let simulation = Simulation::new(&scenario, Clock::held(scenario.starts));
    SimEngine::new(simulation, HostId::new("web1"))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_fails_when_its_time_is_up() {
    let engine = engine();
    engine.faults.set(Call::Facts, Fault::Hang);
    let began = Instant::now();
    let answer = engine.facts().await;
    assert!(matches!(answer, Err(EngineError::Unreachable { .. })) && began.elapsed() == CALL_TIMEOUT);
    assert!(engine.containers().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_late_and_right() {
    let engine = engine();
    engine.faults.set(Call::Any, Fault::Slow(Duration::from_secs(3)));
    let began = Instant::now();
    assert!(engine.containers().await.is_ok() && began.elapsed() == Duration::from_secs(3));
}

#[tokio::test]
async fn the_next_two_fail_and_no_more() {
    let engine = engine();
    let no =
        EngineError::Unreachable { address: "demo://web1".to_owned(), cause: "test".to_owned(), mend: None };
    engine.faults.next(2, Call::Containers, Fault::Fail(no.clone()));
    assert_eq!(engine.containers().await.unwrap_err(), no);
    assert_eq!(engine.containers().await.unwrap_err(), no);
    assert!(engine.containers().await.is_ok());
}

#[tokio::test]
async fn a_cut_stream_breaks_after_its_items_until_it_is_mended() {
    let engine = engine();
    let id = engine.containers().await.unwrap()[0].key.id.clone();
    engine.faults.set(Call::Logs, Fault::Cut(1));
    let read = async || engine.logs(&id, LogRequest::default()).await.unwrap().collect::<Vec<_>>().await;
    let items = read().await;
    assert!(items.len() == 2 && items[0].is_ok() && matches!(items[1], Err(EngineError::Broken { .. })));
    engine.faults.clear();
    assert!(read().await.iter().all(Result::is_ok));
}
