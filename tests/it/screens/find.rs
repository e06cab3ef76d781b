//! Searching and filtering a log as it is seen: what is marked, where it stops, what stays hidden. Of the 41 lines the
//! last is the console's own and passes every filter.

use pilothouse::config::schema::{Fields, Logs};
use pilothouse::config::theme::Depth;
use pilothouse::config::units::ByteSize;
use pilothouse::logs::line::{Batch, Head};
use pilothouse::msg::{LogFact, Msg};
use pilothouse::sub::Sub;

use super::render::{draw, marked, text};
use super::world::{Stage, look};

/// The log of the incident, focused.
fn stage(logs: &Logs) -> Stage {
    let stage = Stage::incident((120, 40), look("dark", Depth::True, false));
    let mut stage = Stage { model: stage.model.with_logs(logs), now: stage.now };
    stage.select("api-7-2");
    stage.log();
    stage.keys("3 z");
    stage
}

/// News of the log on the screen.
fn log(stage: &mut Stage, fact: LogFact) {
    let of = |sub| if let Sub::Logs(generation, _) = sub { Some(generation) } else { None };
    let generation = stage.model.subs().into_iter().find_map(of).unwrap();
    stage.tell(Msg::Log(generation, fact));
}

fn lines<'a>(stage: &mut Stage, texts: impl IntoIterator<Item = &'a str>) {
    let mut batch = Batch::new();
    for text in texts {
        batch.push(
            text.as_bytes(),
            Head { at_ns: stage.now.wall.timestamp_nanos_opt().unwrap(), ..Head::default() },
        );
    }
    log(stage, LogFact::Lines(batch));
}

fn foot(stage: &Stage) -> String {
    shown(stage).lines().last().unwrap().to_owned()
}

