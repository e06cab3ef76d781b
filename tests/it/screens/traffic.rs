//! A service behind its balancers: what is shown of them, and when they are watched.

use std::sync::Arc;

use pilothouse::config::theme::Depth;
use pilothouse::domain::container::{Container, Health, State};
use pilothouse::domain::ids::{EnvironmentId, HostId, ServiceId};
use pilothouse::domain::traffic::{Check, Counters, Flow, FrontId, Server, Slot, Split};
use pilothouse::msg::Msg;
use pilothouse::sub::Sub;
use pilothouse::ui::look::Look;

use super::render::{draw, text};
use super::world::{Spec, Stage, look, shop};

const SIZE: (u16, u16) = (160, 48);

fn front(host: &str) -> FrontId {
    FrontId {
        environment: EnvironmentId::new("production"),
        service: ServiceId::new("web"),
        host: HostId::new(host),
    }
}

/// The container of a balancer in front of web.
fn balancer(host: &'static str) -> Container {
    let spec = Spec {
        host,
        service: "web-front",
        name: "web-front",
        release: "2.8",
        state: State::Running,
        health: Health::None,
        up_minutes: 12_960,
        port: 80,
    };
    let mut c = spec.container();
    let labels = [("pilothouse.environment", "production"), ("pilothouse.front", "web")];
    c.labels.extend(labels.map(|(key, value)| (key.to_owned(), value.to_owned())));
    c
}

