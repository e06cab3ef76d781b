//! From the texts of several files to one configuration, or to everything that is wrong with them at once.
//!
//! Each file is checked alone against the table of keys, so that every problem has its line and column; what is
//! sound is merged, and what only shows in the whole (a host nobody names) is checked last. Reads no files.

use std::path::PathBuf;

use toml::{Table, Value};

use super::inventory::Shelf;
use super::keymap::Keymap;
use super::problem::{Problem, Problems, shown};
use super::schema::Config;
use super::table;
use super::trust::{LeftOff, TrustList};

mod beside;
mod check;
mod inventories;
mod leaf;
mod source;
mod walk;

use beside::Beside;

pub(crate) use check::is_loopback;
pub use source::Origins;
use source::Source;
pub(super) use source::shown_path;

/// Largest file that is read, in bytes: far more than a person writes, small enough to check at once.
pub const MAX_FILE_BYTES: usize = 256 << 10;

/// Whose file it is; a later one wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LayerKind {
    /// `pilothouse.toml` beside the code: somebody else's text.
    Project,
    /// The operator's own.
    User,
    /// The one that `PILOTHOUSE_CONFIG` or `--config` names: the operator's choice, on top.
    Extra,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layer {
    /// Whose it is.
    pub kind: LayerKind,
    /// Canonical where it is a project's: trust is given to a path and a content.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// One key set on the command line or in the environment; it wins over all files.
#[derive(Clone, PartialEq, Debug)]
pub struct Override {
    /// What to name in an error: `--theme`, `PILOTHOUSE_THEME`.
    pub origin: String,
    /// A path of the table without `*`.
    pub key: &'static str,
    /// As a file would have it.
    pub value: Value,
}

impl Override {
    /// Takes anything that TOML can hold.
    pub fn new(origin: &str, key: &'static str, value: impl Into<Value>) -> Self {
        Self { origin: origin.to_owned(), key, value: value.into() }
    }
}

/// Names that only the rest of the program knows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// Built-in themes and those of the user's directory.
    pub themes: Vec<String>,
    /// Actions, without `none`.
    pub actions: Vec<String>,
    /// Contexts of the key map.
    pub contexts: Vec<String>,
    /// Environments that need no configuration: docker contexts.
    pub environments: Vec<String>,
}

impl Known {
    /// What this program has built in, with the themes of the user's directory and the docker contexts.
    pub fn built_in(user_themes: &[String], docker_contexts: &[String]) -> Self {
        let themes = super::theme::BUILT_IN.iter().map(|(name, _)| (*name).to_owned());
        Self {
            themes: themes.chain(user_themes.iter().cloned()).collect(),
            actions: crate::action::ACTIONS.iter().map(|entry| entry.name.to_owned()).collect(),
            contexts: super::keymap::contexts().iter().map(|context| context.name().to_owned()).collect(),
            environments: docker_contexts.to_vec(),
        }
    }
}

/// A sound configuration.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// The keys of the action table with the configured ones over them.
    pub keymap: Keymap,
    /// What of the project file is off until it is trusted.
    pub left_off: Vec<LeftOff>,
    /// Which file set what, and where.
    pub origins: Origins,
    /// What inventories say that is not done here.
    pub remarks: Vec<String>,
}

/// Checks all layers and merges them: project, user, extra, then `overrides`. The order of `layers` does not matter.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(
    layers: &[Layer],
    overrides: &[Override],
    known: &Known,
    trusted: &TrustList,
) -> Result<Loaded, Problems> {
    load_with(layers, overrides, known, trusted, None)
}

