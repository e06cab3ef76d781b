//! A pattern that lines match or not: a regular expression with smart case, seen through colours.
//!
//! Never sees the escape sequences in a line: it matches what is shown.

use super::ansi;
use regex::bytes::{Regex, RegexBuilder};
use std::ops::Range;
use thiserror::Error;

// A pattern typed by a person; more than this is a mistake and would stall the screen.
const COMPILED_LIMIT_BYTES: usize = 1 << 20;

/// Why a pattern cannot be used, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot search for {pattern}: {reason}")]
pub struct PatternError {
    /// As typed, safe to draw.
    pub pattern: String,
    /// The regex engine's reason, one line.
    pub reason: String,
}

/// Case is ignored when the pattern has no capital letter.
#[derive(Debug, Clone)]
pub struct Matcher {
    regex: Regex,
    is_phrase: bool,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.pattern() == other.pattern()
    }
}

impl Eq for Matcher {}

impl Matcher {
    /// From a regular expression.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let built = RegexBuilder::new(pattern)
            .case_insensitive(!has_capital(pattern))
            .size_limit(COMPILED_LIMIT_BYTES)
            .build();
        built.map(|regex| Self { regex, is_phrase: is_phrase(pattern) }).map_err(|error| PatternError {
            pattern: ansi::plain(pattern).into_owned(),
            reason: one_line(&error),
        })
    }

    /// From plain text, in which no character is special.
    pub fn literal(text: &str) -> Result<Self, PatternError> {
        Self::new(&regex::escape(text))
    }

    /// The pattern as typed.
    pub fn pattern(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it looks for words, without anything that is special in an expression, in JSON or in logfmt.
    pub const fn is_phrase(&self) -> bool {
        self.is_phrase
    }

    /// Whether the text, without what would act on a terminal, matches. For a line see [`super::show::Show::is_hit`].
    pub fn is_match(&self, line: &[u8]) -> bool {
        if is_as_shown(line) {
            return self.regex.is_match(line);
        }
        self.regex.is_match(ansi::shown(line).as_bytes())
    }

    /// Where it matches, as byte ranges of the shown text (the concatenation of [`ansi::clean`]'s spans), for a
    /// visible line. Empty matches are left out; a range never splits a character.
    pub fn hits_in(&self, line: &[u8]) -> Vec<Range<usize>> {
        let shown = ansi::shown(line);
        let hits = self.regex.find_iter(shown.as_bytes()).map(|hit| hit.range());
        hits.filter(|hit| !hit.is_empty() && shown.get(hit.clone()).is_some()).collect()
    }
}

/// Whether matching the bytes is matching what is shown: no control characters and nothing beyond ASCII.
fn is_as_shown(line: &[u8]) -> bool {
    line.iter().fold(true, |safe, byte| safe & (0x20..0x7f).contains(byte))
}

fn is_phrase(pattern: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_inside = |byte: &u8| is_word(byte) || b"-/: ".contains(byte);
    let bytes = pattern.as_bytes();
    bytes.first().is_some_and(is_word)
        && bytes.last().is_some_and(is_word)
        && bytes.iter().all(is_inside)
        && !pattern.contains("  ")
}

/// `\S` and the like are not capitals of the text searched for.
fn has_capital(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let is_class = matches!(chars.next(), Some('p' | 'P')) && chars.as_str().starts_with('{');
                let _ = is_class.then(|| chars.by_ref().find(|c| *c == '}'));
            }
            c if c.is_uppercase() => return true,
            _ => {}
        }
    }
    false
}

fn one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last =
                text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("not a regular expression");
            let last = last.trim();
            ansi::plain(last.strip_prefix("error: ").unwrap_or(last)).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_capitals_ignores_case() {
        assert!(Matcher::new("timeout").unwrap().is_match(b"Read TIMEOUT"));
        assert!(!Matcher::new("Timeout").unwrap().is_match(b"read timeout"));
        assert!(Matcher::new(r"\Serr\p{Lu}?").unwrap().is_match(b"xERR"));
    }

    #[test]
    fn a_broken_pattern_says_why_in_one_line() {
        let error = Matcher::new("a(b").unwrap_err().to_string();
        assert_eq!(error, "cannot search for a(b: unclosed group");
        let error = Matcher::new("(a{1000}){1000}").unwrap_err().to_string();
        assert!(error.ends_with("too large"), "{error}");
    }

    #[test]
    fn a_literal_has_no_special_characters() {
        let matcher = Matcher::literal("a.b(").unwrap();
        assert!(matcher.is_match(b"xA.B(y") && !matcher.is_match(b"axb("));
    }

    #[test]
    fn it_matches_through_colours_and_gives_ranges_of_the_shown_text() {
        let matcher = Matcher::new("foobar").unwrap();
        let line = b"\x1b[31mfoo\x1b[0mbar foobar";
        assert!(matcher.is_match(line));
        assert_eq!(matcher.hits_in(line), [0..6, 7..13]);
        assert!(!Matcher::new("31m").unwrap().is_match(line));
    }
}
