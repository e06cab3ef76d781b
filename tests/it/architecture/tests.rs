//! The real source, and samples of each wrong: a checker that finds nothing must be able to find something.

use std::path::Path;

use super::{
    KNOWN_FAULTS, Layer, Map, Source, faults,
    paths::{Import, imports},
    read_map, read_sources,
    tokens::tokens,
};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn real_map() -> Map {
    read_map(&std::fs::read_to_string(repository().join("src/lib.rs")).expect("the crate's root"))
}

/// A map of all layers, so that samples do not change with the crate.
const SAMPLE_MAP: &str = "\
//! | L0 | `domain` | text |
//! | L1 | `logs` `deploy` `action` `world` | `text` |
//! | L2 | `msg` `effect` `sub` `config` `ports` | text |
//! | L3a | `ui` `panes` `overlays` `app` | text |
//! | L3b | `adapters` `jobs` | text |
//! | L4 | `runtime` `cli` | text |
";

fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: format!("//! A sample.\n{text}\n") }
}

/// Faults of one sample file under the sample map.
fn faults_of(path: &str, text: &str) -> Vec<String> {
    faults(&read_map(SAMPLE_MAP), &[source(path, text)])
}

#[track_caller]
fn assert_fault(path: &str, text: &str, expected: &str) {
    let found = faults_of(path, text);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "{path} {text:?} gives {found:?}, not {expected:?}"
    );
}

#[track_caller]
fn assert_clean(path: &str, text: &str) {
    assert_eq!(faults_of(path, text), Vec::<String>::new(), "{path} {text:?}");
}

#[test]
fn the_source_keeps_the_import_rule() {
    let sources = read_sources(&repository().join("src"));
    assert!(sources.iter().any(|source| source.path == "lib.rs"), "nothing was read");
    let is_known = |fault: &str| {
        KNOWN_FAULTS.iter().position(|(file, what)| fault.starts_with(file) && fault.ends_with(what))
    };
    let (known, new): (Vec<_>, Vec<_>) =
        faults(&real_map(), &sources).into_iter().partition(|fault| is_known(fault).is_some());
    assert!(new.is_empty(), "{} faults:\n{}", new.len(), new.join("\n"));
    for (index, entry) in KNOWN_FAULTS.iter().enumerate() {
        let is_there = known.iter().any(|fault| is_known(fault) == Some(index));
        assert!(is_there, "mended, take it off the list: {entry:?}");
    }
}

#[test]
fn the_tests_have_heads_and_sizes_too() {
    for directory in ["tests/it", "benches"] {
        let sources = read_sources(&repository().join(directory));
        assert!(!sources.is_empty(), "nothing was read in {directory}");
        let found: Vec<_> = sources.iter().flat_map(super::shape_faults).collect();
        assert!(found.is_empty(), "{directory}: {}", found.join("\n"));
    }
}

#[test]
fn the_map_in_lib_rs_names_all_layers() {
    let map = real_map();
    for (module, layer) in [
        ("domain", "L0"),
        ("logs", "L1"),
        ("ports", "L2"),
        ("app", "L3a"),
        ("adapters", "L3b"),
        ("cli", "L4"),
    ] {
        assert_eq!(map.get(module).copied(), Layer::parse(layer), "{module}");
    }
}

#[test]
fn imports_upwards_are_found_however_they_are_written() {
    assert_fault("domain/health.rs", "use crate::world::World;", "2: domain must not know world");
    assert_fault(
        "domain.rs",
        "use crate::{\n    domain::Id,\n    config::{keymap, theme},\n};",
        "domain must not know config",
    );
    assert_fault("logs/line.rs", "fn f(x: &crate::app::Model) {}", "logs must not know app");
    assert_fault("logs/line.rs", "use super::super::ui::Look;", "logs must not know ui");
    assert_fault("logs.rs", "mod inner {\n    use super::super::ui::Look;\n}", "3: logs must not know ui");
    assert_fault("world.rs", "macro_rules! m { () => { $crate::app::f() } }", "world must not know app");
    assert_fault("msg.rs", "pub use crate::runtime::Handle;", "msg must not know runtime");
}

#[test]
fn imports_downwards_and_within_a_module_are_fine() {
    assert_clean("world.rs", "use crate::{domain::Id, logs::Line};\nuse self::inner::X;");
    assert_clean("logs/line.rs", "use super::buffer::Buffer;\nuse super::super::domain::Id;");
    assert_clean(
        "logs.rs",
        "mod a {\n    mod b {\n        use super::super::line::X;\n    }\n}\nuse super::domain::Id;",
    );
    assert_clean("runtime/effects.rs", "use crate::{adapters::docker, app::Model, jobs};");
    assert_clean("app/update.rs", "use crate::{panes::Pane, ui::look};");
}

#[test]
fn the_two_sides_never_meet() {
    assert_fault("app/model.rs", "use crate::ports::Engine;", "app must not know ports");
    assert_fault("panes/logs.rs", "use crate::adapters::docker;", "panes must not know adapters");
    assert_fault("overlays/plan.rs", "use crate::jobs;", "overlays must not know jobs");
    assert_fault("adapters/docker.rs", "use crate::ui::text;", "adapters must not know ui");
    assert_clean("adapters/docker.rs", "use crate::ports::Engine;");
}

