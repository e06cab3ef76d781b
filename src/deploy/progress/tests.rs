//! What is left of a deployment, in either direction.

use chrono::DateTime;

use super::*;
use crate::domain::deployment::errand::{Errand, Kind, Migration};
use crate::domain::deployment::{Model, Purpose, Release};
use crate::domain::ids::{ContainerId, ContainerKey, HostId, ImageId};
use crate::domain::ledger::{RecordId, RecordNumber};
use crate::domain::spec::{Endpoint, RestartPolicy};

fn replica(name: &str, id: Option<&str>) -> Replica {
    let restart = RestartPolicy { name: "always".to_owned(), most: 0 };
    let found =
        Endpoint { network: "shop".to_owned(), aliases: vec!["web".to_owned()], ..Endpoint::default() };
    Replica { name: name.to_owned(), id: id.map(ContainerId::new), restart, found_as: vec![found] }
}

/// create, start, gate, join, gate, retire.
fn rolling() -> Plan {
    let (new, old) = (replica("web-v2-1", None), replica("web-v1-1", Some("old")));
    let host = HostId::new("web1");
    let create = Act::Create {
        replica: new.clone(),
        like: Model::Like(ContainerKey { host: host.clone(), id: ContainerId::new("old") }),
        image: "web:2".to_owned(),
        image_id: Some(ImageId::new("sha256:2")),
        errand: None,
    };
    let acts = [create].into_iter().chain(serving(Act::Start(new.clone()), &new)).chain([Act::Retire(old)]);
    let steps = acts.map(|act| Step { host: host.clone(), act }).collect();
    Plan::new(Purpose::Deploy, "web", (Release(1), Release(2)), "web:2", steps)
}

fn note(epoch: u32, heading: Heading, step: u32, phase: Phase) -> Note {
    let (number, id) = (RecordNumber(1), RecordId::new(1));
    Note { number, id, epoch, heading, step, phase, at: DateTime::default() }
}

fn through(steps: std::ops::Range<u32>) -> Vec<Note> {
    let both = |step| [Phase::Intent, Phase::Done].map(|phase| note(1, Heading::Forward, step, phase));
    steps.flat_map(both).collect()
}

fn told(notes: &[Note]) -> Vec<String> {
    let ahead = Progress::of(notes).ahead(&rolling());
    ahead.iter().map(|one| one.step.act.to_string()).collect()
}

#[test]
fn whoever_goes_on_asks_again_whether_what_serves_is_ready() {
    let mut notes = through(0..5);
    notes.push(note(1, Heading::Forward, 5, Phase::Intent));
    assert_eq!(told(&notes), ["wait until web-v2-1 is ready", "stop web-v1-1 and keep it"]);
}

#[test]
fn the_way_back_brings_the_old_one_back_before_the_new_one_goes() {
    let mut notes = through(0..5);
    notes.push(note(1, Heading::Forward, 5, Phase::Intent));
    notes.push(note(1, Heading::Forward, 5, Phase::Failed("disk full".to_owned())));
    let found = "by the service's name";
    let expected = [
        "start web-v1-1 again".to_owned(),
        "wait until web-v1-1 is ready".to_owned(),
        format!("let web-v1-1 be found {found}"),
        "wait until web-v1-1 is ready".to_owned(),
        "stop web-v2-1 and keep it".to_owned(),
        "remove web-v2-1".to_owned(),
    ];
    assert_eq!(told(&notes), expected);
}

#[test]
fn a_step_back_that_is_done_is_not_done_again_whatever_a_late_worker_still_wrote() {
    let mut notes = through(0..3);
    notes.push(note(1, Heading::Forward, 3, Phase::Failed("it was wanted".to_owned())));
    let before = Progress::of(&notes).ahead(&rolling());
    let stop = before.iter().find(|one| one.step.act.to_string().starts_with("stop")).unwrap();
    notes.push(note(2, Heading::Back, stop.number.unwrap(), Phase::Done));
    assert_eq!(told(&notes), ["remove web-v2-1"]);
    // One that slept wrote that it was about to do the next step.
    notes.push(note(1, Heading::Forward, 3, Phase::Intent));
    assert_eq!(told(&notes), ["remove web-v2-1"]);
}

