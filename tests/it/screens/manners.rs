//! What keys do: footer, palette, several keys in a row, and why a key does nothing.

use pilothouse::config::schema::Binding;
use pilothouse::config::theme::Depth;
use pilothouse::domain::container::{Health, State};
use pilothouse::msg::{JobEvent, Mouse, Msg};
use pilothouse::panes::PaneKind;

use super::render::{draw, text};
use super::world::{self, Stage, look};

fn stage(size: (u16, u16)) -> Stage {
    Stage::incident(size, look("dark", Depth::True, false))
}

fn rows(stage: &Stage) -> Vec<String> {
    text(&draw(&stage.model, stage.model.size)).lines().map(str::to_owned).collect()
}

fn foot(stage: &Stage) -> String {
    rows(stage).pop().unwrap()
}

fn selected(stage: &Stage) -> String {
    stage.model.scope.container.as_ref().unwrap().id.to_string()
}

#[test]
fn the_footer_fits_and_always_leads_to_help() {
    for width in [60, 70, 80, 100, 160] {
        for pane in ["1", "2", "3", "4", "5", "a"] {
            let mut stage = stage((width, 24));
            stage.keys(pane);
            let foot = foot(&stage);
            assert!(foot.ends_with(": command  ? help"), "{width} {pane}: {foot}");
            assert!(foot.chars().count() <= usize::from(width), "{width} {pane}: {foot}");
        }
    }
}

#[test]
fn a_key_that_can_do_nothing_is_not_shown_and_says_why_when_pressed() {
    let mut stage = stage((160, 48));
    stage.unlock();
    stage.select("web-42-blue-1");
    assert!(foot(&stage).contains("x shell"), "{}", foot(&stage));
    stage.select("api-7-2");
    assert!(!foot(&stage).contains("x shell"), "{}", foot(&stage));
    stage.keys("x");
    assert_eq!(foot(&stage).trim(), "shell: the container does not run");
    stage.keys("f5");
    assert_eq!(foot(&stage).trim(), "f5 does nothing here; ? shows the keys");
    let mut paused = world::shop()[0].container();
    paused.state = State::Paused;
    stage.up("web1", vec![paused]);
    stage.select("web-42-blue-1");
    stage.keys("x");
    assert_eq!(foot(&stage).trim(), "shell: the container is paused");
}

#[test]
fn a_long_word_to_the_operator_is_not_cut_short() {
    let mut stage = stage((80, 24));
    let why = "cannot stop api-7-2 on web2: no such container; it was removed by somebody else in the meantime, so nothing was done; look at the list again";
    stage.tell(Msg::Job(pilothouse::effect::JobId(1), JobEvent::Failed(why.into())));
    let all = rows(&stage).join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(all.contains(why), "{all}");
}

#[test]
fn keys_in_a_row_do_what_they_are_set_to_and_esc_forgets_them() {
    let mut stage = stage((80, 24));
    let set = ("ctrl-x e".to_owned(), Binding::Action("activity".into()));
    assert!(stage.model.keymap.overlay(&[set].into()).is_empty());
    stage.keys("ctrl-x");
    assert_eq!(foot(&stage).trim(), "ctrl-x and then: e activity");
    stage.keys("esc e");
    assert_eq!(stage.model.focus, PaneKind::Containers);
    stage.keys("ctrl-x e");
    assert_eq!(stage.model.focus, PaneKind::Activity);
}

#[test]
fn the_palette_goes_to_a_container_of_another_environment() {
    let mut stage = stage((80, 24));
    stage.keys("4 :");
    stage.text("worker-13");
    assert!(rows(&stage).iter().any(|row| row.contains("container in staging on stage1")));
    stage.keys("enter");
    assert_eq!(stage.model.scope.environment.as_ref().unwrap().as_str(), "staging");
    assert_eq!((selected(&stage).as_str(), stage.model.focus), ("worker-13-1", PaneKind::Containers));
}

#[test]
fn the_palette_goes_to_the_worst_container_of_a_service() {
    let mut stage = stage((80, 24));
    stage.select("web-42-blue-1");
    stage.keys(":");
    stage.text("api");
    stage.keys("enter");
    assert_eq!(selected(&stage), "api-7-1");
}

#[test]
fn the_palette_completes_and_does_an_action_to_a_named_container() {
    let mut stage = stage((80, 24));
    stage.unlock();
    stage.keys(":");
    stage.text("rest");
    stage.keys("tab");
    stage.text("wrk");
    assert!(rows(&stage).iter().any(|row| row.contains("restart worker-12-1")), "{:#?}", rows(&stage));
    stage.keys("enter");
    assert_eq!(selected(&stage), "worker-12-1");
    assert!(rows(&stage).join("\n").contains("restart worker-12-1"));
}

