//! What acts do, what they leave behind, and what is refused.

use super::{NOBODY, Role, Stage, eventually, refusal};
use pilothouse::domain::act::ContainerAct::{Kill, Pause, Remove, Restart, Start, Stop, Unpause};
use pilothouse::domain::container::State;
use pilothouse::domain::ids::ContainerId;

super::on_every_engine! {
    a_stopped_one_ends_as_it_likes_and_starts_again
    stopping_or_killing_what_is_stopped_changes_nothing
    starting_what_runs_changes_nothing
    a_killed_one_ends_with_137_and_stays_ended
    a_paused_one_keeps_its_processes_until_it_goes_on
    pausing_twice_and_resuming_what_runs_change_nothing
    pausing_what_is_stopped_is_refused
    starting_what_is_paused_is_refused
    a_paused_one_can_be_stopped
    a_restart_begins_a_new_run_also_of_a_stopped_one
    what_is_removed_is_gone_running_or_not
    stopping_what_restarts_for_ever_ends_that
    acting_on_what_is_not_there_is_refused
}

async fn a_stopped_one_ends_as_it_likes_and_starts_again(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Stop).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Exited(Some(5))));
    stage.engine.act(&id, Start).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Running));
}

async fn stopping_or_killing_what_is_stopped_changes_nothing(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Stop).await.unwrap();
    stage.engine.act(&id, Stop).await.unwrap();
    stage.engine.act(&id, Kill).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Exited(Some(5))));
}

async fn starting_what_runs_changes_nothing(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let before = stage.engine.detail(&id).await.unwrap().started;
    stage.engine.act(&id, Start).await.unwrap();
    assert_eq!(stage.engine.detail(&id).await.unwrap().started, before);
}

async fn a_killed_one_ends_with_137_and_stays_ended(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.engine.act(&id, Kill).await.unwrap();
    stage.until_state(&id, &State::Exited(Some(137))).await;
    assert!(!stage.engine.detail(&id).await.unwrap().is_oom_killed);
}

async fn a_paused_one_keeps_its_processes_until_it_goes_on(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.engine.act(&id, Pause).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Paused));
    assert!(!stage.engine.processes(&id).await.unwrap().rows.is_empty());
    stage.engine.act(&id, Unpause).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Running));
}

async fn pausing_twice_and_resuming_what_runs_change_nothing(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.engine.act(&id, Unpause).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Running));
    stage.engine.act(&id, Pause).await.unwrap();
    stage.engine.act(&id, Pause).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Paused));
}

async fn pausing_what_is_stopped_is_refused(stage: &Stage) {
    let id = stage.start(Role::Ended).await;
    stage.until_state(&id, &State::Exited(Some(3))).await;
    assert_eq!(refusal(stage.engine.act(&id, Pause).await), Some(409));
}

async fn starting_what_is_paused_is_refused(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.engine.act(&id, Pause).await.unwrap();
    assert_eq!(refusal(stage.engine.act(&id, Start).await), Some(409));
}

async fn a_paused_one_can_be_stopped(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Pause).await.unwrap();
    stage.engine.act(&id, Stop).await.unwrap();
    assert!(matches!(stage.state(&id).await, Some(State::Exited(_))));
}

async fn a_restart_begins_a_new_run_also_of_a_stopped_one(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.until_line(&id, "line 1").await;
    let first = stage.engine.detail(&id).await.unwrap().started;
    stage.engine.act(&id, Restart).await.unwrap();
    let second = stage.engine.detail(&id).await.unwrap();
    assert!(second.started > first && second.exit_code.is_none());
    stage.engine.act(&id, Stop).await.unwrap();
    stage.engine.act(&id, Restart).await.unwrap();
    assert_eq!(stage.state(&id).await, Some(State::Running));
    assert!(stage.engine.detail(&id).await.unwrap().started > second.started);
}

async fn what_is_removed_is_gone_running_or_not(stage: &Stage) {
    let (running, ended) = (stage.start(Role::Steady).await, stage.start(Role::Ended).await);
    stage.until_state(&ended, &State::Exited(Some(3))).await;
    for id in [running, ended] {
        stage.engine.act(&id, Remove).await.unwrap();
        assert_eq!(stage.state(&id).await, None);
        assert_eq!(refusal(stage.engine.detail(&id).await), Some(404));
    }
}

async fn stopping_what_restarts_for_ever_ends_that(stage: &Stage) {
    let id = stage.start(Role::Restarting).await;
    let restarts = async || stage.engine.detail(&id).await.unwrap().restarts;
    eventually("a restart", async || restarts().await >= 1).await;
    stage.engine.act(&id, Stop).await.unwrap();
    stage.until_state(&id, &State::Exited(Some(4))).await;
    let run = stage.engine.detail(&id).await.unwrap().started;
    // A stop that did not hold would show within the engine's first waits: 100 ms, 200 ms, 400 ms.
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    assert_eq!(stage.engine.detail(&id).await.unwrap().started, run);
}

async fn acting_on_what_is_not_there_is_refused(stage: &Stage) {
    stage.engine.facts().await.unwrap();
    for act in [Start, Stop, Restart, Pause, Unpause, Kill, Remove] {
        assert_eq!(refusal(stage.engine.act(&ContainerId::new(NOBODY), act).await), Some(404), "{act:?}");
    }
}
