//! `$NAME`, `${NAME}`, `${NAME:-otherwise}`, `${NAME-otherwise}`, `${NAME:?why}`, `${NAME?why}`, `$$`.

use std::collections::BTreeMap;

use super::node::{Node, What};
use crate::config::problem::{Problem, quote};

type Variables = BTreeMap<String, String>;

/// Puts values in place of variables, in every value below; names of keys stay.
pub(super) fn all(node: &mut Node, variables: &Variables) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    walk(node, variables, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn walk(node: &mut Node, variables: &Variables, problems: &mut Vec<Problem>) {
    match &mut node.what {
        What::Null => {}
        What::Text(text) if !text.contains('$') => {}
        What::Text(text) => match one(text, variables) {
            Ok(value) => *text = value,
            Err(why) => problems.push(node.at.problem(why)),
        },
        What::Map(entries) => {
            for (_, value) in entries {
                walk(value, variables, problems);
            }
        }
        What::List(items) => {
            for item in items {
                walk(item, variables, problems);
            }
        }
    }
}

fn name_length(text: &str) -> usize {
    let is_first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if is_first { end } else { 0 }
}

/// One text; a variable nobody set is empty.
pub(super) fn one(text: &str, variables: &Variables) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(braced) = after.strip_prefix('{') {
            let end = braced.find('}').ok_or_else(|| format!("{}: a `${{` without its `}}`", quote(text)))?;
            let (inner, after) = braced.split_at(end);
            out.push_str(&braced_value(inner, variables, text)?);
            rest = after.get(1..).unwrap_or_default();
        } else {
            let length = name_length(after);
            if length == 0 {
                return Err(format!("{}: a `$` alone; write `$$` for the sign itself", quote(text)));
            }
            let (name, after) = after.split_at(length);
            out.push_str(variables.get(name).map_or("", String::as_str));
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn braced_value(inner: &str, variables: &Variables, whole: &str) -> Result<String, String> {
    let (name, rest) = inner.split_at(name_length(inner));
    if name.is_empty() {
        return Err(format!("{}: `{inner}` is no name of a variable", quote(whole)));
    }
    let set = variables.get(name);
    let filled = set.filter(|value| !value.is_empty());
    let missing = |why: &str| {
        let why = if why.is_empty() { "it is required" } else { why };
        Err(format!("the variable {name} is not set: {}", crate::config::problem::shown(why)))
    };
    match (rest.get(..1), rest.get(..2)) {
        (None, _) => Ok(set.cloned().unwrap_or_default()),
        (_, Some(":-")) => {
            Ok(filled.cloned().unwrap_or_else(|| rest.get(2..).unwrap_or_default().to_owned()))
        }
        (_, Some(":?")) => filled.cloned().map_or_else(|| missing(rest.get(2..).unwrap_or_default()), Ok),
        (Some("-"), _) => Ok(set.cloned().unwrap_or_else(|| rest.get(1..).unwrap_or_default().to_owned())),
        (Some("?"), _) => set.cloned().map_or_else(|| missing(rest.get(1..).unwrap_or_default()), Ok),
        _ => Err(format!("{}: `${{{inner}}}` is not understood", quote(whole))),
    }
}
