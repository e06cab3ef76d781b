//! How containers are, from readings and checks.

use super::*;
use crate::domain::container::Check;
use crate::domain::environment::Class;
use crate::domain::event::EngineEvent;
use crate::domain::health::{Answer, Outcome, Stage};
use crate::domain::host::Address;
use crate::domain::ids::{ContainerId, ImageId};
use crate::domain::probe::{Ask, Headers, ServiceSpecs, Via};
use crate::world::{Host, Link};

const FAILING: &str = r#"{"checks":{"database":{"status":"timeout"},"cache":{"status":"ok"}}}"#;

fn wall(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
}

fn now(second: i64) -> Now {
    Now { at: std::time::Instant::now(), wall: wall(second) }
}

fn environment() -> Environment {
    Environment {
        id: EnvironmentId::new("local"),
        class: Class::Unclassified,
        is_protected: false,
        hosts: vec![HostId::new("h")],
        projects: Vec::new(),
        after: None,
    }
}

fn container(name: &str, health: Health) -> Container {
    let detail = Detail { started: Some(wall(-1000)), address: Some("10.0.0.2".into()), ..Detail::default() };
    Container {
        key: ContainerKey { host: HostId::new("h"), id: ContainerId::new(name) },
        name: name.into(),
        service: ServiceId::new(name.split('-').next().unwrap()),
        project: None,
        image: "api:1".into(),
        image_id: ImageId::new("sha256:1"),
        state: State::Running,
        health,
        ports: Vec::new(),
        created: wall(-2000),
        labels: BTreeMap::new(),
        detail: Some(Arc::new(detail)),
    }
}

fn spec() -> Arc<ProbeSpec> {
    let ask = Ask::Http { path: "/ready".to_owned(), expect: 200, headers: Headers::default() };
    let (interval, timeout) = (Duration::from_secs(5), Duration::from_secs(2));
    Arc::new(ProbeSpec { ask, port: Some(80), via: Via::Container, interval, timeout })
}

/// A world with one host and these containers; `api` is probed for readiness.
fn world(containers: &[Container]) -> World {
    let address = Address::parse("/run/docker.sock");
    let host = Host { link: Link::Up, containers: Some(containers.to_vec()), ..Host::asked(address) };
    let api = ServiceSpec { ready: Some(spec()), ..ServiceSpec::default() };
    let services = ServiceSpecs::from([("api".to_owned(), api)]);
    World {
        environments: vec![environment()],
        hosts: BTreeMap::from([(HostId::new("h"), host)]),
        services: BTreeMap::from([(EnvironmentId::new("local"), services)]),
        ..World::default()
    }
}

fn answered(status: u16, body: &str) -> Outcome {
    Outcome::Answered(Answer { status, body: body.into(), ..Answer::default() })
}

fn probe(world: &mut World, c: &Container, second: i64, outcome: Outcome) {
    let target = world.targets(&environment().id, c).remove(0).1.unwrap();
    world.probed(target, Reading { at: wall(second), took: Duration::from_millis(4), outcome });
}

fn condition(world: &World, c: &Container, second: i64) -> Condition {
    world.condition(&environment().id, c, now(second))
}

#[test]
fn one_failure_may_pass_and_the_second_makes_it_unhealthy_since_the_first() {
    let api = container("api-1", Health::None);
    let mut world = world(std::slice::from_ref(&api));
    assert_eq!(condition(&world, &api, 0), Condition::Asking);
    probe(&mut world, &api, 0, answered(200, ""));
    assert_eq!(condition(&world, &api, 1), Condition::Ok(Some(Duration::from_millis(4))));
    probe(&mut world, &api, 5, answered(503, ""));
    assert!(matches!(condition(&world, &api, 6), Condition::Failing(_)));
    probe(&mut world, &api, 10, Outcome::TimedOut(Stage::Waiting));
    let Condition::Unhealthy(trouble) = condition(&world, &api, 11) else { panic!("not unhealthy") };
    assert_eq!((trouble.since, trouble.is_exact, &*trouble.why), (Some(wall(5)), true, "timeout"));
    assert_eq!(world.standing(&environment().id, &api, now(11)), Standing::Bad);
}

#[test]
fn an_old_reading_says_nothing_of_now() {
    let api = container("api-1", Health::Healthy);
    let mut world = world(std::slice::from_ref(&api));
    probe(&mut world, &api, 0, answered(503, ""));
    probe(&mut world, &api, 5, answered(503, ""));
    assert!(matches!(condition(&world, &api, 10), Condition::Unhealthy(_)));
    assert_eq!(condition(&world, &api, 60), Condition::Ok(None), "the engine's check is left");
}

