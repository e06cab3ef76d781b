//! What goes on from one environment to the next, and what does not.

use chrono::DateTime;

use super::*;
use crate::domain::deployment::{Model, Purpose, Replica, Step};
use crate::domain::ids::{ContainerId, ContainerKey, HostId};
use crate::domain::ledger::{Begun, Outcome, RecordId, RecordNumber, Who};
use crate::domain::spec::RestartPolicy;

fn keys(all: &[(&str, &str)]) -> Keys {
    let mut keys = Keys::default();
    keys.add(all.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect());
    keys
}

fn environment(name: &str) -> EnvironmentId {
    EnvironmentId::new(name)
}

fn live(reference: &str, id: &str, digests: &[&str]) -> Live {
    let digests = digests.iter().map(|name| (*name).to_owned()).collect();
    Live { release: Release(3), reference: reference.to_owned(), id: ImageId::new(id), digests }
}

fn wanted(all: &[Live]) -> Result<Wanted, String> {
    let had = Had { live: all.to_vec(), ..Had::default() };
    had.wanted(&ServiceId::new("web"), &environment("staging"))
}

fn plan(image_ids: &[Option<&str>], digest: Option<&str>) -> Plan {
    let host = HostId::new("web1");
    let create = |id: Option<&str>| Act::Create {
        replica: Replica {
            name: "web-v1-1".to_owned(),
            id: None,
            restart: RestartPolicy { name: "no".to_owned(), most: 0 },
            found_as: Vec::new(),
        },
        like: Model::Like(ContainerKey { host: host.clone(), id: ContainerId::new("old") }),
        image: "web:1".to_owned(),
        image_id: id.map(ImageId::new),
        errand: None,
    };
    let steps = image_ids.iter().map(|id| Step { host: host.clone(), act: create(*id) }).collect();
    let plan = Plan::new(Purpose::Deploy, "web", (Release(0), Release(1)), "web:1", steps);
    Plan { digest: digest.map(str::to_owned), ..plan }
}

#[test]
fn keys_are_compared_by_value_and_told_by_name_alone() {
    let before = keys(&[("HOST", "db"), ("TOKEN", "hunter2"), ("DEBUG", "1"), ("PORT", "80")]);
    let after = keys(&[("HOST", "db"), ("TOKEN", "other"), ("PORT", "80"), ("REGION", "eu")]);
    let compared = Comparison::of(&before, &after);
    let (staging, production) = (environment("staging"), environment("production"));
    assert_eq!(compared.title(&staging, &production), "variables in staging and production: 2 equal, 3 not");
    let rows = compared.rows(&staging, &production);
    let told: Vec<_> = rows.iter().map(|(name, word)| format!("{name} {word}")).collect();
    let expected =
        ["TOKEN different", "DEBUG only in staging", "REGION only in production", "HOST equal", "PORT equal"];
    assert_eq!(told, expected);
}

#[test]
fn replicas_that_differ_among_themselves_are_equal_to_none() {
    let mut before = keys(&[("HOST", "a")]);
    before.add(BTreeMap::from([("HOST".to_owned(), Some("b".to_owned()))]));
    assert_eq!(Comparison::of(&before, &keys(&[("HOST", "a")])).different, ["HOST"]);
}

#[test]
fn the_digest_of_the_registry_it_came_from_is_what_goes_on() {
    let digests = ["r.io/other@sha256:bb", "r.io/web@sha256:aa"];
    let from_tag = wanted(&[live("r.io/web:1", "sha256:1", &digests)]);
    assert_eq!(from_tag, Ok(Wanted::Named("r.io/web:1@sha256:aa".to_owned())));
    let deployed = wanted(&[live("r.io/web:1@sha256:aa", "sha256:1", &digests)]);
    assert_eq!(deployed, Ok(Wanted::Named("r.io/web:1@sha256:aa".to_owned())));
    let of_hub = wanted(&[live("nginx:1", "sha256:1", &["docker.io/library/nginx@sha256:aa"])]);
    assert_eq!(of_hub, Ok(Wanted::Named("nginx:1@sha256:aa".to_owned())));
}