#[test]
fn a_finished_deployment_leaves_nothing_to_do() {
    assert!(told(&through(0..6)).is_empty());
}

#[test]
fn being_taken_up_says_nothing_of_the_steps() {
    let taken = note(7, Heading::Forward, 0, Phase::TakenUp(RecordId::new(2)));
    let progress = Progress::of(&[taken]);
    assert_eq!((progress.epoch, progress.steps_done(), progress.heading), (7, 0, Heading::Forward));
    assert_eq!(progress.ahead(&rolling()).len(), 6);
}

#[test]
fn another_console_finds_the_hosts_under_its_own_names() {
    let engines = |name: &str| std::collections::BTreeMap::from([(HostId::new(name), "E1".to_owned())]);
    let plan = Plan { engines: engines("web1"), ..rolling() };
    let theirs = plan.as_seen_by(&engines("ssh://10.0.0.7"));
    assert!(theirs.steps.iter().all(|step| step.host.as_str() == "ssh://10.0.0.7"));
    assert!(
        matches!(&theirs.steps[0].act, Act::Create { like: Model::Like(like), .. } if like.host.as_str() == "ssh://10.0.0.7")
    );
    assert_eq!(theirs.as_seen_by(&engines("web1")), plan);
    // One that is called so and is another engine is not taken for it.
    let mut swapped = engines("web2");
    swapped.insert(HostId::new("web1"), "E2".to_owned());
    assert_eq!(plan.as_seen_by(&swapped).steps[0].host.as_str(), "web2");
}

/// As [`rolling`], with a migration of that kind before it, and something to run once it is back.
fn migrating(migration: Migration) -> Plan {
    let mut plan = rolling();
    let errand = |kind| Errand { kind, command: vec!["go".to_owned()], within_s: 60 };
    let one = |name: &str, kind| {
        let replica = Replica { found_as: Vec::new(), ..replica(name, None) };
        let acts = [Act::Run(replica.clone(), Box::new(errand(kind))), Act::Discard(replica)];
        acts.map(|act| Step { host: HostId::new("web1"), act })
    };
    plan.after_back = one("web-v1-post-rollback", Kind::PostRollback).to_vec();
    plan.steps.splice(0..0, one("web-v2-migrate", Kind::Migrate(migration)));
    plan
}

#[test]
fn a_migration_that_was_begun_is_known_to_whoever_goes_back_if_it_cannot_be_undone() {
    let is_past = |migration, notes: &[Note]| Progress::of(notes).is_past_migration(&migrating(migration));
    let begun = [note(1, Heading::Forward, 0, Phase::Intent)];
    assert!(is_past(Migration::Irreversible, &begun));
    assert!(!is_past(Migration::Irreversible, &[]) && !is_past(Migration::Reversible, &begun));
}

#[test]
fn what_stops_over_a_migration_goes_on_where_it_was_going() {
    let plan = migrating(Migration::Irreversible);
    let mut notes = through(0..3);
    notes.push(note(1, Heading::Forward, 3, Phase::Stopped("not ready".to_owned())));
    let progress = Progress::of(&notes);
    assert_eq!((progress.heading, progress.failure.as_deref()), (Heading::Forward, Some("not ready")));
    assert!(progress.may_turn(&plan), "what the deployment itself made and removed is no loss");
}

#[test]
fn what_is_run_once_it_is_back_comes_last_and_only_where_anything_was_begun() {
    let plan = migrating(Migration::Reversible);
    let mut progress = Progress::of(&through(0..3));
    progress.note(&note(1, Heading::Forward, 3, Phase::Failed("no".to_owned())));
    let ahead = progress.ahead(&plan);
    let told: Vec<_> = ahead.iter().map(|one| one.step.act.to_string()).collect();
    assert!(told[told.len() - 2].contains("post-rollback (go)"), "{told:?}");
    let mut numbers: Vec<_> = ahead.iter().filter_map(|one| one.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), ahead.iter().filter(|one| one.number.is_some()).count());
    let mut nothing = Progress::new();
    nothing.heading = Heading::Back;
    assert!(nothing.ahead(&plan).is_empty());
}
