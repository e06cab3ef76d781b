//! What the variables of a service must be like before it is deployed: those that are required, of a form or in a range,
//! and what no production runs with. Values go in; what comes out names keys and rules, never a value.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use regex::Regex;

use crate::domain::environment::Class;
use crate::domain::secret;

/// Switches that show strangers what goes on inside.
const DEBUG: &str = "DEBUG";
/// Names of what a program takes itself to be run for.
const STAGES: &[&str] = &[
    "NODE_ENV",
    "RAILS_ENV",
    "RACK_ENV",
    "APP_ENV",
    "FLASK_ENV",
    "DJANGO_ENV",
    "MIX_ENV",
    "GO_ENV",
    "ENVIRONMENT",
];
/// What they are then, and not in production.
const NOT_LIVE: &[&str] = &["dev", "development", "test", "testing", "local"];
/// What stands in examples in place of a secret.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "passwd",
    "admin",
    "root",
    "test",
    "example",
    "default",
    "todo",
    "xxx",
    "xxxx",
    "123456",
    "12345678",
    "letmein",
    "postgres",
    "none",
    "null",
    "dummy",
    "placeholder",
    "replace-me",
];

/// What holds for the variables of one service in one environment.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What the environment is.
    pub class: Class,
    /// Have to be there, and not empty.
    pub required: BTreeSet<String>,
    /// Whole values have to match.
    pub forms: BTreeMap<String, Regex>,
    /// Have to be numbers in these ranges.
    pub ranges: BTreeMap<String, RangeInclusive<f64>>,
    /// Somebody looked at these: what production runs without is fine with them.
    pub allowed: BTreeSet<String>,
    /// What cannot be judged at all, such as a file of names that cannot be read.
    pub faults: Vec<Broken>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            class: Class::Unclassified,
            required: BTreeSet::new(),
            forms: BTreeMap::new(),
            ranges: BTreeMap::new(),
            allowed: BTreeSet::new(),
            faults: Vec::new(),
        }
    }
}

/// A rule that is broken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
#[error("{key} {rule}")]
pub struct Broken {
    /// The variable.
    pub key: String,
    /// What it is or has to be.
    pub rule: String,
}

impl Rules {
    /// All that these variables break, by name.
    pub fn broken(&self, variables: &BTreeMap<String, String>) -> Vec<Broken> {
        let mut all = BTreeSet::new();
        let mut breaks = |key: &str, rule: String| all.insert(Broken { key: key.to_owned(), rule });
        for key in &self.required {
            match variables.get(key).map(String::as_str) {
                None => breaks(key, "is required, and is not set".to_owned()),
                Some("") => breaks(key, "is required, and is empty".to_owned()),
                Some(_) => false,
            };
        }
        for (key, value) in variables {
            if self.forms.get(key).is_some_and(|form| !matches_whole(form, value)) {
                breaks(key, format!("does not match {}", self.forms[key]));
            }
            if let Some(range) = self.ranges.get(key)
                && !value.trim().parse().is_ok_and(|number| range.contains(&number))
            {
                breaks(key, format!("is no number from {} to {}", range.start(), range.end()));
            }
            if !self.allowed.contains(key)
                && let Some(rule) = self.of_class(key, value)
            {
                breaks(key, rule.to_owned());
            }
        }
        all.into_iter().collect()
    }

    /// What an environment of this class runs without.
    fn of_class(&self, key: &str, value: &str) -> Option<&'static str> {
        let is_secret = secret::hides(key) && !is_reference(key);
        let plain = value.trim().to_lowercase();
        if is_secret && plain.is_empty() && matches!(self.class, Class::Staging | Class::Production) {
            return Some("is an empty secret");
        }
        if self.class != Class::Production {
            return None;
        }
        let name = key.to_uppercase();
        let is_switch = name == DEBUG || name.ends_with("_DEBUG");
        let is_off = matches!(plain.as_str(), "" | "0" | "false" | "no" | "off" | "none");
        match () {
            () if is_switch && !is_off => Some("is on, and this is production"),
            () if STAGES.contains(&name.as_str()) && NOT_LIVE.contains(&plain.as_str()) => {
                Some("says that this is no production")
            }
            () if is_secret && is_placeholder(&plain, &name) => Some("is a secret as examples have it"),
            () if names_this_machine(&plain) => Some("leads to the container itself (localhost)"),
            () => None,
        }
    }
}

