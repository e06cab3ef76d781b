//! The traffic pane on a real balancer under a small load.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

use pilothouse::adapters::balancer::ThroughEngine;
use pilothouse::adapters::docker::DockerEngine;
use pilothouse::app::model::Model;
use pilothouse::config::keymap::Keymap;
use pilothouse::config::theme::Theme;
use pilothouse::domain::environment::{Class, Environment};
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{EnvironmentId, HostId, ServiceId};
use pilothouse::domain::traffic::Slot;
use pilothouse::jobs::route::{Route, Way};
use pilothouse::jobs::traffic;
use pilothouse::msg::{HostFact, Msg};
use pilothouse::ports::balancer::Balancer;
use pilothouse::ports::lifecycle::Lifecycle;
use pilothouse::sub::Sub;
use pilothouse::ui::look::Look;
use pilothouse::world::{Host, Now, World};

use super::haproxy::{Stage, fence, green};
use crate::engine::{self, docker};

/// A share of so many requests is off by 3 points once in a thousand times at most.
const ENOUGH: u64 = 3000;
const WITHIN: Duration = Duration::from_secs(50);

fn now() -> Now {
    Now { at: Instant::now(), wall: Utc::now() }
}

/// The console on this engine, with the balancer selected and the traffic pane open.
async fn console(stage: &Stage, engine: &DockerEngine, address: Address) -> Model {
    let host = HostId::new("here");
    let environment = Environment {
        id: EnvironmentId::new("here"),
        class: Class::Development,
        is_protected: false,
        hosts: vec![host.clone()],
        projects: vec!["of another".to_owned()],
        after: None,
    };
    let hosts = BTreeMap::from([(host.clone(), Host::asked(address))]);
    let world = World { environments: vec![environment], hosts, ..World::default() };
    let look = Look::new(&Theme::named("dark").unwrap(), false, true);
    let mut model = Model::new(world, look, Keymap::standard().unwrap(), "me".into(), (160, 48), now());
    let mut all = engine.containers().await.unwrap();
    // Other tests have balancers of that environment on the engine, too.
    all.retain(|c| *c.name == *stage.proxy || *c.name == *stage.two.0);
    model.update(Msg::Host(host, HostFact::Listed(all)), now());
    for key in ["2", "g", "6"] {
        model.update(Msg::Key(key.parse().unwrap()), now());
    }
    model
}

fn screen(model: &Model) -> String {
    let mut terminal = Terminal::new(TestBackend::new(160, 48)).unwrap();
    terminal.draw(|frame| model.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..160).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..48).map(row).collect::<Vec<_>>().join("\n")
}

/// The share that the pane shows as measured of green, in percent.
fn measured(screen: &str) -> Option<f64> {
    let row = screen.lines().find(|line| line.contains("□ green") && line.contains(" 25% "))?;
    let behind = row.split(" 25% ").nth(1)?;
    behind.split_whitespace().next()?.strip_suffix('%')?.parse().ok()
}

/// Processor time of this process so far.
fn used() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pane_shows_a_quarter_measured_where_a_quarter_is_set() {
    let Some(stage) = Stage::open() else { return };
    let balancer = stage.ready().await;
    let (name, at) = stage.two.clone();
    balancer.add(Slot::Green, &name, &at, 20, &fence(1)).await.unwrap();
    balancer.set_split(green(2500), &[green(0)], &fence(1)).await.unwrap();

    let address = Address::parse(&format!("unix://{}", engine::SOCKET));
    let engine = Arc::new(DockerEngine::new(HostId::new("here"), &address));
    let mut model = console(&stage, &engine, address).await;
    let wanted = model.subs().into_iter().find_map(|sub| match sub {
        Sub::Traffic(front, container, name) => Some((front, container, name)),
        _ => None,
    });
    let (front, container, name) = wanted.expect("the pane wants the balancer watched");
    let way = Way { source: "here".into(), engine, mend: Box::new(|_| String::new()) };
    let route = Arc::new(Route::new(way, Vec::new()).looked_at_by(Arc::new(ThroughEngine)));
    let (out, mut told) = mpsc::channel(64);
    let watching = tokio::spawn(traffic::watch(front, container, name, route, out));

    let (stage, is_over) = (Arc::new(stage), Arc::new(AtomicBool::new(false)));
    let (loaded, over) = (Arc::clone(&stage), Arc::clone(&is_over));
    let load = tokio::task::spawn_blocking(move || {
        while !over.load(Ordering::Relaxed) {
            loaded.ask("").unwrap();
        }
    });
    let began = Instant::now();
    let requests = |model: &Model| {
        let behind = model.world.behind(&model.world.environments[0], &ServiceId::new("web"))?;
        let done = Slot::BOTH.map(|slot| behind.total(slot, now()).done.map_or(0, |done| done.requests));
        Some(done.iter().sum::<u64>())
    };
    while requests(&model).is_none_or(|count| count < ENOUGH) {
        assert!(began.elapsed() < WITHIN, "{:?} requests:\n{}", requests(&model), screen(&model));
        let msg = told.recv().await.unwrap();
        assert!(matches!(&msg, Msg::Traffic(_, Ok(_))), "{msg:?}");
        model.update(msg, now());
    }
    is_over.store(true, Ordering::Relaxed);
    load.await.unwrap();
    let shown = screen(&model);
    let share = measured(&shown).unwrap_or_else(|| panic!("{shown}"));
    assert!((share - 25.0).abs() <= 3.0, "{share} of {:?}:\n{shown}", requests(&model));

    is_cheap(&mut told, &mut model).await;

    // Whoever looks no more leaves nothing behind in the container.
    watching.abort();
    let left = || docker(&["top", &stage.proxy, "-eo", "pid,args"]).contains("nc 127.0.0.1");
    let gone = async {
        while left() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("its exec ends with it");
}

/// Nothing but the watch is left of the work of this process.
async fn is_cheap(told: &mut mpsc::Receiver<Msg>, model: &mut Model) {
    let (began, before) = (Instant::now(), used());
    for _ in 0..5 {
        let msg = told.recv().await.unwrap();
        model.update(msg, now());
    }
    let (spent, lasted) = (used().saturating_sub(before), began.elapsed());
    println!("the watch used {spent:?} of {lasted:?}");
    assert!(spent * 20 < lasted, "{spent:?} of {lasted:?}");
}
