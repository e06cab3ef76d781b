//! The level of a line without taking it apart: a bounded look at its head.
//!
//! Never allocates. Errs on the side of `Unknown`: prose that merely mentions an error is no error.

use super::super::line::Level;

// Structured loggers write the level early, but some sort their keys.
const STRUCTURED_LOOK_BYTES: usize = 2048;
const WORD_LOOK_BYTES: usize = 80;

/// What the line says its level is, under the usual keys. Runs on every line; looks at 2 KiB at most.
pub fn level(line: &[u8]) -> Level {
    level_under(line, |key| matches!(key, b"level" | b"severity" | b"lvl"))
}

/// As [`level`], with other keys of JSON and logfmt.
pub(super) fn level_under(line: &[u8], is_key: impl Fn(&[u8]) -> bool) -> Level {
    let line = line.trim_ascii_start();
    match line {
        [] => Level::Unknown,
        [b'{', ..] => json(line, is_key),
        [b'I' | b'W' | b'E' | b'F', a, b, c, d, b' ', ..]
            if [a, b, c, d].iter().all(|x| x.is_ascii_digit()) =>
        {
            klog(line[0])
        }
        _ => match logfmt(line, is_key) {
            Level::Unknown => words(line),
            found => found,
        },
    }
}

/// Whether a line without a level of its own carries on the one before it: a stack frame, a wrapped message.
pub fn is_continuation(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
        || line.starts_with(b"at ")
        || line.starts_with(b"Caused by:")
        || line.starts_with(b"Traceback (")
}

const fn klog(letter: u8) -> Level {
    match letter {
        b'I' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        _ => Level::Fatal,
    }
}

/// The level a field's value names: a word in any case, or bunyan's and pino's 10 to 60.
pub(super) fn value(text: &[u8]) -> Level {
    match text {
        [tens @ b'1'..=b'6', b'0'] => number(*tens),
        _ => word(text),
    }
}

const fn number(tens: u8) -> Level {
    match tens {
        b'1' => Level::Trace,
        b'2' => Level::Debug,
        b'3' => Level::Info,
        b'4' => Level::Warn,
        b'5' => Level::Error,
        _ => Level::Fatal,
    }
}

fn word(text: &[u8]) -> Level {
    let mut lower = [0; 11];
    let Some(slot) = lower.get_mut(..text.len()) else { return Level::Unknown };
    slot.copy_from_slice(text);
    slot.make_ascii_lowercase();
    match &*slot {
        b"trace" | b"trc" | b"verbose" => Level::Trace,
        b"debug" | b"dbg" | b"debu" => Level::Debug,
        b"info" | b"inf" | b"information" | b"notice" => Level::Info,
        b"warn" | b"warning" | b"wrn" => Level::Warn,
        b"error" | b"err" | b"eror" => Level::Error,
        b"fatal" | b"ftl" | b"critical" | b"crit" | b"panic" | b"dpanic" | b"alert" | b"emerg"
        | b"emergency" => Level::Fatal,
        _ => Level::Unknown,
    }
}

/// Walks the object's own strings, skipping nested values, until a level key has a value that names a level.
fn json(line: &[u8], is_key: impl Fn(&[u8]) -> bool) -> Level {
    let line = &line[..line.len().min(STRUCTURED_LOOK_BYTES)];
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some(end) = string_end(line, at + 1) else { return Level::Unknown };
                let key = &line[at + 1..end];
                at = end;
                if depth == 1
                    && is_key(key)
                    && let Some(found) = json_value(&line[end + 1..])
                {
                    return found;
                }
            }
            _ => {}
        }
        at += 1;
    }
    Level::Unknown
}

fn string_end(line: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

fn json_value(after_key: &[u8]) -> Option<Level> {
    let rest = after_key.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let text = match rest {
        [b'"', quoted @ ..] => &quoted[..memchr::memchr(b'"', quoted)?],
        _ => &rest[..rest.iter().position(|byte| !byte.is_ascii_digit())?],
    };
    Some(value(text)).filter(|found| *found != Level::Unknown)
}

fn logfmt(line: &[u8], is_key: impl Fn(&[u8]) -> bool) -> Level {
    let line = &line[..line.len().min(STRUCTURED_LOOK_BYTES / 8)];
    for equals in memchr::memchr_iter(b'=', line) {
        let key = &line[..equals];
        let start = key
            .iter()
            .rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
            .map_or(0, |at| at + 1);
        if !is_key(&key[start..]) && !is_key(&key[whole_start(key)..]) {
            continue;
        }
        let rest = &line[equals + 1..];
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let found = value(&rest[..end]);
        if found != Level::Unknown {
            return found;
        }
    }
    Level::Unknown
}

/// Where a key with dots and the like begins; its last part may mean the same.
fn whole_start(key: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-@/".contains(byte);
    key.iter().rposition(|byte| !is_part(byte)).map_or(0, |at| at + 1)
}

/// A capital word (`ERROR`), one in brackets (`[error]`) or before a colon (`error: …`) near the start.
fn words(line: &[u8]) -> Level {
    let head = &line[..line.len().min(WORD_LOOK_BYTES)];
    let mut at = 0;
    while at < head.len() {
        if head[at] == 0x1b {
            at = escape_end(head, at);
            continue;
        }
        if !head[at].is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let end = word_end(head, at);
        let text = &head[at..end];
        let before = at.checked_sub(1).map(|i| head[i]);
        let is_marked = text.iter().all(u8::is_ascii_uppercase)
            || matches!(
                (before, line.get(end)),
                (Some(b'['), Some(b']')) | (Some(b'<'), Some(b'>')) | (None | Some(b' '), Some(b':'))
            );
        // `no-ERROR` and `x.ERROR` are names, not levels.
        let is_whole = !matches!(before, Some(b'-' | b'_' | b'.' | b'/' | b'0'..=b'9'))
            && !matches!(line.get(end), Some(b'-' | b'_' | b'.' | b'/' | b'0'..=b'9'));
        if is_marked && is_whole && (3..=11).contains(&text.len()) {
            let found = word(text);
            if found != Level::Unknown {
                return found;
            }
        }
        at = end;
    }
    Level::Unknown
}

fn word_end(head: &[u8], at: usize) -> usize {
    head[at..].iter().position(|byte| !byte.is_ascii_alphabetic()).map_or(head.len(), |length| at + length)
}

/// Past a colour sequence, whose final `m` would otherwise glue to the word.
fn escape_end(head: &[u8], at: usize) -> usize {
    if head.get(at + 1) != Some(&b'[') {
        return at + 1;
    }
    head[at + 2..]
        .iter()
        .position(|byte| (0x40..=0x7e).contains(byte))
        .map_or(head.len(), |length| at + length + 3)
}
