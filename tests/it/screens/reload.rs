//! The configuration read again: what is shown stays, and of a host with another way nothing is known yet.

use std::collections::BTreeSet;

use pilothouse::config::theme::Depth;
use pilothouse::domain::ids::HostId;
use pilothouse::sub::{Generation, Sub};

use super::render;
use super::world::{Stage, look};

const SIZE: (u16, u16) = (160, 48);

/// A console in use: a filter, another order, a paused log. Then the configuration is read again.
fn reloaded(anew: &[&str]) -> (Stage, String, BTreeSet<Sub>) {
    let dark = || look("dark", Depth::True, false);
    let mut stage = Stage::incident(SIZE, dark());
    stage.keys("/");
    stage.text("api");
    stage.keys("enter o 3 p");
    let (shown, subs) = (text(&stage), stage.model.subs());
    let anew = anew.iter().map(|host| HostId::new(*host)).collect();
    stage.model.reconfigure(Stage::asking(SIZE, dark()).model, &anew);
    stage.wait(0);
    (stage, shown, subs)
}

fn text(stage: &Stage) -> String {
    render::text(&render::draw(&stage.model, SIZE))
}

fn log(subs: &BTreeSet<Sub>) -> Option<(Generation, String)> {
    subs.iter().find_map(|sub| match sub {
        Sub::Logs(generation, following) => Some((*generation, following.sources[0].1.host.to_string())),
        _ => None,
    })
}

#[test]
fn nothing_moves_where_every_host_is_as_it_was() {
    let (stage, before, subs) = reloaded(&[]);
    assert!(before.contains("/api") && before.contains("paused"), "{before}");
    assert_eq!(text(&stage), before);
    assert_eq!(stage.model.subs(), subs);
}

#[test]
fn of_a_host_with_another_way_nothing_is_known_yet_and_the_others_stay() {
    let (stage, _, subs) = reloaded(&["web1"]);
    let known = |host: &str| stage.model.world.hosts[&HostId::new(host)].containers.is_some();
    assert_eq!(["web1", "web2", "stage1"].map(known), [false, true, true]);
    assert!(text(&stage).contains("/api"));
    // What was followed there is followed on.
    assert_eq!(log(&subs).map(|(_, host)| host).as_deref(), Some("web2"));
    assert_eq!(log(&stage.model.subs()), log(&subs));
}

#[test]
fn a_log_of_a_host_with_another_way_begins_anew() {
    let (stage, _, subs) = reloaded(&["web2"]);
    let (before, after) = (log(&subs).unwrap().0, log(&stage.model.subs()).unwrap().0);
    assert!(after > before, "{before:?} {after:?}");
    assert!(!text(&stage).contains("request_processed"), "{}", text(&stage));
}
