//! Scenario files: hosts, what runs on them, how it behaves, and a script of what happens when.
//!
//! TOML; a wrong key, unit or name is an error with its line and column.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{images::ImageSpec, past::Past, script::Event, store::Stored};
use crate::config::problem::{Place, Problem};
use crate::config::units::{ByteSize, Period};
use crate::domain::environment::Class;

/// A scenario, checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in one line.
    pub about: String,
    /// The wall clock at second 0 where the clock is held.
    pub starts: DateTime<Utc>,
    /// When most is to be seen, from second 0.
    pub height: Period,
    /// The script begins again this long after it began; never where it is `None`.
    pub repeat: Option<Period>,
    /// In the order they are shown.
    #[serde(rename = "environment")]
    pub environments: Vec<EnvironmentSpec>,
    /// By name.
    #[serde(rename = "host")]
    pub hosts: BTreeMap<String, HostSpec>,
    /// How containers behave, by name.
    #[serde(rename = "kind")]
    pub kinds: BTreeMap<String, Kind>,
    /// In the order they were created, oldest first.
    #[serde(rename = "container")]
    pub containers: Vec<ContainerSpec>,
    /// Images that no container has yet.
    #[serde(rename = "image", default)]
    pub images: Vec<ImageSpec>,
    /// What was deployed before, as the ledgers have it.
    #[serde(rename = "deployment", default)]
    pub past: Vec<Past>,
    /// What lies on the disks besides what they need.
    #[serde(default)]
    pub stored: Vec<Stored>,
    /// What happens.
    #[serde(rename = "event", default)]
    pub events: Vec<Event>,
}

/// A named set of hosts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentSpec {
    /// Its name.
    pub name: String,
    /// What somebody said it is.
    #[serde(deserialize_with = "class")]
    pub class: Class,
    /// Opens read-only.
    #[serde(default)]
    pub protected: bool,
    /// Names of hosts.
    pub hosts: Vec<Spanned<String>>,
}

/// A host and its engine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// Engine version.
    pub version: String,
    /// API version.
    pub api: String,
    /// Operating system.
    pub system: String,
    /// Processors.
    pub cpus: u32,
    /// Memory of the machine.
    pub memory: ByteSize,
    /// Memory in use by what is no container.
    pub memory_used: ByteSize,
    /// The file system below the engine's data.
    pub disk: ByteSize,
    /// What is free of it.
    pub disk_free: ByteSize,
    /// Load average of one minute in quiet times.
    pub load: f32,
}

/// How one sort of container behaves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The program, as `docker inspect` shows it; its first word is what a process list shows.
    pub command: Vec<String>,
    /// Environment variables.
    #[serde(default)]
    pub env: Vec<String>,
    /// Further processes besides the first.
    #[serde(default)]
    pub processes: Vec<String>,
    /// It has a terminal, so its log has one stream only.
    #[serde(default)]
    pub tty: bool,
    /// What it does when asked to end.
    #[serde(default)]
    pub stop: Stop,
    /// Its HEALTHCHECK, if it has one.
    pub check: Option<CheckSpec>,
    /// The port on which it answers `/live` and `/ready`, if it does.
    pub port: Option<u16>,
    /// What it prints each time it starts.
    #[serde(default)]
    pub hello: Vec<Saying>,
    /// How it can behave, by name; there is always `normal`.
    #[serde(rename = "mood")]
    pub moods: BTreeMap<String, Mood>,
}

/// How a container ends when asked to.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// With this exit code.
    pub code: i64,
    /// After this time.
    pub takes: Period,
}

impl Default for Stop {
    fn default() -> Self {
        Self { code: 0, takes: Period::from_ms(200) }
    }
}

/// A HEALTHCHECK.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// From one check to the next.
    pub interval: Period,
    /// Failures in a row until it is unhealthy.
    pub retries: u32,
}

/// How a container behaves for a while.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mood {
    /// Percent of one processor.
    pub cpu: Curve<f64>,
    /// Memory in use.
    pub memory: Curve<ByteSize>,
    /// Bytes received per second.
    pub receives: Option<ByteSize>,
    /// Bytes sent per second.
    pub sends: Option<ByteSize>,
    /// What its HEALTHCHECK says.
    pub check: Option<CheckResult>,
    /// What it answers when asked whether it runs.
    pub live: Option<Answering>,
    /// What it answers when asked whether it can serve.
    pub ready: Option<Answering>,
    /// How a run ends by itself.
    pub dies: Option<Death>,
    /// Being started by somebody ends this mood.
    #[serde(default)]
    pub heals: bool,
    /// What it prints.
    #[serde(default)]
    pub lines: Vec<LineSpec>,
}

/// A value, or one that changes over time since the mood or the run began, whichever was later.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Curve<T> {
    /// Always about this.
    Flat(T),
    /// From one to another.
    Ramp {
        /// At the beginning.
        from: T,
        /// At the end and ever after.
        to: T,
        /// In this time.
        over: Period,
    },
}

/// What a HEALTHCHECK says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// Exit code; 0 is healthy.
    pub code: i64,
    /// How long it takes.
    pub takes: Period,
    /// What it prints.
    pub says: String,
}

/// An HTTP answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answering {
    /// Its status.
    pub status: u16,
    /// How long it takes.
    pub takes: Period,
    /// Its body.
    #[serde(default)]
    pub body: String,
}

