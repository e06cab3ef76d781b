//! A container as a list shows it, and the details that only an inspection tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::{ContainerKey, ImageId, ServiceId};

/// One container: what the engine's list says, with details once they were asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Container {
    /// Where and which.
    pub key: ContainerKey,
    /// Its name without the leading slash.
    pub name: Arc<str>,
    /// Compose service, else the container's name.
    pub service: ServiceId,
    /// Compose project, if it has one.
    pub project: Option<Arc<str>>,
    /// The image as it was asked for: `shop/web:1.4.0`.
    pub image: Arc<str>,
    /// The image it runs.
    pub image_id: ImageId,
    /// What it does.
    pub state: State,
    /// What its HEALTHCHECK says.
    pub health: Health,
    /// Published and exposed ports, ascending, without doubles.
    pub ports: Vec<Port>,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// All labels: its own and its image's.
    pub labels: BTreeMap<String, String>,
    /// What an inspection told; `None` until one did.
    pub detail: Option<Arc<Detail>>,
}

/// What a container does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Made, never started.
    Created,
    /// Runs.
    Running,
    /// All processes frozen.
    Paused,
    /// Between two starts.
    Restarting,
    /// Going away.
    Removing,
    /// Ended with this code; `None` where the engine did not say.
    Exited(Option<i64>),
    /// Could not be removed.
    Dead,
    /// A word this version does not know.
    Other(Arc<str>),
}

impl State {
    /// Whether it has processes.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// The engine's own word.
    pub fn word(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited(_) => "exited",
            Self::Dead => "dead",
            Self::Other(word) => word,
        }
    }
}

/// What the engine's HEALTHCHECK says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// No check is defined.
    None,
    /// In its start period.
    Starting,
    /// The last check passed.
    Healthy,
    /// As many checks failed as the definition allows.
    Unhealthy,
}

/// A port of a container.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Port {
    /// Port inside.
    pub inside: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: Arc<str>,
    /// Address and port on the host, if published.
    pub published: Option<(Arc<str>, u16)>,
}

/// What only an inspection tells.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Detail {
    /// How often the engine started it again by itself.
    pub restarts: u32,
    /// The last end was the kernel's for want of memory.
    pub is_oom_killed: bool,
    /// Exit code of the last end, if it ended.
    pub exit_code: Option<i64>,
    /// When it last started.
    pub started: Option<DateTime<Utc>>,
    /// When it last ended.
    pub finished: Option<DateTime<Utc>>,
    /// The engine's reason for a failed start; empty if none.
    pub error: String,
    /// Results of the HEALTHCHECK, oldest first; the engine keeps five.
    pub checks: Vec<Check>,
    /// Name of the log driver: `json-file`.
    pub log_driver: String,
    /// The json-file log grows without a limit.
    pub is_log_unlimited: bool,
    /// A new file of its log is begun after about so many bytes; `None` where that never happens.
    pub log_rotates_at: Option<u64>,
    /// A terminal is attached, so its log has no stream headers.
    pub is_tty: bool,
    /// How much memory it may use, in bytes, if that is limited.
    pub memory_limit_bytes: Option<u64>,
    /// How many processors it may keep busy, if that is limited.
    pub cpu_limit: Option<f32>,
    /// It has no network of its own but its host's.
    pub is_on_host_network: bool,
    /// Its address in its first network, where probes can reach it from the host.
    pub address: Option<String>,
}

impl Detail {
    /// With all times so much earlier.
    #[must_use]
    pub fn earlier(&self, by: TimeDelta) -> Self {
        let mut detail = self.clone();
        let checks = detail.checks.iter_mut().map(|check| &mut check.at);
        for at in detail.started.iter_mut().chain(&mut detail.finished).chain(checks) {
            *at -= by;
        }
        detail
    }
}

/// One result of a HEALTHCHECK.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub took_ms: i64,
    /// Its exit status; 0 is healthy.
    pub exit_code: i64,
    /// What it printed, at most 4 KiB.
    pub output: String,
}

/// How bad a container stands, worst first when sorted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// Somebody has to look: dead, failed, out of memory, restarting, unhealthy.
    Bad,
    /// May soon be bad: starting, paused, removing.
    Warn,
    /// Runs and its check passes.
    Ok,
    /// Runs without a check, or ended as it should.
    Plain,
}

impl Container {
    /// How it stands, by its state first, then its health.
    pub fn standing(&self) -> Standing {
        let oom = self.detail.as_ref().is_some_and(|d| d.is_oom_killed);
        match (&self.state, self.health) {
            (State::Restarting | State::Dead, _) => Standing::Bad,
            (State::Exited(code), _) if oom || code.is_none_or(|c| c != 0 && c != 143) => Standing::Bad,
            (State::Running, Health::Unhealthy) => Standing::Bad,
            (State::Running, Health::Starting) | (State::Paused | State::Removing | State::Other(_), _) => {
                Standing::Warn
            }
            (State::Running, Health::Healthy) => Standing::Ok,
            (State::Running | State::Created | State::Exited(_), _) => Standing::Plain,
        }
    }

    /// Since when it stands badly, as far as the engine tells: its last end, or the first of the failed checks that
    /// lead up to now (the engine keeps five, so it may be longer).
    pub fn bad_since(&self) -> Option<DateTime<Utc>> {
        let detail = self.detail.as_ref().filter(|_| self.standing() == Standing::Bad)?;
        if self.state == State::Running {
            return detail.checks.iter().rev().take_while(|c| c.exit_code != 0).last().map(|c| c.at);
        }
        detail.finished
    }

    /// The tag of its image, or the first digits of a digest: what is shown as its release.
    pub fn release(&self) -> &str {
        if let Some(version) = self.labels.get("pilothouse.release") {
            return version;
        }
        release_of(&self.image)
    }
}

/// The tag of an image's name, or the first digits of its digest.
pub fn release_of(image: &str) -> &str {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    match (name.rsplit_once(':'), digest) {
        (Some((_, tag)), _) if !tag.contains('/') => tag,
        (_, Some(digest)) => digest.get(..15).unwrap_or(digest),
        _ => "latest",
    }
}
