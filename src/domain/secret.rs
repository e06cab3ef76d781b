//! What looks like a secret: names whose values are hidden until a configuration says otherwise, and credentials inside
//! of URLs whatever the name.

use std::sync::LazyLock;

use regex::Regex;

/// Names whose values are hidden, as a regular expression.
pub const NAMES: &str = "(?i)passw|passphrase|(^|_)pass(_|$)|pwd|secret|token|key|credential|dsn|(^|_)auth\
     |cookie|salt|private|signature|connection_?string";

/// Stands in place of what is hidden.
pub const MASK: &str = "********";

/// Whether the value of that name is hidden where nobody configured anything else.
pub fn hides(name: &str) -> bool {
    // Should it not compile, every name is hidden.
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(NAMES).ok());
    PATTERN.as_ref().is_none_or(|pattern| pattern.is_match(name))
}

/// A value that may be shown: hidden whole, or only the credentials inside of a URL.
pub fn shown(value: &str, is_hidden: bool) -> String {
    if is_hidden && !value.is_empty() {
        return MASK.to_owned();
    }
    match value.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, host)) => format!("{scheme}://{MASK}@{host}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_by_its_name_or_inside_of_its_url() {
        assert!(hides("API_TOKEN") && hides("db.password") && !hides("PATH"));
        assert_eq!(shown("x", true), MASK);
        assert_eq!(shown("", true), "");
        assert_eq!(shown("postgres://u:s3@cr3t@db/x", false), format!("postgres://{MASK}@db/x"));
        assert_eq!(shown("/bin:/sbin", false), "/bin:/sbin");
    }
}
