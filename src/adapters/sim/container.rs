//! One simulated container: what it does now, what it did, and the same as domain values.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::clock::Ns;
use super::dice;
use super::logs::Line;
use super::scenario::{ContainerSpec, Kind, Mood};
use super::usage::{Counters, Courses, time};
use crate::domain::container::{Check, Container, Detail, Health, Port, State};
use crate::domain::ids::{ContainerId, ContainerKey, HostId, ImageId, ServiceId};
use crate::domain::spec::{RestartPolicy, Spec};

/// The engine keeps this many results of a check.
pub(super) const CHECKS: usize = 5;

/// What it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Running,
    Paused,
    Restarting,
    Exited,
    Created,
}

impl Phase {
    /// The engine's own word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::Created => "created",
        }
    }
}

/// A stretch of time in which it printed, and how it behaved.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) from: Ns,
    pub(super) to: Option<Ns>,
    pub(super) mood: String,
}

/// One result of its check.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) at: Ns,
    pub(super) took: Ns,
    pub(super) code: i64,
    pub(super) said: String,
}

/// One container.
#[derive(Debug)]
pub(super) struct SimContainer {
    pub(super) id: ContainerId,
    pub(super) host: HostId,
    pub(super) name: String,
    pub(super) spec: Arc<ContainerSpec>,
    /// What it was made from, where that was not the scenario.
    pub(super) made: Option<Spec>,
    pub(super) restart: RestartPolicy,
    pub(super) seed: u64,
    pub(super) phase: Phase,
    /// Counts its starts; what was planned for an earlier run is void.
    pub(super) run: u64,
    /// Somebody asked it to end.
    pub(super) is_ending: bool,
    pub(super) restarts: u32,
    /// The engine's wait before its last start by itself.
    pub(super) backoff: Ns,
    pub(super) created: Ns,
    pub(super) started: Ns,
    pub(super) finished: Option<Ns>,
    pub(super) code: i64,
    pub(super) is_oom: bool,
    pub(super) mood: String,
    pub(super) mood_since: Ns,
    pub(super) spans: Vec<Span>,
    pub(super) said: Vec<Line>,
    pub(super) health: Health,
    pub(super) failing: u32,
    pub(super) checks: VecDeque<Checked>,
    /// Frozen since.
    pub(super) paused_at: Option<Ns>,
    pub(super) counters: Counters,
    pub(super) courses: Courses,
}

impl SimContainer {
    /// As it stands at second 0: running since it was created, or ended before.
    pub(super) fn new(spec: &ContainerSpec, kind: &Kind, normal: &Mood) -> Self {
        let host = HostId::new(spec.host.get_ref().as_str());
        let id = digest(&[spec.host.get_ref(), &spec.name]);
        let seed = dice::seed(&id);
        let (created, ended) = (-time(spec.age), spec.ended.map(|ago| -time(ago)));
        let mut checks = VecDeque::new();
        if let (Some(check), Some(result), None) = (&kind.check, &normal.check, ended) {
            let took = time(result.takes);
            for back in (1..=CHECKS as Ns).rev() {
                let at = -back * time(check.interval);
                checks.push_back(Checked { at, took, code: result.code, said: result.says.clone() });
            }
        }
        Self {
            id: ContainerId::new(id),
            host,
            name: spec.name.clone(),
            spec: Arc::new(spec.clone()),
            made: None,
            restart: RestartPolicy { name: if spec.restarts { "always" } else { "no" }.to_owned(), most: 0 },
            seed,
            phase: if ended.is_some() { Phase::Exited } else { Phase::Running },
            run: 1,
            is_ending: false,
            restarts: 0,
            backoff: 0,
            created,
            started: created,
            finished: ended,
            code: spec.code,
            is_oom: false,
            mood: "normal".to_owned(),
            mood_since: created,
            spans: vec![Span { from: created, to: ended, mood: "normal".to_owned() }],
            said: greetings(kind, created),
            health: match (&kind.check, ended) {
                (Some(_), None) => Health::Healthy,
                _ => Health::None,
            },
            failing: 0,
            checks,
            paused_at: None,
            counters: Counters::default(),
            courses: Courses::new(normal, created, seed),
        }
    }

