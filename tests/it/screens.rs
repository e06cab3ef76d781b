//! What the screens show: text and styles of each at both sizes, and that any size draws.

mod deploy;
mod deploying;
mod find;
mod fleet;
mod guard;
mod health;
mod manners;
mod many;
mod promote;
mod reading;
mod reload;
mod render;
mod traffic;
mod world;

use pilothouse::config::theme::Depth;
use pilothouse::domain::ids::{ContainerId, ContainerKey, HostId, ServiceId};
use pilothouse::effect::JobId;
use pilothouse::msg::{HostFact, JobEvent, Msg};
use proptest::prelude::*;
use render::{ansi, snapshot};
use world::{Stage, look};

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 48)];

/// Draws the screens as a terminal would show them, into the directory that `PICTURES` names.
#[test]
#[ignore = "for eyes: PICTURES=dir cargo test --test it pictures -- --ignored"]
fn pictures() {
    let dir = std::env::var("PICTURES").expect("PICTURES names a directory");
    let theme = std::env::var("THEME").unwrap_or_else(|_| "dark".into());
    let is_ascii = std::env::var("ASCII").is_ok();
    let depth = match std::env::var("DEPTH").as_deref() {
        Ok("16") => Depth::Ansi,
        Ok("0") => Depth::None,
        _ => Depth::True,
    };
    for size in SIZES {
        for (name, stage) in screens(size, || look(&theme, depth, is_ascii)) {
            std::fs::write(format!("{dir}/{name}-{}.ansi", size.0), ansi(&stage.model, size)).unwrap();
        }
    }
}

fn screens(size: (u16, u16), look: impl Fn() -> pilothouse::ui::look::Look) -> Vec<(&'static str, Stage)> {
    let incident = || Stage::incident(size, look());
    let with = |keys: &str| {
        let mut stage = incident();
        stage.keys(keys);
        stage
    };
    let mut confirm = with(":");
    confirm.text("write 15m");
    confirm.keys("enter S");
    let mut reader = incident();
    let fields = (1..60).map(|i| (format!("field {i:02}"), format!("value {i}").into()));
    reader.asked("i", JobEvent::Inspected(serde_json::Value::Object(fields.collect())));
    reader.keys("/");
    reader.text("field 07");
    reader.keys("enter");
    let mut palette = with(":");
    palette.text("api");
    let mut activity = incident();
    activity.deeds();
    activity.keys("a");
    let mut screens = traffic::screens(size, &look);
    screens.extend(vec![
        ("start", Stage::asking(size, look())),
        ("no-engine", no_engine(size, look())),
        ("triage", incident()),
        ("stale", stale(size, look())),
        ("environments", with("1")),
        ("logs", with("3")),
        ("health", with("4")),
        ("probes", health::incident(size, look())),
        ("probes-zoomed", pressed(health::incident(size, look()), "4 z")),
        ("releases", with("5")),
        ("activity", activity),
        ("help", with("?")),
        ("palette", palette),
        ("confirm", confirm),
        ("reader", reader),
        ("processes", reading::processes(size, look())),
        ("hundred", many::hundred(size, look())),
        ("engine", many::engine(size, look())),
        ("events", health::happened(size, look())),
        ("warning", many::warning(size, look())),
        ("deployment", deploy::at_work(size, look())),
        ("deployment-back", deploy::taken_back(size, look())),
        ("deployment-unguarded", deploy::unguarded(size, look())),
        ("deployment-paused", deploy::paused(size, look())),
        ("deployment-cut-off", deploy::cut_off(size, look())),
        ("deploy-asked", deploy::asked(size, look())),
        ("deploy-planned", deploy::planned(size, look())),
        ("deploy-refused", deploy::refused(size, look())),
        ("promote-planned", promote::planned(size, look())),
        ("promote-unreasoned", promote::unreasoned(size, look())),
        ("rollback-asked", deploy::back(size, look())),
        ("history", deploy::history(size, look())),
        ("history-zoomed", {
            let mut stage = deploy::history(size, look());
            stage.keys("z");
            stage
        }),
        ("fleet", fleet::merged(size, look())),
        ("troubled", fleet::troubled(size, look())),
        ("troubled-activity", {
            let mut stage = fleet::troubled(size, look());
            stage.keys("a");
            stage
        }),
    ]);
    screens
}

fn pressed(mut stage: Stage, keys: &str) -> Stage {
    stage.keys(keys);
    stage
}

/// No host of the environment ever answered.
fn no_engine(size: (u16, u16), look: pilothouse::ui::look::Look) -> Stage {
    let mut stage = Stage::asking(size, look);
    let why =
        "DOCKER_HOST: cannot reach unix:///run/docker.sock: no such socket\tsudo systemctl start docker";
    for host in ["web1", "web2"] {
        stage.tell(Msg::Host(HostId::new(host), HostFact::Lost(why.into())));
    }
    stage.wait(3);
    stage
}

/// A host stopped answering 40 seconds ago, and is tried again in 12.
fn stale(size: (u16, u16), look: pilothouse::ui::look::Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    stage.tell(Msg::Host(HostId::new("web2"), HostFact::Lost("no answer within 6 s".into())));
    let next = stage.now.at + std::time::Duration::from_secs(52);
    stage.tell(Msg::Host(HostId::new("web2"), HostFact::NextTry(next)));
    stage.wait(40);
    stage.keys("j k");
    stage
}

