//! What a line says of itself: its level, cheap enough for every line, and its fields, for visible lines only.

use std::borrow::Cow;

use serde_json::Value;

use super::line::Level;

/// A line taken apart.
#[derive(Clone, PartialEq, Debug)]
pub struct Fields {
    /// Its message; empty when it has none.
    pub message: String,
    /// The rest in the order of the line, without time, level and message.
    pub rest: Vec<(String, String)>,
}

const LEVEL_KEYS: [&str; 4] = ["level", "severity", "lvl", "log.level"];
const MESSAGE_KEYS: [&str; 4] = ["msg", "message", "event", "text"];
const TIME_KEYS: [&str; 5] = ["time", "timestamp", "ts", "@timestamp", "t"];
/// Keys of correlation ids, most telling first.
pub const CORRELATION_KEYS: [&str; 5] =
    ["request_id", "trace_id", "correlation_id", "req_id", "x_request_id"];
// A level further in than this is part of the message.
const LEVEL_WITHIN: usize = 100;

/// The level a line states; [`Level::Unknown`] if it states none. Never allocates.
pub fn level(line: &[u8]) -> Level {
    if line.first() == Some(&b'{') {
        return json_level(line).unwrap_or(Level::Unknown);
    }
    let head = &line[..line.len().min(LEVEL_WITHIN)];
    if let Some(at) = find(head, b"level=").or_else(|| find(head, b"lvl=")) {
        let value = &head[at..];
        let value = value.splitn(2, |b| *b == b'=').nth(1).unwrap_or_default();
        return named(word(value.strip_prefix(b"\"").unwrap_or(value)));
    }
    if let [kind @ (b'I' | b'W' | b'E' | b'F'), a, b, c, d, b' ', ..] = head
        && [a, b, c, d].iter().all(|x| x.is_ascii_digit())
    {
        // klog: E0102 15:04:05.000000
        return match kind {
            b'I' => Level::Info,
            b'W' => Level::Warn,
            b'E' => Level::Error,
            _ => Level::Fatal,
        };
    }
    head.split(|b| !b.is_ascii_alphabetic())
        .filter(|w| (3..=9).contains(&w.len()))
        .filter(|w| w.iter().all(u8::is_ascii_uppercase))
        .map(named)
        .find(|l| *l != Level::Unknown)
        .unwrap_or(Level::Unknown)
}

/// The rest of a stack trace or a wrapped message: it begins with a space or a tab.
pub fn is_continuation(line: &[u8]) -> bool {
    matches!(line, [b' ' | b'\t', ..])
}

/// The fields of a JSON object or a logfmt line; `None` for anything else.
pub fn fields(line: &str) -> Option<Fields> {
    let pairs = if line.starts_with('{') { json_pairs(line)? } else { logfmt_pairs(line)? };
    let mut fields = Fields { message: String::new(), rest: Vec::with_capacity(pairs.len()) };
    for (key, value) in pairs {
        if MESSAGE_KEYS.contains(&&*key) && fields.message.is_empty() {
            fields.message = value.into_owned();
        } else if !LEVEL_KEYS.contains(&&*key) && !TIME_KEYS.contains(&&*key) {
            fields.rest.push((key.into_owned(), value.into_owned()));
        }
    }
    Some(fields)
}

/// The line's correlation id: key and value.
pub fn correlation(line: &str) -> Option<(String, String)> {
    let rest = fields(line)?.rest;
    CORRELATION_KEYS.iter().find_map(|key| rest.iter().find(|(k, _)| k == key).cloned())
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

fn json_pairs(line: &str) -> Option<Vec<Pair<'_>>> {
    let Value::Object(map) = serde_json::from_str(line).ok()? else { return None };
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(map.into_iter().map(|(k, v)| (k.into(), text(v).into())).collect())
}

/// At least two `key=value`, the first at the start of the line.
fn logfmt_pairs(line: &str) -> Option<Vec<Pair<'_>>> {
    let mut pairs = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (key, tail) = rest.split_once('=')?;
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-@".contains(&b)) {
            return None;
        }
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => tail.split_once(' ').map_or((tail.into(), ""), |(v, t)| (Cow::Borrowed(v), t)),
        };
        pairs.push((Cow::Borrowed(key), value));
        rest = tail.trim_start();
    }
    (pairs.len() >= 2).then_some(pairs)
}

