//! What must never be shown: texts that match a regular expression of the configuration become asterisks.
//!
//! Never changes a line that is kept: it is masked whenever it is drawn, copied or written to a file.

use regex::Regex;
use std::borrow::Cow;
use std::sync::Arc;

/// Stands for what was masked; its length tells nothing.
pub const MASK: &str = "********";

/// The patterns, in the order they are applied. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    patterns: Arc<[Regex]>,
}

impl Masks {
    /// From regular expressions. Where one has a group, only what the first group matched is masked:
    /// `password=(\S+)` leaves the name. Errors: the pattern and why it cannot be used.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, (String, regex::Error)> {
        let made = patterns.into_iter().map(|text| Regex::new(text).map_err(|why| (text.to_owned(), why)));
        Ok(Self { patterns: made.collect::<Result<_, _>>()? })
    }

    /// Nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The text with everything that matches masked; borrowed when nothing did.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for pattern in &*self.patterns {
            if let Some(masked) = masked(pattern, &text) {
                text = Cow::Owned(masked);
            }
        }
        text
    }
}

fn masked(pattern: &Regex, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    for found in pattern.captures_iter(text) {
        let Some(secret) = found.get(1).or_else(|| found.get(0)).filter(|secret| !secret.is_empty()) else {
            continue;
        };
        out.push_str(&text[done..secret.start()]);
        out.push_str(MASK);
        done = secret.end();
    }
    (done > 0).then(|| out + &text[done..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_is_masked_and_a_group_leaves_the_rest() {
        let masks = Masks::new([r"(?i)password=(\S+)", r"\b\d{16}\b"]).unwrap();
        assert_eq!(
            masks.apply("Password=hunter2 card 4111111111111111 password=x"),
            "Password=******** card ******** password=********"
        );
        assert!(matches!(masks.apply("nothing"), Cow::Borrowed("nothing")));
    }

    #[test]
    fn an_empty_match_and_an_optional_group_do_no_harm() {
        let masks = Masks::new(["x*", "secret(=a)?"]).unwrap();
        assert_eq!(masks.apply("axxb secret"), "a********b ********");
    }

    #[test]
    fn a_broken_pattern_is_named() {
        assert_eq!(Masks::new(["a(b"]).unwrap_err().0, "a(b");
    }
}
