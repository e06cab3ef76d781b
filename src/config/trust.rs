//! Which project files may run commands: a list of paths with the hash of what stood there. Text to text; no files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::load::shown_path;
use super::problem::Place;
use crate::domain::checksum::checksum;

/// What of a project file is off until that is trusted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOff {
    /// The file.
    pub file: PathBuf,
    /// Where it stands.
    pub place: Place,
    /// What: `commands.migrate`.
    pub key: String,
}

impl std::fmt::Display for LeftOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (file, Place { line, column }) = (shown_path(&self.file.to_string_lossy()), self.place);
        write!(
            f,
            "{file}:{line}:{column}: {} is off: untrusted; read the file, then run `pilothouse config trust`",
            self.key
        )
    }
}

/// A list that cannot be read; nothing is trusted then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot read the list of trusted files: {0}")]
pub struct TrustError(String);

/// Trusted project files: canonical path and content. Any change of the content ends the trust.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrustList {
    #[serde(default, rename = "file")]
    files: Vec<Trusted>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Trusted {
    path: PathBuf,
    sha256: String,
}

const HEAD: &str = "# Project files whose commands may run. Written by `pilothouse config trust`.\n";

impl TrustList {
    /// Reads what [`TrustList::to_text`] wrote; an empty text is an empty list.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        toml::from_str(text).map_err(|error| TrustError(super::problem::shown(error.message())))
    }

    /// As a file.
    pub fn to_text(&self) -> Result<String, TrustError> {
        let body = toml::to_string(self).map_err(|error| TrustError(error.to_string()))?;
        Ok(format!("{HEAD}\n{body}"))
    }

    /// Whether exactly this text was trusted at exactly this path.
    pub fn is_trusted(&self, path: &Path, text: &str) -> bool {
        let hash = checksum(text.as_bytes());
        self.files.iter().any(|file| file.path == path && file.sha256 == hash)
    }

    /// Trusts this text at this path (canonical), and no other text there any more.
    pub fn trust(&mut self, path: &Path, text: &str) {
        self.distrust(path);
        self.files.push(Trusted { path: path.to_owned(), sha256: checksum(text.as_bytes()) });
    }

    /// Trusts nothing at this path any more; says whether anything was.
    pub fn distrust(&mut self, path: &Path) -> bool {
        let before = self.files.len();
        self.files.retain(|file| file.path != path);
        self.files.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[commands.x]\nrun = [\"true\"]\n";

    #[test]
    fn trust_ends_with_any_change_of_path_or_content() {
        let (here, there) = (Path::new("/srv/a/pilothouse.toml"), Path::new("/srv/b/pilothouse.toml"));
        let mut list = TrustList::default();
        list.trust(here, TEXT);
        assert!(list.is_trusted(here, TEXT));
        assert!(!list.is_trusted(there, TEXT) && !list.is_trusted(here, &TEXT.replace("true", "evil")));
        assert!(list.distrust(here) && !list.is_trusted(here, TEXT) && !list.distrust(here));
    }

    #[test]
    fn a_second_trust_at_a_path_replaces_the_first() {
        let mut list = TrustList::default();
        list.trust(Path::new("/a"), "one");
        list.trust(Path::new("/a"), "two");
        assert!(!list.is_trusted(Path::new("/a"), "one") && list.is_trusted(Path::new("/a"), "two"));
    }

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        let mut list = TrustList::default();
        list.trust(Path::new("/with \"quotes\"\n/x"), TEXT);
        list.trust(Path::new("/b"), "");
        assert_eq!(TrustList::parse(&list.to_text().unwrap()).unwrap(), list);
        assert_eq!(TrustList::parse("").unwrap(), TrustList::default());
    }

    #[test]
    fn a_list_that_cannot_be_read_trusts_nothing_and_says_so() {
        assert!(TrustList::parse("[[file]]\npath = 1").unwrap_err().to_string().contains("cannot read"));
    }
}
