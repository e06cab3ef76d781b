//! The health pane during an incident: a probe that fails since a known time, a dependency that did it, and bodies that
//! try to break the screen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pilothouse::config::theme::Depth;
use pilothouse::domain::event::EngineEvent;
use pilothouse::domain::health::{Answer, Outcome, Reading};
use pilothouse::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId};
use pilothouse::domain::probe::{Ask, Headers, ProbeKind, ProbeSpec, ServiceSpec, Via};
use pilothouse::domain::usage::Sample;
use pilothouse::msg::{HostFact, Msg};
use pilothouse::ui::look::Look;
use proptest::prelude::*;

use super::render::{draw, text};
use super::world::{Stage, look, wall};

const WELL: &str = r#"{"checks":{"database":{"status":"ok","latency_ms":80},"cache":{"status":"ok"}}}"#;
const ILL: &str = r#"{"checks":{"database":{"status":"timeout","latency_ms":5000},"cache":{"status":"ok"}}}"#;

fn spec(path: &str) -> Arc<ProbeSpec> {
    let ask = Ask::Http { path: path.to_owned(), expect: 200, headers: Headers::default() };
    let (interval, timeout) = (Duration::from_secs(5), Duration::from_secs(6));
    Arc::new(ProbeSpec { ask, port: Some(9000), via: Via::Container, interval, timeout })
}

/// The incident with probes of this container that answer as `answer` says at each time, every five seconds for twelve minutes.
fn probed(
    size: (u16, u16),
    look: Look,
    name: &str,
    answer: impl Fn(DateTime<Utc>, ProbeKind) -> (u16, u64, String),
) -> Stage {
    let mut stage = Stage::incident(size, look);
    let service = ServiceSpec {
        live: Some(spec("/live")),
        ready: Some(spec("/ready")),
        runbook: Some("https://wiki.example/api".to_owned()),
        restart_limit: None,
    };
    let services = BTreeMap::from([("api".to_owned(), service.clone()), ("db".to_owned(), service)]);
    stage.model.world.services.insert(EnvironmentId::new("production"), services);
    let key = ContainerKey { host: HostId::new("web1"), id: ContainerId::new(name) };
    let mut container = stage.model.world.container(&key).unwrap().clone();
    let mut detail = (**container.detail.as_ref().unwrap()).clone();
    detail.address = Some("172.18.0.3".to_owned());
    let detail = Arc::new(detail);
    container.detail = Some(Arc::clone(&detail));
    stage.tell(Msg::Host(key.host.clone(), HostFact::Detailed(key.id.clone(), detail)));
    let targets = stage.model.world.targets(&EnvironmentId::new("production"), &container);
    for step in (0..144).rev() {
        stage.now.wall = wall() - TimeDelta::seconds(step * 5);
        for (kind, target) in &targets {
            let (status, ms, body) = answer(stage.now.wall, *kind);
            let outcome = Outcome::Answered(Answer { status, body: body.into(), ..Answer::default() });
            let reading = Reading { at: stage.now.wall, took: Duration::from_millis(ms), outcome };
            stage.tell(Msg::Probed(target.clone().unwrap(), reading));
        }
    }
    stage.select(name);
    stage
}

fn event(at: DateTime<Utc>, id: &str, action: &str) -> EngineEvent {
    EngineEvent {
        at_ns: at.timestamp_nanos_opt().unwrap(),
        kind: "container".to_owned(),
        action: action.to_owned(),
        id: id.to_owned(),
        name: id.to_owned(),
        exit_code: Some(137).filter(|_| action == "die"),
        more: String::new(),
    }
}

/// The database is slow since 14:28:57; api-7-2 runs out of memory again and again.
pub fn incident(size: (u16, u16), look: Look) -> Stage {
    let slow_since = wall() - TimeDelta::seconds(190);
    let mut stage = probed(size, look, "api-7-1", |at, kind| match kind {
        ProbeKind::Ready if at >= slow_since => (503, 5000, ILL.to_owned()),
        ProbeKind::Ready => (200, 84, WELL.to_owned()),
        ProbeKind::Live => (200, 4, "{}".to_owned()),
    });
    let loop_of = |n: i64| {
        let at = wall() - TimeDelta::seconds(150 - n * 20);
        let again = at + TimeDelta::seconds(1);
        [event(at, "api-7-2", "oom"), event(at, "api-7-2", "die"), event(again, "api-7-2", "start")]
    };
    let events = (0..7).flat_map(loop_of).collect();
    stage.tell(Msg::Host(HostId::new("web2"), HostFact::Happened(events)));
    stage
}

/// The incident as the engines tell it.
pub fn happened(size: (u16, u16), look: Look) -> Stage {
    let mut stage = incident(size, look);
    let told = |before: i64, action: &str| event(wall() - TimeDelta::seconds(before), "api-7-1", action);
    let events = vec![told(300, "health_status: healthy"), told(150, "health_status: unhealthy")];
    stage.tell(Msg::Host(HostId::new("web1"), HostFact::Events(events)));
    stage.keys("V");
    stage
}

#[test]
fn what_a_check_found_is_read_among_the_events_on_80_columns() {
    let size = (80, 24);
    let shown = shown(&happened(size, look("dark", Depth::True, false)), size);
    let says = |word: &str| shown.split_whitespace().any(|shown| shown == word);
    assert!(says("unhealthy") && says("healthy"), "{shown}");
}

fn shown(stage: &Stage, size: (u16, u16)) -> String {
    text(&draw(&stage.model, size))
}

