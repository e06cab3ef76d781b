//! What is too much, on a world with one host and one container.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::domain::container::{Detail, Health, Standing};
use crate::domain::environment::Class;
use crate::domain::host::{Address, EngineFacts};
use crate::domain::ids::{ContainerId, ImageId, ServiceId};
use crate::domain::probe::{ServiceSpec, ServiceSpecs};
use crate::domain::usage::Sample;
use crate::world::health::Condition;
use crate::world::{Host, Link, Now};

fn wall(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
}

fn now(second: i64) -> Now {
    Now { at: std::time::Instant::now(), wall: wall(second) }
}

fn key() -> ContainerKey {
    ContainerKey { host: HostId::new("h"), id: ContainerId::new("c") }
}

/// A host of four processors with one container, as this inspection has it.
fn world(detail: Detail) -> World {
    let container = Container {
        key: key(),
        name: "api-1".into(),
        service: ServiceId::new("api"),
        project: None,
        image: "api:1".into(),
        image_id: ImageId::new("sha256:1"),
        state: State::Running,
        health: Health::None,
        ports: Vec::new(),
        created: wall(-2000),
        labels: BTreeMap::new(),
        detail: Some(Arc::new(detail)),
    };
    let environment = Environment {
        id: EnvironmentId::new("local"),
        class: Class::Unclassified,
        is_protected: false,
        hosts: vec![HostId::new("h")],
        projects: Vec::new(),
        after: None,
    };
    let host = Host {
        link: Link::Up,
        engine: Some(EngineFacts { cpus: 4, ..EngineFacts::default() }),
        containers: Some(vec![container]),
        ..Host::asked(Address::parse("/run/docker.sock"))
    };
    World {
        environments: vec![environment],
        hosts: BTreeMap::from([(HostId::new("h"), host)]),
        ..World::default()
    }
}

/// Readings every five seconds from one second to another; so many processors busy, so much of 100 bytes in use.
fn use_up(world: &mut World, seconds: std::ops::Range<i64>, cpus: f64, memory_bytes: u64) {
    for second in seconds.step_by(5) {
        let sample = Sample {
            key: key(),
            at_ns: second * 1_000_000_000,
            cpu_ns: (second as f64 * cpus * 1e9) as u64,
            memory_bytes,
            memory_limit_bytes: Some(100),
            received_bytes: 0,
            sent_bytes: 0,
        };
        world.sampled(sample, now(second));
    }
}

fn strain(world: &World, figure: Figure, second: i64) -> Option<DateTime<Utc>> {
    world.strain(world.container(&key()).unwrap(), figure, wall(second))
}

#[test]
fn memory_near_its_limit_is_told_once_it_lasted() {
    let mut world = world(Detail::default());
    use_up(&mut world, 0..65, 0.1, 95);
    assert_eq!(strain(&world, Figure::Memory, 60), None);
    use_up(&mut world, 65..75, 0.1, 95);
    assert_eq!(strain(&world, Figure::Memory, 70), Some(wall(5)));
    assert_eq!(world.strained(&world.environments[0], wall(70)), Some((1, wall(5))));
    assert_eq!(strain(&world, Figure::Cpu, 70), None);
}

#[test]
fn processors_are_those_it_may_use_else_all_of_the_machine() {
    let mut free = world(Detail::default());
    use_up(&mut free, 0..100, 1.0, 1);
    assert_eq!(strain(&free, Figure::Cpu, 95), None, "one of four is busy");
    let mut bounded = world(Detail { cpu_limit: Some(1.0), ..Detail::default() });
    use_up(&mut bounded, 0..100, 1.0, 1);
    assert!(strain(&bounded, Figure::Cpu, 95).is_some());
}

#[test]
fn the_limits_are_those_that_were_set() {
    let mut world = world(Detail::default());
    world.limits = Limits { memory: 0.5, hold: TimeDelta::seconds(10), ..Limits::default() };
    use_up(&mut world, 0..20, 0.1, 60);
    assert_eq!(strain(&world, Figure::Memory, 15), Some(wall(5)));
}

fn looping(limit: Option<u32>, restarts: u32, started: i64) -> (Condition, Standing) {
    let mut world = world(Detail { restarts, started: Some(wall(started)), ..Detail::default() });
    let spec = ServiceSpec { restart_limit: limit, ..ServiceSpec::default() };
    let specs = ServiceSpecs::from([("api".to_owned(), spec)]);
    let id = world.environments[0].id.clone();
    world.services.insert(id.clone(), specs);
    let c = world.container(&key()).unwrap();
    (world.condition(&id, c, now(0)), world.standing(&id, c, now(0)))
}

#[test]
fn what_is_started_again_and_again_is_bad_even_while_it_runs() {
    assert_eq!(looping(None, 4, -60), (Condition::Looping(4), Standing::Bad));
    assert_eq!(looping(None, 3, -60).0, Condition::Unchecked);
    assert_eq!(looping(None, 400, -3700).0, Condition::Unchecked, "it has run for an hour");
}

#[test]
fn a_service_may_have_a_limit_of_its_own() {
    assert_eq!(looping(Some(10), 4, -60).0, Condition::Unchecked);
    assert_eq!(looping(Some(1), 2, -60), (Condition::Looping(2), Standing::Bad));
}

#[test]
fn a_disk_is_short_below_its_limit_and_until_there_is_room() {
    let mut world = world(Detail::default());
    let mut short = |free| {
        world.loaded(&HostId::new("h"), HostLoad { disk_bytes: Some((free, 1000)), ..HostLoad::default() });
        world.short_disks.len() == 1
    };
    assert!(!short(100) && short(99) && short(105) && !short(111) && !short(105));
    world.limits.disk_free = 0.2;
    world.loaded(&HostId::new("h"), HostLoad { disk_bytes: Some((190, 1000)), ..HostLoad::default() });
    assert_eq!(world.short_disks.len(), 1);
}

#[test]
fn how_long_a_host_takes_is_told_where_it_is_slow_and_the_figure_does_not_waver() {
    let mut world = world(Detail::default());
    let mut told = |ms: u64| {
        let round_trip = Some(Duration::from_millis(ms));
        world.loaded(&HostId::new("h"), HostLoad { round_trip, ..HostLoad::default() });
        world.hosts[&HostId::new("h")].slow.map(|slow| slow.as_millis())
    };
    let readings = [3, 95, 204, 160, 250, 260, 207, 100, 85, 79, 95];
    let shown =
        [None, None, Some(200), Some(200), Some(200), Some(260), Some(260), Some(100), Some(100), None, None];
    assert_eq!(readings.map(&mut told), shown);
}

#[test]
fn how_long_a_host_takes_is_not_known_where_nobody_measured_it_or_it_is_lost() {
    let mut world = world(Detail::default());
    let host = HostId::new("h");
    let slow = HostLoad { round_trip: Some(Duration::from_millis(300)), ..HostLoad::default() };
    world.loaded(&host, slow);
    world.loaded(&host, HostLoad::default());
    assert_eq!(world.hosts[&host].slow, None);
    world.loaded(&host, slow);
    world.lost(&host, "gone".to_owned(), now(0));
    assert_eq!(world.hosts[&host].slow, None);
}
