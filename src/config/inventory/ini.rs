//! Ansible's INI inventories: sections of hosts, children and variables, line by line.

use std::collections::BTreeMap;

use super::ansible::{Groups, Value, Var};
use super::pattern::expand;
use super::{Fault, Place, VAULT};
use crate::config::problem::{quote, suggestion};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Hosts,
    Children,
    Vars,
}

struct Reader<'a> {
    groups: &'a mut Groups,
    file: usize,
    faults: Vec<Fault>,
    group: String,
    section: Section,
    /// Groups that are named and not yet defined: by whom and where.
    wanted: BTreeMap<String, (String, Place)>,
}

/// Reads a text into `groups`; everything that is wrong with it, at once.
pub(super) fn read(text: &str, file: usize, groups: &mut Groups) -> Vec<Fault> {
    let (faults, wanted) = (Vec::new(), BTreeMap::new());
    let mut reader =
        Reader { groups, file, faults, group: "ungrouped".to_owned(), section: Section::Hosts, wanted };
    for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let body = line.trim_start();
        let at = Place { line: i + 1, column: line.chars().count() - body.chars().count() + 1 };
        let body = body.trim_end();
        if !body.is_empty() && !body.starts_with(['#', ';']) {
            reader.line(body, at);
        }
    }
    reader.finish()
}

impl Reader<'_> {
    fn fault(&mut self, at: Place, message: String) {
        self.faults.push(Fault::new(at, message));
    }

    fn line(&mut self, line: &str, at: Place) {
        if let Some(inside) = line.strip_prefix('[')
            && let Some((title, rest)) = inside.split_once(']')
            && (rest.trim().is_empty() || rest.trim_start().starts_with('#'))
        {
            return self.begin(title, at);
        }
        match self.section {
            Section::Hosts => self.hosts(line, at),
            Section::Children => self.child(line, at),
            Section::Vars => self.variable(line, at),
        }
    }

    fn begin(&mut self, title: &str, at: Place) {
        let (name, kind) = title.split_once(':').unwrap_or((title, "hosts"));
        let kind = match kind {
            "hosts" => Some(Section::Hosts),
            "children" => Some(Section::Children),
            "vars" => Some(Section::Vars),
            _ => None,
        };
        let is_name = !name.is_empty() && !name.contains([':', ']']) && !name.contains(char::is_whitespace);
        let Some(kind) = kind.filter(|_| is_name) else {
            let kinds = ["hosts", "children", "vars"];
            let hint = title.split_once(':').and_then(|(_, kind)| suggestion(kind, &kinds));
            let message = format!(
                "`[{}]` is no section; write [GROUP], [GROUP:children] or [GROUP:vars]",
                crate::config::problem::shown(title)
            );
            self.faults.push(Fault { hint, ..Fault::new(at, message) });
            // What follows would be taken for what it is not.
            (self.group, self.section) = (String::new(), Section::Hosts);
            return;
        };
        (self.group, self.section) = (name.to_owned(), kind);
        if kind == Section::Vars && !self.groups.has(name) {
            self.wanted.entry(name.to_owned()).or_insert((String::new(), at));
        }
        if kind != Section::Vars {
            self.wanted.remove(name);
            self.groups.group(name);
        }
    }

    fn hosts(&mut self, line: &str, at: Place) {
        let words = match words(line) {
            Ok(words) => words,
            Err((offset, why)) => {
                return self.fault(Place { column: at.column + offset, ..at }, why);
            }
        };
        let Some(((_, pattern), rest)) = words.split_first() else { return };
        let (names, port) = match expand(pattern) {
            Ok(found) => found,
            Err(why) => return self.fault(at, why),
        };
        if names.iter().any(|name| name == "---") {
            return self.fault(at, "this is YAML; call the file *.yml".to_owned());
        }
        let mut vars = Vec::new();
        for (offset, word) in rest {
            let here = Place { column: at.column + offset, ..at };
            match word.split_once('=') {
                Some((key, value)) => vars.push((key, self.var(value, here))),
                None => self.fault(here, format!("expected variable=value, found {}", quote(word))),
            }
        }
        let origin = (self.file, at);
        for name in &names {
            let Err(why) = self.groups.host(&self.group, name, port, origin) else { continue };
            return self.fault(at, why);
        }
        for (key, var) in vars.iter().filter(|(key, _)| Groups::is_wanted(key)) {
            for name in &names {
                self.groups.host_var(name, key, var.clone());
            }
        }
    }

    fn child(&mut self, line: &str, at: Place) {
        let name = line.split('#').next().unwrap_or_default().trim_end();
        if name.is_empty() || name.contains([':', ']']) || name.contains(char::is_whitespace) {
            return self.fault(at, format!("expected the name of a group, found {}", quote(line)));
        }
        if !self.groups.has(name) {
            self.wanted.entry(name.to_owned()).or_insert((self.group.clone(), at));
        }
        self.groups.child(&self.group, name, (self.file, at));
    }

    fn variable(&mut self, line: &str, at: Place) {
        let Some((key, value)) = line.split_once('=') else {
            return self.fault(at, format!("expected variable=value, found {}", quote(line)));
        };
        let column = at.column + key.chars().count() + 1;
        let (key, var) = (key.trim(), self.var(value.trim(), Place { column, ..at }));
        if Groups::is_wanted(key) {
            self.groups.group_var(&self.group, key, var);
        }
    }

    fn var(&self, text: &str, at: Place) -> Var {
        Var { value: value(text), file: self.file, at }
    }

    fn finish(mut self) -> Vec<Fault> {
        for (name, (by, at)) in std::mem::take(&mut self.wanted) {
            if self.groups.is_defined(&name) {
                continue;
            }
            let known = self.groups.names();
            let hint = suggestion(&name, &known);
            let message = if by.is_empty() {
                format!("variables of a group nobody defines: {}", quote(&name))
            } else {
                format!("group {} has a child nobody defines: {}", quote(&by), quote(&name))
            };
            self.faults.push(Fault { hint, ..Fault::new(at, message) });
        }
        self.faults.sort_by_key(|fault| fault.at);
        self.faults
    }
}

