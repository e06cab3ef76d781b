//! A theme file: a palette and roles, over those of the theme it inherits from. Every problem with its place.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{BUILT_IN, Colour, Role, RoleStyle};
use crate::config::load::MAX_FILE_BYTES;
use crate::config::problem::{Lines, Problem, Problems, quote, shown, suggestion};

const ANSI: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const MODIFIERS: [&str; 4] = ["bold", "dim", "underline", "reverse"];
// Built-in themes inherit once; a loop among them would be our own mistake.
const MOST_PARENTS: usize = 4;

/// Colours as written; which ones they are is known when all of the palette is.
#[derive(Clone, Default)]
struct Style {
    fg: Option<(String, usize)>,
    bg: Option<(String, usize)>,
    is_set: [bool; MODIFIERS.len()],
}

#[derive(Default)]
struct Parts {
    palette: BTreeMap<String, Colour>,
    roles: BTreeMap<&'static str, Style>,
    /// What it inherits could not be found; that it lacks roles is no news then.
    is_orphan: bool,
}

struct Reader<'a> {
    origin: &'a str,
    lines: Lines<'a>,
    problems: Vec<Problem>,
}

type Value<'a> = Spanned<DeValue<'a>>;

/// The styles in the order of [`Role::ALL`].
pub(super) fn parse(origin: &str, text: &str) -> Result<Vec<RoleStyle>, Problems> {
    let mut reader = Reader { origin, lines: Lines::new(text), problems: Vec::new() };
    let parts = reader.parts(text, 0);
    let styles: Vec<_> = Role::ALL.iter().filter_map(|role| reader.style(*role, &parts)).collect();
    let missing = Role::ALL.iter().filter(|role| !parts.roles.contains_key(role.name()));
    let missing: Vec<_> = missing.map(|role| quote(role.name())).collect();
    if !missing.is_empty() && !parts.is_orphan {
        reader.whole(format!("no style for {}; add it, or `inherits = \"dark\"`", missing.join(", ")));
    }
    reader.problems.sort_by_key(|problem| (problem.place.is_none(), problem.place));
    if reader.problems.is_empty() { Ok(styles) } else { Err(Problems(reader.problems)) }
}

