//! From a key to what is done, or refused: read-only, write windows, grades, classification, masks, own programs.

use std::path::PathBuf;

use pilothouse::app::settings::{OwnCommand, Settings};
use pilothouse::config::theme::Depth;
use pilothouse::domain::act::{Change, ContainerAct};
use pilothouse::domain::container::State;
use pilothouse::domain::environment::Class;
use pilothouse::domain::ids::{ContainerId, EnvironmentId, HostId};
use pilothouse::domain::ledger::union::Ledger;
use pilothouse::effect::Effect;
use pilothouse::msg::{HostFact, JobEvent, Msg};

use super::render::{draw, text};
use super::world::{Stage, look, shop};

fn stage(size: (u16, u16)) -> Stage {
    Stage::incident(size, look("dark", Depth::True, false))
}

/// In the environment of that name, its first container selected.
fn stage_in(environment: &str) -> Stage {
    let mut stage = stage((80, 24));
    stage.command(environment);
    stage.keys("2 g");
    assert_eq!(stage.model.scope.environment, Some(EnvironmentId::new(environment)));
    stage
}

fn shown(stage: &Stage) -> String {
    text(&draw(&stage.model, stage.model.size))
}

fn classify(stage: &mut Stage, environment: &str, class: Class) {
    let found = stage.model.world.environments.iter_mut().find(|e| e.id.as_str() == environment);
    found.unwrap().class = class;
}

fn changes(effects: &[Effect]) -> Vec<(ContainerAct, String)> {
    let name = |effect: &Effect| match effect {
        Effect::Change(_, Change::Containers(act, targets), _) => Some((*act, targets[0].1.clone())),
        _ => None,
    };
    effects.iter().filter_map(name).collect()
}

#[test]
fn a_protected_environment_opens_read_only_and_says_the_way_out() {
    let mut stage = stage((80, 24));
    stage.select("db-1");
    assert!(shown(&stage).contains("read-only"));
    for key in ["R", "S", "p", "K", "D", "x"] {
        assert_eq!(stage.press(key), [], "{key}");
        let shown = shown(&stage);
        assert!(shown.contains("read-only; `:write") && !shown.contains("y does it"), "{key}: {shown}");
    }
}

#[test]
fn writing_is_unlocked_for_a_while_and_lapses_by_itself() {
    let mut stage = stage((80, 24));
    stage.select("db-1");
    stage.command("write 2m");
    assert!(shown(&stage).contains("writable 2m"), "{}", shown(&stage));
    stage.keys("R");
    assert!(shown(&stage).contains("restart db-1 on web1"));
    stage.keys("esc");
    stage.wait(119);
    assert!(shown(&stage).contains("writable 1s"));
    stage.wait(1);
    assert!(shown(&stage).contains("read-only"));
    stage.keys("R");
    assert!(!shown(&stage).contains("restart db-1 on web1"));
}

#[test]
fn without_a_time_the_configured_window_holds_and_off_ends_it() {
    let mut stage = stage((80, 24));
    stage.command("write");
    assert!(shown(&stage).contains("writable 15m"));
    stage.command("write off");
    assert!(shown(&stage).contains("read-only"));
    stage.command("write soon");
    assert!(shown(&stage).contains("`soon` is no time"), "{}", shown(&stage));
}

#[test]
fn a_dialog_does_not_outlive_the_write_window() {
    let mut stage = stage((80, 24));
    stage.command("write 1m");
    stage.select("db-1");
    stage.keys("R");
    stage.wait(61);
    assert_eq!(stage.press("y"), []);
    assert!(shown(&stage).contains("nothing was done"), "{}", shown(&stage));
}

#[test]
fn what_ends_something_in_a_protected_environment_wants_its_name_typed() {
    let mut stage = stage((80, 24));
    stage.unlock();
    stage.select("db-1");
    stage.keys("D");
    assert_eq!(stage.press("y"), []);
    stage.keys("backspace");
    stage.text("productio");
    assert_eq!(stage.press("enter"), []);
    stage.text("n");
    assert_eq!(changes(&stage.press("enter")), [(ContainerAct::Remove, "db-1".to_owned())]);
}

