//! Several hosts in one environment: their logs merged, a clock that is off, one that never answered.

use std::time::Duration;

use pilothouse::config::theme::Depth;
use pilothouse::domain::container::{Health, State};
use pilothouse::domain::host::{Address, EngineFacts, HostLoad};
use pilothouse::domain::ids::HostId;
use pilothouse::domain::skew::Skew;
use pilothouse::logs::decode;
use pilothouse::logs::line::{Batch, Head, SourceId};
use pilothouse::msg::{HostFact, LogFact, Msg};
use pilothouse::sub::Sub;
use pilothouse::ui::look::Look;
use pilothouse::world::Host;

use super::render;
use super::world::{Spec, Stage, look, wall};

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

/// One of six hosts is slow, one does not answer, and three need somebody: a key that changed, one that nobody knows, a
/// passphrase.
pub fn troubled(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    for name in ["cache1", "edge1", "store1", "web3"] {
        let host = Host::asked(Address::parse(&format!("ssh://deploy@{name}")));
        stage.model.world.hosts.insert(HostId::new(name), host);
        stage.model.world.environments[0].hosts.push(HostId::new(name));
    }
    stage.up("web3", Vec::new());
    let load = HostLoad { round_trip: Some(Duration::from_millis(208)), ..HostLoad::default() };
    let next = stage.now.at + Duration::from_secs(52);
    let changed = "cache1:22: ITS KEY HAS CHANGED: /home/alice/.ssh/known_hosts:4 has another ssh-ed25519 \
        key than the SHA256:Q/MVa4/t21J+lc3ROwLlbq3Q4WAUBQfHWhn63yumep0 it shows now; if the host was made anew, remove \
        that line\task its owner; only if it was made anew: ssh-keygen -f /home/alice/.ssh/known_hosts -R cache1";
    let unknown = "edge1:22: its ssh-ed25519 key SHA256:Q/MVa4/t21J+lc3ROwLlbq3Q4WAUBQfHWhn63yumep0 is not \
        known; compare it, then connect once from the console or with ssh\ton the host: ssh-keygen -lf \
        /etc/ssh/ssh_host_ed25519_key.pub; if it says the same: ssh edge1 true";
    let locked = "deploy@store1: needs a person: the passphrase of /home/alice/.ssh/id_ed25519\t\
        ssh-add /home/alice/.ssh/id_ed25519";
    for (host, fact) in [
        ("web3", HostFact::Load(load)),
        ("web2", HostFact::Lost("web2: nothing heard for 15 s\tssh -v ssh://deploy@web2 true".into())),
        ("web2", HostFact::NextTry(next)),
        ("cache1", HostFact::Asks(changed.into())),
        ("edge1", HostFact::Asks(unknown.into())),
        ("store1", HostFact::Asks(locked.into())),
    ] {
        stage.tell(Msg::Host(HostId::new(host), fact));
    }
    stage.wait(40);
    stage.keys("1");
    stage
}

#[test]
fn every_host_is_seen_before_how_full_they_are() {
    let size = (160, 48);
    let stage = troubled(size, look("dark", Depth::True, false));
    let text = render::text(&render::draw(&stage.model, size));
    let left: String =
        text.lines().filter_map(|line| line.split('│').nth(1)).flat_map(|l| [l, "\n"]).collect();
    for host in ["web1", "web2", "cache1", "edge1", "store1", "web3"] {
        assert!(left.contains(host), "{host}: {text}");
    }
    assert!(!left.contains("mem"), "{left}");
}

/// Forty-eight more hosts in the first environment, which nobody has heard of yet. Their names.
fn with_nodes(stage: &mut Stage) -> Vec<String> {
    let names: Vec<_> = (0..48).map(|n| format!("node{n}")).collect();
    for name in &names {
        let host = Host::asked(Address::parse(&format!("ssh://{name}")));
        stage.model.world.hosts.insert(HostId::new(name.as_str()), host);
        stage.model.world.environments[0].hosts.push(HostId::new(name.as_str()));
    }
    names
}

#[test]
fn of_fifty_hosts_the_one_that_is_lost_is_seen_and_the_others_are_counted() {
    for size in [(160, 48), (80, 24)] {
        let mut stage = Stage::incident(size, look("dark", Depth::True, false));
        for name in with_nodes(&mut stage) {
            stage.up(&name, Vec::new());
        }
        stage.tell(Msg::Host(HostId::new("node47"), HostFact::Lost("timed out".into())));
        stage.keys("1");
        let text = render::text(&render::draw(&stage.model, size));
        assert!(text.contains("node47") && text.contains("49 more hosts answer"), "{text}");
    }
}