/// The row under the cursor.
fn here(stage: &Stage) -> String {
    shown(stage).lines().find(|line| line.contains('▌')).unwrap_or_default().to_owned()
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

#[test]
fn a_search_goes_to_the_nearest_hit_while_it_is_typed_and_esc_puts_all_back() {
    let mut stage = stage(&Logs::default());
    let following = shown(&stage);
    stage.keys("/");
    stage.text("timeout");
    assert!(
        here(&stage).contains("db timeout") && found(&stage).contains(&"timeout".to_owned()),
        "{}",
        shown(&stage)
    );
    stage.keys("esc");
    assert_eq!(shown(&stage), following);
    // From a place above, with a search in force.
    search(&mut stage, "heap");
    stage.keys("k k k");
    let reading = shown(&stage);
    stage.keys("/");
    stage.text("pool");
    assert!(here(&stage).contains("pool exhausted"), "{}", shown(&stage));
    stage.keys("esc");
    assert_eq!(shown(&stage), reading);
}

#[test]
fn a_filter_shows_what_passes_while_it_is_typed_and_esc_puts_all_back() {
    let mut stage = stage(&Logs::default());
    stage.keys("k k k k k k");
    let reading = shown(&stage);
    stage.keys("&");
    stage.text("pool");
    assert!(
        shown(&stage).contains("pool exhausted") && !shown(&stage).contains("starting"),
        "{}",
        shown(&stage)
    );
    assert!(foot(&stage).contains("6 of 41 lines"), "{}", foot(&stage));
    stage.text("(");
    assert!(
        foot(&stage).contains("unclosed group") && shown(&stage).contains("pool exhausted"),
        "{}",
        shown(&stage)
    );
    stage.keys("backspace backspace backspace backspace backspace !");
    stage.text("pool");
    stage.keys("esc");
    assert_eq!(shown(&stage), reading);
}

#[test]
fn what_is_typed_asks_nothing_of_the_engine_before_enter() {
    let mut stage = stage(&Logs::default());
    stage.select("db-1");
    lines(&mut stage, ["one line"]);
    log(&mut stage, LogFact::Opened(false));
    stage.keys("3");
    let is_asking = |stage: &Stage| stage.model.subs().iter().any(|sub| matches!(sub, Sub::History(..)));
    for (key, said) in [("/", "Enter searches all"), ("&", "no line held passes so far")] {
        stage.keys(key);
        stage.text("nowhere");
        assert!(!is_asking(&stage) && shown(&stage).contains(said), "{}", shown(&stage));
        stage.keys("enter");
        assert!(is_asking(&stage), "{key}");
        stage.keys("esc");
    }
}

#[test]
fn a_key_looks_at_a_part_of_what_is_held_and_says_so() {
    let mut stage = stage(&Logs::default());
    let texts: Vec<String> = (0..50_000).map(|number| format!("number {number:05}")).collect();
    lines(&mut stage, texts.iter().map(String::as_str));
    stage.keys("/");
    stage.text("00017");
    assert!(foot(&stage).contains("not in 20,000 lines; Enter looks on"), "{}", foot(&stage));
    stage.keys("enter");
    assert!(here(&stage).contains("number 00017"), "{}", shown(&stage));
    stage.keys("&");
    stage.text(".0500$");
    assert!(foot(&stage).contains("2 of 10,0") && foot(&stage).contains("looked at"), "{}", foot(&stage));
    stage.keys("enter");
    assert!(shown(&stage).contains("6 of 50,041 lines"), "{}", shown(&stage));
}

#[test]
fn a_log_that_was_followed_is_followed_after_a_search_that_was_not_wanted() {
    let mut stage = stage(&Logs { buffer: ByteSize::from_bytes(64 << 10), ..Logs::default() });
    stage.keys("/");
    stage.text("timeout");
    for part in 0..20 {
        let texts: Vec<String> = (0..200).map(|number| format!("flood {part} {number}")).collect();
        lines(&mut stage, texts.iter().map(String::as_str));
    }
    stage.keys("esc");
    assert!(
        shown(&stage).contains("following") && shown(&stage).contains("flood 19 199"),
        "{}",
        shown(&stage)
    );
}

#[test]
fn enter_stays_at_the_hit_that_is_shown_whatever_came_since() {
    let mut stage = stage(&Logs::default());
    stage.keys("/");
    stage.text("backend");
    lines(&mut stage, ["first backend", "other"]);
    stage.keys("backspace d");
    assert!(here(&stage).contains("first backend"), "{}", shown(&stage));
    lines(&mut stage, ["second backend"]);
    stage.keys("enter");
    assert!(here(&stage).contains("first backend"), "{}", shown(&stage));
}

#[test]
fn earlier_entries_come_back_by_up_and_down() {
    let mut stage = stage(&Logs::default());
    for pattern in ["timeout", "heap", "timeout", "pool"] {
        search(&mut stage, pattern);
    }
    stage.keys("/");
    stage.text("mine");
    let mut typed = Vec::new();
    for key in ["up", "up", "up", "up", "down", "down", "down", "down"] {
        stage.keys(key);
        typed.push(foot(&stage).trim().split("  ").next().unwrap().to_owned());
    }
    let wanted = ["pool", "timeout", "heap", "heap", "timeout", "pool", "mine", "mine"];
    assert_eq!(typed, wanted.map(|text| format!("search /{text}")));
    // Filters have their own.
    stage.keys("esc & up");
    assert!(!foot(&stage).contains("pool"), "{}", foot(&stage));
}

#[test]
fn the_prompts_of_filter_and_range_open_empty_and_enter_ends_what_is_in_force() {
    let mut stage = stage(&Logs::default());
    for (key, text, force) in [("&", "pool", "&pool"), ("@", "14:32", "@14:32")] {
        stage.keys(key);
        stage.text(text);
        stage.keys("enter");
        assert!(shown(&stage).contains(&format!("· {force}")), "{}", shown(&stage));
        stage.keys(key);
        assert!(foot(&stage).contains(&format!("Enter ends {force}")), "{}", foot(&stage));
        stage.keys("enter");
        assert!(!shown(&stage).contains(&format!("· {force}")), "{}", shown(&stage));
    }
}

#[test]
fn searches_with_a_name_are_offered_and_tab_goes_through_them() {
    let named = [("slow", "waiting|timeout"), ("memory", "heap|OutOfMemory"), ("mends", "listening")];
    let searches = named.map(|(name, pattern)| (name.to_owned(), pattern.to_owned())).into();
    let mut stage = stage(&Logs { searches, ..Logs::default() });
    stage.keys("/");
    assert!(foot(&stage).contains("Tab: memory, mends, slow"), "{}", foot(&stage));
    stage.text("m");
    let mut offered = Vec::new();
    for _ in 0..3 {
        stage.keys("tab");
        offered.push(foot(&stage).trim().split("  ").next().unwrap().to_owned());
    }
    assert_eq!(
        offered,
        ["heap|OutOfMemory", "listening", "heap|OutOfMemory"].map(|text| format!("search /{text}"))
    );
    assert!(foot(&stage).contains("memory"), "{}", foot(&stage));
    stage.keys("enter");
    assert!(here(&stage).contains("OutOfMemory"), "{}", shown(&stage));
    stage.keys("&");
    stage.text("!sl");
    stage.keys("tab enter");
    assert!(shown(&stage).contains("· &!waiting|timeout"), "{}", shown(&stage));
}

#[test]
fn the_keys_that_mean_level_and_message_can_be_set() {
    let fields = Fields { level: vec!["grade".into()], message: vec!["text".into()], ..Fields::default() };
    let mut stage = stage(&Logs { fields, ..Logs::default() });
    lines(&mut stage, [r#"{"grade":"error","text":"own words","msg":"other"}"#]);
    assert!(shown(&stage).contains("ERROR own words  msg=other"), "{}", shown(&stage));
    stage.keys("L L L");
    assert!(
        shown(&stage).contains("own words") && !shown(&stage).contains("db timeout"),
        "{}",
        shown(&stage)
    );
}