/// The incident, with balancers in front of web on these hosts that told nothing yet.
pub fn stage(size: (u16, u16), look: Look, hosts: &[&'static str]) -> Stage {
    let mut stage = Stage::incident(size, look);
    for host in ["web1", "web2"] {
        let shop = shop();
        let mut all: Vec<_> = shop.iter().filter(|s| s.host == host).map(Spec::container).collect();
        all.extend(hosts.iter().filter(|there| **there == host).map(|host| balancer(host)));
        stage.up(host, all);
    }
    stage.select("web-42-blue-1");
    stage
}

/// What a balancer does `second` seconds after it began to be watched.
pub fn flow(green: u16, host: &str, second: u64) -> Flow {
    let servers = if host == "web1" {
        [(Slot::Blue, "web-42-blue-1", 7), (Slot::Green, "web-43-green-1", 2)]
    } else {
        [(Slot::Blue, "web-42-blue-2", 5), (Slot::Green, "web-43-green-2", 0)]
    };
    let split = Split::to(Slot::Green, green).unwrap();
    let given = |slot: Slot, errors: u64, ms: f64| {
        let requests = 90_000 + second * 212 * u64::from(split.share(slot)) / 10_000 + second % 3;
        let in_flight = if slot == Slot::Blue { 7 } else { 2 };
        Counters { requests, errors, connect_errors: 0, in_flight, mean_ms: Some(ms + (second % 4) as f64) }
    };
    let server = |(slot, name, in_flight): (Slot, &str, u32)| Server {
        slot,
        name: name.to_owned(),
        address: format!("10.213.0.{}:8080", 2 + slot as u32),
        check: Check::Passed,
        is_in: true,
        in_flight,
    };
    Flow {
        split,
        is_in_maintenance: false,
        servers: servers.map(server).into(),
        counters: [given(Slot::Blue, 11, 41.0), given(Slot::Green, 3 + second / 20, 47.0)],
        up_s: 777_600 + second,
    }
}

/// A minute of it.
pub fn watched(stage: &mut Stage, hosts: &[&str], green: u16) {
    for second in 0..60 {
        for host in hosts {
            stage.tell(Msg::Traffic(front(host), Ok(flow(green, host, second))));
        }
        if second < 59 {
            stage.wait(1);
        }
    }
}

/// All of it goes to blue, on both hosts.
pub fn steady(size: (u16, u16), look: Look) -> Stage {
    let mut stage = stage(size, look, &["web1", "web2"]);
    watched(&mut stage, &["web1", "web2"], 0);
    stage.keys("6");
    stage
}

/// A quarter of it goes to green.
pub fn canary(size: (u16, u16), look: Look) -> Stage {
    let mut stage = stage(size, look, &["web1", "web2"]);
    watched(&mut stage, &["web1", "web2"], 2500);
    stage.keys("6");
    stage
}

/// One host goes on as before, and the way to its balancer broke; the other has the maintenance page on.
pub fn mixed(size: (u16, u16), look: Look) -> Stage {
    let mut stage = stage(size, look, &["web1", "web2"]);
    watched(&mut stage, &["web1", "web2"], 2500);
    let mut refused = flow(10_000, "web1", 60);
    refused.is_in_maintenance = true;
    refused.servers[1].check = Check::Failed("L4CON: Connection refused".to_owned());
    refused.servers[1].is_in = false;
    stage.tell(Msg::Traffic(front("web1"), Ok(refused)));
    stage.keys("6");
    stage
}

/// The way to one balancer broke 40 seconds ago.
pub fn broken(size: (u16, u16), look: Look) -> Stage {
    let mut stage = canary(size, look);
    for second in 60..100 {
        stage.wait(1);
        stage.tell(Msg::Traffic(front("web1"), Ok(flow(2500, "web1", second))));
    }
    let why = "balancer web-front: cannot be reached: it closed its socket".to_owned();
    stage.tell(Msg::Traffic(front("web2"), Err(why)));
    stage
}

pub fn screens(size: (u16, u16), look: &impl Fn() -> Look) -> Vec<(&'static str, Stage)> {
    let with = |mut stage: Stage, key: &str| {
        stage.keys(key);
        stage
    };
    vec![
        ("traffic-none", with(Stage::incident(size, look()), "6")),
        ("traffic", steady(size, look())),
        ("traffic-canary", canary(size, look())),
        ("traffic-zoomed", with(canary(size, look()), "z")),
        ("traffic-mixed", mixed(size, look())),
    ]
}

fn shown(stage: &Stage) -> String {
    text(&draw(&stage.model, SIZE))
}

fn dark() -> Look {
    look("dark", Depth::True, false)
}

#[test]
fn what_is_measured_stands_beside_what_is_set() {
    let shown = shown(&canary(SIZE, dark()));
    let row = shown.lines().find(|line| line.contains("□ green") && line.contains("25%")).unwrap_or_default();
    assert!(row.contains("v43"), "{shown}");
    assert!(row.contains("25.0%") && row.contains("106"), "{shown}");
}

#[test]
fn hosts_that_share_differently_are_mixed_in_words() {
    let shown = shown(&mixed(SIZE, dark()));
    assert!(shown.contains("mixed: hosts differ"), "{shown}");
    assert!(shown.contains("maintenance page: it answers every request on web1"), "{shown}");
    assert!(shown.contains("check failed: L4CON: Connection refused"), "{shown}");
}

#[test]
fn a_broken_way_is_stale_with_its_reason_and_left_out_of_the_sums() {
    let shown = shown(&broken(SIZE, dark()));
    assert!(
        shown.contains("stale 40s: balancer web-front: cannot be reached: it closed its socket"),
        "{shown}"
    );
    let row = shown.lines().find(|line| line.contains("□ green") && line.contains("25%")).unwrap_or_default();
    assert!(row.contains(" 53"), "that of one host: {shown}");
}

#[test]
fn what_no_balancer_told_yet_is_unknown() {
    let size = (80, 24);
    let mut stage = stage(size, dark(), &["web1"]);
    stage.keys("6");
    let shown = text(&draw(&stage.model, size));
    assert!(shown.contains("not known yet") && shown.contains("asking"), "{shown}");
    let rows: Vec<_> =
        shown.lines().filter(|line| line.starts_with([' ']) && line.contains(['■', '□'])).collect();
    assert!(rows.len() > 2 && rows.iter().all(|row| !row.contains(char::is_numeric)), "{shown}");
}

#[test]
fn a_service_without_a_balancer_says_what_to_configure() {
    let mut stage = stage(SIZE, dark(), &["web1"]);
    stage.select("db-1");
    stage.keys("6");
    let shown = shown(&stage);
    assert!(shown.contains("no balancer is in front of db"), "{shown}");
    assert!(shown.contains("[services.db.traffic]") && shown.contains("environment: web"), "{shown}");
}

#[test]
fn the_health_pane_tells_how_traffic_is_shared() {
    let mut stage = canary(SIZE, dark());
    stage.keys("4");
    assert!(shown(&stage).contains("traffic blue 75%, green 25%"));
}

fn watching(stage: &Stage) -> Vec<String> {
    let host = |sub: Sub| match sub {
        Sub::Traffic(front, ..) => Some(front.host.to_string()),
        _ => None,
    };
    stage.model.subs().into_iter().filter_map(host).collect()
}

#[test]
fn a_balancer_is_watched_while_its_service_is_looked_at() {
    let mut stage = stage(SIZE, look("dark", Depth::True, false), &["web1", "web2"]);
    assert_eq!(watching(&stage), ["web1", "web2"]);
    stage.keys("3 z");
    assert_eq!(watching(&stage), [""; 0], "nothing of it is on the screen");
    stage.keys("z");
    stage.select("db-1");
    stage.keys("4 z");
    assert_eq!(watching(&stage), [""; 0], "what is looked at has none");
}

#[test]
fn nobody_is_watched_where_there_is_no_balancer() {
    let stage = Stage::incident(SIZE, look("dark", Depth::True, false));
    assert_eq!(watching(&stage), [""; 0]);
}

#[test]
fn a_balancer_that_does_not_run_is_not_watched() {
    let mut stage = stage(SIZE, look("dark", Depth::True, false), &["web1"]);
    let mut ended = balancer("web1");
    ended.state = State::Exited(Some(1));
    stage.up("web1", vec![ended]);
    assert_eq!(watching(&stage), [""; 0]);
}

#[test]
fn replicas_behind_a_balancer_say_their_slot() {
    let mut stage = stage(SIZE, look("dark", Depth::True, false), &["web1"]);
    watched(&mut stage, &["web1"], 0);
    let shown = text(&draw(&stage.model, SIZE));
    let row = |name: &str| shown.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(row("web-42-blue-1").contains("■ blue"), "{shown}");
    assert!(row("web-43-green-1").contains("□ green"), "{shown}");
    assert!(!row(" db-1 ").contains(['■', '□']), "{shown}");
}

#[test]
fn slots_have_no_column_where_there_is_no_balancer() {
    let shown = text(&draw(&Stage::incident(SIZE, look("dark", Depth::True, false)).model, SIZE));
    assert!(!shown.contains("SLOT"), "{shown}");
}

#[test]
fn a_balancer_is_shown_where_only_some_projects_are() {
    let mut stage = stage(SIZE, look("dark", Depth::True, false), &[]);
    let mut c = balancer("web1");
    c.project = None;
    stage.up("web1", vec![c]);
    let shop: Vec<Arc<str>> = vec!["shop".into()];
    stage.model.world.environments[0].projects = shop.iter().map(ToString::to_string).collect();
    stage.wait(1);
    assert!(text(&draw(&stage.model, SIZE)).contains("web-front"));
}