#[test]
fn an_environment_whose_ledger_is_of_a_newer_format_is_read_only_and_says_so() {
    let mut stage = stage_in("staging");
    let ledger = Box::new(Ledger { newer: Some(2), ..Ledger::default() });
    stage.tell(Msg::Ledger(EnvironmentId::new("staging"), ledger));
    for key in ["R", "x"] {
        assert_eq!(stage.press(key), [], "{key}");
        assert!(
            shown(&stage).contains("staging is read-only here: its ledger is of format 2"),
            "{key}: {}",
            shown(&stage)
        );
    }
}

#[test]
fn what_is_done_is_recorded_where_it_counts() {
    let mut stage = stage_in("staging");
    stage.keys("R");
    let effects = stage.press("y");
    let [Effect::Change(_, _, intent)] = effects.as_slice() else { panic!("{effects:?}") };
    let [on] = intent.on.as_slice() else { panic!("{intent:?}") };
    let told = [intent.environment.as_str(), &intent.act, &on.name, &on.service, &on.kind];
    assert_eq!(told, ["staging", "restart", "api-8-1", "api", "container"]);
}

#[test]
fn cancel_is_what_enter_means_where_y_is_asked() {
    let mut stage = stage_in("staging");
    stage.keys("R");
    assert_eq!(stage.press("enter"), []);
    assert_eq!(stage.press("y"), []);
    stage.keys("R");
    assert_eq!(changes(&stage.press("y")), [(ContainerAct::Restart, "api-8-1".to_owned())]);
}

#[test]
fn only_what_is_harmless_in_development_is_done_unasked() {
    let mut stage = stage_in("staging");
    let stopped = |stage: &mut Stage, name: &str| {
        let fact = HostFact::Changed(ContainerId::new(name), State::Exited(Some(0)));
        stage.tell(Msg::Host(HostId::new("stage1"), fact));
    };
    stopped(&mut stage, "api-8-1");
    assert_eq!(stage.press("S"), []);
    stage.keys("esc");
    classify(&mut stage, "staging", Class::Development);
    assert_eq!(changes(&stage.press("S")), [(ContainerAct::Start, "api-8-1".to_owned())]);
    assert_eq!(stage.press("R"), []);
    assert!(shown(&stage).contains("y does it"));
}

#[test]
fn the_first_change_in_an_unclassified_environment_asks_what_it_is() {
    let mut stage = stage_in("local");
    stage.model =
        stage.model.configured(Settings { user_file: Some("/c.toml".into()), ..Settings::default() });
    assert_eq!(stage.press("R"), []);
    assert!(shown(&stage).contains("Nobody has said yet what local is"), "{}", shown(&stage));
    let effects = stage.answer("s");
    let Effect::Classify { environment, class, hosts, file, .. } = &effects[0] else { panic!("{effects:?}") };
    assert_eq!((environment.as_str(), *class, file), ("local", Class::Staging, &PathBuf::from("/c.toml")));
    assert_eq!(*hosts, ["unix:///var/run/docker.sock"]);
    assert!(shown(&stage).contains("y does it"), "{}", shown(&stage));
    stage.keys("esc");
    stage.keys("R");
    assert!(shown(&stage).contains("y does it"));
}

#[test]
fn what_is_called_production_is_read_only_at_once() {
    let mut stage = stage_in("local");
    stage.keys("R");
    stage.answer("p");
    assert!(shown(&stage).contains("LOCAL PRODUCTION") && shown(&stage).contains("read-only"));
    assert!(!shown(&stage).contains("y does it"));
}

#[test]
fn who_leaves_it_unclassified_is_asked_once_and_everything_is_confirmed() {
    let mut stage = stage_in("local");
    stage.keys("R");
    assert_eq!(stage.answer("l"), []);
    assert_eq!(changes(&stage.press("y")), [(ContainerAct::Restart, "api-8-1".to_owned())]);
    stage.keys("R");
    assert!(shown(&stage).contains("y does it"));
}

