//! What the pane asks for, on a host that keeps a little of everything.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::Utc;

use super::*;
use crate::config::theme::Theme;
use crate::domain::environment::{Class, Environment};
use crate::domain::ids::EnvironmentId;
use crate::domain::inventory::Hold;
use crate::panes::Scope;
use crate::ui::look::Look;
use crate::world::{Counted, Now, World};

fn item(kind: Kind, id: &str, user: Option<&str>) -> Item {
    Item {
        kind,
        id: id.into(),
        names: vec![id.into()],
        bytes: Some(10),
        shared_bytes: 0,
        created: None,
        used: None,
        users: user.into_iter().map(Arc::from).collect(),
        children: Vec::new(),
        hold: None,
        note: "".into(),
    }
}

struct Desk {
    world: World,
    scope: Scope,
    look: Look,
    now: Now,
    pane: EnginePane,
}

impl Desk {
    fn new(items: Vec<Item>) -> Self {
        let host = HostId::new("web1");
        let environment = Environment {
            id: EnvironmentId::new("local"),
            class: Class::Unclassified,
            is_protected: false,
            hosts: vec![host.clone()],
            projects: Vec::new(),
            after: None,
        };
        let now = Now { at: Instant::now(), wall: Utc::now() };
        let last = Some((now.at, Arc::new(Inventory { items, layers_bytes: None })));
        let counted = Counted { last, ..Counted::default() };
        let world = World {
            environments: vec![environment],
            inventories: BTreeMap::from([(host, counted)]),
            ..World::default()
        };
        let scope = Scope { environment: Some(EnvironmentId::new("local")), container: None };
        let look = Look::new(&Theme::named("dark").unwrap(), false, true);
        Self { world, scope, look, now, pane: EnginePane::default() }
    }

    fn act(&mut self, action: Action) -> Answer {
        let Self { world, scope, look, now, pane } = self;
        let ctx = Ctx { world, scope, look, now: *now, is_focused: true };
        pane.fit(Rect::new(0, 0, 80, 24), &ctx);
        let answer = pane.act(action, &ctx);
        pane.fit(Rect::new(0, 0, 80, 24), &ctx);
        answer
    }
}

/// Ids that a confirmed answer would remove.
fn going(answer: &Answer) -> Vec<&str> {
    let Answer::Done(requests) = answer else { panic!("{answer:?}") };
    let [Request::Change(Change::Discard(_, items))] = requests.as_slice() else { panic!("{requests:?}") };
    items.iter().map(|i| &*i.id).collect()
}

fn said(answer: &Answer) -> &str {
    let Answer::Done(requests) = answer else { panic!("{answer:?}") };
    let [Request::Say(text)] = requests.as_slice() else { panic!("{requests:?}") };
    text
}

fn images() -> Vec<Item> {
    let nameless = Item { names: Vec::new(), ..item(Kind::Image, "nameless", None) };
    vec![item(Kind::Image, "used", Some("web-1")), item(Kind::Image, "old", None), nameless]
}

#[test]
fn a_prune_asks_for_exactly_what_nothing_uses() {
    let mut desk = Desk::new(images());
    assert_eq!(going(&desk.act(Action::Prune)), ["nameless"]);
    assert_eq!(going(&desk.act(Action::PruneAll)), ["old", "nameless"]);
}

#[test]
fn a_prune_of_nothing_says_what_more_there_is() {
    let mut desk = Desk::new(vec![item(Kind::Image, "old", None)]);
    assert!(said(&desk.act(Action::Prune)).contains("1 images that no container uses in all"));
}

#[test]
fn what_is_used_is_neither_removed_nor_marked() {
    let mut desk = Desk::new(images());
    assert!(said(&desk.act(Action::RemoveItem)).contains("used by web-1"));
    assert!(said(&desk.act(Action::MarkItem)).contains("used by web-1"));
}

#[test]
fn the_marked_go_together_whatever_is_selected() {
    let mut desk = Desk::new(images());
    for action in [Action::Down, Action::MarkItem, Action::MarkItem, Action::Top] {
        desk.act(action);
    }
    assert_eq!(going(&desk.act(Action::RemoveItem)).len(), 2);
}

#[test]
fn a_builtin_network_stays() {
    let bridge = Item { hold: Some(Hold::Builtin), ..item(Kind::Network, "bridge", None) };
    let mut desk = Desk::new(vec![bridge]);
    for _ in 0..2 {
        desk.act(Action::Right);
    }
    assert!(said(&desk.act(Action::RemoveItem)).contains("needed by the engine"));
}

#[test]
fn a_record_of_the_build_cache_goes_only_with_the_others() {
    let mut desk = Desk::new(vec![item(Kind::Cache, "a", None), item(Kind::Cache, "b", None)]);
    for _ in 0..3 {
        desk.act(Action::Right);
    }
    assert!(said(&desk.act(Action::RemoveItem)).contains("only as a whole"));
    assert_eq!(going(&desk.act(Action::Prune)).len(), 2);
}

#[test]
fn what_can_go_never_touches_the_size_beside_it() {
    for width in [78, 158] {
        // Of 10,000 images, of which the engine does not know what some share.
        let of = |n: usize| Item {
            bytes: (n > 0).then_some(1_900_000),
            ..item(Kind::Image, &n.to_string(), None)
        };
        let desk = Desk::new((0..10_000).map(of).collect());
        let Desk { world, scope, look, now, pane } = &desk;
        let ctx = Ctx { world, scope, look, now: *now, is_focused: true };
        let area = Rect::new(0, 0, width, 20);
        let mut buf = Buffer::empty(area);
        pane.draw(&ctx, area, &mut buf);
        let line = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>();
        let row = (0..20).map(line).find(|text| text.contains("images ")).unwrap();
        let words: Vec<_> = row.split_whitespace().skip_while(|word| *word != "images").collect();
        assert_eq!(words[..4], ["images", "10000", "0", "18G"], "{row}");
        assert!(words[4].starts_with("10000:"), "{row}");
    }
}
