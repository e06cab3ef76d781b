//! One file against the table of keys: what is sound goes on as a plain table, all else becomes a problem.

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::leaf::{self, type_name};
use super::source::{Origins, Source, dotted};
use super::{Known, LayerKind, MAX_FILE_BYTES};
use crate::config::keymap::Chords;
use crate::config::problem::{Problem, nearest, quote, shown, suggestion};
use crate::config::table::{self, KEYS, Kind};
use crate::config::trust::LeftOff;

/// What one file has to say.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) table: Table,
    pub(super) problems: Vec<Problem>,
    pub(super) left_off: Vec<LeftOff>,
    /// Nothing may be concluded from what a file lacks if it could not be read to its end.
    pub(super) is_whole: bool,
}

struct Walk<'a, 'b> {
    source: &'a Source<'b>,
    index: usize,
    known: &'a Known,
    may_run: bool,
    origins: &'a mut Origins,
    out: Walked,
    path: Vec<String>,
}

/// Checks a file. With `may_run` unset, tables that would run a command are left off.
pub(super) fn walk(
    source: &Source<'_>,
    index: usize,
    known: &Known,
    may_run: bool,
    origins: &mut Origins,
) -> Walked {
    let text = &source.layer.text;
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file is larger than {} KiB", MAX_FILE_BYTES >> 10);
        let problem = Problem { origin: source.name(), place: None, message, hint: None };
        return Walked { problems: vec![problem], ..Walked::default() };
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk { source, index, known, may_run, origins, out: Walked::default(), path: Vec::new() };
    walk.out.is_whole = errors.is_empty();
    for error in &errors {
        walk.syntax(error);
    }
    let broken: Vec<usize> = walk.out.problems.iter().filter_map(|p| Some(p.place?.line)).collect();
    let table = walk.table(root.get_ref(), "");
    // A line that could not be read has one problem, not those that follow from it.
    let mut seen = 0;
    walk.out.problems.retain(|problem| {
        seen += 1;
        seen <= broken.len() || problem.place.is_none_or(|place| !broken.contains(&place.line))
    });
    walk.out.problems.sort_by_key(|problem| problem.place);
    Walked { table, ..walk.out }
}

impl Walk<'_, '_> {
    fn fault(&mut self, offset: usize, message: String, hint: Option<String>) {
        self.origins.mark_faulty(&self.path);
        self.out.problems.push(self.source.problem(offset, message, hint));
    }

    fn syntax(&mut self, error: &toml::de::Error) {
        let offset = error.span().map_or(self.source.layer.text.len(), |span| span.start);
        let line = self.source.place(offset).line;
        // What follows an error on its own line is mostly an echo of it.
        if self.out.problems.last().is_none_or(|last| last.place.is_none_or(|place| place.line != line)) {
            let message = format!("no TOML: {}", shown(error.message().trim()));
            self.fault(offset, message, None);
        }
    }