/// How a run ends by itself.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Death {
    /// This long after the run or the mood began, whichever was later.
    pub after: Option<Period>,
    /// Exit code.
    pub code: i64,
    /// Killed by the kernel for want of memory.
    #[serde(default)]
    pub oom: bool,
}

/// Something printed once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saying {
    /// This long after its cause.
    pub after: Option<Period>,
    /// On stderr instead of stdout.
    #[serde(default)]
    pub stderr: bool,
    /// The text; see [`LineSpec::text`].
    pub text: String,
}

/// Something printed again and again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSpec {
    /// Once in each stretch of this length, at a moment that varies.
    pub every: Period,
    /// On stderr instead of stdout.
    #[serde(default)]
    pub stderr: bool,
    /// `<time>` is the time, `<id>` a request id that several services share at the same moment, `<20-90>` a number,
    /// `<a|b>` one of several words.
    pub text: String,
}

/// A container.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerSpec {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub host: Spanned<String>,
    /// What it runs: `shop/web:v42`.
    pub image: String,
    /// How it behaves.
    pub kind: Spanned<String>,
    /// Compose service.
    pub service: Option<String>,
    /// Compose project.
    pub project: Option<String>,
    /// Further labels, its image's too.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// `8080:80/tcp`, `53/udp`, `80`.
    #[serde(default)]
    pub ports: Vec<String>,
    /// Names of its volumes.
    #[serde(default)]
    pub volumes: Vec<String>,
    /// Memory limit.
    pub limit: Option<ByteSize>,
    /// The engine starts it again when it ends by itself.
    #[serde(default)]
    pub restarts: bool,
    /// Its json-file log has no limit.
    #[serde(default)]
    pub unlimited_log: bool,
    /// How long before second 0 it was created.
    pub age: Period,
    /// How long before second 0 it ended; it runs where this is `None`.
    pub ended: Option<Period>,
    /// How long before second 0 its image was built: its label `org.opencontainers.image.created`.
    pub built: Option<Period>,
    /// Exit code of one that ended.
    #[serde(default)]
    pub code: i64,
}

fn class<'de, D: Deserializer<'de>>(from: D) -> Result<Class, D::Error> {
    match String::deserialize(from)?.as_str() {
        "unclassified" => Ok(Class::Unclassified),
        "development" => Ok(Class::Development),
        "staging" => Ok(Class::Staging),
        "production" => Ok(Class::Production),
        other => Err(serde::de::Error::unknown_variant(
            other,
            &["unclassified", "development", "staging", "production"],
        )),
    }
}

/// The scenarios that come with the program: name and text.
pub const BUILT_IN: [(&str, &str); 1] =
    [("incident", include_str!("../../../assets/scenarios/incident.toml"))];

impl Scenario {
    /// The built-in scenario of that name.
    ///
    /// # Errors
    /// A [`Problem`] that names those there are, or what is wrong with it.
    pub fn named(name: &str) -> Result<Arc<Self>, Problem> {
        let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let hint = Some(format!("there are {}, or give a file: ./{name}.toml", known.join(", ")));
            return Err(Problem {
                origin: "scenario".to_owned(),
                place: None,
                message: format!("no scenario `{}`", name.escape_debug()),
                hint,
            });
        };
        Self::parse(name, text)
    }

    /// Reads and checks a scenario; `origin` is what messages call it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(origin: &str, text: &str) -> Result<Arc<Self>, Problem> {
        let wrong = |offset: Option<usize>, message: String| Problem {
            origin: origin.to_owned(),
            place: offset.map(|offset| place(text, offset)),
            message,
            hint: None,
        };
        let scenario: Self =
            toml::from_str(text).map_err(|e| wrong(e.span().map(|s| s.start), e.message().to_owned()))?;
        match scenario.fault() {
            None => Ok(Arc::new(scenario)),
            Some((offset, message)) => Err(wrong(Some(offset), message)),
        }
    }

    /// The first name that names nothing.
    fn fault(&self) -> Option<(usize, String)> {
        let unknown = |what: &str, name: &Spanned<String>| {
            Some((name.span().start, format!("no {what} `{}`", name.get_ref().escape_debug())))
        };
        let hosts = self.environments.iter().flat_map(|e| &e.hosts);
        let stored = self.stored.iter().map(|s| &s.host);
        for host in hosts.chain(self.containers.iter().map(|c| &c.host)).chain(stored) {
            if !self.hosts.contains_key(host.get_ref()) {
                return unknown("host", host);
            }
        }
        for container in &self.containers {
            match self.kinds.get(container.kind.get_ref()) {
                None => return unknown("kind", &container.kind),
                Some(kind) if !kind.moods.contains_key("normal") => {
                    let message = format!("kind `{}` has no mood `normal`", container.kind.get_ref());
                    return Some((container.kind.span().start, message));
                }
                Some(_) => {}
            }
        }
        if let Some((what, name)) = self.images.iter().find_map(|image| image.fault(self)) {
            return unknown(what, name);
        }
        self.events.iter().find_map(|event| event.fault(self))
    }

    /// How that container behaves.
    pub(super) fn kind_of(&self, container: &ContainerSpec) -> Option<&Kind> {
        self.kinds.get(container.kind.get_ref())
    }
}

fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}
