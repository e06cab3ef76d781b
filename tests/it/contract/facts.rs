//! What an engine tells of itself and of its containers.

use serde_json::Value;

use super::{NOBODY, Role, Stage, eventually, refusal};
use pilothouse::domain::container::{Health, State};
use pilothouse::domain::ids::ContainerId;
use pilothouse::ports::engine::{ExecSpec, LogRequest};

super::on_every_engine! {
    an_engine_says_what_it_is
    what_runs_is_listed_with_its_service_project_and_labels
    the_list_is_newest_first
    what_runs_has_a_start_and_no_exit_code
    what_ended_says_how_and_when
    a_check_that_passes_makes_it_healthy_and_is_told_with_its_output
    what_has_a_terminal_says_so
    the_engine_counts_the_restarts_it_makes_itself
    an_unknown_id_is_refused_as_not_found_by_every_call
    an_inspection_has_the_engines_shape
}

async fn an_engine_says_what_it_is(stage: &Stage) {
    let facts = stage.engine.facts().await.unwrap();
    assert!(facts.version.contains('.') && facts.api.starts_with("1."), "{facts:?}");
    assert!(facts.cpus > 0 && facts.memory_bytes > 0 && facts.root_dir.starts_with('/'), "{facts:?}");
}

async fn what_runs_is_listed_with_its_service_project_and_labels(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let list = stage.engine.containers().await.unwrap();
    let it = list.iter().find(|c| c.key.id == id).unwrap();
    assert_eq!((it.service.as_str(), it.project.as_deref()), ("steady", Some(&*stage.project)));
    assert_eq!((&it.state, it.health), (&State::Running, Health::None));
    assert_eq!(it.labels.get("colour").map(String::as_str), Some("blue"));
    assert_eq!(it.labels.get("com.docker.compose.service").map(String::as_str), Some("steady"));
    assert!(it.image_id.as_str().starts_with("sha256:") && it.key.id.as_str().len() == 64);
    assert!(it.detail.is_none());
}

async fn the_list_is_newest_first(stage: &Stage) {
    stage.start(Role::Steady).await;
    stage.start(Role::Both).await;
    let list = stage.engine.containers().await.unwrap();
    assert!(list.iter().map(|c| std::cmp::Reverse(c.created)).is_sorted());
}

async fn what_runs_has_a_start_and_no_exit_code(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let detail = stage.engine.detail(&id).await.unwrap();
    assert!(detail.started.is_some() && detail.exit_code.is_none() && !detail.is_oom_killed, "{detail:?}");
    assert!(detail.restarts == 0 && !detail.is_tty && detail.log_driver == "json-file", "{detail:?}");
}

async fn what_ended_says_how_and_when(stage: &Stage) {
    let id = stage.start(Role::Ended).await;
    stage.until_state(&id, &State::Exited(Some(3))).await;
    let detail = stage.engine.detail(&id).await.unwrap();
    assert_eq!(detail.exit_code, Some(3));
    assert!(detail.finished.unwrap() > detail.started.unwrap());
}

async fn a_check_that_passes_makes_it_healthy_and_is_told_with_its_output(stage: &Stage) {
    let id = stage.start(Role::Checked).await;
    let health = async || {
        let list = stage.engine.containers().await.unwrap();
        list.iter().find(|c| c.key.id == id).unwrap().health
    };
    eventually("healthy", async || health().await == Health::Healthy).await;
    let detail = stage.engine.detail(&id).await.unwrap();
    let check = detail.checks.last().unwrap();
    assert_eq!((check.exit_code, check.output.trim()), (0, "fine"));
    assert!(detail.checks.len() <= 5 && detail.checks.is_sorted_by_key(|c| c.at));
}

async fn what_has_a_terminal_says_so(stage: &Stage) {
    let id = stage.start(Role::Terminal).await;
    assert!(stage.engine.detail(&id).await.unwrap().is_tty);
}

async fn the_engine_counts_the_restarts_it_makes_itself(stage: &Stage) {
    let id = stage.start(Role::Restarting).await;
    let restarts = async || stage.engine.detail(&id).await.unwrap().restarts;
    eventually("two restarts", async || restarts().await >= 2).await;
}

async fn an_unknown_id_is_refused_as_not_found_by_every_call(stage: &Stage) {
    let (engine, id) = (&stage.engine, ContainerId::new(NOBODY));
    engine.facts().await.unwrap();
    assert_eq!(refusal(engine.detail(&id).await), Some(404), "detail");
    assert_eq!(refusal(engine.inspect(&id).await), Some(404), "inspect");
    assert_eq!(refusal(engine.usage(&id).await), Some(404), "usage");
    assert_eq!(refusal(engine.usage_stream(&id).await), Some(404), "usage stream");
    assert_eq!(refusal(engine.logs(&id, LogRequest::default()).await), Some(404), "logs");
    assert_eq!(refusal(engine.processes(&id).await), Some(404), "processes");
    let spec = ExecSpec { argv: vec!["true".to_owned()], ..ExecSpec::default() };
    assert_eq!(refusal(engine.exec(&id, spec).await), Some(404), "exec");
    assert_eq!(refusal(engine.exec_status(NOBODY).await), Some(404), "status of an exec");
}

async fn an_inspection_has_the_engines_shape(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let answer = stage.engine.inspect(&id).await.unwrap();
    let at = |path: &str| answer.pointer(path).unwrap_or_else(|| panic!("no {path} in {answer:#}"));
    assert_eq!(at("/Id"), id.as_str());
    assert!(at("/Name").as_str().unwrap().starts_with('/'));
    assert_eq!((at("/State/Status"), at("/State/Running")), (&Value::from("running"), &Value::from(true)));
    assert_eq!((at("/State/ExitCode"), at("/State/OOMKilled")), (&Value::from(0), &Value::from(false)));
    assert!(at("/Config/Env").as_array().unwrap().contains(&Value::from("COLOUR=blue")));
    assert_eq!(at("/Config/Labels/colour"), "blue");
    assert_eq!(at("/HostConfig/LogConfig/Type"), "json-file");
    assert!(at("/RestartCount").is_u64() && at("/Config/Cmd").is_array());
    assert!(at("/NetworkSettings/Networks").is_object() && at("/HostConfig/RestartPolicy/Name").is_string());
    assert!(at("/State/StartedAt").as_str().unwrap().ends_with('Z'));
}
