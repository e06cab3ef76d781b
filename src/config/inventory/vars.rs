//! `group_vars/` and `host_vars/` beside an inventory, found as Ansible finds them.

use std::path::{Path, PathBuf};

use super::ansible::Vars;
use super::{Shelf, VAULT, named, tree, whole, yaml};
use crate::config::problem::Problem;

/// Endings of a file of variables.
const ENDINGS: [&str; 3] = [".yml", ".yaml", ".json"];
/// Files below one name, and how deep they may lie.
const MOST_FILES: usize = 200;
const MOST_DEPTH: usize = 8;

/// Looks for files of variables in one directory.
pub(super) struct Finder<'a> {
    shelf: &'a dyn Shelf,
    dir: PathBuf,
    entries: Vec<(String, bool)>,
}

impl<'a> Finder<'a> {
    /// `group_vars` or `host_vars` in the directory of an inventory.
    pub(super) fn new(shelf: &'a dyn Shelf, dir: PathBuf) -> Result<Self, Problem> {
        match shelf.entries(&dir) {
            Ok(entries) => Ok(Self { shelf, dir, entries }),
            Err(error) => Err(whole(named(&dir), format!("cannot read it: {error}"), None)),
        }
    }

    /// The files of a group or host, a later one wins.
    pub(super) fn files(&self, name: &str) -> Vec<PathBuf> {
        let endings = std::iter::once("").chain(ENDINGS);
        let found = endings.filter_map(|ending| {
            self.entries.iter().find(|(entry, _)| entry.strip_prefix(name) == Some(ending))
        });
        let mut files = Vec::new();
        // The first that is there hides the others.
        if let Some((entry, is_dir)) = found.into_iter().next() {
            let path = self.dir.join(entry);
            if *is_dir { self.below(&path, 0, &mut files) } else { files.push(path) }
        }
        files
    }

    fn below(&self, dir: &Path, depth: usize, files: &mut Vec<PathBuf>) {
        for (name, is_dir) in self.shelf.entries(dir).unwrap_or_default() {
            let ending = name.rfind('.').filter(|at| *at > 0).map_or("", |at| &name[at..]);
            if name.starts_with('.') || name.ends_with('~') || files.len() >= MOST_FILES {
                continue;
            }
            if is_dir && ending.is_empty() && depth < MOST_DEPTH {
                self.below(&dir.join(&name), depth + 1, files);
            } else if !is_dir && (ending.is_empty() || ENDINGS.contains(&ending)) {
                files.push(dir.join(&name));
            }
        }
    }
}

/// What a file of variables holds.
pub(super) enum Found {
    Vars(Vars),
    /// The whole file is encrypted.
    Encrypted,
}

/// Reads one; `number` is the file's.
pub(super) fn read(shelf: &dyn Shelf, path: &Path, number: usize) -> Result<Found, Problem> {
    let text =
        shelf.text(path).map_err(|error| whole(named(path), format!("cannot read it: {error}"), None))?;
    if text.trim_start().starts_with(VAULT) {
        return Ok(Found::Encrypted);
    }
    let parsed =
        tree::parse(&text).and_then(|tree| tree.map_or(Ok(Vars::new()), |tree| yaml::vars(&tree, number)));
    parsed.map(Found::Vars).map_err(|fault| fault.of(&named(path)))
}
