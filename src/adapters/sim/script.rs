//! The script of a scenario: what happens when, and what it does to whom.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::scenario::{Saying, Scenario};
use crate::config::units::Period;

/// Something that happens to containers or to hosts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// After second 0; after its cause where there is `on`.
    pub at: Period,
    /// It happens each time somebody starts, stops or kills this container instead of once per round.
    pub on: Option<Cause>,
    /// Only while these containers are in these moods.
    #[serde(default)]
    pub only: BTreeMap<String, String>,
    /// To these containers.
    #[serde(default)]
    pub containers: Vec<Spanned<String>>,
    /// To these hosts.
    #[serde(default)]
    pub hosts: Vec<Spanned<String>>,
    /// They behave like this from now on.
    pub mood: Option<Spanned<String>>,
    /// They print this.
    pub say: Option<Saying>,
    /// They end by themselves.
    pub exit: Option<Exit>,
    /// The way to the hosts breaks, or is mended.
    pub link: Option<LinkSpec>,
}

/// What somebody does to a container.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// `start`, `stop`, `kill`; a restart is a start too.
    pub act: String,
    /// To which.
    pub container: String,
}

/// How a container ends by itself.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    /// Exit code.
    pub code: i64,
    /// Killed by the kernel for want of memory.
    #[serde(default)]
    pub oom: bool,
}

/// How the way to a host is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkSpec {
    /// Nothing comes through.
    Lost,
    /// As it should be.
    Up,
}

impl Event {
    /// The first name in it that names nothing, with its place in the file.
    pub(super) fn fault(&self, scenario: &Scenario) -> Option<(usize, String)> {
        for name in &self.hosts {
            if !scenario.hosts.contains_key(name.get_ref()) {
                return Some((name.span().start, format!("no host `{}`", name.get_ref().escape_debug())));
            }
        }
        for name in &self.containers {
            let found = scenario.containers.iter().find(|c| c.name == *name.get_ref());
            let Some(container) = found else {
                return Some((
                    name.span().start,
                    format!("no container `{}`", name.get_ref().escape_debug()),
                ));
            };
            if let Some(mood) = &self.mood
                && !scenario.kind_of(container).is_some_and(|k| k.moods.contains_key(mood.get_ref()))
            {
                let message = format!("`{}` has no mood `{}`", container.name, mood.get_ref().escape_debug());
                return Some((mood.span().start, message));
            }
        }
        None
    }
}
