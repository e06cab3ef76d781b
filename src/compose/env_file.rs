//! Files of variables: `.env` and those of `env_file`.

use std::collections::BTreeMap;

use super::interpolate::one;

/// The variables of a file, in its order; a name alone has no value. `outside` is what `${…}` in it means besides.
///
/// # Errors
/// The line that is not understood, without its value.
pub fn parse(
    text: &str,
    outside: &BTreeMap<String, String>,
) -> Result<Vec<(String, Option<String>)>, String> {
    let mut all: Vec<(String, Option<String>)> = Vec::new();
    let mut known = outside.clone();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (line, None),
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(format!("line {}: no NAME=value", number + 1));
        }
        let value = value.map(|value| plain(value, &known));
        let value =
            value.transpose().map_err(|()| format!("line {}: {name}: its quotes do not end", number + 1))?;
        if let Some(value) = &value {
            known.insert(name.to_owned(), value.clone());
        }
        all.retain(|(other, _)| other != name);
        all.push((name.to_owned(), value));
    }
    Ok(all)
}

fn plain(value: &str, known: &BTreeMap<String, String>) -> Result<String, ()> {
    let filled = |text: &str| one(text, known).unwrap_or_else(|_| text.to_owned());
    if let Some(rest) = value.strip_prefix('\'') {
        return rest.split_once('\'').map(|(inner, _)| inner.to_owned()).ok_or(());
    }
    if let Some(rest) = value.strip_prefix('"') {
        let mut out = String::new();
        let mut signs = rest.chars();
        loop {
            match signs.next().ok_or(())? {
                '"' => return Ok(filled(&out)),
                '\\' => match signs.next().ok_or(())? {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    'r' => out.push('\r'),
                    other => out.push(other),
                },
                other => out.push(other),
            }
        }
    }
    let end = value.find(" #").unwrap_or(value.len());
    Ok(filled(value.get(..end).unwrap_or(value).trim_end()))
}
