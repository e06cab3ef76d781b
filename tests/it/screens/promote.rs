//! From staging to production on the screen: what is asked, what is shown, what nobody does without a reason.

use pilothouse::deploy::order::Task;
use pilothouse::deploy::plan::Wish;
use pilothouse::deploy::promote::{Comparison, Judged, Verdict};
use pilothouse::domain::deployment::Release;
use pilothouse::domain::ids::{EnvironmentId, ServiceId};
use pilothouse::effect::{Effect, JobId};
use pilothouse::msg::{JobEvent, Msg};
use pilothouse::ui::look::Look;

use super::deploy::{dark, plan, shown};
use super::world::Stage;

/// Production comes after staging, in which web is selected.
fn open(size: (u16, u16), look: Look, is_unlocked: bool) -> Stage {
    let mut stage = Stage::incident(size, look);
    if is_unlocked {
        stage.unlock();
    }
    stage.model.world.environments[0].after = Some(EnvironmentId::new("staging"));
    stage.keys("1 j enter");
    stage.select("web-44-1");
    stage
}

fn job_of(effects: &[Effect]) -> JobId {
    let [Effect::Promote { job, from, environment, service, projects }] = effects else {
        panic!("{effects:?}")
    };
    assert_eq!((from.as_str(), environment.as_str()), ("staging", "production"));
    assert_eq!(*service, ServiceId::new("web"));
    assert_eq!(*projects, [Some("shop".to_owned()), Some("shop".to_owned())]);
    *job
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

fn verdict(never_ran: Option<&str>) -> Verdict {
    let comparison = Comparison {
        equal: names(&["PORT", "REGION"]),
        different: names(&["DATABASE_URL", "TOKEN"]),
        only_before: names(&["TRACE"]),
        only_after: Vec::new(),
    };
    let from = Some((EnvironmentId::new("staging"), Release(44), comparison));
    Verdict { from, never_ran: never_ran.map(EnvironmentId::new) }
}

fn judged(stage: &mut Stage, job: JobId, verdict: Verdict) {
    let wish = Wish::Deploy { image: "shop/web:v43".to_owned() };
    let judged = Judged { wish, plan: plan(43), verdict };
    stage.tell(Msg::Job(job, JobEvent::Judged(Box::new(judged))));
}

/// The plan, with how both environments are configured.
pub fn planned(size: (u16, u16), look: Look) -> Stage {
    let mut stage = open(size, look, true);
    let job = job_of(&stage.press(">"));
    judged(&mut stage, job, verdict(None));
    stage
}

/// What another environment never ran, and nobody said why it is done.
pub fn unreasoned(size: (u16, u16), look: Look) -> Stage {
    let mut stage = open(size, look, true);
    let job = job_of(&stage.press(">"));
    judged(&mut stage, job, verdict(Some("qa")));
    stage.text("production");
    stage
}

fn note(effects: &[Effect]) -> Option<String> {
    let [Effect::Order(_, order)] = effects else { panic!("{effects:?}") };
    assert_eq!(order.environment.as_str(), "production");
    let Task::Begin { wish, note, .. } = &order.task else { panic!("{order:?}") };
    assert_eq!(*wish, Wish::Deploy { image: "shop/web:v43".to_owned() });
    note.clone()
}

#[test]
fn what_is_live_in_staging_is_ordered_for_production_with_the_keys_that_differ_shown() {
    let mut stage = planned((160, 48), dark());
    let seen = shown(&stage);
    for told in ["different: DATABASE_URL, TOKEN", "only in staging: TRACE", "2 equal, 3 not"] {
        assert!(seen.contains(told), "{told}: {seen}");
    }
    stage.text("production");
    assert_eq!(note(&stage.answer("enter")).as_deref(), Some("promoted from staging v44"));
}

#[test]
fn what_an_environment_never_ran_is_ordered_only_with_a_typed_reason() {
    let mut stage = unreasoned((80, 24), dark());
    assert_eq!(stage.answer("enter"), []);
    stage.text("hot fix");
    stage.keys("tab");
    let note = note(&stage.answer("enter"));
    assert_eq!(note.as_deref(), Some("promoted from staging v44; qa never ran it: hot fix"));
}

#[test]
fn a_locked_production_is_not_promoted_to_and_says_how_it_is_unlocked() {
    let mut stage = open((80, 24), dark(), false);
    assert_eq!(stage.press(">"), []);
    assert!(shown(&stage).contains("production is read-only"), "{}", shown(&stage));
}

#[test]
fn where_no_environment_comes_after_one_is_named_behind_the_command() {
    let mut stage = open((80, 24), dark(), true);
    stage.model.world.environments[0].after = None;
    assert_eq!(stage.press(">"), []);
    assert!(shown(&stage).contains("no environment comes after staging"), "{}", shown(&stage));
    stage.keys(":");
    stage.text("promote production");
    job_of(&stage.press("enter"));
}
