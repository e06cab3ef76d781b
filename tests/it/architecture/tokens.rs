//! Rust text to the tokens that paths are made of. Comments, strings and characters are dropped; nothing is parsed.

/// A word, `::`, or one other character, with its line counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

impl Token<'_> {
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|first: char| first == '_' || first.is_alphabetic())
    }
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while !rest.is_empty() {
        let (length, is_kept) = next(rest);
        let (taken, after) = rest.split_at(length);
        if is_kept {
            tokens.push(Token { text: taken.trim_start_matches("r#"), line });
        }
        line += taken.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Length of what stands first, and whether it is a token.
fn next(rest: &str) -> (usize, bool) {
    if let Some(length) = comment(rest).or_else(|| string(rest)).or_else(|| character(rest)) {
        return (length, false);
    }
    if rest.starts_with("::") {
        return (2, true);
    }
    let name = rest.strip_prefix("r#").unwrap_or(rest);
    let word = name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(name.len());
    if word > 0 {
        return (rest.len() - name.len() + word, true);
    }
    let first = rest.chars().next().map_or(1, char::len_utf8);
    (first, !rest.starts_with(char::is_whitespace))
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    // Block comments nest in Rust.
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let (step, change) = match rest.get(at..at + 2) {
            Some("/*") => (2, 1),
            Some("*/") => (2, -1),
            _ => (rest[at..].chars().next().map_or(1, char::len_utf8), 0),
        };
        (depth, at) = (depth + change, at + step);
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

fn string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix);
        after.is_some_and(|after| {
            after.starts_with('"') || prefix.contains('r') && after.trim_start_matches('#').starts_with('"')
        })
    })?;
    let body = &rest[prefix.len()..];
    if prefix.contains('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = prefix.len() + hashes + 1;
        return Some(rest[inside..].find(&end).map_or(rest.len(), |at| inside + at + end.len()));
    }
    Some(prefix.len() + quoted(body, '"'))
}

/// A character, but not a lifetime: `'a'`, `b'\n'`; `'a` is none.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('b').unwrap_or(rest);
    let inside = body.strip_prefix('\'')?;
    let mut characters = inside.chars();
    let is_character = match characters.next()? {
        '\\' => true,
        _ => characters.next() == Some('\''),
    };
    is_character.then(|| rest.len() - body.len() + quoted(body, '\''))
}

/// Length of a quoted text with escapes, both quotes included.
fn quoted(body: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in body.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}