#[test]
fn hosts_of_several_architectures_have_one_digest() {
    let all = [
        live("r.io/web:1", "sha256:1", &["r.io/web@sha256:aa"]),
        live("r.io/web:1", "sha256:2", &["r.io/web@sha256:aa"]),
    ];
    assert_eq!(wanted(&all), Ok(Wanted::Named("r.io/web:1@sha256:aa".to_owned())));
}

#[test]
fn nothing_and_two_images_at_once_do_not_go_on() {
    assert_eq!(wanted(&[]).unwrap_err(), "nothing of web runs in staging");
    let two = wanted(&[live("web:1", "sha256:1", &[]), live("web:2", "sha256:2", &[])]);
    assert!(two.unwrap_err().starts_with("staging runs several images of web: web:1, web:2"));
}

#[test]
fn what_no_registry_has_is_named_where_all_hosts_mean_the_same_by_it() {
    let id = ImageId::new("sha256:1");
    assert_eq!(wanted(&[live("web:1", "sha256:1", &[])]), Ok(Wanted::Local("web:1".to_owned(), id.clone())));
    let (same, other) = (Some(id.clone()), Some(ImageId::new("sha256:2")));
    assert_eq!(local("web:1", &id, &[same.clone(), same.clone()]), "web:1");
    assert_eq!(local("web:1", &id, &[same.clone(), other]), "sha256:1");
    assert_eq!(local("web:1", &id, &[same.clone(), None]), "sha256:1");
    assert_eq!(local("r.io/web:1", &id, &[same]), "sha256:1");
}

#[test]
fn an_image_ran_there_by_its_digest_or_by_the_ids_of_all_that_are_made() {
    let mut had = Had::default();
    had.ran(&ImageId::new("sha256:1"), &["r.io/web@sha256:aa".to_owned()]);
    assert!(had.has_run(&plan(&[None], Some("sha256:aa"))));
    assert!(had.has_run(&plan(&[Some("sha256:1")], None)));
    assert!(!had.has_run(&plan(&[Some("sha256:1"), Some("sha256:2")], None)));
    assert!(!had.has_run(&plan(&[Some("sha256:1"), None], Some("sha256:bb"))));
    assert!(!had.has_run(&plan(&[], None)));
}

#[test]
fn a_release_that_went_back_there_never_ran() {
    let record = |outcome| Record {
        begun: Begun {
            number: RecordNumber(1),
            id: RecordId::new(1),
            environment: "staging".to_owned(),
            at: DateTime::UNIX_EPOCH,
            who: Who::default(),
            act: "deploy".to_owned(),
            on: Vec::new(),
            more: 0,
            why: None,
        },
        end: Some((DateTime::UNIX_EPOCH, outcome)),
        plan: Some(Box::new(plan(&[Some("sha256:1")], Some("sha256:aa")))),
        notes: Vec::new(),
    };
    let ran = |outcome, service: &str| {
        let mut had = Had::default();
        had.told(&record(outcome), &ServiceId::new(service));
        had.has_run(&plan(&[None], Some("sha256:aa")))
    };
    assert!(ran(Outcome::Done, "web"));
    assert!(!ran(Outcome::Undone("not ready".to_owned()), "web"));
    assert!(!ran(Outcome::Done, "api"));
}

#[test]
fn the_ledger_keeps_from_where_it_came_and_why_it_skipped_an_environment() {
    let (staging, qa) = (environment("staging"), environment("qa"));
    let judged = |from, never_ran| Verdict { from, never_ran };
    let from = |release| Some((staging.clone(), Release(release), Comparison::default()));
    let why = judged(from(3), Some(qa.clone())).why(Some("qa is down"), Some("hot fix"));
    assert_eq!(why.unwrap(), "promoted from staging v3; qa never ran it: qa is down; hot fix");
    assert_eq!(judged(from(0), None).why(Some("no need"), None).unwrap(), "promoted from staging");
    assert_eq!(judged(None, None).why(None, None), None);
    assert_eq!(judged(None, Some(qa)).objection(&plan(&[None], None)).unwrap(), "qa never ran web:1");
}
