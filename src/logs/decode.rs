//! What a line says about itself: its level (for every line, cheap) and its parts (for visible lines only).
//!
//! Never changes the line. Everything [`decode`] returns went through [`ansi::plain`] and is safe to draw.

mod level;
mod logfmt;
#[cfg(test)]
mod tests;

pub use level::{is_continuation, level};

use super::ansi;
use super::line::Level;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Keys whose value ties lines of several services to one request.
pub const CORRELATION_KEYS: [&str; 5] =
    ["request_id", "trace_id", "correlation_id", "req_id", "x_request_id"];

/// Keys of JSON and logfmt lines that mean more than a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The line's own time.
    pub time: Vec<String>,
    /// Its level.
    pub level: Vec<String>,
    /// Its message; the first of them that a line has, the others are fields then.
    pub message: Vec<String>,
    /// Fields that stand behind all others: of one container they say the same on every line.
    pub last: Vec<String>,
}

impl Default for Keys {
    fn default() -> Self {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            time: all(&["time", "ts", "timestamp", "@timestamp", "t"]),
            level: all(&["level", "severity", "lvl"]),
            message: all(&["msg", "message", "event"]),
            last: all(&["service", "app", "version", "env", "environment", "host", "hostname", "pid"]),
        }
    }
}

impl Keys {
    /// As [`level()`], under these keys.
    pub fn level_of(&self, line: &[u8]) -> Level {
        level::level_under(line, |key| self.level.iter().any(|name| name.as_bytes() == key))
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One JSON object.
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// Anything else, broken JSON included.
    Plain,
}

/// A line taken apart. All text is safe to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// How it was written.
    pub kind: Kind,
    /// The line's own timestamp, as it stands there; not the engine's.
    pub time: Option<Cow<'a, str>>,
    /// As [`level()`] says, or deeper in the fields than it looks.
    pub level: Level,
    /// The message; the whole line for [`Kind::Plain`].
    pub message: Cow<'a, str>,
    /// Everything else in the order of the line, but for [`Keys::last`]; nested JSON as compact JSON text.
    pub fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl Decoded<'_> {
    /// The value of the first of [`CORRELATION_KEYS`] that the line has.
    pub fn correlation(&self) -> Option<&str> {
        let found = |wanted: &str| self.fields.iter().find(|(key, value)| key == wanted && !value.is_empty());
        CORRELATION_KEYS.iter().find_map(|wanted| found(wanted)).map(|(_, value)| value.as_ref())
    }

    /// Message and fields as they stand on the screen, where a field is `  key=value`.
    pub fn printed(&self) -> String {
        let mut text = self.message.clone().into_owned();
        for (key, value) in &self.fields {
            for part in ["  ", key, "=", value] {
                text += part;
            }
        }
        text
    }

    /// On its own feet.
    pub fn into_owned(self) -> Decoded<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Decoded {
            kind: self.kind,
            time: self.time.map(owned),
            level: self.level,
            message: owned(self.message),
            fields: self.fields.into_iter().map(|(key, value)| (owned(key), owned(value))).collect(),
        }
    }
}

/// Whether a line may be JSON or logfmt; cheap, and most prose is not.
pub fn may_have_parts(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&b'{') || memchr::memchr(b'=', line).is_some()
}

/// Takes a line apart. For visible lines only: costs microseconds.
pub fn decode<'l>(line: &'l [u8], keys: &Keys) -> Decoded<'l> {
    let Ok(text) = std::str::from_utf8(line) else { return plain(line) };
    let trimmed = text.trim();
    if trimmed.starts_with('{') {
        return json(trimmed, keys).unwrap_or_else(|| plain(line));
    }
    match logfmt::pairs(trimmed) {
        Some(pairs) => assemble(Kind::Logfmt, keys.level_of(line), pairs, keys),
        None => plain(line),
    }
}

fn plain(line: &[u8]) -> Decoded<'_> {
    let message = match ansi::lossy(line) {
        Cow::Borrowed(text) => ansi::plain(text),
        Cow::Owned(text) => Cow::Owned(ansi::plain(&text).into_owned()),
    };
    Decoded { kind: Kind::Plain, time: None, level: level(line), message, fields: Vec::new() }
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

fn json<'l>(text: &'l str, keys: &Keys) -> Option<Decoded<'l>> {
    let Entries(entries) = serde_json::from_str(text).ok()?;
    let mut pairs = Vec::with_capacity(entries.len());
    for (Text(key), raw) in entries {
        let value = match raw.get().as_bytes().first()? {
            b'"' => serde_json::from_str::<Text<'_>>(raw.get()).ok()?.0,
            b'{' | b'[' => compact(raw.get()),
            _ => Cow::Borrowed(raw.get()),
        };
        pairs.push((key, value));
    }
    Some(assemble(Kind::Json, keys.level_of(text.as_bytes()), pairs, keys))
}

fn assemble<'l>(kind: Kind, level: Level, pairs: Vec<Pair<'l>>, keys: &Keys) -> Decoded<'l> {
    let mut decoded = Decoded { kind, time: None, level, message: Cow::Borrowed(""), fields: Vec::new() };
    // "event" is a message only where there is no better one.
    let message_key = keys.message.iter().find(|key| pairs.iter().any(|(have, _)| have == key.as_str()));
    let mut has_message = false;
    let is_one = |names: &[String], name: &str| names.iter().any(|one| one == name);
    for (key, value) in pairs {
        let (key, value) = (safe(key), safe(value));
        let name = key.as_ref();
        if !has_message && message_key.is_some_and(|wanted| *wanted == name) {
            has_message = true;
            decoded.message = value;
        } else if decoded.time.is_none() && is_one(&keys.time, name) {
            decoded.time = Some(value);
        } else if is_one(&keys.level, name) && level::value(value.as_bytes()) != Level::Unknown {
            if decoded.level == Level::Unknown {
                decoded.level = level::value(value.as_bytes());
            }
        } else {
            decoded.fields.push((key, value));
        }
    }
    // Stable: else as the line has them.
    decoded.fields.sort_by_key(|(key, _)| is_one(&keys.last, key));
    decoded
}

fn safe(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => ansi::plain(text),
        Cow::Owned(text) => match ansi::plain(&text) {
            Cow::Owned(clean) => Cow::Owned(clean),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

/// Valid JSON text without the white space between its tokens; order and numbers stay as written.
fn compact(json: &str) -> Cow<'_, str> {
    if !json.contains([' ', '\t', '\r', '\n']) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in json.chars() {
        if !is_quoted && c.is_ascii_whitespace() {
            continue;
        }
        out.push(c);
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    Cow::Owned(out)
}

/// An object's entries in order, which a map would lose; values unparsed, so numbers keep their digits.
struct Entries<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A string borrowed where it has no escapes; serde's own `Cow` is always owned.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Either)
    }
}