/// Words as a shell splits them, each with how many characters stand before it; a `#` outside of quotes ends the line.
fn words(line: &str) -> Result<Vec<(usize, String)>, (usize, String)> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let mut is_inside = false;
    let mut letters = line.chars().enumerate();
    while let Some((at, letter)) = letters.next() {
        if letter.is_whitespace() {
            is_inside = false;
            continue;
        }
        if letter == '#' {
            break;
        }
        if !is_inside {
            words.push((at, String::new()));
            is_inside = true;
        }
        let Some((_, word)) = words.last_mut() else { continue };
        match letter {
            '\'' | '"' => loop {
                match letters.next() {
                    None => return Err((at, "this quote is never closed".to_owned())),
                    Some((_, end)) if end == letter => break,
                    Some((_, '\\')) if letter == '"' => match letters.next() {
                        Some((_, escaped @ ('"' | '\\'))) => word.push(escaped),
                        Some((_, other)) => word.extend(['\\', other]),
                        None => return Err((at, "this quote is never closed".to_owned())),
                    },
                    Some((_, inner)) => word.push(inner),
                }
            },
            '\\' => match letters.next() {
                Some((_, escaped)) => word.push(escaped),
                None => return Err((at, "nothing follows the `\\`".to_owned())),
            },
            other => word.push(other),
        }
    }
    Ok(words)
}

/// A value as Ansible takes it: a literal of Python where it is one, else the text.
fn value(text: &str) -> Value {
    if text.starts_with(VAULT) {
        return Value::Secret;
    }
    let comment = |rest: &str| rest.trim().is_empty() || rest.trim_start().starts_with('#');
    for quote in ['\'', '"'] {
        let Some(inner) = text.strip_prefix(quote) else { continue };
        let mut plain = String::new();
        let mut letters = inner.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some((_, escaped @ ('\\' | '\'' | '"'))) => plain.push(escaped),
                    Some((_, other)) => plain.extend(['\\', other]),
                    None => return Value::Text(text.to_owned()),
                },
                end if end == quote => {
                    let rest = &inner[at + 1..];
                    return Value::Text(if comment(rest) { plain } else { text.to_owned() });
                }
                other => plain.push(other),
            }
        }
    }
    let digits = text.split('#').next().unwrap_or_default().trim_end();
    if digits.parse::<u64>().is_ok_and(|number| number.to_string() == digits) {
        return Value::Text(digits.to_owned());
    }
    if text == "None" || text.starts_with(['[', '(']) || text.starts_with('{') && !text.starts_with("{{") {
        return Value::Other;
    }
    Value::Text(text.to_owned())
}
