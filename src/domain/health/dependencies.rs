//! What a readiness answer says of each thing a service depends on, in any of the usual shapes.
//!
//! Read: `{"checks": {NAME: …}}`, the same with a list, and under `components` and `details` (Spring Boot), `entries` and
//! `results` (ASP.NET), `dependencies`, `services`, `info`/`error` (NestJS); IETF health+json, where a check is a list; a
//! flat object of booleans and words. Hostile: names and texts are cut, their number is bounded, depth is serde_json's.

use serde_json::{Map, Value};

/// Most dependencies that are kept.
pub const MOST: usize = 32;
const NAME_CHARS: usize = 40;
const TEXT_CHARS: usize = 200;

/// How a dependency is, as the service sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mood {
    /// Does not work.
    Bad,
    /// Works, with a warning.
    Warn,
    /// The service does not know, or its word is not one we know.
    Unknown,
    /// Works.
    Ok,
}

/// One dependency.
#[derive(Clone, PartialEq, Debug)]
pub struct Dependency {
    /// Its name, cut.
    pub name: String,
    /// How it is.
    pub mood: Mood,
    /// The service's own word for it, in lower case: `ok`, `timeout`, `down`.
    pub word: String,
    /// How long the service waited for it, in ms.
    pub latency_ms: Option<f64>,
    /// The service's words about it, cut; empty if none.
    pub text: String,
}

/// Where the shapes keep their dependencies, most telling first.
const PLACES: [&str; 9] =
    ["checks", "components", "entries", "dependencies", "details", "results", "services", "error", "info"];
/// Keys of a flat object that are no dependencies.
const NOT_FLAT: [&str; 16] = [
    "status",
    "state",
    "version",
    "name",
    "service",
    "timestamp",
    "time",
    "uptime",
    "message",
    "description",
    "release",
    "releaseid",
    "serviceid",
    "hostname",
    "environment",
    "ok",
];
const STATUS_KEYS: [&str; 9] =
    ["status", "state", "health", "ok", "healthy", "up", "success", "alive", "result"];
const TEXT_KEYS: [&str; 8] =
    ["error", "message", "output", "reason", "exception", "description", "detail", "errorMessage"];

/// What the body says; empty if it is not JSON or none of the shapes.
pub fn dependencies(body: &[u8]) -> Vec<Dependency> {
    let Ok(Value::Object(root)) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut all = Vec::new();
    for place in PLACES {
        if let Some(inner) = get(&root, place) {
            collect(inner, "", 0, &mut all);
        }
        // NestJS repeats under `details` what it splits into `info` and `error`.
        if !all.is_empty() && place != "error" {
            break;
        }
    }
    if all.is_empty() {
        flat(&root, &mut all);
    }
    all.truncate(MOST);
    all
}

/// As [`dependencies`], of what a HEALTHCHECK printed: the answer of a probe with words around it, as `curl -i` or a
/// command of the service's own writes it. Output that the engine cut says nothing.
pub fn in_output(output: &str) -> Vec<Dependency> {
    // Words before it may hold a brace of their own: a log line, a template.
    let starts = output.match_indices('{').map(|(at, _)| at).take(8);
    let end = output.rfind('}').map_or(0, |at| at + 1);
    let found = starts.filter(|at| *at < end).map(|at| dependencies(&output.as_bytes()[at..end]));
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

fn get<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

/// Groups within groups (Spring's composite contributors) are opened so deep.
const DEEPEST: usize = 3;

fn collect(value: &Value, above: &str, depth: usize, all: &mut Vec<Dependency>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if all.len() >= MOST {
                    return;
                }
                let name = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
                let inner = value.as_object().and_then(|inner| get(inner, "components"));
                match inner.filter(|inner| inner.is_object() && depth < DEEPEST) {
                    Some(inner) => collect(inner, &name, depth + 1, all),
                    None => all.extend(named(&name, value)),
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter().take(MOST) {
                let Value::Object(map) = item else { continue };
                let name = ["name", "id", "component", "componentId", "key", "check", "service"];
                let name = name.iter().find_map(|key| get(map, key)?.as_str());
                if let Some(name) = name {
                    all.extend(named(name, item));
                }
            }
        }
        _ => {}
    }
}

/// A dependency of that name; `None` if the value says nothing of its state.
fn named(name: &str, value: &Value) -> Option<Dependency> {
    // IETF health+json: a check is a list of measurements, the worst of them counts.
    if let Value::Array(items) = value {
        let each = items.iter().take(MOST).filter_map(|item| named(name, item));
        return each.min_by_key(|dependency| dependency.mood);
    }
    let (mood, word) = match value {
        Value::Object(map) => match STATUS_KEYS.iter().find_map(|key| get(map, key)).and_then(mood_of) {
            Some(found) => found,
            None if first_text(map).is_some() => (Mood::Bad, "error".to_owned()),
            // IETF: the status of a measurement is optional.
            None if get(map, "observedValue").is_some() => (Mood::Unknown, "measured".to_owned()),
            None => return None,
        },
        // A bare number is a measurement, not a state.
        Value::Number(_) => return None,
        other => mood_of(other)?,
    };
    let map = value.as_object();
    let text = map.and_then(first_text).filter(|text| !text.eq_ignore_ascii_case(&word)).unwrap_or_default();
    let latency_ms = map.and_then(|map| latency_ms(name, map));
    Some(Dependency {
        // IETF: `database:responseTime`; the measurement's name is noise to an operator.
        name: cut(name.split(':').next().filter(|n| !n.is_empty()).unwrap_or(name), NAME_CHARS),
        mood,
        word: cut(&word, NAME_CHARS),
        latency_ms,
        text: cut(text, TEXT_CHARS),
    })
}

