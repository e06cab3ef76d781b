//! The incident as the demo plays it, without a wait.

use std::time::Duration;

use super::clock::{Clock, nanos};
use super::scenario::Scenario;
use super::world::View;
use super::{Simulation, streams};
use crate::domain::container::{Container, Health, State};
use crate::logs::line::{Level, SourceId};
use crate::world::{Link, World};

fn named<'a>(world: &'a World, name: &str) -> &'a Container {
    let all = world.hosts.values().filter_map(|h| h.containers.as_ref()).flatten();
    all.into_iter().find(|c| &*c.name == name).unwrap()
}

fn up(world: &World, name: &str) -> (usize, usize) {
    let environment = world.environments.iter().find(|e| e.id.as_str() == name).unwrap();
    let all = world.containers(environment);
    (all.iter().filter(|c| c.state.is_up()).count(), all.len())
}

#[test]
fn at_the_beginning_all_is_well_on_six_hosts() {
    let scenario = Scenario::named("incident").unwrap();
    let (world, _) = scenario.world_at(Duration::ZERO);
    assert_eq!(
        (up(&world, "production"), up(&world, "staging"), up(&world, "local")),
        ((12, 14), (6, 6), (3, 4))
    );
    assert!(world.hosts.values().all(|h| h.link == Link::Up) && world.hosts.len() == 6);
    assert!(world.environments[0].is_protected && world.is_demo);
}

#[test]
fn a_console_that_opens_in_the_middle_has_the_past_of_the_script_in_its_charts() {
    let scenario = Scenario::named("incident").unwrap();
    let at = Duration::from_secs(180);
    let clock = Clock::real(at, 1.0);
    let world = scenario.watched_until(&clock);
    let api = named(&world, "api-7-1").key.clone();
    let memory = &world.usage[&api].memory;
    let (first, last) = (memory.iter().next().unwrap(), memory.last().unwrap());
    assert_eq!(last.at, clock.wall(nanos(at)), "up to now");
    assert!((last.at - first.at).num_seconds() >= 170, "{first:?} {last:?}");
    assert!(last.value > first.value * 1.5, "it runs out of memory: {first:?} {last:?}");
    // What an engine tells again was told with the same time.
    let past = streams::past(&Simulation::new(&scenario, clock), &api.host, 0);
    let before = world.changes.iter().count();
    let mut again = world;
    again.happened(&api.host, &past);
    assert_eq!(again.changes.iter().count(), before);
}

#[test]
fn a_console_that_opens_at_the_beginning_knows_nothing_yet() {
    let scenario = Scenario::named("incident").unwrap();
    let world = scenario.watched_until(&Clock::real(Duration::ZERO, 1.0));
    assert!(world.usage.is_empty() && world.hosts.values().all(|host| host.containers.is_none()));
}

#[test]
fn at_its_height_api_restarts_for_want_of_memory_and_says_why() {
    let scenario = Scenario::named("incident").unwrap();
    let view = View::at(&scenario, scenario.height.get());
    let api = named(&view.world, "api-7-2");
    let detail = api.detail.as_ref().unwrap();
    assert_eq!((&api.state, detail.exit_code, detail.is_oom_killed), (&State::Restarting, Some(137), true));
    assert!((5..9).contains(&detail.restarts), "{}", detail.restarts);
    let waiting = named(&view.world, "api-7-1");
    assert_eq!(waiting.health, Health::Unhealthy);
    assert!(waiting.detail.as_ref().unwrap().checks.last().unwrap().output.contains("timeout after 5.0s"));
    let batch = view.log(&waiting.key, 50, SourceId(0));
    let has = |wanted: &str| batch.iter().any(|l| String::from_utf8_lossy(l.bytes).contains(wanted));
    assert!(batch.iter().any(|l| l.level == Level::Error) && has("db timeout") && has("request_id"));
    assert!(batch.len() == 50 && batch.metas().is_sorted_by_key(|m| m.at_ns));
    let usage = &view.world.usage[&waiting.key];
    assert!(usage.usage.unwrap().cpu_percent > 30.0 && usage.cpu.iter().len() > 50);
}

#[test]
fn the_same_second_is_the_same_every_time() {
    let scenario = Scenario::named("incident").unwrap();
    let seen = |view: &View| {
        let api = named(&view.world, "api-7-1");
        let lines = view.log(&api.key, 20, SourceId(0));
        let text: Vec<_> = lines.iter().map(|l| (l.at_ns, l.bytes.to_vec())).collect();
        (api.clone(), text, view.world.usage[&api.key].cpu.clone(), view.now.wall)
    };
    let (once, again) =
        (View::at(&scenario, Duration::from_secs(100)), View::at(&scenario, Duration::from_secs(100)));
    assert_eq!(seen(&once), seen(&again));
}

#[test]
fn it_settles_and_a_lost_host_comes_back() {
    let scenario = Scenario::named("incident").unwrap();
    let (world, _) = scenario.world_at(Duration::from_secs(160));
    assert!(matches!(
        world.hosts.iter().find(|(id, _)| id.as_str() == "stage2").unwrap().1.link,
        Link::Lost { .. }
    ));
    let (world, _) = scenario.world_at(Duration::from_secs(6 * 60));
    assert_eq!((up(&world, "production"), named(&world, "api-7-2").health), ((12, 14), Health::Healthy));
    assert!(world.hosts.values().all(|h| h.link == Link::Up));
}

#[test]
fn what_is_wrong_with_a_scenario_is_said_with_its_line() {
    let text = include_str!("../../../assets/scenarios/incident.toml");
    let wrong = text.replacen("host = \"web1\"", "host = \"wep1\"", 1);
    let line = wrong.lines().position(|l| l == "host = \"wep1\"").unwrap() + 1;
    let said = Scenario::parse("my.toml", &wrong).unwrap_err().to_string();
    assert_eq!(said, format!("my.toml:{line}:8: no host `wep1`"));
    let said = Scenario::parse("my.toml", "about = 3").unwrap_err().to_string();
    assert!(said.starts_with("my.toml:1:9: "), "{said}");
    assert!(Scenario::named("nonesuch").unwrap_err().to_string().contains("incident"));
}
