//! What is wrong with a configuration, where, and what was probably meant. Never holds a control character of a file.

use std::fmt;

/// Longest piece of a file that is quoted in a message, in characters.
const QUOTED_CHARS: usize = 60;

/// A line and a column of a file, both from 1; columns are characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A text with its lines found.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Offset of the first byte of each line.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// Where a byte of the text stands; the end of the text for anything beyond it.
    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or_default();
        Place { line, column: before.chars().count() + 1 }
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Problem {
    /// The file, or what else it came from: `--theme`, `PILOTHOUSE_THEME`.
    pub origin: String,
    /// Where in the file; `None` for what is no file, or for the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

/// Everything that is wrong, in the order of the files; never empty. Shown one a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{problem}")?;
        }
        Ok(())
    }
}

/// A piece of a file in backticks, cut to 60 characters, control characters written out.
pub fn quote(text: &str) -> String {
    format!("`{}`", shown(text))
}

/// Like [`quote`], without the backticks.
pub fn shown(text: &str) -> String {
    let cut = cut(text);
    let more = if cut.len() < text.len() { "…" } else { "" };
    // Quotes stay as they are: only what a terminal would obey is written out.
    let plain = |c: char| matches!(c, '"' | '\'' | '\\');
    let escape = |c: char| if plain(c) { c.to_string() } else { c.escape_debug().to_string() };
    cut.chars().map(escape).collect::<String>() + more
}

/// The first letters of a text, as many as are quoted.
fn cut(text: &str) -> &str {
    text.char_indices().nth(QUOTED_CHARS).map_or(text, |(at, _)| &text[..at])
}

/// The known name that was probably meant by `name`: few letters off, or one that `name` begins or is a part of.
///
/// Both may come from a file: only their first letters are compared, so that the time does not grow with their length.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| cut(text).to_lowercase().replace('_', "-");
    let name = plain(name);
    let score = |candidate: &str| {
        let candidate = plain(candidate);
        let letters = name.chars().count().max(candidate.chars().count());
        let distance = strsim::damerau_levenshtein(&name, &candidate);
        let is_part = name.len() >= 3 && candidate.starts_with(&name);
        match distance {
            d if d <= letters.div_ceil(3).min(3) && d < letters => Some(d),
            _ if is_part => Some(4),
            _ => None,
        }
    };
    let scored = known.into_iter().filter_map(|candidate| Some((score(candidate)?, candidate)));
    scored.min_by_key(|(score, _)| *score).map(|(_, candidate)| candidate)
}

/// A hint for an unknown name: the nearest known one, else the list of them where it is short.
pub fn suggestion(name: &str, known: &[&str]) -> Option<String> {
    const LISTED: usize = 16;
    match nearest(name, known.iter().copied()) {
        Some(near) => Some(format!("did you mean {}?", quote(near))),
        None if known.is_empty() || known.len() > LISTED => None,
        None => {
            let names: Vec<_> = known.iter().map(|name| quote(name)).collect();
            Some(format!("known: {}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_a_prefix_and_another_spelling_find_what_was_meant() {
        let known = ["development", "staging", "production", "theme", "disk_free", "colour", "ascii"];
        let near = |name| nearest(name, known);
        assert_eq!(near("prod"), Some("production"));
        assert_eq!(near("teh me"), Some("theme"));
        assert_eq!(near("disk-free"), Some("disk_free"));
        assert_eq!(near("color"), Some("colour"));
        assert_eq!(near("Theme"), Some("theme"));
        assert_eq!(near("zzz"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn only_the_first_letters_of_a_name_are_compared() {
        let (short, long) = ("é".repeat(QUOTED_CHARS), "é".repeat(100_000));
        assert_eq!(nearest(&long, [short.as_str()]), Some(short.as_str()));
        assert_eq!(nearest(&short, [long.as_str()]), Some(long.as_str()));
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_quoted() {
        let quoted = quote("a\x1b[31m\u{202e}\r\n\u{9b}b \"c\"");
        assert!(quoted.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{quoted}");
        assert!(quoted.ends_with("b \"c\"`"), "{quoted}");
        assert_eq!(quote(&"é".repeat(100)).chars().count(), 63);
    }

    #[test]
    fn a_problem_without_a_place_names_what_it_came_from() {
        let problem = Problem { origin: "--theme".into(), place: None, message: "no".into(), hint: None };
        assert_eq!(problem.to_string(), "--theme: no");
    }
}
