//! Levels and parts of the shapes that loggers in the field print.

use super::*;
use proptest::prelude::*;

fn apart(line: &[u8]) -> Decoded<'_> {
    decode(line, &Keys::default())
}

#[test]
fn levels_are_found_in_every_common_shape() {
    for (line, wanted) in [
        (r#"{"level":"warn","msg":"x"}"#, Level::Warn),
        (r#"{"a":{"level":"error"},"severity": "INFO"}"#, Level::Info),
        (r#"{"level":50,"msg":"pino"}"#, Level::Error),
        (r#"{"msg":"\"level\":\"error\"","lvl":"dbg"}"#, Level::Debug),
        ("time=1 level=error msg=x", Level::Error),
        ("ts=1 lvl=\"warning\" x=y", Level::Warn),
        ("2026-01-01 12:00:00 ERROR boom", Level::Error),
        ("2026/01/01 00:00:00 [error] 31#31: open()", Level::Error),
        ("\x1b[32mINFO\x1b[0m ready", Level::Info),
        ("E0102 15:04:05.1 1 x.go:1] boom", Level::Error),
        ("error: cannot open", Level::Error),
        ("no error found", Level::Unknown),
        ("GET /ERROR HTTP/1.1", Level::Unknown),
        ("", Level::Unknown),
        ("{", Level::Unknown),
    ] {
        assert_eq!(level(line.as_bytes()), wanted, "{line}");
    }
}

#[test]
fn json_keeps_its_order_and_nested_values_as_written() {
    let line =
        br#"{"z":1.50,"ts":"12:00","level":"info","a":{"c": 1, "b": "x y"},"msg":"hi","trace_id":"t1"}"#;
    let decoded = apart(line);
    assert_eq!((decoded.kind, decoded.level, &*decoded.message), (Kind::Json, Level::Info, "hi"));
    assert_eq!(decoded.time.as_deref(), Some("12:00"));
    let fields: Vec<_> = decoded.fields.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(fields, [("z", "1.50"), ("a", r#"{"c":1,"b":"x y"}"#), ("trace_id", "t1")]);
    assert_eq!(decoded.correlation(), Some("t1"));
}

#[test]
fn broken_json_is_plain() {
    assert_eq!(apart(br#"{"a":1"#).kind, Kind::Plain);
    assert_eq!(apart(b"{\"a\":\"\xff\"}").kind, Kind::Plain);
}

#[test]
fn escapes_in_json_strings_cannot_reach_the_terminal() {
    assert_eq!(apart(br#"{"msg":"a\u001b[2Jb\u009bc\nd"}"#).message, "abc↵d");
}

#[test]
fn logfmt_has_quotes_and_flags() {
    let decoded = apart(br#"level=warn msg="a \"b\"" req_id=7 done"#);
    assert_eq!((decoded.kind, decoded.level, &*decoded.message), (Kind::Logfmt, Level::Warn, r#"a "b""#));
    assert_eq!(decoded.correlation(), Some("7"));
    assert_eq!(decoded.fields.last().unwrap().0, "done");
}

#[test]
fn other_keys_can_mean_time_level_and_message() {
    let one = |name: &str| vec![name.to_owned()];
    let keys = Keys { time: one("when"), level: one("log.level"), message: one("text"), last: one("hall") };
    for line in [
        r#"{"when":"12:00","log.level":"error","text":"boom","msg":"a field"}"#,
        r#"when=12:00 log.level=error text=boom msg="a field""#,
    ] {
        let decoded = decode(line.as_bytes(), &keys);
        assert_eq!(
            (decoded.level, &*decoded.message, decoded.time.as_deref()),
            (Level::Error, "boom", Some("12:00"))
        );
        assert_eq!(decoded.printed(), "boom  msg=a field");
    }
}

#[test]
fn fields_that_every_line_of_a_container_repeats_stand_behind_the_others() {
    let decoded =
        apart(br#"{"service":"api","pid":7,"msg":"done","status":503,"version":"1.4.0","path":"/cart"}"#);
    assert_eq!(decoded.printed(), "done  status=503  path=/cart  service=api  pid=7  version=1.4.0");
}

#[test]
fn prose_with_an_equals_sign_is_plain() {
    assert_eq!(apart(b"we set x=1 and then it broke badly").kind, Kind::Plain);
}

proptest! {
    #[test]
    fn anything_decodes_to_text_without_controls(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let decoded = apart(&line);
        prop_assert!(!decoded.message.chars().any(char::is_control));
    }
}
