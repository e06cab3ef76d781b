//! Keys mean what the table and the configuration say, the nearer context first.

use super::*;

fn chords(text: &str) -> Vec<Chord> {
    text.split_whitespace().map(|key| key.parse().unwrap()).collect()
}

fn overlaid(toml: &str) -> (Keymap, Vec<Conflict>) {
    let mut keymap = Keymap::standard().unwrap();
    let conflicts = keymap.overlay(&toml::from_str(toml).unwrap());
    (keymap, conflicts)
}

#[test]
fn every_key_of_the_table_parses_and_is_shown_as_written() {
    let keymap = Keymap::standard().unwrap();
    for entry in ACTIONS {
        assert_eq!(keymap.key_of(entry.action).as_deref(), entry.keys.first().copied());
    }
}

#[test]
fn a_pane_is_asked_before_the_rest() {
    let keymap = Keymap::standard().unwrap();
    let slash = "/".parse().unwrap();
    assert_eq!(keymap.action(&[Context::Logs, Context::Global], slash), Some(Action::Search));
    assert_eq!(keymap.action(&[Context::List, Context::Global], slash), Some(Action::Filter));
    assert_eq!(keymap.action(&[Context::Global], slash), None);
}

#[test]
fn a_row_of_keys_waits_until_it_is_complete() {
    let (keymap, conflicts) = overlaid(r#""g g" = "top""#);
    assert_eq!(conflicts, []);
    let look = |text| keymap.lookup(&[Context::Logs, Context::Global], &chords(text));
    assert_eq!(look("g"), Lookup::Prefix);
    assert_eq!(look("g g"), Lookup::Action(Action::Top));
    assert_eq!(look("g x"), Lookup::Nothing);
    assert_eq!(look("G"), Lookup::Action(Action::Bottom));
}

#[test]
fn none_unbinds_everywhere_but_in_a_context_only_there() {
    let (keymap, _) = overlaid("\"/\" = \"none\"\n[logs]\nw = \"none\"");
    let slash = chords("/")[0];
    assert_eq!(keymap.action(&[Context::Logs], slash), None);
    assert_eq!(keymap.action(&[Context::List], slash), None);
    assert_eq!(keymap.action(&[Context::Logs], chords("w")[0]), None);
    assert_eq!(keymap.key_of(Action::Wrap), None);
}

#[test]
fn a_row_that_is_unbound_leaves_its_first_key_alone() {
    let (keymap, _) = overlaid("\"g g\" = \"none\"");
    assert_eq!(keymap.action(&[Context::Global], chords("g")[0]), Some(Action::Top));
}

#[test]
fn a_key_taken_everywhere_may_be_given_back_in_one_pane() {
    let (keymap, conflicts) = overlaid("\"/\" = \"none\"\n[logs]\n\"/\" = \"wrap\"");
    assert_eq!(conflicts, []);
    assert_eq!(keymap.action(&[Context::Logs], chords("/")[0]), Some(Action::Wrap));
}

#[test]
fn an_action_without_its_own_key_is_shown_with_the_one_that_is_left() {
    let (keymap, _) = overlaid("w = \"none\"\n\"ctrl-w w\" = \"wrap\"");
    assert_eq!(keymap.key_of(Action::Wrap).as_deref(), Some("ctrl-w w"));
}

#[test]
fn a_key_outside_of_a_context_goes_where_its_action_is_at_home() {
    let (keymap, _) = overlaid("X = \"wrap\"");
    assert_eq!(keymap.action(&[Context::Logs], chords("X")[0]), Some(Action::Wrap));
    assert_eq!(keymap.action(&[Context::Containers], chords("X")[0]), None);
}

#[test]
fn two_actions_on_one_key_in_one_context_are_a_conflict() {
    let (_, conflicts) = overlaid("X = \"wrap\"\n[logs]\nX = \"json\"");
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    assert_eq!(conflict.message, "`X` is set to `json` and to `wrap` in logs");
    assert_eq!(conflict.at, ["keys", "logs", "X"]);
}

#[test]
fn a_row_that_begins_with_another_key_is_a_conflict() {
    let (_, conflicts) = overlaid("X = \"wrap\"\n\"X y\" = \"json\"");
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    assert_eq!(conflict.message, "`X y` for `json` and `X` for `wrap` begin alike in logs");
}

#[test]
fn the_same_key_in_two_contexts_is_no_conflict() {
    assert_eq!(overlaid("[logs]\nX = \"wrap\"\n[list]\nX = \"filter\"").1, []);
}