#[test]
fn the_pane_says_what_is_bad_since_when_and_what_did_it() {
    for (size, keys) in [((80, 24), "4"), ((160, 48), "2")] {
        let mut stage = incident(size, look("dark", Depth::True, false));
        stage.keys(keys);
        let shown = shown(&stage, size);
        for wanted in [
            "live ok 4ms",
            "ready 503 after 5.0s",
            "database timeout 5.0s",
            "cache ok",
            "check unhealthy",
            "replicas 0 of 2 ok",
            "unhealthy since 14:28:57 (3m), was ok 8m+",
            "first bad: database, 14:28:57",
            "runbook https://wiki.example/api",
            "WHAT CHANGED",
            "14:28:57 web1/api-7-1 database timeout",
            "14:31:37 web2/api-7-2 OOM killed 7x, up again",
            "errors",
            "of 512M",
            "exit 1",
        ] {
            assert!(shown.contains(wanted), "{wanted:?} is not shown at {size:?}:\n{shown}");
        }
    }
}

#[test]
fn the_list_and_the_strip_say_it_too() {
    let size = (80, 24);
    let stage = incident(size, look("dark", Depth::True, false));
    let shown = shown(&stage, size);
    assert!(shown.contains("unhealthy 3m"), "{shown}");
    assert!(shown.contains("ready 503: database timeout 5.0s   changed 14:31:37 api-7-2 OOM"), "{shown}");
}

/// `web-42-blue-1` has 95 of its 100 MiB in use for two minutes.
fn strained(size: (u16, u16)) -> Stage {
    let mut stage = Stage::incident(size, look("dark", Depth::True, false));
    let key = ContainerKey { host: HostId::new("web1"), id: ContainerId::new("web-42-blue-1") };
    for step in (0..27).rev() {
        stage.now.wall = wall() - TimeDelta::seconds(step * 5);
        let at_ns = stage.now.wall.timestamp_nanos_opt().unwrap();
        stage.tell(Msg::Usage(vec![Sample {
            key: key.clone(),
            at_ns,
            cpu_ns: at_ns.unsigned_abs() / 100,
            memory_bytes: 95 << 20,
            memory_limit_bytes: Some(100 << 20),
            received_bytes: 0,
            sent_bytes: 0,
        }]));
    }
    stage.select("web-42-blue-1");
    stage
}

#[test]
fn a_container_near_its_limit_is_marked_in_its_row_the_header_and_the_health_pane() {
    let size = (160, 48);
    let shown = shown(&strained(size), size);
    for wanted in ["△ 1 warning since 14:30:02", "▲95M", "memory 95% of its limit for 2m"] {
        assert!(shown.contains(wanted), "{wanted:?} is not shown:\n{shown}");
    }
}

#[test]
fn each_probe_has_its_latency_and_the_share_that_fails() {
    let size = (160, 48);
    let shown = shown(&incident(size, look("dark", Depth::True, false)), size);
    // 39 of the twelve minutes' 144 answers came after the database was slow.
    for wanted in [r"live +\S+ +4ms", r"ready +\S+ +5\.0s", r"errors +\S+ +27% of 144"] {
        assert!(regex::Regex::new(wanted).unwrap().is_match(&shown), "{wanted:?} is not shown:\n{shown}");
    }
}

#[test]
fn what_does_not_fit_can_be_scrolled_to() {
    let size = (80, 18);
    let mut stage = incident(size, look("dark", Depth::True, false));
    stage.keys("4");
    let before = shown(&stage, size);
    assert!(before.contains("more") && before.contains("live ok 4ms"), "{before}");
    stage.keys("G");
    let after = shown(&stage, size);
    assert!(after.contains("HEALTHCHECK") && !after.contains("live ok 4ms"), "{after}");
    assert!(!after.contains(" more"), "the last line is shown: {after}");
    stage.keys("g");
    assert_eq!(shown(&stage, size), before);
}

#[test]
fn what_the_operator_did_is_among_what_changed() {
    let size = (160, 48);
    let mut stage = incident(size, look("dark", Depth::True, false));
    stage.unlock();
    stage.keys("R y");
    let shown = shown(&stage, size);
    assert!(shown.contains("14:32:07 web1/api-7-1 restart by alice@bastion"), "{shown}");
}

#[test]
fn what_changes_again_and_again_is_flapping() {
    let size = (160, 48);
    let stage = probed(size, look("dark", Depth::True, false), "db-1", |at, kind| {
        let is_bad = kind == ProbeKind::Ready && at.timestamp() / 20 % 2 == 0;
        (if is_bad { 503 } else { 200 }, 5, String::new())
    });
    let shown = shown(&stage, size);
    assert!(shown.contains("flapping since 14:2"), "{shown}");
}

#[test]
fn a_service_that_is_well_says_so_and_nothing_else() {
    let size = (160, 48);
    let mut stage = probed(size, look("dark", Depth::True, false), "db-1", |_, _| {
        (200, 4, r#"{"database":true}"#.to_owned())
    });
    stage.select("web-42-blue-1");
    let shown = shown(&stage, size);
    assert!(!shown.contains("503") && !shown.contains("runbook"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_cannot_break_the_screen(
        name in "[\u{1b}\u{202e}\u{9b}\0\r\n日a-z\\[\\]0-9;]{0,60}",
        error in "\\PC{0,80}|[\u{1b}\u{7}\\]0;a-z]{0,40}",
        width in 60_u16..=200,
        height in 15_u16..=60,
        is_ascii in any::<bool>(),
    ) {
        let check = serde_json::json!({"status": name, "error": error, "latency_ms": 12});
        let body = serde_json::json!({"checks": {&name: check, "database": {"status": "down"}}}).to_string();
        let mut stage = probed((width, height), look("dark", Depth::True, is_ascii), "api-7-1", |_, _| (503, 7, body.clone()));
        stage.keys("4");
        let shown = shown(&stage, (width, height));
        let is_control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        prop_assert!(!shown.chars().any(is_control), "{shown}");
    }
}
