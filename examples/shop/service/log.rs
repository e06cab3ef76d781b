//! Log lines in three styles: JSON (web, api), logfmt (worker), plain text (store). Lines go to stdout, errors of
//! the plain style to stderr. Never buffers beyond a line.

use std::{
    fmt::Write as _,
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use super::Settings;

/// A field of a line; numbers stay numbers in JSON.
pub enum Value<'a> {
    Text(&'a str),
    Number(f64),
}

pub type Field<'a> = (&'a str, Value<'a>);

/// `{"ts":…,"level":…,"service":…,"version":…,"msg":…, fields}`
pub fn json(settings: &Settings, level: &str, message: &str, fields: &[Field]) {
    let mut line = format!("{{\"ts\":\"{}\"", now());
    let head = [
        ("level", Value::Text(level)),
        ("service", Value::Text(&settings.role)),
        ("version", Value::Text(&settings.version)),
        ("msg", Value::Text(message)),
    ];
    for (name, value) in head.iter().chain(fields) {
        let _ = match value {
            Value::Text(text) => write!(line, ",\"{name}\":{}", json_text(text)),
            Value::Number(number) => write!(line, ",\"{name}\":{number}"),
        };
    }
    line.push('}');
    print(&line);
}

/// `ts=… level=… msg="…" fields`
pub fn logfmt(level: &str, message: &str, fields: &[Field]) {
    let mut line = format!("ts={} level={level} msg={}", now(), logfmt_text(message));
    for (name, value) in fields {
        let _ = match value {
            Value::Text(text) => write!(line, " {name}={}", logfmt_text(text)),
            Value::Number(number) => write!(line, " {name}={number}"),
        };
    }
    print(&line);
}

/// `2026-01-02 03:04:05.678 [store] text`, warnings and errors to stderr.
pub fn plain(is_error: bool, text: &str) {
    let time = now().replace('T', " ");
    let line = format!("{} [store] {text}\n", time.trim_end_matches('Z'));
    // Nobody reads any more: there is nowhere left to say it.
    let _ = if is_error {
        std::io::stderr().write_all(line.as_bytes())
    } else {
        std::io::stdout().write_all(line.as_bytes())
    };
}

fn print(line: &str) {
    let _ = std::io::stdout().write_all(format!("{line}\n").as_bytes());
}

/// A JSON string with its quotes.
pub fn json_text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn logfmt_text(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '=') {
        return text.to_owned();
    }
    json_text(text)
}

/// The time in UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second, milli) = (second / 3600, second / 60 % 60, second % 60, since.subsec_millis());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Days since 1970 to year, month, day in eras of 400 years that begin in March.
// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}