/// Only words that mean a state: a flat object may hold anything.
fn flat(root: &Map<String, Value>, all: &mut Vec<Dependency>) {
    for (name, value) in root {
        if all.len() >= MOST {
            return;
        }
        if NOT_FLAT.iter().any(|no| name.eq_ignore_ascii_case(no)) {
            continue;
        }
        let Some(dependency) = named(name, value) else { continue };
        let is_plain = matches!(value, Value::Bool(_)) || dependency.mood != Mood::Unknown;
        if is_plain {
            all.push(dependency);
        }
    }
}

/// The mood of a status value, with its word; `None` for what is no status.
fn mood_of(value: &Value) -> Option<(Mood, String)> {
    let word = match value {
        Value::Bool(true) => return Some((Mood::Ok, "ok".to_owned())),
        Value::Bool(false) => return Some((Mood::Bad, "failed".to_owned())),
        // ASP.NET may write its enum as a number.
        Value::Number(number) => match number.as_i64()? {
            0 => return Some((Mood::Bad, "unhealthy".to_owned())),
            1 => return Some((Mood::Warn, "degraded".to_owned())),
            2 => return Some((Mood::Ok, "healthy".to_owned())),
            code @ 100..400 => return Some((Mood::Ok, code.to_string())),
            code @ 400..600 => return Some((Mood::Bad, code.to_string())),
            _ => return None,
        },
        Value::String(word) => word.trim().to_lowercase(),
        // Spring Boot: {"status": {"code": "UP"}}.
        Value::Object(map) => return mood_of(get(map, "code").or_else(|| get(map, "status"))?),
        _ => return None,
    };
    let mood = match word.as_str() {
        "ok" | "up" | "pass" | "passed" | "passing" | "healthy" | "ready" | "alive" | "live" | "green"
        | "success" | "successful" | "available" | "connected" | "good" | "true" | "running" | "online"
        | "operational" | "serving" | "normal" => Mood::Ok,
        "warn" | "warning" | "degraded" | "yellow" | "slow" | "starting" | "partial" | "maintenance" => {
            Mood::Warn
        }
        "down" | "fail" | "failed" | "failing" | "failure" | "error" | "err" | "unhealthy" | "timeout"
        | "timedout" | "timed out" | "red" | "critical" | "unavailable" | "out_of_service"
        | "disconnected" | "bad" | "false" | "offline" | "refused" | "not ready" | "not_ready"
        | "unreachable" | "dead" | "stopped" | "not_serving" | "broken" => Mood::Bad,
        _ => Mood::Unknown,
    };
    Some((mood, word))
}

fn first_text(map: &Map<String, Value>) -> Option<&str> {
    fn of(map: &Map<String, Value>) -> Option<&str> {
        TEXT_KEYS.iter().filter_map(|key| get(map, key)?.as_str()).find(|text| !text.is_empty())
    }
    // Spring Boot keeps its words one level down.
    of(map).or_else(|| of(get(map, "details").or_else(|| get(map, "data"))?.as_object()?))
}

fn latency_ms(name: &str, map: &Map<String, Value>) -> Option<f64> {
    for (key, value) in map {
        let plain: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        let stem = plain.trim_end_matches("millis").trim_end_matches("ms").trim_end_matches("seconds");
        let known = ["latency", "duration", "responsetime", "took", "elapsed", "time", "rtt"];
        if !known.contains(&stem) {
            continue;
        }
        let ms = match value {
            Value::Number(number) if plain.ends_with("seconds") => number.as_f64().map(|s| s * 1000.0),
            Value::Number(number) => number.as_f64(),
            Value::String(text) => duration_ms(text),
            _ => None,
        };
        if let Some(ms) = ms.filter(|ms| ms.is_finite() && (0.0..=86_400_000.0).contains(ms)) {
            return Some(ms);
        }
    }
    // IETF: {"componentType": …, "observedValue": 250, "observedUnit": "ms"} under `db:responseTime`.
    let is_time = name.to_ascii_lowercase().ends_with("responsetime") || get(map, "observedUnit")? == "ms";
    let factor = match get(map, "observedUnit").and_then(Value::as_str).unwrap_or("ms") {
        "s" => 1000.0,
        "us" | "µs" => 0.001,
        _ => 1.0,
    };
    let ms = get(map, "observedValue")?.as_f64()? * factor;
    (is_time && ms.is_finite() && ms >= 0.0).then_some(ms)
}

/// `12ms`, `1.5s`, `00:00:05.0012345` (.NET), `12.3`.
fn duration_ms(text: &str) -> Option<f64> {
    let text = text.trim();
    let mut parts = text.split(':');
    if let (Some(h), Some(m), Some(s), None) = (parts.next(), parts.next(), parts.next(), parts.next()) {
        let (h, m, s): (f64, f64, f64) = (h.parse().ok()?, m.parse().ok()?, s.parse().ok()?);
        return Some(((h * 60.0 + m) * 60.0 + s) * 1000.0);
    }
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
    let number: f64 = digits.parse().ok()?;
    match text[digits.len()..].trim() {
        "" | "ms" => Some(number),
        "s" => Some(number * 1000.0),
        "µs" | "us" => Some(number / 1000.0),
        "ns" => Some(number / 1_000_000.0),
        "m" => Some(number * 60_000.0),
        _ => None,
    }
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests;
