//! What is shown can be found, what is masked cannot; and the short cuts of the search change nothing.

use super::*;
use crate::logs::line::{Batch, Head};
use proptest::prelude::*;

fn show(masks: &[&str], is_raw: bool) -> Show {
    Show::new(Masks::new(masks.iter().copied()).unwrap(), Keys::default(), is_raw)
}

fn is_hit(show: &Show, pattern: &str, line: &str) -> bool {
    let mut batch = Batch::new();
    batch.push(line.as_bytes(), Head::default());
    show.is_hit(&Matcher::new(pattern).unwrap(), &batch.get(0).unwrap())
}

fn parts<'l>(show: &Show, line: &'l [u8]) -> Option<Decoded<'l>> {
    match show.shown(line) {
        Shown::Parts(parts) => Some(parts),
        Shown::Masked(_) | Shown::Printed => None,
    }
}

#[test]
fn a_masked_value_is_not_found_and_its_mask_is() {
    let show = show(&[r"token=(\S+)"], false);
    assert!(!is_hit(&show, "hunter2", "login token=hunter2 ok"));
    assert!(is_hit(&show, r"token=\*+ ok", "login token=hunter2 ok"));
}

#[test]
fn a_line_in_parts_is_found_as_it_is_shown_and_as_it_was_printed() {
    let line = r#"{"level":"error","msg":"boom","status":503}"#;
    let parts = show(&[], false);
    for pattern in ["status=503", "boom  status", "level.:.error", "^boom"] {
        assert!(is_hit(&parts, pattern, line), "{pattern}");
    }
    let raw = show(&[], true);
    assert!(!is_hit(&raw, "status=503", line) && is_hit(&raw, r#""status":503"#, line));
}

#[test]
fn text_written_with_escapes_is_found_as_it_is_read() {
    assert!(is_hit(&show(&[], false), "straße", r#"{"msg":"stra\u00dfe"}"#));
    assert!(is_hit(&show(&[], false), "disk full", r#"{"msg":"disk\u0020full"}"#));
}

#[test]
fn what_only_the_parts_give_away_is_masked_in_every_form() {
    let escaped = r#"{"msg":"in","password":"hun\u0074er2"}"#;
    let beside_its_key = r#"{"msg":"in","password":"hunter2"}"#;
    for (mask, line) in
        [("hunter2", escaped), (r"password=(\S+)", beside_its_key), ("^hunter2$", beside_its_key)]
    {
        for is_raw in [false, true] {
            let show = show(&[mask], is_raw);
            assert_eq!(show.text(line.as_bytes()), "in  password=********", "{mask}");
            for guess in ["hunter2", "hun", "er2"] {
                assert!(!is_hit(&show, guess, line), "{mask} {guess}");
            }
            assert!(parts(&show, line.as_bytes()).is_none_or(|parts| !parts.printed().contains("er2")));
        }
    }
}

#[test]
fn a_mask_that_leaves_no_json_behind_gives_nothing_else_away() {
    let line = br#"{"a":"secret","b":"hun\u0074er2"}"#;
    assert_eq!(show(&[r#""secret""#, "hunter2"], false).text(line), MASK);
}

#[test]
fn a_mask_across_parts_hides_in_all_of_them() {
    let show = show(&[r"user=bob\s+pin=(\d+)"], false);
    let line = br#"{"msg":"in","user":"bob","pin":"1234"}"#;
    assert_eq!(parts(&show, line).unwrap().printed(), "in  user=bob  pin=********");
}

#[test]
fn a_level_goes_by_the_keys_that_mean_one() {
    let own = Show::new(Masks::default(), Keys { level: vec!["grade".into()], ..Keys::default() }, false);
    let mut batch = Batch::new();
    for line in [r#"{"grade":"error","level":"info"}"#, r#"{"level":"fatal"}"#, "  at main.rs=7"] {
        batch.push(line.as_bytes(), Head { level: Level::Warn, ..Head::default() });
    }
    let levels = |show: &Show| batch.iter().map(|line| show.level(&line)).collect::<Vec<_>>();
    assert_eq!(levels(&own), [Level::Error, Level::Unknown, Level::Warn]);
    assert_eq!(levels(&Show::default()), [Level::Warn; 3], "as it was read at first");
}

#[test]
fn a_masked_correlation_id_is_not_followed() {
    let line = br#"{"msg":"x","request_id":"ab12f9"}"#;
    assert_eq!(show(&[], true).correlation(line).as_deref(), Some("ab12f9"));
    assert_eq!(show(&["ab12f9"], true).correlation(line), None);
}

#[test]
fn what_the_console_says_itself_is_found_too() {
    let batch = Batch::marker(crate::logs::line::SourceId(0), 0, "api-1 exited 137");
    let line = batch.get(0).unwrap();
    assert!(show(&["exited"], false).is_hit(&Matcher::new("exited 1").unwrap(), &line));
}

proptest! {
    /// Phrases are not looked for in the parts of a line that has no escape.
    #[test]
    fn a_short_cut_finds_what_taking_apart_finds(
        pieces in proptest::collection::vec("[ab]{1,3}( [ab]{1,2})?(: ?|/|-)?[ab0]{0,2}", 1..4),
        shape in 0..4_u8, phrase in "[ab0]{1,3}([ :/-][ab0]{1,2})?",
    ) {
        let line = match shape {
            0 => serde_json::to_string(&serde_json::json!({ "msg": pieces[0], "ab": pieces, "b": 0 })).unwrap(),
            1 => serde_json::to_string_pretty(&serde_json::json!({ "a": { "ba": pieces }, "b": pieces[0] })).unwrap(),
            2 => pieces.iter().fold(String::new(), |line, piece| line + "ab=\"" + piece + "\" "),
            _ => pieces.iter().fold(String::new(), |line, piece| line + "b=" + piece + " "),
        }
        .replace('\n', "");
        let show = Show::default();
        let matcher = Matcher::new(&phrase).unwrap();
        prop_assert!(matcher.is_phrase());
        let is_found = matcher.is_match(line.as_bytes())
            || parts(&show, line.as_bytes()).is_some_and(|parts| matcher.is_match(parts.printed().as_bytes()));
        prop_assert_eq!(is_hit(&show, &phrase, &line), is_found, "{}", line);
    }
}
