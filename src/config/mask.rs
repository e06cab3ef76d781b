//! What is hidden until asked for: values whose names look like secrets, and credentials inside of URLs.
//! The one mechanism for it; text and values only.

use regex::RegexSet;
use serde_json::Value;

use super::schema;
use crate::domain::secret::{self, MASK};

/// Names whose values are hidden.
#[derive(Clone, Debug)]
pub struct Masks {
    names: RegexSet,
}

impl Default for Masks {
    fn default() -> Self {
        Self::new(&schema::Masks::default().keys)
    }
}

impl Masks {
    /// From `masks.keys`. What does not compile was refused with the file; should one slip through, every name is hidden.
    pub fn new(patterns: &[String]) -> Self {
        let all = || RegexSet::new([""]).unwrap_or_else(|_| RegexSet::empty());
        Self { names: RegexSet::new(patterns).unwrap_or_else(|_| all()) }
    }

    /// Whether the value of that name is hidden.
    pub fn hides(&self, name: &str) -> bool {
        self.names.is_match(name)
    }

    /// An inspection as lines to read, its secrets hidden.
    pub fn lines(&self, value: &Value) -> Vec<String> {
        let mut value = value.clone();
        self.mask(&mut value);
        plain_lines(&value)
    }

    /// Puts asterisks in place of every value that is hidden.
    pub fn mask(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map.iter_mut() {
                    match inner {
                        Value::Array(items) if key == "Env" => {
                            for item in items {
                                self.mask_variable(item);
                            }
                        }
                        Value::String(text) if self.hides(key) && !text.is_empty() => MASK.clone_into(text),
                        inner => self.mask(inner),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask(item)),
            _ => {}
        }
    }

    /// `NAME=value`, and credentials inside a URL whatever the name.
    fn mask_variable(&self, item: &mut Value) {
        let Value::String(text) = item else { return };
        let Some((name, value)) = text.split_once('=') else { return };
        *text = format!("{name}={}", secret::shown(value, self.hides(name)));
    }
}

/// An inspection as lines to read, nothing hidden.
pub fn plain_lines(value: &Value) -> Vec<String> {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|e| e.to_string());
    text.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> Value {
        serde_json::json!({
            "Config": {"Env": ["API_TOKEN=s3cr3t", "PATH=/bin", "DATABASE_URL=postgres://u:s3@cr3t@db/x"]},
            "Labels": {"db.password": "s3cr3t", "plain": "seen"}
        })
    }

    #[test]
    fn no_secret_value_is_in_the_text() {
        let text = Masks::default().lines(&value()).join("\n");
        assert!(!text.contains("cr3t") && text.contains("API_TOKEN=****"), "{text}");
        assert!(text.contains("PATH=/bin") && text.contains("seen"), "{text}");
    }

    #[test]
    fn names_of_the_configuration_are_hidden_too() {
        let text = Masks::new(&["^PATH$".to_owned()]).lines(&value()).join("\n");
        assert!(!text.contains("/bin") && text.contains("API_TOKEN=s3cr3t"), "{text}");
    }

    #[test]
    fn without_masks_everything_is_there() {
        assert!(plain_lines(&value()).join("\n").contains("API_TOKEN=s3cr3t"));
    }
}
