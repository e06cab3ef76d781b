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