/// As [`load`], with the hosts of inventories, which are read from `shelf`; without one they are left as they are named.
///
/// # Errors
/// As [`load`], with what is wrong with inventories behind it.
pub fn load_with(
    layers: &[Layer],
    overrides: &[Override],
    known: &Known,
    trusted: &TrustList,
    shelf: Option<&dyn Shelf>,
) -> Result<Loaded, Problems> {
    let mut ordered: Vec<&Layer> = layers.iter().collect();
    ordered.sort_by_key(|layer| layer.kind);
    let sources: Vec<Source> = ordered.iter().map(|layer| Source::new(layer)).collect();
    let mut origins = Origins::new(&sources);
    let (mut merged, mut problems, mut left_off) = (Table::new(), Vec::new(), Vec::new());
    let mut is_whole = true;
    for (index, source) in sources.iter().enumerate() {
        let may_run = source.layer.kind != LayerKind::Project
            || trusted.is_trusted(&source.layer.path, &source.layer.text);
        let mut walked = walk::walk(source, index, known, may_run, &mut origins);
        is_whole &= walked.is_whole;
        if source.layer.kind == LayerKind::Project {
            keep_masks(&mut walked.table);
        }
        problems.append(&mut walked.problems);
        left_off.append(&mut walked.left_off);
        merge(&mut merged, walked.table);
    }
    for one in overrides {
        problems.extend(set(&mut merged, one, known));
    }
    let config = match Config::deserialize_from(merged) {
        Ok(config) => config,
        Err(message) => return Err(Problems(with(problems, "configuration", message))),
    };
    let (mut config, keymap) = check::check(config, &origins, &sources, known, is_whole, &mut problems);
    let remarks = match shelf.filter(|_| is_whole) {
        Some(shelf) => {
            let beside = Beside { origins: &origins, sources: &sources, home: shelf.home() };
            beside.all(&mut config);
            inventories::expand(&mut config, beside, shelf, &mut problems)
        }
        None => Vec::new(),
    };
    if problems.is_empty() {
        Ok(Loaded { config, keymap, left_off, origins, remarks })
    } else {
        Err(Problems(problems))
    }
}

fn with(mut problems: Vec<Problem>, origin: &str, message: String) -> Vec<Problem> {
    problems.push(Problem { origin: origin.to_owned(), place: None, message, hint: None });
    problems
}

impl Config {
    fn deserialize_from(table: Table) -> Result<Self, String> {
        table.try_into().map_err(|error: toml::de::Error| shown(error.message()))
    }
}

/// A project file adds to the built-in masks; it never takes one away.
fn keep_masks(table: &mut Table) {
    let Some(Value::Array(keys)) = table.get_mut("masks").and_then(|masks| masks.get_mut("keys")) else {
        return;
    };
    for standard in super::schema::Masks::default().keys {
        keys.insert(0, Value::String(standard));
    }
}

/// Whether a file may name an engine so.
pub(crate) fn is_address(text: &str) -> bool {
    !text.chars().any(char::is_control) && leaf::address(text).is_ok()
}

/// Lays `over` on `base`: tables key by key, lists that the table of keys joins are joined, all else is replaced.
pub(super) fn merge(base: &mut Table, over: Table) {
    merge_at(base, over, &mut Vec::new());
}

/// A probe is one or the other: what lies on top decides which.
fn drop_other_probe(below: &mut Table, above: &Table) {
    if above.get("http").is_some_and(Value::is_str) {
        below.remove("tcp");
    } else if above.get("tcp") == Some(&Value::Boolean(true)) {
        below.remove("http");
    }
}

fn merge_at(base: &mut Table, over: Table, path: &mut Vec<String>) {
    for (name, value) in over {
        path.push(name.clone());
        match (base.get_mut(&name), value) {
            (Some(Value::Table(below)), Value::Table(above)) => {
                drop_other_probe(below, &above);
                merge_at(below, above, path);
            }
            (Some(Value::Array(below)), Value::Array(above))
                if table::key_at(path).is_some_and(|key| key.joins) =>
            {
                let new: Vec<_> = above.into_iter().filter(|item| !below.contains(item)).collect();
                below.extend(new);
            }
            (_, value) => {
                base.insert(name, value);
            }
        }
        path.pop();
    }
}

fn set(merged: &mut Table, one: &Override, known: &Known) -> Vec<Problem> {
    let Some(key) = table::find(one.key) else {
        return with(Vec::new(), &one.origin, format!("there is no key `{}`", one.key));
    };
    let faults = leaf::check(key.kind, &one.value, known);
    if !faults.is_empty() {
        let problem = |fault: leaf::Fault| Problem {
            origin: one.origin.clone(),
            place: None,
            message: fault.message,
            hint: fault.hint,
        };
        return faults.into_iter().map(problem).collect();
    }
    let mut words = one.key.rsplit('.');
    let last = words.next().unwrap_or_default();
    let leaf = Table::from_iter([(last.to_owned(), one.value.clone())]);
    let whole = words.fold(leaf, |inner, word| Table::from_iter([(word.to_owned(), Value::Table(inner))]));
    merge(merged, whole);
    Vec::new()
}

#[cfg(test)]
mod tests;
