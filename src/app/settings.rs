//! What the configuration sets for the screen, as plain values. No files, no checks: those came before.

use std::path::PathBuf;
use std::time::Duration;

use super::gate::Gate;
use super::model::Model;
use crate::config::keymap::Chords;
use crate::config::mask::Masks;

/// A program of the operator's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnCommand {
    /// Its name.
    pub name: String,
    /// Program and arguments; never empty.
    pub run: Vec<String>,
    /// Where it runs.
    pub dir: PathBuf,
    /// Keys that run it.
    pub keys: Option<Chords>,
    /// Asked before it runs.
    pub is_asked: bool,
    /// One line for help and palette.
    pub description: String,
}

/// Everything that is set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Write windows, and which environments are in files.
    pub gate: Gate,
    /// What is masked in inspections.
    pub masks: Masks,
    /// Programs of the operator's own, by name.
    pub commands: Vec<OwnCommand>,
    /// The operator's own file, where a classification is kept; `None` without a home.
    pub user_file: Option<PathBuf>,
    /// Time from one reading of counters to the next, where it was set.
    pub usage_interval: Option<Duration>,
}

impl Model {
    /// Takes the settings over.
    #[must_use]
    pub fn configured(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }
}
