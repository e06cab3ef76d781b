//! The configuration as values, with every default in one place. Plain data; files are checked by [`super::load`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::inventory::Listed;
use super::units::{ByteSize, Percent, Period};
use crate::domain::environment::Class;
pub use crate::domain::environment::Compose;
use crate::logs::decode::Keys;
use crate::world::Limits;

/// What an operator may set.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of a theme.
    pub theme: String,
    /// Only ASCII may be drawn.
    pub ascii: bool,
    /// Clicks and the wheel are taken.
    pub mouse: bool,
    /// Times are shown in UTC.
    pub utc: bool,
    /// Who acts; the login where it is `None`.
    pub operator: Option<String>,
    /// Selected at the start.
    pub default_environment: Option<String>,
    /// `ssh -F`; `~/` in front means the home directory.
    pub ssh_config: Option<PathBuf>,
    /// By name; [`Config::environments_as_written`] has them in order.
    pub environments: BTreeMap<String, Environment>,
    /// By name.
    pub hosts: BTreeMap<String, Host>,
    /// By the name of the service.
    pub services: BTreeMap<String, Service>,
    /// Services that go together, by the name of the set.
    pub sets: BTreeMap<String, Set>,
    /// The logs pane.
    pub logs: Logs,
    /// Readings of CPU and memory.
    pub usage: Usage,
    /// From where on something is a warning.
    pub thresholds: Thresholds,
    /// What is hidden.
    pub masks: Masks,
    /// Changed keys, as written but with each key in its one spelling.
    pub keys: BTreeMap<String, Binding>,
    /// Programs of the operator's own.
    pub commands: BTreeMap<String, Command>,
}

/// A named set of hosts.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Environment {
    /// Names of hosts, or addresses; never empty once loaded.
    pub hosts: Vec<String>,
    /// More hosts, from what the team keeps already.
    pub inventory: Option<Inventory>,
    /// The Compose files of its project.
    pub compose: Option<Compose>,
    /// What somebody said it is.
    pub kind: Option<EnvironmentKind>,
    /// See [`Environment::is_protected`].
    pub protected: Option<bool>,
    /// A role of the theme, or a colour.
    pub colour: Option<String>,
    /// Compose projects that belong to it; empty means all that its hosts run.
    pub projects: Vec<String>,
    /// The environment that a release goes through before it comes here.
    pub after: Option<String>,
    /// How long it stays writable once unlocked.
    pub write_window: Period,
    /// What differs from [`Config::services`], key by key: see [`Config::service`].
    pub services: BTreeMap<String, toml::Table>,
    /// Where it stands among the environments as they are written.
    #[serde(skip)]
    pub place: usize,
}

/// Where hosts are kept. Paths are relative to the file that names them.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Inventory {
    /// An inventory of Ansible.
    pub ansible: Option<PathBuf>,
    /// The group of it; all where it is `None`.
    pub group: Option<String>,
    /// What `terraform output -json` printed.
    pub terraform: Option<PathBuf>,
    /// The output of it; the only one where it is `None`.
    pub output: Option<String>,
    /// One host a line.
    pub list: Option<PathBuf>,
    /// A command that prints any of these.
    pub run: Vec<String>,
    /// How long it may take.
    pub timeout: Period,
}

/// What somebody said an environment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// Acts without effect on users need no confirmation.
    Development,
    /// Acts on running services are confirmed.
    Staging,
    /// Protected unless it says otherwise.
    Production,
}

/// One engine and how it is reached.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// With its scheme; never empty once loaded.
    pub address: String,
    /// What the screen calls it.
    pub label: Option<String>,
    /// `tcp://` without TLS is taken from another machine.
    pub allow_plain_tcp: bool,
    /// For `tcp://`.
    pub tls: Option<Tls>,
    /// What an inventory says of it; `None` for one that a file of this program names.
    #[serde(skip)]
    pub listed: Option<Listed>,
}

/// Files for TLS; `~/` in front means the home directory.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Signed the engine's certificate.
    pub ca: Option<PathBuf>,
    /// The operator's certificate; comes with `key`.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Whose name the engine's certificate carries; that of the address where it is `None`.
    pub server_name: Option<String>,
}

/// What is known of a service besides what its containers say.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Whether it runs at all.
    pub live: Option<Probe>,
    /// Whether it can serve.
    pub ready: Option<Probe>,
    /// Which address is probed.
    pub via: Via,
    /// Where to read what to do when it breaks.
    pub runbook: Option<String>,
    /// More restarts by the engine need a human; [`Thresholds::restarts`] where it is `None`.
    pub restart_limit: Option<u32>,
    /// What its variables have to be like to be deployed.
    pub env: Variables,
    /// What is run once with every deployment.
    pub deploy: Deploy,
    /// How a new release is judged beside the old one.
    pub guards: Guards,
    /// How traffic gets to it.
    pub traffic: Traffic,
}

/// Which address is probed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The port the engine publishes on its host.
    #[default]
    Published,
    /// The container's own address.
    Container,
}