#[test]
fn esc_leaves_the_palette_and_nothing_happened() {
    let mut stage = stage((80, 24));
    let before = rows(&stage);
    stage.keys(":");
    stage.text("kill");
    stage.keys("esc");
    assert_eq!(rows(&stage), before);
}

#[test]
fn help_scrolls_to_its_end_and_no_further() {
    let mut stage = stage((80, 24));
    stage.keys("? G j j");
    let shown = rows(&stage).join("\n");
    assert!(shown.contains("Keys · Esc closes") && shown.contains("export"), "{shown}");
}

fn at(stage: &Stage, text: &str) -> (u16, u16) {
    let rows = rows(stage);
    let (y, row) = rows.iter().enumerate().find(|(_, row)| row.contains(text)).expect(text);
    let before = row.split(text).next().unwrap().chars().count();
    (before as u16, y as u16)
}

fn click(stage: &mut Stage, text: &str) {
    let (x, y) = at(stage, text);
    stage.tell(Msg::Mouse(Mouse::Click, x, y));
}

#[test]
fn a_click_selects_the_row_and_the_pane_under_it() {
    for size in [(80, 24), (160, 48)] {
        let mut stage = stage(size);
        click(&mut stage, "worker-12-1");
        assert_eq!(selected(&stage), "worker-12-1");
    }
    let mut stage = stage((160, 48));
    click(&mut stage, "4 Health");
    assert_eq!(stage.model.focus, PaneKind::Health);
    click(&mut stage, "stage1");
    assert_eq!(stage.model.scope.environment.as_ref().unwrap().as_str(), "staging");
}

#[test]
fn a_click_on_a_tab_goes_there() {
    let mut stage = stage((80, 24));
    click(&mut stage, "4 health");
    assert_eq!(stage.model.focus, PaneKind::Health);
}

#[test]
fn the_wheel_scrolls_what_is_under_it_and_leaves_the_focus() {
    let mut stage = stage((160, 48));
    let (x, y) = at(&stage, "pool exhausted");
    for _ in 0..8 {
        stage.tell(Msg::Mouse(Mouse::WheelUp, x, y));
    }
    assert!(rows(&stage).join("\n").contains("paused"));
    assert_eq!(stage.model.focus, PaneKind::Containers);
}

#[test]
fn a_click_never_answers_a_dialog() {
    let mut stage = stage((80, 24));
    stage.unlock();
    stage.keys("S");
    let before = rows(&stage);
    for (y, _) in before.iter().enumerate() {
        stage.tell(Msg::Mouse(Mouse::Click, 40, y as u16));
    }
    assert_eq!(rows(&stage), before);
}

#[test]
fn the_worst_container_is_selected_at_first_and_stays_when_another_gets_bad() {
    let mut stage = Stage::asking((80, 24), look("dark", Depth::True, false));
    let listed = |host: &str| -> Vec<_> {
        super::world::shop().iter().filter(|s| s.host == host).map(super::world::Spec::container).collect()
    };
    let mut calm = listed("web1");
    for c in &mut calm {
        c.health = Health::Healthy;
    }
    stage.up("web1", calm);
    assert_eq!(selected(&stage), "api-7-1", "nothing is bad: the first");
    stage.up("web2", listed("web2"));
    assert_eq!(selected(&stage), "api-7-2", "the other host told of a bad one");
    stage.up("web1", listed("web1"));
    assert_eq!(selected(&stage), "api-7-2", "all is known: nothing moves any more");
}

#[test]
fn a_filter_shows_what_it_finds_while_it_is_typed_and_esc_puts_all_back() {
    let mut stage = stage((80, 24));
    stage.keys("/");
    stage.text("web-42");
    let shown = rows(&stage).join("\n");
    assert!(shown.contains("web-42-blue-1") && !shown.contains("cache-1"), "{shown}");
    assert!(foot(&stage).contains("2 of 10"), "{}", foot(&stage));
    stage.keys("esc");
    assert!(rows(&stage).join("\n").contains("cache-1"));
}

#[test]
fn a_pattern_that_is_not_whole_yet_keeps_what_was_found() {
    let mut stage = stage((80, 24));
    stage.keys("/");
    stage.text("green(");
    let shown = rows(&stage).join("\n");
    assert!(shown.contains("web-43-green-1") && !shown.contains("cache-1"), "{shown}");
    stage.keys("backspace");
    stage.text("-2");
    assert!(foot(&stage).contains("1 of 10"), "{}", foot(&stage));
}
