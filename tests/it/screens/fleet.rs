//! Several hosts in one environment: their logs merged, a clock that is off, one that never answered.

use std::time::Duration;

use pilothouse::config::theme::Depth;
use pilothouse::domain::host::{EngineFacts, HostLoad};
use pilothouse::domain::ids::HostId;
use pilothouse::domain::skew::Skew;
use pilothouse::logs::decode;
use pilothouse::logs::line::{Batch, Head, SourceId};
use pilothouse::msg::{HostFact, LogFact, Msg};
use pilothouse::sub::Sub;
use pilothouse::ui::look::Look;

use super::render;
use super::world::{Stage, look, wall};

/// The logs of a whole environment on two hosts; the clock of one is ahead.
pub fn merged(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    let skew = Some(Skew { ahead_ns: 2_540_000_000, within_ns: 1_000_000 });
    let engine = EngineFacts { version: "27.3.1".into(), api: "1.47".into(), skew, ..EngineFacts::default() };
    stage.tell(Msg::Host(HostId::new("web2"), HostFact::Engine(engine)));
    stage.keys("t t t");
    let logs = stage.model.subs().into_iter().find_map(|sub| match sub {
        Sub::Logs(generation, following) => Some((generation, following.sources.len())),
        _ => None,
    });
    let (generation, sources) = logs.expect("logs are followed");
    let mut batch = Batch::new();
    let start = wall().timestamp_nanos_opt().unwrap() - 6_000_000_000;
    for i in 0..40 {
        let text =
            br#"{"level":"info","msg":"request_processed","method":"GET","path":"/api/users","status":200}"#;
        let source = SourceId(u16::try_from(i % sources).unwrap());
        let at_ns = start + i64::try_from(i).unwrap() * 140_000_000;
        batch.push(text, Head { at_ns, source, level: decode::level(text), ..Head::default() });
    }
    stage.tell(Msg::Log(generation, LogFact::Lines(batch)));
    stage.keys("3");
    stage
}

#[test]
fn a_host_that_never_answered_is_silent_since_it_was_first_asked() {
    let size = (160, 48);
    let mut stage = Stage::asking(size, look("dark", Depth::True, false));
    stage.wait(10);
    stage.tell(Msg::Host(HostId::new("web2"), HostFact::Lost("timed out".into())));
    stage.wait(3);
    let shown = render::text(&render::draw(&stage.model, size));
    assert!(shown.contains("web2 no answer 13s"), "{shown}");
}

#[test]
fn a_slow_host_says_so_beside_its_name_and_moves_nothing_else() {
    for size in [(160, 48), (80, 24)] {
        let mut stage = Stage::incident(size, look("dark", Depth::True, false));
        stage.keys("1");
        let shown = |stage: &Stage| render::text(&render::draw(&stage.model, size));
        let before = shown(&stage);
        let load = stage.model.world.hosts[&HostId::new("web2")].load;
        let round_trip = Some(Duration::from_millis(208));
        stage.tell(Msg::Host(HostId::new("web2"), HostFact::Load(HostLoad { round_trip, ..load })));
        let after = shown(&stage);
        let changed: Vec<_> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
        let [(was, is)] = changed[..] else { panic!("{after}") };
        assert_eq!(was.replace("      up load", "up 210ms load"), *is);
        assert!(is.contains("web2") && is.contains("up 210ms load 1.2"), "{is}");
    }
}