fn matches_whole(form: &Regex, value: &str) -> bool {
    form.find_iter(value).any(|found| found.range() == (0..value.len()))
}

/// The name of a file or a header that holds a secret is none.
fn is_reference(key: &str) -> bool {
    let key = key.to_uppercase();
    ["_FILE", "_PATH", "_HEADER", "_NAME", "_TTL", "_ALGORITHM"].iter().any(|end| key.ends_with(end))
}

fn is_placeholder(value: &str, name: &str) -> bool {
    let bare = value.trim_matches(['<', '>', '{', '}', '[', ']', '"', '\'']);
    PLACEHOLDERS.contains(&bare)
        || bare == name.to_lowercase()
        || bare.starts_with("your-")
        || bare.starts_with("your_")
}

/// The host of a URL, or of `host:port`, is loopback. That a program listens there is no address of another.
fn names_this_machine(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let is_loopback = |name: &str| name == "localhost" || name.starts_with("127.") || name == "[::1]";
    host.split(',').any(|one| {
        let name =
            one.rsplit_once(':').map_or(one, |(name, port)| if port.ends_with(']') { one } else { name });
        is_loopback(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(class: Class, variables: &[(&str, &str)]) -> Vec<String> {
        let rules = Rules {
            class,
            required: ["PORT", "API_URL"].map(str::to_owned).into(),
            forms: [("REGION".to_owned(), Regex::new("eu-[a-z]+-[0-9]").unwrap())].into(),
            ranges: [("WORKERS".to_owned(), 1.0..=64.0)].into(),
            allowed: ["SIDECAR_URL".to_owned()].into(),
            faults: Vec::new(),
        };
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        rules.broken(&variables).iter().map(Broken::to_string).collect()
    }

    const WELL: &[(&str, &str)] =
        &[("PORT", "80"), ("API_URL", "http://api"), ("REGION", "eu-west-1"), ("WORKERS", "8")];

    fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let is_over = |key: &str| more.iter().any(|(other, _)| *other == key);
        WELL.iter().filter(|(key, _)| !is_over(key)).chain(more).copied().collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_no_value() {
        let told = broken(
            Class::Production,
            &[
                ("API_URL", ""),
                ("REGION", "eu-west-1x"),
                ("WORKERS", "sEcReT"),
                ("APP_DEBUG", "1"),
                ("DB_PASSWORD", ""),
            ],
        );
        assert_eq!(
            told,
            [
                "API_URL is required, and is empty",
                "APP_DEBUG is on, and this is production",
                "DB_PASSWORD is an empty secret",
                "PORT is required, and is not set",
                "REGION does not match eu-[a-z]+-[0-9]",
                "WORKERS is no number from 1 to 64",
            ]
        );
    }

    #[test]
    fn what_is_well_is_not_told() {
        let fine = [
            ("DEBUG", "false"),
            ("LISTEN", "127.0.0.1:80"),
            ("DB_PASSWORD", "v3ry-g00d"),
            ("DB_PASSWORD_FILE", ""),
            ("NODE_ENV", "production"),
            ("SIDECAR_URL", "http://localhost:9"),
            ("DATABASE_URL", "postgres://u:localhost@db/x"),
        ];
        assert!(broken(Class::Production, &with(&fine)).is_empty());
    }

    #[test]
    fn production_runs_without_what_others_may_have() {
        let odd: &[(&str, &str)] = &[
            ("DEBUG", "yes"),
            ("NODE_ENV", "Development"),
            ("API_TOKEN", "<changeme>"),
            ("JWT_SECRET", "your-secret-here"),
            ("DATABASE_URL", "postgres://u:p@localhost:5432/x"),
            ("KAFKA", "tcp://k:1,127.0.0.1:2"),
            ("SIX_URL", "http://[::1]/"),
        ];
        assert_eq!(broken(Class::Production, &with(odd)).len(), odd.len());
        for class in [Class::Development, Class::Staging, Class::Unclassified] {
            assert!(broken(class, &with(odd)).is_empty(), "{class:?}");
        }
        let empty = with(&[("API_TOKEN", "")]);
        assert_eq!(broken(Class::Staging, &empty), ["API_TOKEN is an empty secret"]);
        assert!(broken(Class::Development, &empty).is_empty());
    }
}
