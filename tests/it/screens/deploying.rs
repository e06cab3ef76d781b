//! What an operator does about deployments on the screen, and what is wanted of the outside then.

use pilothouse::deploy::event::Event;
use pilothouse::deploy::order::Task;
use pilothouse::deploy::plan::Wish;
use pilothouse::domain::deployment::{Act, Asked, Heading, Phase, Release, Request};
use pilothouse::domain::ids::{EnvironmentId, HostId};
use pilothouse::domain::ledger::{Outcome, RecordId, Who};
use pilothouse::domain::lock;
use pilothouse::effect::Effect;
use pilothouse::msg::{HostFact, JobEvent, Msg};
use pilothouse::panes::PaneKind;

use super::deploy::{
    asked, at_work, back, dark, half_way, history, job_of, journal, paused, plan, planned, refused, shown,
    taken_back, tell, unguarded,
};
use super::world::Stage;

#[test]
fn every_pane_has_the_deployment_that_runs_in_its_first_line() {
    let mut stage = at_work((80, 24), dark());
    for key in ["1", "2", "3", "4", "5", "6", "a", "E", "V"] {
        stage.keys(key);
        let shown = shown(&stage);
        assert!(shown.lines().next().unwrap().contains("web v43 6/8"), "{key}: {shown}");
    }
}

#[test]
fn the_step_at_work_says_what_it_waits_for() {
    let shown = shown(&at_work((80, 24), dark()));
    assert!(shown.contains("web-v43-2 is starting"), "{shown}");
}

#[test]
fn a_deployment_that_went_back_says_what_failed_with_the_probe() {
    let shown = shown(&taken_back((80, 24), dark()));
    assert!(shown.contains("503 database timeout") && shown.contains("health/ready"), "{shown}");
}

#[test]
fn a_deployment_nobody_is_heard_of_is_told_unguarded_since_its_last_sign() {
    let shown = shown(&unguarded((80, 24), dark()));
    assert!(
        shown.lines().next().unwrap().contains("unguarded") && shown.contains("since 14:32:02"),
        "{shown}"
    );
}

/// Whoever holds production gives a sign.
fn sign(stage: &mut Stage) {
    let lock = lock::name(&EnvironmentId::new("production"));
    let at_ns = stage.now.wall.timestamp_nanos_opt().unwrap();
    stage.tell(Msg::Host(HostId::new("web1"), HostFact::Signed(lock, at_ns)));
}

#[test]
fn whoever_gives_a_sign_is_at_work_although_nothing_was_written_for_long() {
    let mut stage = unguarded((80, 24), dark());
    sign(&mut stage);
    let first = |stage: &Stage| shown(stage).lines().next().unwrap().to_owned();
    assert!(first(&stage).contains("web v43 6/8"), "{}", first(&stage));
    stage.wait(46);
    assert!(first(&stage).contains("unguarded"), "{}", first(&stage));
}

#[test]
fn a_deployment_that_waits_says_who_wants_it_so_and_why() {
    let mut stage = unguarded((80, 24), dark());
    let request = Request {
        id: RecordId::new(7),
        turn: 1,
        by: Who { name: "alice".to_owned(), machine: "desk".to_owned(), ..Who::default() },
        what: Asked::Pause,
        why: Some("lunch".to_owned()),
    };
    let mut notes = half_way();
    notes.push((Heading::Forward, 0, Phase::Asked(Box::new(request)), 2));
    tell(&mut stage, vec![journal(51, 43, 31, &notes)]);
    sign(&mut stage);
    let shown = shown(&stage);
    assert!(shown.lines().next().unwrap().contains("paused"), "{shown}");
    assert!(shown.contains("paused by alice (desk): lunch"), "{shown}");
}

#[test]
fn a_deploy_in_a_protected_environment_is_ordered_once_its_name_is_typed() {
    let mut stage = planned((80, 24), dark());
    assert_eq!(stage.answer("enter"), []);
    stage.text("tion");
    let effects = stage.answer("enter");
    let [Effect::Order(_, order)] = &effects[..] else { panic!("{effects:?}") };
    let Task::Begin { service, wish, note, shown, .. } = &order.task else { panic!("{order:?}") };
    assert_eq!((service.as_str(), note.as_deref()), ("web", Some("fix cart rounding")));
    assert_eq!(*wish, Wish::Deploy { image: "shop/web:v43".to_owned() });
    assert_eq!((**shown).clone(), plan(43));
    assert_eq!(order.hosts, [HostId::new("web1"), HostId::new("web2")]);
    assert_eq!(stage.model.focus, PaneKind::Deployment);
}