/// How to ask a service how it is: by HTTP, or by connecting only.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probe {
    /// Path to get; set exactly if `tcp` is not, once loaded.
    pub http: Option<String>,
    /// Only connect.
    pub tcp: bool,
    /// Port inside the container; its only one where it is `None`.
    pub port: Option<u16>,
    /// From one probe to the next.
    pub interval: Period,
    /// After this it has failed.
    pub timeout: Period,
    /// The HTTP status of a healthy answer.
    pub expect: u16,
    /// Headers to send.
    pub headers: BTreeMap<String, String>,
}

/// The logs pane.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// Memory for the lines of one view.
    pub buffer: ByteSize,
    /// Lines to open with.
    pub tail: u32,
    /// Least severe level to show; all where it is `None`.
    pub level: Option<String>,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// JSON and logfmt lines are shown as fields.
    pub json: bool,
    /// Regular expressions of what is never shown.
    pub mask: Vec<String>,
    /// Keys of JSON and logfmt lines that mean more than a field.
    pub fields: Fields,
    /// Regular expressions by the name they are offered under.
    pub searches: BTreeMap<String, String>,
}

/// Keys of JSON and logfmt lines that mean more than a field.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// The line's own time.
    pub time: Vec<String>,
    /// Its level.
    pub level: Vec<String>,
    /// Its message, the best first.
    pub message: Vec<String>,
    /// What stands behind all other fields.
    pub last: Vec<String>,
}

/// Readings of CPU and memory.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// From one reading to the next.
    pub interval: Period,
}

/// From where on something is a warning.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Least free space.
    pub disk_free: Percent,
    /// Most processor time of what a container may use.
    pub cpu: Percent,
    /// Most memory of a container's limit.
    pub memory: Percent,
    /// How long CPU or memory must be over, or well again, before it is told.
    pub hold: Period,
    /// Most restarts by the engine.
    pub restarts: u32,
}

/// What is hidden.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Masks {
    /// Regular expressions for names whose values are hidden.
    pub keys: Vec<String>,
}

/// A line of `[keys]`.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Binding {
    /// A key, in the context where the action is at home; `none` unbinds it everywhere.
    Action(String),
    /// The keys of one context.
    Context(BTreeMap<String, String>),
}

/// A program of the operator's own.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Command {
    /// Program and arguments; never empty once loaded.
    pub run: Vec<String>,
    /// A key that runs it.
    pub key: Option<String>,
    /// Asked before it runs.
    pub confirm: bool,
    /// One line for help and palette.
    pub description: Option<String>,
}

impl Config {
    /// The environments in the order they are written, the project file's first.
    pub fn environments_as_written(&self) -> Vec<(&str, &Environment)> {
        let mut all: Vec<_> = self.environments.iter().map(|(name, e)| (name.as_str(), e)).collect();
        all.sort_by_key(|(_, environment)| environment.place);
        all
    }

    /// What holds for a service in an environment: the environment's keys over the service's own.
    /// Empty where neither names it.
    pub fn service(&self, environment: &str, service: &str) -> Service {
        let own = self.services.get(service).cloned().unwrap_or_default();
        let Some(over) = self.environments.get(environment).and_then(|e| e.services.get(service)) else {
            return own;
        };
        let merged = toml::Table::try_from(&own).ok().and_then(|mut table| {
            super::load::merge(&mut table, over.clone());
            table.try_into().ok()
        });
        // Both were checked against the same table, so this cannot be taken; the service's own is the safe answer.
        merged.unwrap_or(own)
    }
}

impl Inventory {
    /// It names nothing to read.
    pub fn is_empty(&self) -> bool {
        self.ansible.is_none() && self.terraform.is_none() && self.list.is_none() && self.run.is_empty()
    }
}

impl Thresholds {
    /// As the world takes them.
    pub fn limits(&self) -> Limits {
        Limits {
            disk_free: self.disk_free.fraction(),
            cpu: self.cpu.fraction(),
            memory: self.memory.fraction(),
            hold: TimeDelta::from_std(self.hold.get()).unwrap_or(TimeDelta::MAX),
            restarts: self.restarts,
        }
    }
}

impl Fields {
    /// As lines are taken apart by.
    pub fn keys(&self) -> Keys {
        let Self { time, level, message, last } = self.clone();
        Keys { time, level, message, last }
    }
}

impl Environment {
    /// What it is, as the screen has it.
    pub fn class(&self) -> Class {
        match self.kind {
            None => Class::Unclassified,
            Some(EnvironmentKind::Development) => Class::Development,
            Some(EnvironmentKind::Staging) => Class::Staging,
            Some(EnvironmentKind::Production) => Class::Production,
        }
    }

    /// Opens read-only, and grade 3 applies; true for production where it is not set.
    pub fn is_protected(&self) -> bool {
        self.protected.unwrap_or(self.kind == Some(EnvironmentKind::Production))
    }
}

mod defaults;
mod deploy;
mod traffic;

pub use deploy::{Deploy, From, Guards, Set, Variables};
pub use traffic::Traffic;
