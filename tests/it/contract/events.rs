//! What an engine tells as it happens, and in which order.

use super::{Role, Stage, actions, next};
use futures_util::TryStreamExt;
use pilothouse::domain::act::ContainerAct::{Kill, Pause, Remove, Restart, Start, Stop, Unpause};
use pilothouse::domain::event::EngineEvent;

super::on_every_engine! {
    also far;
    a_stop_is_told_as_kill_die_with_its_code_and_stop
    a_removal_of_what_runs_is_told_as_death_then_destruction
    a_restart_is_told_as_an_end_and_a_start
    a_pause_and_its_end_are_told
    a_check_that_passes_is_told_once
    the_past_can_be_asked_for
    an_events_stream_from_the_past_begins_there
    an_events_stream_to_a_time_ends_there
    an_end_by_itself_is_told_with_its_code
}

/// Those of `all` that are in `wanted`, in their order.
fn told<'a>(all: &'a [EngineEvent], wanted: &[&str]) -> Vec<&'a str> {
    all.iter().map(|e| e.action.as_str()).filter(|action| wanted.contains(action)).collect()
}

async fn a_stop_is_told_as_kill_die_with_its_code_and_stop(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    let mut events = stage.engine.events(None).await.unwrap();
    stage.engine.act(&id, Stop).await.unwrap();
    let seen = actions(&mut events, &id, "stop").await;
    assert_eq!(told(&seen, &["kill", "die", "stop", "start"]), ["kill", "die", "stop"]);
    let die = seen.iter().find(|e| e.action == "die").unwrap();
    assert_eq!(die.exit_code, Some(5));
    assert!(die.name.ends_with("-both") && die.at_ns > 0, "{die:?}");
    assert!(seen.is_sorted_by_key(|e| e.at_ns));
}

async fn a_removal_of_what_runs_is_told_as_death_then_destruction(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let mut events = stage.engine.events(None).await.unwrap();
    stage.engine.act(&id, Remove).await.unwrap();
    let seen = actions(&mut events, &id, "destroy").await;
    assert_eq!(told(&seen, &["die", "destroy", "stop"]), ["die", "destroy"]);
    assert_eq!(seen.iter().find(|e| e.action == "die").unwrap().exit_code, Some(137));
}

async fn a_restart_is_told_as_an_end_and_a_start(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.until_line(&id, "line 1").await;
    let mut events = stage.engine.events(None).await.unwrap();
    stage.engine.act(&id, Restart).await.unwrap();
    let seen = actions(&mut events, &id, "restart").await;
    assert_eq!(
        told(&seen, &["kill", "die", "stop", "start", "restart"]),
        ["kill", "die", "stop", "start", "restart"]
    );
}

async fn a_pause_and_its_end_are_told(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let mut events = stage.engine.events(None).await.unwrap();
    stage.engine.act(&id, Pause).await.unwrap();
    stage.engine.act(&id, Unpause).await.unwrap();
    let seen = actions(&mut events, &id, "unpause").await;
    assert_eq!(told(&seen, &["pause", "unpause"]), ["pause", "unpause"]);
}

async fn a_check_that_passes_is_told_once(stage: &Stage) {
    let id = stage.start(Role::Checked).await;
    stage.engine.act(&id, Kill).await.unwrap();
    let mut events = stage.engine.events(None).await.unwrap();
    stage.engine.act(&id, Start).await.unwrap();
    let wanted = "health_status: healthy";
    let first = next(&mut events, wanted, |e| e.id == id.as_str() && e.action == wanted).await;
    stage.engine.act(&id, Kill).await.unwrap();
    let after = actions(&mut events, &id, "die").await;
    assert!(told(&after, &[wanted]).is_empty() && first.kind == "container");
}

async fn the_past_can_be_asked_for(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Stop).await.unwrap();
    let started = stage.engine.detail(&id).await.unwrap().started.unwrap();
    let until_ns = chrono::Utc::now().timestamp_nanos_opt().unwrap();
    let past = stage.engine.past_events(started.timestamp_nanos_opt().unwrap() - 1, until_ns).await.unwrap();
    let its: Vec<_> = past.into_iter().filter(|e| e.id == id.as_str()).collect();
    assert!(told(&its, &["die"]) == ["die"] && its.is_sorted_by_key(|e| e.at_ns), "{its:?}");
}

async fn an_events_stream_from_the_past_begins_there(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Stop).await.unwrap();
    let started = stage.engine.detail(&id).await.unwrap().started.unwrap();
    let since = started.timestamp_nanos_opt().unwrap();
    let mut events = stage.engine.events(Some(since)).await.unwrap();
    let seen = actions(&mut events, &id, "stop").await;
    assert_eq!(told(&seen, &["die", "stop"]), ["die", "stop"]);
}

async fn an_events_stream_to_a_time_ends_there(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Stop).await.unwrap();
    let detail = stage.engine.detail(&id).await.unwrap();
    let ns = |at: Option<chrono::DateTime<chrono::Utc>>| at.unwrap().timestamp_nanos_opt().unwrap();
    let (started, ended) = (ns(detail.started), ns(detail.finished));
    let between = |until| async move {
        let events = stage.engine.events_until(Some(started), until).await.unwrap();
        let all: Vec<_> = events.try_collect().await.unwrap();
        all.into_iter().filter(|e: &EngineEvent| e.id == id.as_str()).collect::<Vec<_>>()
    };
    let (before, after) = (between.clone()(ended - 1_000_000).await, between(ended + 5_000_000_000).await);
    assert!(told(&before, &["die", "stop"]).is_empty(), "{before:?}");
    assert_eq!(told(&after, &["die", "stop"]), ["die", "stop"]);
}

async fn an_end_by_itself_is_told_with_its_code(stage: &Stage) {
    let id = stage.start(Role::Ended).await;
    let started = stage.engine.detail(&id).await.unwrap().started.unwrap();
    let since = started.timestamp_nanos_opt().unwrap();
    let mut events = stage.engine.events(Some(since)).await.unwrap();
    let seen = actions(&mut events, &id, "die").await;
    assert_eq!(seen.last().unwrap().exit_code, Some(3));
    assert!(told(&seen, &["kill"]).is_empty());
}