#[test]
fn modules_of_one_layer_in_a_circle_are_found() {
    let one_way = [source("panes/logs.rs", "use crate::ui::look;")];
    assert!(faults(&read_map(SAMPLE_MAP), &one_way).is_empty());
    let circle = [
        source("panes/logs.rs", "use crate::ui::look;"),
        source("ui/look.rs", "use crate::overlays::Overlay;"),
        source("overlays/help.rs", "use crate::panes::Pane;"),
        source("app.rs", "use crate::panes::Pane;"),
    ];
    assert_eq!(faults(&read_map(SAMPLE_MAP), &circle), ["modules in a circle: overlays, panes, ui"]);
}

#[test]
fn crates_out_of_place_are_found() {
    for (path, text) in [
        ("app/update.rs", "use tokio::sync::mpsc;"),
        ("world.rs", "fn f() { tokio::spawn(g()); }"),
        ("ports/engine.rs", "use bollard::Docker;"),
        ("panes/health.rs", "use reqwest::Client;"),
        ("ui.rs", "use hyper::Request;"),
        ("adapters/docker.rs", "use ratatui::text::Line;"),
        ("config/theme.rs", "use ratatui::style::Color;"),
        ("jobs/run.rs", "use crossterm::event::KeyEvent;"),
        ("domain/id.rs", "use crossterm::event::KeyEvent;"),
    ] {
        assert_fault(path, text, "must not know the crate");
    }
    assert_fault("app/model.rs", "use std::{collections::BTreeMap, fs};", "app must not know std::fs");
    assert_clean("adapters/docker.rs", "use bollard::Docker;\nuse tokio::sync::mpsc;");
    assert_clean("ui/look.rs", "use ratatui::style::Color;");
    assert_clean("config/keymap.rs", "use crossterm::event::KeyEvent;\nuse std::fs;");
    assert_clean("runtime.rs", "use ratatui::Terminal;\nuse tokio::select;");
}

#[test]
fn clocks_are_found_below_the_loop() {
    for text in [
        "fn f() { let t = std::time::Instant::now(); }",
        "use std::time::Instant;\nfn f() -> Instant { Instant::now() }",
        "fn f() { x.get_or_insert_with(Instant::now); }",
        "fn f() { SystemTime::now(); }",
        "fn f() { chrono::Utc::now(); }",
        "fn f() { Local::now(); }",
        "fn f(t: Instant) { t.elapsed(); }",
    ] {
        assert_fault("logs/merge.rs", text, "logs reads the clock");
    }
    assert_clean("adapters/http_probe.rs", "fn f() { Instant::now(); }");
    assert_clean("deploy/step.rs", "fn f(s: Step, now: Instant) { s.elapsed(now); }");
}

#[test]
fn tests_may_read_clocks_and_start_runtimes_but_not_climb() {
    let inline = "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn t() { tokio::spawn(f(Instant::now())); }\n}";
    assert_clean("logs/merge.rs", inline);
    assert_clean("logs/merge/tests.rs", "fn t() { Instant::now(); }");
    assert_fault("logs/merge/tests.rs", "use crate::app::Model;", "logs must not know app");
    let after = format!("{inline}\nfn f() {{ Instant::now(); }}");
    assert_fault("logs/merge.rs", &after, "8: logs reads the clock");
    let before = format!("#[cfg(test)]\nmod tests;\nfn f() {{ Instant::now(); }}\n{inline}");
    assert_fault("logs/merge.rs", &before, "4: logs reads the clock");
}

#[test]
fn comments_and_strings_name_nothing() {
    assert_clean(
        "domain/id.rs",
        "// use crate::app;\n/* /* crate::app */ tokio::spawn */\nconst A: &str = \"crate::app::x\";",
    );
    assert_clean(
        "domain/id.rs",
        "const A: &str = r#\"Instant::now() \" { crate::app\"#;\nconst B: char = '\"';",
    );
    assert_clean(
        "domain/id.rs",
        "fn f<'a>(x: &'a str) -> char { '{' }\nconst C: &[u8] = b\"\\\" crate::app\";",
    );
}

#[test]
fn a_module_outside_the_map_is_found() {
    assert_fault("helpers.rs", "", "module helpers stands in no layer");
}

#[test]
fn files_of_wrong_shape_are_found() {
    let long = "// x\n".repeat(399);
    assert_fault("domain/id.rs", &long, "401 lines, at most 400");
    assert_clean("domain/id/tests.rs", &long);
    assert_fault("domain/id/tests.rs", &"// x\n".repeat(600), "602 lines, at most 600");
    let found = faults(
        &read_map(SAMPLE_MAP),
        &[Source { path: "domain/id.rs".into(), text: "use std::fmt;\n".into() }],
    );
    assert_eq!(found, ["domain/id.rs: does not open with //! and what it is"]);
    assert_fault("domain/mod.rs", "", "name it after its directory");
}

#[test]
fn tokens_keep_their_lines_and_paths_their_branches() {
    let words: Vec<_> =
        tokens("a\n::b /* \n */ r#type 'c' 'life").iter().map(|token| (token.text, token.line)).collect();
    assert_eq!(words, [("a", 1), ("::", 2), ("b", 2), ("type", 3), ("'", 3), ("life", 3)]);
    let paths: Vec<_> =
        imports(&["a"], "use ::x::{y::{self, Z as W}, *};\nfn f() -> impl T + use<'_> { v::<U>() }")
            .into_iter()
            .map(|Import { path, .. }| path.join("::"))
            .collect();
    assert_eq!(paths, ["x::y::self", "x::y::Z", "x", "v"]);
}