    /// `pattern` is the path of the table of keys that stands for where we are.
    fn table(&mut self, table: &DeTable<'_>, pattern: &str) -> Table {
        let mut sound = Table::new();
        let names = table::children(pattern);
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            let Some(segment) = names.iter().find(|segment| table::fits(segment, name)) else {
                self.unknown(name, at, pattern, &names);
                continue;
            };
            let below =
                if pattern.is_empty() { (*segment).to_owned() } else { format!("{pattern}.{segment}") };
            let is_table = matches!(value.get_ref(), DeValue::Table(_));
            let Some(name) = self.name(&below, name, at, is_table) else { continue };
            self.path.push(name.clone());
            if sound.contains_key(&name) {
                self.fault(at, format!("{} is set twice in this table", dotted(&self.path)), None);
            } else if let Some(value) = self.value(value, at, &below) {
                sound.insert(name, value);
            }
            self.path.pop();
        }
        sound
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, at: usize, pattern: &str) -> Option<Value> {
        let key = table::find(pattern);
        if let DeValue::Table(inner) = value.get_ref() {
            let below = match key.map(|key| key.kind) {
                Some(Kind::Same(other)) => other,
                Some(_) if table::children(pattern).is_empty() => {
                    self.wrong(pattern, value);
                    return None;
                }
                _ => pattern,
            };
            self.origins.record_first(&self.path, self.index, at);
            let inner = self.table(inner, below);
            return self.may_stay(below, at).then_some(Value::Table(inner));
        }
        let Some(key) = key else {
            let message = format!("{}: expected a table, found {}", dotted(&self.path), found(value));
            self.fault(value.span().start, message, None);
            return None;
        };
        if key.is_own && self.source.layer.kind == LayerKind::Project {
            let message = format!("{} may only stand in your own file", dotted(&self.path));
            self.fault(at, message, Some("move it there, or remove it".to_owned()));
            return None;
        }
        if key.runs && key.goes_alone && !self.may_run {
            self.leave_off(at);
            // That its table lacks it is no news then.
            self.origins.mark_faulty(&self.path);
            return None;
        }
        self.leaf(value, key.kind)
    }

    fn leave_off(&mut self, at: usize) {
        let place = self.source.place(at);
        self.out.left_off.push(LeftOff {
            file: self.source.layer.path.clone(),
            place,
            key: dotted(&self.path),
        });
    }

    fn leaf(&mut self, value: &Spanned<DeValue<'_>>, kind: Kind) -> Option<Value> {
        let Some(plain) = plain(value.get_ref()) else {
            self.fault(value.span().start, format!("{}: the number is too large", dotted(&self.path)), None);
            return None;
        };
        self.origins.record(&self.path, self.index, value.span().start);
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| item.span().start).collect(),
            _ => Vec::new(),
        };
        for (i, offset) in items.iter().enumerate() {
            self.path.push(i.to_string());
            self.origins.record(&self.path, self.index, *offset);
            self.path.pop();
        }
        let faults = leaf::check(kind, &plain, self.known);
        let is_sound = faults.is_empty();
        for fault in faults {
            let offset = fault.item.and_then(|i| items.get(i)).copied().unwrap_or(value.span().start);
            self.fault(offset, format!("{}: {}", dotted(&self.path), fault.message), fault.hint);
        }
        is_sound.then_some(plain)
    }

    fn wrong(&mut self, pattern: &str, value: &Spanned<DeValue<'_>>) {
        let Some(key) = table::find(pattern) else { return };
        let (message, hint) = leaf::mismatch(key.kind, &Value::Table(Table::new()));
        self.fault(value.span().start, format!("{}: {message}", dotted(&self.path)), hint);
    }

    /// A table that would run something stays only in a file that may.
    fn may_stay(&mut self, pattern: &str, at: usize) -> bool {
        if self.may_run || !KEYS.iter().any(|key| key.runs && !key.goes_alone && key.parent() == pattern) {
            return true;
        }
        self.leave_off(at);
        false
    }

    /// A name somebody chose, in its one spelling; `None` if it cannot be one.
    fn name(&mut self, pattern: &str, name: &str, at: usize, is_table: bool) -> Option<String> {
        let wrong = match pattern {
            "keys.*" if is_table => {
                let contexts: Vec<_> = self.known.contexts.iter().map(String::as_str).collect();
                if contexts.contains(&name) {
                    return Some(name.to_owned());
                }
                (format!("there is no pane {} to set keys for", quote(name)), suggestion(name, &contexts))
            }
            "keys.*" | "keys.*.*" => match name.parse::<Chords>() {
                Ok(chords) => return Some(chords.to_string()),
                Err(error) => (error.to_string(), None),
            },
            p if p.ends_with("headers.*") => {
                let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
                if !name.is_empty() && name.bytes().all(is_token) {
                    return Some(name.to_owned());
                }
                (format!("{} is no name of a header", quote(name)), None)
            }
            p if p.ends_with('*') => {
                let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
                if (1..=64).contains(&name.chars().count()) && name.chars().all(is_part) {
                    return Some(name.to_owned());
                }
                (
                    format!("{} is no name; use letters, digits, `-`, `_` and `.`, at most 64", quote(name)),
                    None,
                )
            }
            _ => return Some(name.to_owned()),
        };
        self.fault(at, wrong.0, wrong.1);
        None
    }

    fn unknown(&mut self, name: &str, at: usize, pattern: &str, names: &[&str]) {
        let words: Vec<&str> = names.iter().flat_map(|segment| segment.split('|')).collect();
        let place =
            if self.path.is_empty() { String::new() } else { format!(" in [{}]", dotted(&self.path)) };
        let elsewhere = || {
            let home = KEYS.iter().find(|key| key.name() == name && key.parent() != pattern)?;
            let home = home.parent().replace('*', "NAME").replace('|', " or ");
            Some(match home.as_str() {
                "" => "it belongs at the top of the file, before the first [table]".to_owned(),
                home => format!("it belongs in [{home}]"),
            })
        };
        let near = nearest(name, words.iter().copied()).map(|near| format!("did you mean {}?", quote(near)));
        let hint = near.or_else(elsewhere).or_else(|| suggestion(name, &words));
        self.fault(at, format!("unknown key {}{place}", quote(name)), hint);
    }
}

fn found(value: &Spanned<DeValue<'_>>) -> &'static str {
    plain(value.get_ref()).as_ref().map_or("a number", type_name)
}

/// Without spans; `None` for a number that does not fit.
fn plain(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(is_set) => Value::Boolean(*is_set),
        DeValue::Datetime(at) => Value::Datetime(*at),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| plain(item.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
                Some((key.get_ref().to_string(), plain(value.get_ref())?))
            };
            Value::Table(table.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}
