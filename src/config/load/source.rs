//! Offsets in a file as lines and columns, and which file set which key.

use std::collections::{BTreeMap, BTreeSet};

use super::Layer;
use crate::config::problem::{Lines, Place, Problem, shown};

/// A layer with its lines found.
pub(super) struct Source<'a> {
    pub(super) layer: &'a Layer,
    lines: Lines<'a>,
}

impl<'a> Source<'a> {
    pub(super) fn new(layer: &'a Layer) -> Self {
        Self { layer, lines: Lines::new(&layer.text) }
    }

    /// How the file is called in messages.
    pub(super) fn name(&self) -> String {
        shown_path(&self.layer.path.to_string_lossy())
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        self.lines.place(offset)
    }

    pub(super) fn problem(&self, offset: usize, message: String, hint: Option<String>) -> Problem {
        Problem { origin: self.name(), place: Some(self.place(offset)), message, hint }
    }
}

/// A path whole, but without anything a terminal obeys.
pub(in crate::config) fn shown_path(path: &str) -> String {
    path.chars()
        .map(
            |c| if c == '\\' || c == '\'' || c == '"' { c.to_string() } else { c.escape_debug().to_string() },
        )
        .collect()
}

/// Which file set which key, and where: `pilothouse config check` and errors about the whole name it.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    files: Vec<String>,
    at: BTreeMap<Vec<String>, (usize, usize)>,
    faulty: BTreeSet<Vec<String>>,
}

impl Origins {
    pub(super) fn new(sources: &[Source<'_>]) -> Self {
        Self { files: sources.iter().map(Source::name).collect(), ..Self::default() }
    }

    pub(super) fn record(&mut self, path: &[String], layer: usize, offset: usize) {
        self.at.insert(path.to_vec(), (layer, offset));
    }

    /// Only if nothing stands there yet: a table keeps the place where it first appeared.
    pub(super) fn record_first(&mut self, path: &[String], layer: usize, offset: usize) {
        self.at.entry(path.to_vec()).or_insert((layer, offset));
    }

    /// Something is wrong there, and was said.
    pub(super) fn mark_faulty(&mut self, path: &[String]) {
        self.faulty.insert(path.to_vec());
    }

    /// Whether something was wrong at this path or below it: what it lacks is no news then.
    pub(super) fn is_faulty(&self, path: &[String]) -> bool {
        self.faulty.range(path.to_vec()..).next().is_some_and(|found| found.starts_with(path))
    }

    /// Layer and offset; the nearest table above where the path itself was never written.
    pub(super) fn find(&self, path: &[String]) -> Option<(usize, usize)> {
        (1..=path.len()).rev().find_map(|length| self.at.get(&path[..length])).copied()
    }

    /// The file that set a key; `None` while its default holds.
    pub fn file_of(&self, path: &[&str]) -> Option<&str> {
        let path: Vec<String> = path.iter().map(|word| (*word).to_owned()).collect();
        self.at.get(&path).map(|(layer, _)| self.files[*layer].as_str())
    }
}

/// A path of a file for a message: dotted, words that need it in quotes.
pub(super) fn dotted(path: &[String]) -> String {
    let is_bare = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let word = |word: &String| if is_bare(word) { shown(word) } else { format!("\"{}\"", shown(word)) };
    path.iter().map(word).collect::<Vec<_>>().join(".")
}