#[test]
fn what_is_typed_before_the_plan_could_be_read_confirms_nothing() {
    let mut stage = planned((80, 24), dark());
    stage.text("tion");
    assert_eq!(stage.press("enter"), []);
    assert!(shown(&stage).contains("type production to confirm"), "{}", shown(&stage));
}

#[test]
fn escape_leaves_a_plan_and_orders_nothing() {
    let mut stage = planned((80, 24), dark());
    assert_eq!(stage.answer("esc"), []);
    assert!(!shown(&stage).contains("to confirm"), "{}", shown(&stage));
}

#[test]
fn a_plan_that_comes_after_the_dialog_was_left_is_nobodys() {
    let mut stage = asked((80, 24), dark());
    let job = job_of(&stage.press("enter"));
    stage.keys("esc d");
    stage.tell(Msg::Job(job, JobEvent::Planned(Ok(Box::new(plan(43))))));
    assert!(!shown(&stage).contains("STEPS"), "{}", shown(&stage));
}

#[test]
fn all_reasons_why_there_is_no_plan_are_shown_at_once() {
    let shown = shown(&refused((80, 24), dark()));
    for reason in ["no image shop/web:v42", "is for arm64", "was cut off: resume it"] {
        assert!(shown.contains(reason), "{reason}: {shown}");
    }
}

