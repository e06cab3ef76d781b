//! Searching and filtering a log as it is seen: what is marked, where it stops, what stays hidden. Of the 41 lines the
//! last is the console's own and passes every filter.

use pilothouse::config::schema::Logs;
use pilothouse::config::theme::Depth;

use super::render::{draw, marked, text};
use super::world::{Stage, look};

/// The log of the incident, focused.
fn stage(logs: &Logs) -> Stage {
    let stage = Stage::incident((120, 40), look("dark", Depth::True, false));
    let mut stage = Stage { model: stage.model.with_logs(logs), now: stage.now };
    stage.select("api-7-2");
    stage.log();
    stage.keys("3");
    stage
}

fn shown(stage: &Stage) -> String {
    text(&draw(&stage.model, stage.model.size))
}

fn found(stage: &Stage) -> Vec<String> {
    marked(&draw(&stage.model, stage.model.size))
}

fn search(stage: &mut Stage, pattern: &str) {
    stage.keys("/");
    stage.text(pattern);
    stage.keys("enter");
}

#[test]
fn only_the_text_of_lines_that_match_is_marked() {
    let mut stage = stage(&Logs::default());
    // In every time and in the names of levels, and in the text of some lines.
    search(&mut stage, "[0-9]{3}M|warn|14:");
    let all = found(&stage);
    assert!(!all.is_empty() && all.iter().all(|piece| piece == "512M"), "{all:?}");
}

#[test]
fn a_line_is_found_as_its_parts_are_shown() {
    let mut stage = stage(&Logs::default());
    search(&mut stage, "path=/api/orders  status");
    assert!(found(&stage).iter().any(|piece| piece == "path=/api/orders  status"), "{}", shown(&stage));
    stage.keys("J");
    assert_eq!(found(&stage), [""; 0], "as they were printed, no line has it");
}

#[test]
fn a_filter_goes_by_how_lines_are_shown_now() {
    let mut stage = stage(&Logs::default());
    stage.keys("&");
    stage.text("path=/api/orders");
    stage.keys("enter");
    assert!(
        shown(&stage).contains("request failed") && !shown(&stage).contains("db timeout"),
        "{}",
        shown(&stage)
    );
    stage.keys("J");
    assert!(shown(&stage).contains("1 of 41 lines"), "{}", shown(&stage));
}

#[test]
fn what_is_masked_can_be_neither_searched_nor_filtered_for() {
    let mut stage = stage(&Logs { mask: vec![r"(?:addr=|path=)(\S+)".into()], ..Logs::default() });
    assert!(
        shown(&stage).contains("addr=********") && shown(&stage).contains("path=********"),
        "{}",
        shown(&stage)
    );
    for guess in ["0.0.0.0", "api/orders"] {
        search(&mut stage, guess);
        assert_eq!(found(&stage), [""; 0], "{guess}");
        assert!(!shown(&stage).contains("paused"), "it stopped nowhere: {}", shown(&stage));
        stage.keys("esc esc &");
        stage.text(guess);
        stage.keys("enter");
        assert!(shown(&stage).contains("1 of 41 lines"), "{}", shown(&stage));
        stage.keys("esc");
    }
}
