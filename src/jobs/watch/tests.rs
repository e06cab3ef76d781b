//! Which details are asked for, and when again.

use super::*;
use crate::domain::ids::{ContainerKey, ImageId, ServiceId};

fn container(id: &str, state: State) -> Container {
    Container {
        key: ContainerKey { host: HostId::new("h"), id: ContainerId::new(id) },
        name: id.into(),
        service: ServiceId::new(id),
        project: None,
        image: "shop/web:1".into(),
        image_id: ImageId::new("sha256:a"),
        state,
        health: Health::None,
        ports: Vec::new(),
        created: chrono::DateTime::default(),
        labels: std::collections::BTreeMap::new(),
        detail: None,
    }
}

fn drain(wanted: &mut Wanted) -> Vec<String> {
    wanted.queue.drain(..).map(|id| id.to_string()).collect()
}

#[test]
fn the_running_are_asked_for_first_and_each_once() {
    let mut wanted = Wanted::default();
    let list = [container("old", State::Exited(Some(0))), container("web", State::Running)];
    wanted.take(&list);
    assert_eq!(drain(&mut wanted), ["web", "old"]);
    wanted.take(&list);
    assert!(wanted.queue.is_empty());
}

#[test]
fn a_restart_between_two_lists_that_look_alike_is_asked_for_again() {
    let mut wanted = Wanted::default();
    let list = [container("web", State::Running)];
    wanted.take(&list);
    wanted.queue.clear();
    wanted.outdated("web");
    wanted.take(&list);
    assert_eq!(drain(&mut wanted), ["web"]);
}

#[test]
fn what_was_not_asked_yet_stays_wanted_until_it_is_gone() {
    let mut wanted = Wanted::default();
    let list = [container("a", State::Running), container("b", State::Running)];
    wanted.take(&list);
    wanted.take(&list[1..]);
    assert_eq!(drain(&mut wanted), ["b"]);
}

#[test]
fn not_all_of_a_thousand_stopped_are_asked_for() {
    let mut wanted = Wanted::default();
    let list: Vec<_> = (0..1000).map(|i| container(&i.to_string(), State::Exited(Some(0)))).collect();
    wanted.take(&list);
    assert_eq!(wanted.queue.len(), STOPPED_DETAILS);
}