#[test]
fn a_rollback_begins_from_the_last_good_release() {
    let mut stage = back((80, 24), dark());
    let effects = stage.press("enter");
    let [Effect::Plan { wish, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(*wish, Wish::Rollback(Some(Release(40))));
}

#[test]
fn a_locked_environment_is_not_deployed_to_and_says_how_it_is_unlocked() {
    for key in ["d", "r", "s"] {
        let mut stage = Stage::incident((80, 24), dark());
        assert_eq!(stage.press(key), []);
        assert!(shown(&stage).contains(":write"), "{key}: {}", shown(&stage));
    }
}

#[test]
fn an_unclassified_environment_is_classified_before_the_first_deployment() {
    let mut stage = Stage::incident((80, 24), dark());
    stage.keys("1 j j enter");
    stage.keys("s");
    stage.answer("s");
    assert!(shown(&stage).contains("Scale "), "{}", shown(&stage));
}

#[test]
fn scaling_up_in_development_is_done_at_once_with_enter() {
    let mut stage = Stage::incident((80, 24), dark());
    stage.keys("1 j j enter s");
    stage.answer("d");
    stage.keys("backspace");
    stage.text("4");
    let effects = stage.press("enter");
    let [Effect::Plan { wish, job, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(*wish, Wish::Scale(4));
    let mut up = plan(44);
    up.steps.retain(|step| !matches!(step.act, Act::Retire(_)));
    stage.tell(Msg::Job(*job, JobEvent::Planned(Ok(Box::new(up)))));
    assert!(matches!(stage.answer("enter")[..], [Effect::Order(..)]));
}

#[test]
fn nothing_is_deployed_while_another_deployment_is_not_over() {
    let mut stage = at_work((80, 24), dark());
    stage.unlock();
    stage.select("web-42-blue-1");
    assert_eq!(stage.press("d"), []);
    assert!(shown(&stage).contains("is not over"), "{}", shown(&stage));
}

#[test]
fn a_deployment_that_was_not_begun_says_why() {
    let mut stage = planned((80, 24), dark());
    stage.text("tion");
    let job = job_of(&stage.answer("enter"));
    let why = "production is locked on web1 by bob".to_owned();
    stage.tell(Msg::Job(job, JobEvent::Deployment(Event::NotBegun { status: 5, why })));
    assert!(shown(&stage).contains("locked on web1 by bob"), "{}", shown(&stage));
}

#[test]
fn a_release_is_gone_back_to_from_its_row_of_the_history() {
    let mut stage = history((80, 24), dark());
    stage.keys("j r");
    let effects = stage.press("enter");
    let [Effect::Plan { wish, .. }] = &effects[..] else { panic!("{effects:?}: {}", shown(&stage)) };
    assert_eq!(*wish, Wish::Rollback(Some(Release(40))));
}

#[test]
fn enter_opens_what_was_tried_and_why_it_went_back() {
    let mut stage = history((80, 24), dark());
    stage.keys("j j enter");
    assert!(shown(&stage).contains("web-v41-1 did not get ready"), "{}", shown(&stage));
    stage.keys("esc");
    assert!(shown(&stage).contains("Deployment · web v42"), "{}", shown(&stage));
}

#[test]
fn the_history_says_where_each_release_still_is() {
    let mut stage = history((160, 48), dark());
    stage.keys("z");
    let shown = shown(&stage);
    assert!(shown.contains("kept web1, gone web2"), "{shown}");
    assert!(shown.contains("live web1, gone web2"), "{shown}");
}

#[test]
fn a_history_of_a_thousand_releases_keeps_the_chosen_one_in_sight() {
    let mut stage = history((80, 24), dark());
    let many = (1..=1000).map(|n| {
        let mut record = journal(n, n, i64::from(2000 - n), &[]);
        record.end = Some((record.begun.at, Outcome::Done));
        record
    });
    tell(&mut stage, many.collect());
    stage.keys("G k");
    assert!(shown(&stage).contains("v1 "), "{}", shown(&stage));
    assert!(shown(&stage).contains("1000 of 1001"), "{}", shown(&stage));
    stage.keys("g");
    assert!(shown(&stage).contains("v1000"), "{}", shown(&stage));
}

#[test]
fn a_running_deployment_is_aborted_by_one_key_and_one_y_although_production_is_read_only() {
    let mut stage = at_work((80, 24), dark());
    assert!(shown(&stage).contains("read-only"), "{}", shown(&stage));
    stage.keys("A");
    let effects = stage.answer("y");
    let [Effect::Ask { record, what: Asked::Back, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(record.begun.number.0, 51);
}

#[test]
fn one_that_nobody_is_at_work_on_is_taken_back_from_here() {
    let mut stage = unguarded((80, 24), dark());
    stage.keys("A");
    let effects = stage.answer("y");
    assert!(
        matches!(&effects[..], [Effect::Order(_, order)] if matches!(order.task, Task::TakeUp { .. })),
        "{effects:?}"
    );
}

#[test]
fn a_deployment_is_paused_by_one_key_and_goes_on_once_production_is_writable() {
    let mut stage = at_work((80, 24), dark());
    let effects = stage.press("p");
    assert!(matches!(&effects[..], [Effect::Ask { what: Asked::Pause, .. }]), "{effects:?}");
    let mut stage = paused((80, 24), dark());
    assert_eq!(stage.press("p"), []);
    assert!(shown(&stage).contains(":write"), "{}", shown(&stage));
    stage.unlock();
    let effects = stage.press("p");
    assert!(matches!(&effects[..], [Effect::Ask { what: Asked::GoOn, .. }]), "{effects:?}");
}

#[test]
fn a_deployment_that_was_cut_off_is_taken_back_by_one_key_and_one_y() {
    let mut stage = unguarded((80, 24), dark());
    stage.keys("u");
    let effects = stage.answer("y");
    let [Effect::Order(_, order)] = &effects[..] else { panic!("{effects:?}") };
    assert!(matches!(&order.task, Task::TakeUp { back: Some(_), .. }));
}

#[test]
fn going_on_in_production_wants_it_writable_and_its_name() {
    let mut stage = unguarded((80, 24), dark());
    stage.keys("u");
    assert_eq!(stage.answer("g"), []);
    stage.keys("esc");
    stage.unlock();
    stage.keys("u");
    assert_eq!(stage.answer("g"), []);
    stage.text("production");
    let effects = stage.answer("enter");
    let [Effect::Order(_, order)] = &effects[..] else { panic!("{effects:?}: {}", shown(&stage)) };
    assert!(matches!(&order.task, Task::TakeUp { back: None, .. }));
}

#[test]
fn nothing_is_taken_up_while_somebody_is_at_work() {
    let mut stage = at_work((80, 24), dark());
    assert_eq!(stage.press("u"), []);
    assert!(shown(&stage).contains("somebody is at work"), "{}", shown(&stage));
}

#[test]
fn there_is_nothing_to_abort_once_it_is_over() {
    let mut stage = taken_back((80, 24), dark());
    assert_eq!(stage.press("A"), []);
    assert!(shown(&stage).contains("no deployment is open"), "{}", shown(&stage));
}

#[test]
fn the_history_names_what_waits_and_what_is_taken_back() {
    let mut stage = paused((160, 48), dark());
    stage.select("web-42-blue-1");
    stage.keys("5 z");
    assert!(shown(&stage).contains("= paused"), "{}", shown(&stage));
    let mut stage = at_work((160, 48), dark());
    let mut notes = half_way();
    notes.push((Heading::Forward, 6, Phase::Failed("not ready".to_owned()), 4));
    tell(&mut stage, vec![journal(51, 43, 31, &notes)]);
    stage.select("web-42-blue-1");
    stage.keys("5 z");
    assert!(shown(&stage).contains("↶ going back"), "{}", shown(&stage));
}
