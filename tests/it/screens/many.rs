//! Screens with much on them: a hundred containers, a full disk of an engine, a container that uses all it may.

use std::sync::Arc;

use chrono::TimeDelta;
use pilothouse::config::theme::Depth;
use pilothouse::domain::container::{Health, State};
use pilothouse::domain::ids::HostId;
use pilothouse::domain::inventory::{Hold, Inventory, Item, Kind};
use pilothouse::domain::usage::Sample;
use pilothouse::msg::{HostFact, Msg};
use pilothouse::ui::look::Look;

use super::render::{draw, text};
use super::world::{Spec, Stage, look, wall};

const SERVICES: [&str; 20] = [
    "analytics",
    "api",
    "auth",
    "billing",
    "cart",
    "checkout",
    "cron",
    "gateway",
    "inventory",
    "mailer",
    "media",
    "notify",
    "pricing",
    "report",
    "search",
    "sessions",
    "uploads",
    "web",
    "webhooks",
    "worker",
];

/// Twenty services of five replicas each; four of the containers ended, one is unhealthy.
pub fn hundred(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::asking(size, look);
    let names: Vec<_> = (0..100).map(|n| format!("{}-{}", SERVICES[n / 5], n % 5 + 1)).collect();
    for (h, host) in ["web1", "web2"].into_iter().enumerate() {
        let of = |n: usize| {
            let (state, health) = match n {
                3 | 37 | 58 | 91 => (State::Exited(Some(137)), Health::None),
                44 => (State::Running, Health::Unhealthy),
                _ => (State::Running, Health::Healthy),
            };
            let (service, up_minutes, port) = (SERVICES[n / 5], 90 + n as i64, 9000);
            let name = &names[n];
            Spec { host, service, name, release: "v42", state, health, up_minutes, port }.container()
        };
        stage.up(host, (0..100).filter(|n| n % 2 == h).map(of).collect());
    }
    stage
}

/// What an engine keeps: images in use, built on and left over, a volume nobody uses, the build cache.
pub fn engine(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    let item = |kind, id: &str, names: &[&str], mib: u64, users: &[&str]| Item {
        kind,
        id: format!("sha256:{id:0<64}").into(),
        names: names.iter().map(|name| (*name).into()).collect(),
        bytes: Some(mib << 20),
        shared_bytes: if kind == Kind::Image { 28 << 20 } else { 0 },
        created: Some(wall() - TimeDelta::days(mib as i64 % 40)),
        used: None,
        users: users.iter().map(|name| (*name).into()).collect(),
        children: Vec::new(),
        hold: None,
        note: "".into(),
    };
    let mut items = vec![
        item(Kind::Container, "c0ffee", &["api-7-1"], 3, &[]),
        item(
            Kind::Image,
            "b1",
            &["registry.example/shop/web:v42", "registry.example/shop/web:latest"],
            212,
            &["web-42-blue-1"],
        ),
        item(Kind::Image, "b2", &["registry.example/shop/web:v43"], 214, &["web-43-green-1"]),
        item(Kind::Image, "b3", &["registry.example/shop/api:v7"], 96, &["api-7-1"]),
        item(Kind::Image, "b4", &["registry.example/shop/web:v41"], 209, &[]),
        item(Kind::Image, "b5", &[], 188, &[]),
        item(Kind::Image, "b6", &[], 187, &[]),
        item(Kind::Volume, "d1", &["shop_db"], 18_022, &["db-1"]),
        item(Kind::Volume, "d2", &["old_db"], 9_113, &[]),
        item(Kind::Network, "e1", &["bridge"], 0, &[]),
        item(Kind::Cache, "f1", &["mount / from exec /bin/sh -c cargo build"], 4_301, &[]),
    ];
    items[0].hold = Some(Hold::Runs);
    items[9].hold = Some(Hold::Builtin);
    let mut inventory = Inventory { items, layers_bytes: Some(1_134 << 20) };
    inventory.sort();
    stage.select("api-7-1");
    stage.keys("E");
    stage.tell(Msg::Host(HostId::new("web1"), HostFact::Inventory(Ok(Arc::new(inventory)))));
    stage.wait(3);
    stage
}

/// `db-1` uses more of a core and of its memory than it may, for longer than the hold time.
pub fn warning(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    stage.select("db-1");
    let key = stage.model.scope.container.clone().unwrap();
    for second in (3..=90).step_by(3) {
        stage.wait(3);
        stage.tell(Msg::Usage(vec![Sample {
            key: key.clone(),
            at_ns: stage.now.wall.timestamp_nanos_opt().unwrap(),
            cpu_ns: 90_000_000_000 + second * 970_000_000,
            memory_bytes: 992 << 20,
            memory_limit_bytes: Some(1 << 30),
            received_bytes: second * 4_000,
            sent_bytes: second * 90_000,
        }]));
    }
    stage
}

#[test]
fn of_a_hundred_the_one_that_is_broken_is_selected_and_seen() {
    for size in super::SIZES {
        let stage = hundred(size, look("dark", pilothouse::config::theme::Depth::True, false));
        let shown = text(&draw(&stage.model, size));
        assert!(shown.contains("96/100 up"), "{shown}");
        let marked = shown.lines().find(|line| line.contains('\u{258c}') && line.contains("analytics-4"));
        assert!(marked.is_some_and(|line| line.contains("exited 137")), "{shown}");
    }
}

#[test]
fn names_stand_by_their_numbers_in_every_list() {
    let mut stage = Stage::asking((80, 24), look("dark", Depth::True, false));
    for host in ["web2", "web1"] {
        let of = |name: &&str| {
            let (state, health) = (State::Running, Health::Healthy);
            Spec { host, service: "web", name, release: "v1", state, health, up_minutes: 1, port: 1 }
                .container()
        };
        stage.up(host, ["web-10", "web-2", "web-1"].iter().map(of).collect());
    }
    let environment = stage.model.world.environments.iter().find(|e| e.hosts.len() > 1).unwrap();
    let listed = stage.model.world.containers(environment);
    let names: Vec<_> = listed.iter().map(|c| format!("{}/{}", c.key.host, c.name)).collect();
    let expected = ["web1/web-1", "web2/web-1", "web1/web-2", "web2/web-2", "web1/web-10", "web2/web-10"];
    assert_eq!(names, expected);
    let image = |name: &str| Item {
        kind: Kind::Image,
        id: name.into(),
        names: vec![name.into()],
        bytes: Some(1),
        shared_bytes: 0,
        created: None,
        used: None,
        users: Vec::new(),
        children: Vec::new(),
        hold: None,
        note: "".into(),
    };
    let mut images = Inventory { items: ["a:v10", "a:v9"].map(image).to_vec(), layers_bytes: None };
    images.sort();
    let names: Vec<_> = images.items.iter().map(Item::name).collect();
    assert_eq!(names, ["a:v9", "a:v10"]);
}
