//! What the configuration sets for the screen, as plain values. No files, no checks: those came before.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::gate::Gate;
use super::model::Model;
use crate::config::keymap::Chords;
use crate::config::mask::Masks;
use crate::config::schema;
use crate::deploy::order::Reach;
use crate::domain::ids::{ContainerKey, HostId};
use crate::logs::line::Level;
use crate::logs::mask;
use crate::panes::logs::{self, LogsPane};

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
    /// By what a process that deploys finds the same configuration and hosts.
    pub reach: Reach,
}

impl Model {
    /// Time from one reading of counters to the next, where it was set.
    pub fn usage_interval(&self) -> Option<Duration> {
        self.settings.usage_interval
    }

    /// Takes the settings over.
    #[must_use]
    pub fn configured(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// As it opens under another configuration, with what is shown here; of those hosts nothing is known yet, and what was
    /// unlocked is locked again.
    pub fn reconfigure(&mut self, new: Self, anew: &BTreeSet<HostId>) {
        let old = std::mem::replace(self, new);
        self.world = std::mem::take(&mut self.world).resuming(old.world, anew);
        self.logs = std::mem::take(&mut self.logs).resuming(old.logs, anew);
        if old.scope.environment.as_ref().is_some_and(|id| self.world.environment(id).is_some()) {
            self.scope = old.scope;
        }
        let is_there = |key: &ContainerKey| self.world.hosts.contains_key(&key.host);
        self.scope.container = self.scope.container.take().filter(is_there);
        (self.focus, self.is_zoomed, self.seen) = (old.focus, old.is_zoomed, old.seen);
        (self.environments, self.containers) = (old.environments, old.containers);
        (self.activity, self.engine) = (old.activity, old.engine);
        (self.events, self.health, self.deployment) = (old.events, old.health, old.deployment);
        self.releases = old.releases;
        (self.asks, self.entered, self.next_job) = (old.asks, old.entered, old.next_job);
    }

    /// Takes over what the configuration sets for the logs pane.
    #[must_use]
    pub fn with_logs(mut self, logs: &schema::Logs) -> Self {
        // Each compiled when the file was checked.
        let masks = mask::Masks::new(logs.mask.iter().map(String::as_str)).unwrap_or_default();
        let settings = logs::Settings {
            buffer_bytes: usize::try_from(logs.buffer.bytes()).unwrap_or(usize::MAX),
            lines: logs.tail,
            masks,
            keys: logs.fields.keys(),
        };
        self.searches = logs.searches.clone().into_iter().collect();
        let all = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];
        let level = all.into_iter().find(|level| logs.level.as_deref() == Some(level.as_str()));
        self.logs = LogsPane::configured(settings, level.unwrap_or(Level::Unknown), logs.wrap, !logs.json);
        self
    }
}
