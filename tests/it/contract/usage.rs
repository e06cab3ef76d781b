//! Counters and processes of what runs and of what does not.

use futures_util::StreamExt;
use tokio::time::timeout;

use super::{Role, SOON, Stage, next, refusal};
use pilothouse::domain::act::ContainerAct::{Kill, Stop};
use pilothouse::ports::engine::EngineError;

super::on_every_engine! {
    also far;
    what_runs_uses_memory_and_its_counters_never_go_back
    what_is_stopped_has_no_usage
    readings_come_by_themselves_until_it_ends
    what_runs_has_processes
    what_is_stopped_has_none_and_says_so
}

async fn what_runs_uses_memory_and_its_counters_never_go_back(stage: &Stage) {
    let id = stage.start(Role::Chatty).await;
    let first = stage.engine.usage(&id).await.unwrap();
    let second = stage.engine.usage(&id).await.unwrap();
    assert!(first.memory_bytes > 0 && second.memory_bytes > 0);
    assert!(second.at_ns > first.at_ns && second.cpu_ns >= first.cpu_ns, "{first:?} {second:?}");
    assert_eq!((first.key.id, first.memory_limit_bytes), (id, None));
}

async fn what_is_stopped_has_no_usage(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.engine.act(&id, Kill).await.unwrap();
    let answer = stage.engine.usage(&id).await;
    assert!(
        matches!(&answer, Err(EngineError::Broken { cause, .. }) if cause.contains("does not run")),
        "{answer:?}"
    );
}

async fn readings_come_by_themselves_until_it_ends(stage: &Stage) {
    let id = stage.start(Role::Chatty).await;
    let mut readings = stage.engine.usage_stream(&id).await.unwrap();
    let first = next(&mut readings, "a reading", |_| true).await;
    let second = next(&mut readings, "another", |_| true).await;
    assert!(second.at_ns > first.at_ns);
    stage.engine.act(&id, Kill).await.unwrap();
    timeout(SOON, readings.collect::<Vec<_>>()).await.expect("they end");
}

async fn what_runs_has_processes(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let table = stage.engine.processes(&id).await.unwrap();
    assert!(table.titles.contains(&"PID".to_owned()) && table.titles.contains(&"CMD".to_owned()));
    assert!(table.rows.iter().all(|row| row.len() == table.titles.len()) && !table.rows.is_empty());
    let command = table.titles.iter().position(|t| t == "CMD").unwrap();
    assert!(table.rows.iter().any(|row| row[command].starts_with("sh ")), "{table:?}");
}

async fn what_is_stopped_has_none_and_says_so(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Stop).await.unwrap();
    let answer = stage.engine.processes(&id).await;
    assert_eq!(refusal(answer), Some(409));
}
