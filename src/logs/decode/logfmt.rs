//! `key=value key="quoted value" flag` lines.
//!
//! Never takes prose for logfmt: at least two pairs, and most of the line must be pairs.

use super::Pair;
use std::borrow::Cow;

/// The pairs in order; words without `=` between them become flags with an empty value.
pub(super) fn pairs(text: &str) -> Option<Vec<Pair<'_>>> {
    let mut pairs = Vec::new();
    let (mut bare, mut rest) = (0, text.trim_start());
    while !rest.is_empty() {
        let end = rest.find([' ', '=', '"']).unwrap_or(rest.len());
        let key = &rest[..end];
        if !rest[end..].starts_with('=') {
            let end = rest.find(' ').unwrap_or(rest.len());
            bare += 1;
            // Prose shows early; do not walk a whole page of it.
            if bare > 2 + pairs.len() {
                return None;
            }
            pairs.push((Cow::Borrowed(&rest[..end]), Cow::Borrowed("")));
            rest = rest[end..].trim_start();
            continue;
        }
        if !is_key(key) {
            return None;
        }
        let (value, after) = value(&rest[end + 1..])?;
        pairs.push((Cow::Borrowed(key), value));
        rest = after.trim_start();
    }
    (pairs.len() >= 2 + bare && pairs.len() > 2 * bare).then_some(pairs)
}

fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '@')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-@/[]".contains(&byte))
}

/// The value and what stands behind it; `None` for a quote that never closes.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(' ').unwrap_or(text.len());
        return Some((Cow::Borrowed(&text[..end]), &text[end..]));
    };
    let mut owned: Option<String> = None;
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let value = owned.map_or(Cow::Borrowed(&quoted[..at]), Cow::Owned);
                return Some((value, &quoted[at + 1..]));
            }
            '\\' => {
                let text = owned.get_or_insert_with(|| quoted[..at].to_owned());
                match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    other => text.push(other),
                }
            }
            other => {
                if let Some(text) = &mut owned {
                    text.push(other);
                }
            }
        }
    }
    None
}