fn quoted_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|b| {
        let ends = b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        ends
    })?;
    let value = &text[..end];
    let value = if value.contains('\\') {
        value.replace("\\\"", "\"").replace("\\n", " ").into()
    } else {
        value.into()
    };
    Some((value, &text[end + 1..]))
}

fn json_level(line: &[u8]) -> Option<Level> {
    let head = &line[..line.len().min(512)];
    LEVEL_KEYS.iter().find_map(|key| {
        let at = memchr::memmem::find_iter(head, key.as_bytes()).find(|at| {
            head.get(at.wrapping_sub(1)) == Some(&b'"') && head.get(at + key.len()) == Some(&b'"')
        })?;
        let rest = head.get(at + key.len() + 1..)?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        Some(match value.strip_prefix(b"\"") {
            Some(text) => named(word(text)),
            None => numbered(word(value)),
        })
    })
}

/// pino and bunyan: 10 trace … 60 fatal.
fn numbered(digits: &[u8]) -> Level {
    match digits {
        b"10" => Level::Trace,
        b"20" => Level::Debug,
        b"30" => Level::Info,
        b"40" => Level::Warn,
        b"50" => Level::Error,
        b"60" => Level::Fatal,
        _ => Level::Unknown,
    }
}

fn word(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(text.len());
    &text[..end]
}

fn named(word: &[u8]) -> Level {
    const NAMES: [(&[u8], Level); 18] = [
        (b"trace", Level::Trace),
        (b"verbose", Level::Trace),
        (b"debug", Level::Debug),
        (b"dbg", Level::Debug),
        (b"info", Level::Info),
        (b"inf", Level::Info),
        (b"notice", Level::Info),
        (b"warn", Level::Warn),
        (b"warning", Level::Warn),
        (b"wrn", Level::Warn),
        (b"error", Level::Error),
        (b"err", Level::Error),
        (b"fatal", Level::Fatal),
        (b"critical", Level::Fatal),
        (b"crit", Level::Fatal),
        (b"panic", Level::Fatal),
        (b"alert", Level::Fatal),
        (b"emergency", Level::Fatal),
    ];
    NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(word)).map_or(Level::Unknown, |(_, level)| *level)
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, needle)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_level_is_found_in_every_usual_form() {
        let lines = [
            (r#"{"level":"error","msg":"x"}"#, Level::Error),
            (r#"{"time":1,"level": 50,"msg":"x"}"#, Level::Error),
            (r#"{"severity":"WARNING"}"#, Level::Warn),
            ("time=1 level=warn msg=x", Level::Warn),
            ("2026-01-01 12:00:00 [INFO] started", Level::Info),
            ("E0102 15:04:05.000000 1 x.go:1] boom", Level::Error),
            ("2026-01-01 12:00:00.000 UTC [1] FATAL:  no", Level::Fatal),
            ("GET /errors 200", Level::Unknown),
            ("", Level::Unknown),
        ];
        for (line, expected) in lines {
            assert_eq!(level(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn json_and_logfmt_become_message_and_fields() {
        let expected = Fields { message: "db timeout".into(), rest: vec![("after".into(), "5s".into())] };
        for line in [
            r#"{"ts":1,"level":"error","msg":"db timeout","after":"5s"}"#,
            r#"level=error msg="db timeout" after=5s"#,
        ] {
            assert_eq!(fields(line).as_ref(), Some(&expected), "{line}");
        }
        for line in ["hello a=b", "{broken", "a=b", "[1,2]", ""] {
            assert_eq!(fields(line), None, "{line}");
        }
    }

    #[test]
    fn a_request_id_is_found() {
        let line = r#"{"msg":"x","span":1,"request_id":"ab12"}"#;
        assert_eq!(correlation(line), Some(("request_id".into(), "ab12".into())));
    }

    proptest! {
        #[test]
        fn nothing_a_container_prints_panics(bytes: Vec<u8>, text: String) {
            level(&bytes);
            fields(&text);
            fields(&format!("{{{text}"));
            fields(&format!("a=\"{text}"));
        }
    }
}