#[test]
fn esc_at_the_question_what_it_is_does_nothing_and_it_comes_again() {
    let mut stage = stage_in("local");
    stage.keys("R");
    assert_eq!(stage.press("esc"), []);
    assert!(!shown(&stage).contains("y does it"));
    stage.keys("R");
    assert!(shown(&stage).contains("Nobody has said yet"));
}

#[test]
fn a_container_that_went_away_while_the_dialog_was_open_stops_it() {
    let mut stage = stage_in("staging");
    stage.keys("R");
    stage.tell(Msg::Host(HostId::new("stage1"), HostFact::Removed(ContainerId::new("api-8-1"))));
    assert_eq!(stage.press("y"), []);
    assert!(shown(&stage).contains("api-8-1 is gone by now; nothing was done"), "{}", shown(&stage));
}

#[test]
fn a_container_that_ended_while_the_dialog_was_open_stops_it() {
    let mut stage = stage_in("staging");
    stage.keys("S");
    let fact = HostFact::Changed(ContainerId::new("api-8-1"), State::Exited(Some(1)));
    stage.tell(Msg::Host(HostId::new("stage1"), fact));
    assert_eq!(stage.press("y"), []);
    assert!(
        shown(&stage).contains("is exited by now, it was running; nothing was done"),
        "{}",
        shown(&stage)
    );
}

#[test]
fn a_container_of_a_protected_environment_is_protected_wherever_it_is_shown() {
    let mut stage = stage((80, 24));
    let staging = stage.model.world.environments.iter_mut().find(|e| e.id.as_str() == "staging").unwrap();
    staging.hosts.push(HostId::new("web1"));
    stage.command("staging");
    stage.select("worker-12-1");
    stage.keys("R");
    assert!(shown(&stage).contains("production is read-only"), "{}", shown(&stage));
}

#[test]
fn marks_do_not_reach_into_another_environment() {
    let mut stage = stage_in("staging");
    stage.keys("space");
    stage.command("local");
    stage.keys("2 g R");
    stage.answer("l");
    assert!(shown(&stage).contains("restart api-8-1 on box"), "{}", shown(&stage));
    assert!(!shown(&stage).contains("on stage1"));
}

#[test]
fn a_long_list_scrolls_to_its_last_step_at_any_size() {
    for size in [(80, 24), (60, 15)] {
        let mut stage = stage(size);
        stage.unlock();
        stage.keys("2 g");
        for _ in 0..shop().len() {
            stage.keys("space");
        }
        stage.keys("R");
        assert!(shown(&stage).contains("y does it"), "{}", shown(&stage));
        stage.keys("G");
        assert!(shown(&stage).contains("worker-12-1 on web1"), "{}", shown(&stage));
    }
}

#[test]
fn masks_are_lifted_after_a_question_and_fall_with_the_environment() {
    let mut stage = stage((80, 24));
    let value = serde_json::json!({"Env": ["API_TOKEN=s3cr3t"]});
    stage.asked("i", JobEvent::Inspected(value));
    assert!(!shown(&stage).contains("s3cr3t"));
    stage.keys("M");
    stage.answer("enter");
    assert!(!shown(&stage).contains("s3cr3t") && shown(&stage).contains("API_TOKEN=****"));
    stage.keys("M");
    stage.answer("y");
    assert!(shown(&stage).contains("API_TOKEN=s3cr3t"), "{}", shown(&stage));
    stage.keys("esc");
    assert!(shown(&stage).contains("masks off"));
    stage.command("staging");
    assert!(!shown(&stage).contains("masks off"));
}