#[test]
fn hosts_for_which_there_is_no_room_are_counted_on_the_border() {
    let size = (80, 24);
    let mut stage = Stage::incident(size, look("dark", Depth::True, false));
    with_nodes(&mut stage);
    stage.keys("1");
    let text = render::text(&render::draw(&stage.model, size));
    let more = text.lines().find_map(|line| Some(line.split_once("↓ ")?.1.split_once(" more")?.0.to_owned()));
    let more: usize = more.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    let shown = text.lines().filter(|line| line.contains(" node")).count();
    assert!(shown < 48 && more >= 48 - shown, "{more} {shown} {text}");
}

#[test]
fn what_mends_a_host_is_told_whole_to_whoever_goes_to_the_activity() {
    for size in [(160, 48), (80, 24)] {
        let mut stage = troubled(size, look("dark", Depth::True, false));
        // The newest two are of other hosts.
        stage.keys("a j j");
        let text = render::text(&render::draw(&stage.model, size));
        let pane = if size.0 > 100 {
            text.lines().filter_map(|line| line.split('│').nth(1)).collect::<String>()
        } else {
            text
        };
        let pane: String = pane.split_whitespace().collect();
        assert!(pane.contains("ssh-keygen-f/home/alice/.ssh/known_hosts-Rcache1"), "{pane}");
    }
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

#[test]
fn while_a_host_is_tried_it_says_so_and_never_that_it_is_tried_in_no_time() {
    let size = (160, 48);
    let mut stage = Stage::incident(size, look("dark", Depth::True, false));
    let web2 = |fact| Msg::Host(HostId::new("web2"), fact);
    let below = |stage: &Stage| {
        let text = render::text(&render::draw(&stage.model, size));
        let mut hosts = text.lines().filter_map(|line| Some(line.split('│').nth(1)?.trim().to_owned()));
        hosts.find(|line| line.starts_with("web2"));
        hosts.next().unwrap()
    };
    stage.tell(web2(HostFact::Lost("no answer within 6 s".into())));
    stage.tell(web2(HostFact::NextTry(stage.now.at + Duration::from_millis(1400))));
    assert_eq!(below(&stage), "next try in 2s");
    stage.wait(1);
    assert_eq!(below(&stage), "next try in 1s");
    stage.wait(1);
    assert_eq!(below(&stage), "trying…");
    stage.tell(web2(HostFact::Asks("its key has changed".into())));
    assert_eq!(below(&stage), "ctrl-r tries, a: why");
    stage.tell(web2(HostFact::NextTry(stage.now.at)));
    assert_eq!(below(&stage), "trying…");
}

#[test]
fn a_try_that_was_wanted_is_told_with_its_outcome_and_not_beyond() {
    let size = (80, 24);
    let mut stage = Stage::incident(size, look("dark", Depth::True, false));
    let web2 = |fact| Msg::Host(HostId::new("web2"), fact);
    let foot = |stage: &Stage| {
        let text = render::text(&render::draw(&stage.model, size));
        text.lines().last().unwrap().trim().to_owned()
    };
    stage.tell(web2(HostFact::Lost("no answer within 6 s".into())));
    stage.press("ctrl-r");
    assert!(foot(&stage).starts_with("trying web2"), "{}", foot(&stage));
    stage.tell(web2(HostFact::Lost("no answer within 6 s".into())));
    assert!(foot(&stage).starts_with("no answer: web2"), "{}", foot(&stage));
    stage.press("ctrl-r");
    stage.tell(web2(HostFact::Up));
    assert!(foot(&stage).starts_with("up: web2"), "{}", foot(&stage));
    stage.press("j");
    stage.tell(web2(HostFact::Lost("cut".into())));
    assert!(!foot(&stage).contains("web2"), "{}", foot(&stage));
}

#[test]
fn a_release_names_the_host_where_a_name_is_shared() {
    let size = (160, 48);
    let mut stage = Stage::asking(size, look("dark", Depth::True, false));
    for host in ["web1", "web2"] {
        let of = |(service, name)| {
            let (state, health) = (State::Running, Health::Healthy);
            Spec { host, service, name, release: "v1", state, health, up_minutes: 1, port: 1 }.container()
        };
        let own = if host == "web1" { "api-1" } else { "api-2" };
        stage.up(host, [("store", "store-1"), ("api", own)].map(of).to_vec());
    }
    let shown = |stage: &Stage| render::text(&render::draw(&stage.model, size));
    let api = shown(&stage);
    assert!(api.contains("│   api-1, api-2 "), "{api}");
    stage.select("store-1");
    let store = shown(&stage);
    assert!(store.contains("│   web1/store-1, web2/stor"), "{store}");
}