#[test]
fn what_never_was_ready_is_starting_for_a_while() {
    let mut api = container("api-1", Health::None);
    api.detail = Some(Arc::new(Detail {
        started: Some(wall(0)),
        address: Some("10.0.0.2".into()),
        ..Detail::default()
    }));
    let mut world = world(std::slice::from_ref(&api));
    for second in [5, 10] {
        probe(&mut world, &api, second, Outcome::Refused);
    }
    assert_eq!(condition(&world, &api, 12), Condition::Starting(Some(wall(0))));
    for second in (15..60).step_by(5) {
        probe(&mut world, &api, second, Outcome::Refused);
    }
    assert!(matches!(condition(&world, &api, 57), Condition::Unhealthy(_)));
}

#[test]
fn the_dependency_that_was_bad_first_is_named_with_its_time() {
    let (api, web) = (container("api-1", Health::None), container("web-1", Health::Unhealthy));
    let mut world = world(&[api.clone(), web]);
    probe(&mut world, &api, 0, answered(200, &FAILING.replace("timeout", "ok")));
    probe(&mut world, &api, 5, answered(503, FAILING));
    probe(&mut world, &api, 10, answered(503, FAILING));
    let first = world.first_bad(&environment(), now(11)).unwrap();
    assert_eq!((&*first.name, first.since, first.is_exact), ("database", wall(5), true));
    let history = world.probes.values().next().unwrap();
    assert_eq!(history.dependencies[0].name, "database", "the worst comes first");
}

#[test]
fn what_turned_is_among_the_changes_once() {
    let api = container("api-1", Health::None);
    let mut world = world(std::slice::from_ref(&api));
    for (second, status) in [(0, 200), (5, 200), (10, 503), (15, 503), (20, 200)] {
        probe(&mut world, &api, second, answered(status, ""));
    }
    let told: Vec<_> = world.changes.iter().map(|change| (change.at, change.what.clone())).collect();
    let bad = What::Probe(ProbeKind::Ready, Some("503".to_owned()));
    assert_eq!(told, [(wall(10), bad), (wall(20), What::Probe(ProbeKind::Ready, None))]);
}

fn check(second: i64, exit_code: i64) -> Check {
    Check { at: wall(second), took_ms: 60, exit_code, output: String::new() }
}

#[test]
fn the_engines_own_log_tells_since_when_at_first_sight() {
    let web = container("web-1", Health::Unhealthy);
    let mut world = world(std::slice::from_ref(&web));
    let checks = vec![check(0, 0), check(10, 1), check(20, 1)];
    world.detailed(&web.key, &Arc::new(Detail { checks, ..Detail::default() }));
    let Condition::Unhealthy(trouble) = condition(&world, &web, 25) else { panic!("not unhealthy") };
    assert_eq!((trouble.since, trouble.is_exact), (Some(wall(10)), true));
}

#[test]
fn a_log_that_is_bad_from_its_start_does_not_tell_when_it_began_but_an_event_does() {
    let web = container("web-1", Health::Unhealthy);
    let checks = vec![check(10, 1), check(20, 1)];
    let detail = Arc::new(Detail { checks, ..Detail::default() });
    let since = |world: &World| match condition(world, &web, 25) {
        Condition::Unhealthy(trouble) => (trouble.since, trouble.is_exact),
        other => panic!("{other:?}"),
    };
    let mut without = world(std::slice::from_ref(&web));
    without.detailed(&web.key, &detail);
    assert_eq!(since(&without), (Some(wall(10)), false));
    let mut with = world(std::slice::from_ref(&web));
    let event = EngineEvent {
        at_ns: wall(-300).timestamp_nanos_opt().unwrap(),
        kind: "container".to_owned(),
        action: "health_status: unhealthy".to_owned(),
        id: "web-1".to_owned(),
        name: "web-1".to_owned(),
        exit_code: None,
        more: String::new(),
    };
    with.happened(&HostId::new("h"), &[event]);
    with.detailed(&web.key, &detail);
    assert_eq!(since(&with), (Some(wall(-300)), true));
}