fn with_command(is_asked: bool) -> Stage {
    let command = OwnCommand {
        name: "migrate".into(),
        run: vec!["./bin/migrate".into(), "--dry-run".into()],
        dir: "/srv/shop".into(),
        keys: Some("ctrl-x m".parse().unwrap()),
        is_asked,
        description: "Show what a migration would do".into(),
    };
    let mut stage = stage_in("staging");
    stage.model = stage.model.configured(Settings { commands: vec![command], ..Settings::default() });
    stage
}

fn run() -> Effect {
    Effect::Run("migrate".into(), vec!["./bin/migrate".into(), "--dry-run".into()], "/srv/shop".into())
}

#[test]
fn a_program_of_ones_own_is_asked_for_and_run_by_its_keys() {
    let mut stage = with_command(true);
    stage.keys("ctrl-x m");
    assert!(shown(&stage).contains("./bin/migrate --dry-run"), "{}", shown(&stage));
    assert_eq!(stage.answer("enter"), []);
    stage.keys("ctrl-x m");
    assert_eq!(stage.answer("y"), [run()]);
    let mut stage = with_command(false);
    stage.keys("ctrl-x");
    assert_eq!(stage.press("m"), [run()]);
}

#[test]
fn a_program_of_ones_own_is_in_the_palette_and_in_help() {
    let mut stage = with_command(false);
    stage.keys(":");
    stage.text("migrate");
    assert!(shown(&stage).contains("Show what a migration would do"), "{}", shown(&stage));
    assert_eq!(stage.press("enter"), [run()]);
    stage.keys("? G");
    assert!(shown(&stage).contains("ctrl-x m"), "{}", shown(&stage));
}

#[test]
fn only_development_opens_a_shell_unasked() {
    let is_shell = |effects: &[Effect]| matches!(effects, [Effect::Shell(..)]);
    let mut stage = stage_in("staging");
    assert_eq!(stage.press("x"), []);
    assert!(shown(&stage).contains("A shell in api-8-1 on stage1"), "{}", shown(&stage));
    assert_eq!(stage.answer("enter"), []);
    stage.keys("x");
    assert!(is_shell(&stage.answer("y")));
    classify(&mut stage, "staging", Class::Development);
    assert!(is_shell(&stage.press("x")));
}

#[test]
fn a_shell_in_an_unclassified_environment_asks_what_it_is() {
    let mut stage = stage_in("local");
    assert_eq!(stage.press("x"), []);
    assert!(shown(&stage).contains("Nobody has said yet what local is"), "{}", shown(&stage));
    assert_eq!(stage.answer("l"), []);
    assert!(matches!(stage.answer("y")[..], [Effect::Shell(..)]));
    let mut stage = stage_in("local");
    stage.keys("x");
    stage.answer("p");
    assert!(shown(&stage).contains("read-only; `:write"), "{}", shown(&stage));
}

#[test]
fn a_shell_that_was_asked_for_does_not_outlive_the_write_window() {
    let mut stage = stage((80, 24));
    stage.command("write 1m");
    stage.select("db-1");
    assert_eq!(stage.press("x"), []);
    stage.wait(61);
    assert_eq!(stage.answer("y"), []);
    assert!(shown(&stage).contains("production is read-only"), "{}", shown(&stage));
}

#[test]
fn what_was_typed_before_a_question_could_be_read_does_not_answer_it() {
    let mut stage = stage_in("local");
    // Of a command for the shell: `p` would be production, Enter would be no.
    stage.keys("x p s enter");
    assert!(shown(&stage).contains("3 keys typed before this: no answer"), "{}", shown(&stage));
    stage.model.drawn(stage.now.at);
    // Whoever still types has not read it, however long that takes.
    for _ in 0..8 {
        stage.now.at += std::time::Duration::from_millis(300);
        assert_eq!(stage.press("p"), []);
    }
    assert!(shown(&stage).contains("Nobody has said yet what local is"), "{}", shown(&stage));
    assert_eq!(stage.model.environment().unwrap().class, Class::Unclassified);
    assert_eq!(stage.answer("l"), []);
    assert!(shown(&stage).contains("A shell in api-8-1 on box"), "{}", shown(&stage));
}