/// A change of a screen is a change of its file, to be looked at: `INSTA_UPDATE=always cargo test --test it screens`.
#[test]
fn screens_look_as_reviewed() {
    for size in SIZES {
        for (name, stage) in screens(size, || look("dark", Depth::True, false)) {
            reviewed(name, &stage, size);
        }
    }
    let size = (120, 30);
    reviewed("fleet", &fleet::merged(size, look("dark", Depth::True, false)), size);
    for size in [(59, 14), (40, 1)] {
        reviewed("tiny", &Stage::incident(size, look("dark", Depth::True, false)), size);
    }
}

fn reviewed(name: &str, stage: &Stage, (width, height): (u16, u16)) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("screens/snapshots");
    settings.bind(|| {
        insta::assert_snapshot!(format!("{name}-{width}x{height}"), snapshot(&stage.model, (width, height)));
    });
}

#[test]
fn every_theme_draws_the_same_words_and_marks_the_same_row() {
    let shown = |theme: &str, depth| {
        let stage = Stage::incident((160, 48), look(theme, depth, false));
        render::draw(&stage.model, (160, 48))
    };
    let dark = shown("dark", Depth::True);
    for theme in ["light", "high-contrast", "colour-blind", "ansi16", "mono"] {
        for depth in [Depth::True, Depth::Indexed, Depth::Ansi, Depth::None] {
            let other = shown(theme, depth);
            assert_eq!(render::text(&dark), render::text(&other), "{theme} {depth:?}");
            // The mark of the containers pane; environments have bars of their own at the left.
            let is_mark = |i: &usize| dark.content[*i].symbol() == "\u{258c}" && i % 160 > 25;
            let mark = (0..dark.content.len()).find(is_mark).unwrap();
            let (marked, plain) = (&other.content[mark + 2], &other.content[mark + 2 + 160]);
            let look = |cell: &ratatui::buffer::Cell| (cell.bg, cell.modifier);
            assert_ne!(look(marked), look(plain), "{theme} {depth:?}: the selected row is not seen");
        }
    }
}

/// Names that try to break the screen: controls, right-to-left, wide, combining, very long, empty.
const HOSTILE: [&str; 8] = [
    "\u{1b}[2Jgone",
    "\u{202e}evil\u{2066}",
    "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{540d}\u{524d}",
    "e\u{301}\u{301}\u{301}\u{200d}x",
    "",
    "a\nb\tc\rd\0e\u{9b}5m",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "very-long-name-very-long-name-very-long-name-very-long-name-very-long-name-very-long-name",
];

fn hostile(size: (u16, u16), is_ascii: bool) -> Stage {
    let mut stage = Stage::incident(size, look("dark", Depth::True, is_ascii));
    let named = |(i, name): (usize, &&str)| {
        let mut c = world::shop()[i % 6].container();
        (c.name, c.service) = ((*name).into(), ServiceId::new(*name));
        c.image = format!("{name}:{name}").into();
        c.key = ContainerKey { host: HostId::new("web1"), id: ContainerId::new(format!("{i}")) };
        c
    };
    stage.up("web1", HOSTILE.iter().enumerate().map(named).collect());
    stage.tell(Msg::Job(JobId(1), JobEvent::Failed(HOSTILE.join(" "))));
    stage
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_size_draws_any_screen_whatever_things_are_called(
        width in prop_oneof![1_u16..=80, 1_u16..=400],
        height in prop_oneof![1_u16..=24, 1_u16..=100],
        keys in prop::sample::select(vec!["2", "1", "3", "4", "5", "6", "7", "a", "d", "r", "s", "u", "A", "?", ":", "S", "/", "z", "1 z"]),
    ) {
        let mut stage = hostile((width, height), false);
        stage.keys(keys);
        let shown = render::text(&render::draw(&stage.model, (width, height)));
        prop_assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\0']), "{shown}");
        // The window may have become smaller before the news of it came.
        render::draw(&stage.model, (width / 2 + 1, height / 2 + 1));
    }
}

#[test]
fn ascii_is_all_that_is_drawn_where_only_ascii_may_be() {
    for size in SIZES {
        for (name, stage) in screens(size, || look("dark", Depth::True, true)) {
            let shown = render::text(&render::draw(&stage.model, size));
            assert!(shown.is_ascii(), "{name}: {shown}");
        }
        let mut stage = hostile(size, true);
        stage.keys("a");
        let shown = render::text(&render::draw(&stage.model, size));
        assert!(shown.is_ascii(), "{shown}");
    }
}

#[test]
fn failures_are_counted_in_the_header_until_they_were_seen() {
    let mut stage = Stage::incident((80, 24), look("dark", Depth::True, false));
    stage.deeds();
    let head = |stage: &Stage| {
        render::text(&render::draw(&stage.model, (80, 24))).lines().next().unwrap().to_owned()
    };
    assert!(head(&stage).contains("1 failed"), "{}", head(&stage));
    stage.keys("a 2");
    assert!(!head(&stage).contains("failed"), "{}", head(&stage));
}
