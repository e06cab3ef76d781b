//! What the operator searches or filters for: a regular expression, blind to case when it has no capital letter.

use regex::bytes::{Regex, RegexBuilder};

/// A search or a filter.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
    is_inverse: bool,
}

/// A text that is no regular expression.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is no regular expression: {why}")]
pub struct PatternError {
    text: String,
    why: String,
}

impl Pattern {
    /// Compiles `text`; a leading `!` turns it round.
    ///
    /// # Errors
    /// The last line of what the regex parser says.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let (is_inverse, inner) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let is_blind = !inner.chars().any(char::is_uppercase);
        let built = RegexBuilder::new(inner).case_insensitive(is_blind).size_limit(1 << 20).build();
        let regex = built.map_err(|e| {
            let why = e.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            PatternError { text: inner.to_owned(), why }
        })?;
        Ok(Self { text: text.to_owned(), regex, is_inverse })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a line is wanted.
    pub fn wants(&self, line: &[u8]) -> bool {
        self.regex.is_match(line) != self.is_inverse
    }

    /// Byte ranges of the hits in a shown line, for highlighting; none for an inverse pattern.
    pub fn hits(&self, line: &str) -> Vec<std::ops::Range<usize>> {
        if self.is_inverse {
            return Vec::new();
        }
        self.regex.find_iter(line.as_bytes()).map(|m| m.range()).filter(|r| !r.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_find_capitals_but_not_the_other_way() {
        assert!(Pattern::new("error").unwrap().wants(b"ERROR"));
        assert!(!Pattern::new("Error").unwrap().wants(b"error"));
    }

    #[test]
    fn a_bang_turns_it_round() {
        let pattern = Pattern::new("!health").unwrap();
        assert!(!pattern.wants(b"GET /health") && pattern.wants(b"GET /"));
    }

    #[test]
    fn a_broken_pattern_is_named_with_its_reason() {
        let error = Pattern::new("a(b").unwrap_err().to_string();
        assert!(error.contains("`a(b`") && error.contains("unclosed group"), "{error}");
    }
}