#[test]
fn a_lost_link_ends_what_is_known_of_since_when() {
    let web = container("web-1", Health::Unhealthy);
    let mut world = world(std::slice::from_ref(&web));
    let detail = |checks| Arc::new(Detail { checks, ..Detail::default() });
    world.detailed(&web.key, &detail(vec![check(0, 0), check(10, 1)]));
    world.lost(&HostId::new("h"), "gone".to_owned(), now(11));
    world.detailed(&web.key, &detail(vec![check(500, 1)]));
    let Condition::Unhealthy(trouble) = condition(&world, &web, 505) else { panic!("not unhealthy") };
    assert_eq!((trouble.since, trouble.is_exact), (Some(wall(500)), false));
}

#[test]
fn what_an_inspection_dates_is_a_change_and_an_event_does_not_repeat_it() {
    let mut web = container("web-1", Health::None);
    web.state = State::Exited(Some(137));
    let mut world = world(std::slice::from_ref(&web));
    let (started, finished) = (Some(wall(0)), Some(wall(50)));
    let detail = Detail { started, finished, exit_code: Some(137), is_oom_killed: true, ..Detail::default() };
    world.detailed(&web.key, &Arc::new(detail));
    let event = EngineEvent {
        at_ns: wall(50).timestamp_nanos_opt().unwrap() + 80_000_000,
        kind: "container".to_owned(),
        action: "die".to_owned(),
        id: "web-1".to_owned(),
        name: "web-1".to_owned(),
        exit_code: Some(137),
        more: String::new(),
    };
    world.happened(&HostId::new("h"), &[event]);
    let told: Vec<_> = world.changes.iter().map(|change| change.what.clone()).collect();
    let expected = [What::Created("1".to_owned()), What::Started, What::OutOfMemory, What::Ended(Some(137))];
    assert_eq!(told, expected);
}

#[test]
fn an_end_and_a_start_in_the_same_second_are_two_things() {
    let web = container("web-1", Health::None);
    let mut world = world(std::slice::from_ref(&web));
    let started = Some(wall(0));
    world.detailed(&web.key, &Arc::new(Detail { started, ..Detail::default() }));
    let event = |ms: i64, action: &str| EngineEvent {
        at_ns: wall(0).timestamp_nanos_opt().unwrap() + ms * 1_000_000,
        kind: "container".to_owned(),
        action: action.to_owned(),
        id: "web-1".to_owned(),
        name: "web-1".to_owned(),
        exit_code: Some(3).filter(|_| action == "die"),
        more: String::new(),
    };
    let events = [event(30, "start"), event(400, "die"), event(700, "start")];
    world.happened(&HostId::new("h"), &events);
    world.happened(&HostId::new("h"), &events);
    let told: Vec<_> = world.changes.iter().map(|change| change.what.clone()).collect();
    let expected = [What::Created("1".to_owned()), What::Started, What::Ended(Some(3)), What::Started];
    assert_eq!(told, expected);
}

#[test]
fn what_ended_at_once_is_not_up_again_though_the_engine_dates_its_start_behind_its_end() {
    let mut job = container("job-1", Health::None);
    (job.state, job.created) = (State::Exited(Some(137)), wall(-9));
    let mut world = world(&[job.clone()]);
    let finished = Some(wall(-8));
    let started = finished.map(|at| at + chrono::TimeDelta::microseconds(735));
    let detail = Detail { started, finished, exit_code: Some(137), ..Detail::default() };
    world.detailed(&job.key, &Arc::new(detail));
    let environment = environment();
    let lines = crate::domain::change::lines(world.changes_in(&environment), &job.service, 5);
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["created, 1", "exited 137"]);
}

#[test]
fn a_restart_loop_is_told_while_its_probe_waits_for_the_start_and_what_is_unhealthy_says_why() {
    let mut api = container("api-1", Health::Starting);
    let looping =
        Detail { started: Some(wall(0)), restarts: 9, address: Some("10.0.0.2".into()), ..Detail::default() };
    api.detail = Some(Arc::new(looping.clone()));
    let mut world = world(std::slice::from_ref(&api));
    probe(&mut world, &api, 2, Outcome::Refused);
    assert_eq!(condition(&world, &api, 3), Condition::Looping(9));
    assert_eq!(world.standing(&environment().id, &api, now(3)), Standing::Bad);
    let old = Detail { started: Some(wall(-600)), ..looping };
    api.detail = Some(Arc::new(old));
    probe(&mut world, &api, 7, Outcome::Refused);
    assert!(matches!(condition(&world, &api, 8), Condition::Unhealthy(_)));
}