    /// Has processes, frozen or not.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Paused)
    }

    /// When its log begins.
    pub(super) fn first_line_at(&self) -> Option<Ns> {
        self.spans.first().map(|span| span.from)
    }

    /// It prints no more.
    pub(super) fn end_span(&mut self, at: Ns) {
        if let Some(span) = self.spans.last_mut().filter(|span| span.to.is_none()) {
            span.to = Some(at);
        }
        self.said.retain(|line| line.at < at);
    }

    /// It prints, in its mood.
    pub(super) fn begin_span(&mut self, at: Ns) {
        self.end_span(at);
        self.spans.push(Span { from: at, to: None, mood: self.mood.clone() });
    }

    /// Takes up the courses of a mood from now on; what was used so far stays.
    pub(super) fn begin_courses(&mut self, mood: &Mood, at: Ns) {
        self.counters = self.courses.counters(self.counters, at);
        self.courses = Courses::new(mood, at, self.seed);
    }

    /// Says what it says on every start.
    pub(super) fn greet(&mut self, kind: &Kind, at: Ns) {
        self.said.extend(greetings(kind, at));
    }

    /// Its counters and its memory; a frozen one uses nothing.
    pub(super) fn used(&self, at: Ns) -> (Counters, u64) {
        let at = self.paused_at.unwrap_or(at);
        (self.courses.counters(self.counters, at), self.courses.memory_bytes(at))
    }

    /// Keeps the newest results.
    pub(super) fn checked(&mut self, result: Checked) {
        self.checks.push_back(result);
        if self.checks.len() > CHECKS {
            self.checks.pop_front();
        }
    }

    /// As the engine lists it.
    pub(super) fn listed(&self, spec: &ContainerSpec, wall: &dyn Fn(Ns) -> DateTime<Utc>) -> Container {
        let mut labels = spec.labels.clone();
        if let Some(ago) = spec.built {
            let built = wall(-time(ago)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            labels.insert("org.opencontainers.image.created".to_owned(), built);
        }
        let composed =
            [("com.docker.compose.service", &spec.service), ("com.docker.compose.project", &spec.project)];
        for (label, value) in composed {
            labels.extend(value.clone().map(|value| (label.to_owned(), value)));
        }
        Container {
            key: ContainerKey { host: self.host.clone(), id: self.id.clone() },
            name: self.name.as_str().into(),
            service: ServiceId::new(spec.service.as_deref().unwrap_or(&self.name)),
            project: spec.project.as_deref().map(Arc::from),
            image: spec.image.as_str().into(),
            image_id: image_id(&spec.image),
            state: match self.phase {
                Phase::Running => State::Running,
                Phase::Paused => State::Paused,
                Phase::Restarting => State::Restarting,
                Phase::Exited => State::Exited(Some(self.code)),
                Phase::Created => State::Created,
            },
            // The engine's list tells the health of what runs only.
            health: if self.phase == Phase::Running { self.health } else { Health::None },
            ports: ports(&spec.ports, self.is_up()),
            created: second(wall(self.created)),
            labels,
            detail: None,
        }
    }

    /// As an inspection tells it.
    pub(super) fn detail(
        &self,
        spec: &ContainerSpec,
        kind: &Kind,
        wall: &dyn Fn(Ns) -> DateTime<Utc>,
    ) -> Detail {
        Detail {
            restarts: self.restarts,
            is_oom_killed: self.is_oom,
            exit_code: matches!(self.phase, Phase::Exited | Phase::Restarting).then_some(self.code),
            started: (self.phase != Phase::Created).then(|| wall(self.started)),
            finished: self.finished.map(wall),
            error: String::new(),
            checks: self.checks.iter().map(|c| checked(c, wall)).collect(),
            log_driver: "json-file".to_owned(),
            is_log_unlimited: spec.unlimited_log,
            log_rotates_at: None,
            is_on_host_network: false,
            is_tty: kind.tty,
            memory_limit_bytes: spec.limit.map(crate::config::units::ByteSize::bytes),
            cpu_limit: None,
            address: self.is_up().then(|| self.address()),
        }
    }

    /// Its address in the network of its host.
    pub(super) fn address(&self) -> String {
        format!("172.18.0.{}", 2 + self.seed % 250)
    }
}

fn checked(check: &Checked, wall: &dyn Fn(Ns) -> DateTime<Utc>) -> Check {
    let (at, took_ms) = (wall(check.at), check.took / 1_000_000);
    Check { at, took_ms, exit_code: check.code, output: check.said.clone() }
}

fn greetings(kind: &Kind, at: Ns) -> Vec<Line> {
    let said = |saying: &super::scenario::Saying| Line {
        at: at + saying.after.map_or(0, time),
        is_stderr: saying.stderr,
        text: saying.text.clone(),
    };
    kind.hello.iter().map(said).collect()
}

/// 64 hexadecimal digits of these texts.
pub(super) fn digest(parts: &[&str]) -> String {
    let digits = |mut out: String, byte: &u8| {
        out.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789abcdef"[usize::from(half)])));
        out
    };
    Sha256::digest(parts.join("\n")).iter().fold(String::with_capacity(64), digits)
}

/// The id of an image, from its name.
pub(super) fn image_id(name: &str) -> ImageId {
    ImageId::new(format!("sha256:{}", digest(&["image", name])))
}

/// The engine lists whole seconds.
fn second(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

/// `8080:80/tcp`, `80`; only what runs is published.
fn ports(written: &[String], is_up: bool) -> Vec<Port> {
    let mut ports: Vec<_> = written
        .iter()
        .filter_map(|text| {
            let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            let (public, inside) = match ports.split_once(':') {
                Some((public, inside)) => (public.parse().ok(), inside),
                None => (None, ports),
            };
            let published = public.filter(|_| is_up).map(|port| (Arc::from("0.0.0.0"), port));
            Some(Port { inside: inside.parse().ok()?, protocol: protocol.into(), published })
        })
        .collect();
    ports.retain(|_| is_up);
    ports.sort();
    ports
}