impl Reader<'_> {
    fn fault(&mut self, offset: usize, message: String, hint: Option<String>) {
        let place = Some(self.lines.place(offset));
        self.problems.push(Problem { origin: shown(self.origin), place, message, hint });
    }

    fn whole(&mut self, message: String) {
        self.problems.push(Problem { origin: shown(self.origin), place: None, message, hint: None });
    }

    fn parts(&mut self, text: &str, parents: usize) -> Parts {
        if text.len() > MAX_FILE_BYTES {
            self.whole(format!("the file is larger than {} KiB", MAX_FILE_BYTES >> 10));
            return Parts::default();
        }
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let offset = error.span().map_or(text.len(), |span| span.start);
            self.fault(offset, format!("no TOML: {}", shown(error.message().trim())), None);
        }
        let entries = in_order(root.get_ref());
        let mut parts = match root.get_ref().get("inherits") {
            Some(value) => self.inherited(value, parents),
            None => Parts::default(),
        };
        // The palette first: roles name its colours wherever they stand.
        for (name, at, value) in &entries {
            match (*name, value.get_ref()) {
                ("palette", DeValue::Table(table)) => self.palette(table, &mut parts),
                ("roles", DeValue::Table(table)) => self.roles(table, &mut parts),
                ("palette" | "roles", other) => {
                    self.fault(
                        value.span().start,
                        format!("{name}: expected a table, found {}", other.type_str()),
                        None,
                    );
                }
                ("inherits", _) => {}
                (other, _) => {
                    let hint = suggestion(other, &["inherits", "palette", "roles"]);
                    self.fault(*at, format!("unknown key {}", quote(other)), hint);
                }
            }
        }
        parts
    }

    fn inherited(&mut self, value: &Value<'_>, parents: usize) -> Parts {
        let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let wanted = value.get_ref().as_str().unwrap_or_default();
        match BUILT_IN.iter().find(|(name, _)| *name == wanted) {
            Some((_, text)) if parents < MOST_PARENTS => {
                let mut parent = Reader { origin: wanted, lines: Lines::new(text), problems: Vec::new() };
                let parts = parent.parts(text, parents + 1);
                self.problems.append(&mut parent.problems);
                parts
            }
            Some(_) => {
                self.fault(value.span().start, "inherits from itself".to_owned(), None);
                Parts { is_orphan: true, ..Parts::default() }
            }
            None => {
                let message = format!("inherits: there is no built-in theme {}", quote(wanted));
                self.fault(value.span().start, message, suggestion(wanted, &names));
                Parts { is_orphan: true, ..Parts::default() }
            }
        }
    }

    fn palette(&mut self, table: &DeTable<'_>, parts: &mut Parts) {
        for (name, _, value) in in_order(table) {
            let text = value.get_ref().as_str().unwrap_or_default();
            match colour(text) {
                Some(colour) => {
                    parts.palette.insert(name.to_owned(), colour);
                }
                None => self.no_colour(&format!("palette.{}", shown(name)), text, value.span().start, &[]),
            }
        }
    }

    fn roles(&mut self, table: &DeTable<'_>, parts: &mut Parts) {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
        for (name, at, value) in in_order(table) {
            let Some(role) = names.iter().find(|known| **known == name) else {
                self.fault(at, format!("there is no role {}", quote(name)), suggestion(name, &names));
                continue;
            };
            let style = self.role(role, value);
            parts.roles.insert(role, style);
        }
    }

    fn role(&mut self, role: &str, value: &Value<'_>) -> Style {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => Style { fg: Some((text.to_string(), at)), ..Style::default() },
            DeValue::Table(table) => self.full(role, table),
            other => {
                let found = other.type_str();
                self.fault(at, format!("roles.{role}: expected a colour or a table, found {found}"), None);
                Style::default()
            }
        }
    }

    fn full(&mut self, role: &str, table: &DeTable<'_>) -> Style {
        let mut style = Style::default();
        for (key, at, value) in in_order(table) {
            let start = value.span().start;
            match (key, value.get_ref()) {
                ("fg", DeValue::String(text)) => style.fg = Some((text.to_string(), start)),
                ("bg", DeValue::String(text)) => style.bg = Some((text.to_string(), start)),
                ("fg" | "bg", _) => self.fault(start, format!("roles.{role}.{key}: expected a colour"), None),
                _ => match (MODIFIERS.iter().position(|known| *known == key), value.get_ref()) {
                    (Some(i), DeValue::Boolean(is_set)) => style.is_set[i] = *is_set,
                    (Some(_), _) => {
                        self.fault(start, format!("roles.{role}.{key}: expected `true` or `false`"), None);
                    }
                    (None, _) => {
                        let known = ["fg", "bg", "bold", "dim", "underline", "reverse"];
                        self.fault(
                            at,
                            format!("unknown key {} in roles.{role}", quote(key)),
                            suggestion(key, &known),
                        );
                    }
                },
            }
        }
        style
    }

    fn style(&mut self, role: Role, parts: &Parts) -> Option<RoleStyle> {
        let style = parts.roles.get(role.name())?;
        let mut read = |written: &Option<(String, usize)>| {
            let (text, at) = written.as_ref()?;
            let found = parts.palette.get(text).copied().or_else(|| colour(text));
            if found.is_none() {
                let names: Vec<_> = parts.palette.keys().map(String::as_str).collect();
                self.no_colour(&format!("roles.{}", role.name()), text, *at, &names);
            }
            found
        };
        let (fg, bg) = (read(&style.fg), read(&style.bg));
        let [bold, dim, underline, reverse] = style.is_set;
        Some(RoleStyle { fg, bg, bold, dim, underline, reverse })
    }

    fn no_colour(&mut self, key: &str, text: &str, at: usize, palette: &[&str]) {
        let near = suggestion(text, palette).filter(|hint| hint.starts_with("did you mean"));
        let hint = near.or_else(|| {
            let known = if palette.is_empty() { "" } else { "a name of the palette, " };
            Some(format!("write {known}`#rrggbb`, `ansi-red`, `ansi-bright-red`, `@208` or `default`"))
        });
        self.fault(at, format!("{key}: {} is no colour", quote(text)), hint);
    }
}

fn in_order<'a>(table: &'a DeTable<'_>) -> Vec<(&'a str, usize, &'a Value<'a>)> {
    let entry = |(key, value)| entry(key, value);
    let mut entries: Vec<_> = table.iter().map(entry).collect();
    entries.sort_by_key(|(_, at, _)| *at);
    entries
}

fn entry<'a>(
    key: &'a Spanned<std::borrow::Cow<'_, str>>,
    value: &'a Value<'_>,
) -> (&'a str, usize, &'a Value<'a>) {
    (key.get_ref().as_ref(), key.span().start, value)
}

/// Reads `#rrggbb`, `ansi-red`, `ansi-bright-red`, `@208` and `default`.
pub fn colour(text: &str) -> Option<Colour> {
    if text == "default" {
        return Some(Colour::Default);
    }
    if let Some(name) = text.strip_prefix("ansi-") {
        let (name, offset) = name.strip_prefix("bright-").map_or((name, 0), |rest| (rest, 8));
        return ANSI.iter().position(|known| *known == name).map(|i| Colour::Ansi(i as u8 + offset));
    }
    if let Some(index) = text.strip_prefix('@') {
        let is_number = index.bytes().all(|b| b.is_ascii_digit());
        return index.parse().ok().filter(|_| is_number).map(Colour::Indexed);
    }
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some(Colour::Rgb(byte(0)?, byte(2)?, byte(4)?))
}
