//! What the simulated engines answer at once.

use serde_json::Value;

use super::Simulation;
use super::clock::Ns;
use super::container::{Phase, SimContainer};
use super::dice;
use super::fleet::Fleet;
use super::inspect;
use super::logs;
use super::scenario::{ContainerSpec, Kind};
use crate::domain::container::{Container, Detail};
use crate::domain::host::{EngineFacts, HostLoad};
use crate::domain::ids::{ContainerId, ContainerKey, HostId};
use crate::logs::frames::{Demux, Form};
use crate::logs::line::{Batch, SourceId};
use crate::ports::engine::{EngineError, Processes};

/// A container with all that is known of it.
pub(super) struct Found<'a> {
    pub(super) container: &'a SimContainer,
    pub(super) spec: &'a ContainerSpec,
    pub(super) kind: &'a Kind,
}

/// The engine's words for an id it does not know.
pub(super) fn unknown(what: &str, id: &str) -> EngineError {
    EngineError::Refused { what: what.to_owned(), status: 404, message: format!("No such container: {id}") }
}

fn conflict(what: &str, message: String) -> EngineError {
    EngineError::Refused { what: what.to_owned(), status: 409, message }
}

/// The container, or the engine's refusal.
pub(super) fn found<'a>(
    fleet: &'a Fleet,
    host: &HostId,
    id: &str,
    what: &str,
) -> Result<Found<'a>, EngineError> {
    let answer = fleet.find(host, id).and_then(|number| {
        let container = fleet.containers.get(&number)?;
        Some(Found { container, spec: &container.spec, kind: fleet.kind(number)? })
    });
    answer.ok_or_else(|| unknown(what, id))
}

impl Simulation {
    fn wall(&self) -> impl Fn(Ns) -> chrono::DateTime<chrono::Utc> {
        |at| self.clock.wall(at)
    }

    pub(super) fn facts(&self, host: &HostId) -> Option<EngineFacts> {
        let fleet = self.fleet();
        let spec = fleet.scenario.hosts.get(host.as_str())?;
        Some(EngineFacts {
            id: host.as_str().to_owned(),
            version: spec.version.clone(),
            api: spec.api.clone(),
            system: spec.system.clone(),
            root_dir: "/var/lib/docker".to_owned(),
            cpus: spec.cpus,
            memory_bytes: spec.memory.bytes(),
            skew: None,
        })
    }

    /// Space, load and memory: what its containers use, on top of what the host uses anyway.
    pub(super) fn load(&self, host: &HostId) -> HostLoad {
        let fleet = self.fleet();
        let now = self.clock.now();
        let Some(spec) = fleet.scenario.hosts.get(host.as_str()) else { return HostLoad::default() };
        let running = || fleet.containers.values().filter(|c| c.host == *host && c.phase == Phase::Running);
        let cpu: f64 = running().map(|c| c.courses.cpu.level(now)).sum();
        let memory: u64 = running().map(|c| c.used(now).1).sum();
        let used = spec.memory_used.bytes() + memory;
        let waver = dice::share(dice::seed(host.as_str()), (now / 10_000_000_000) as u64) as f32;
        HostLoad {
            disk_bytes: Some((spec.disk_free.bytes(), spec.disk.bytes())),
            load1: Some(spec.load * (0.8 + 0.4 * waver) + cpu as f32 / 100.0),
            memory_bytes: Some((spec.memory.bytes().saturating_sub(used), spec.memory.bytes())),
            round_trip: None,
        }
    }

    /// Its containers, newest first, each with its details.
    pub(super) fn list(&self, host: &HostId) -> Vec<(Container, Detail)> {
        let (fleet, wall) = (self.fleet(), self.wall());
        let on_host = fleet.containers.iter().filter(|(_, c)| c.host == *host);
        let known = on_host.filter_map(|(number, c)| {
            Some((c.listed(&c.spec, &wall), c.detail(&c.spec, fleet.kind(*number)?, &wall)))
        });
        let mut list: Vec<_> = known.collect();
        list.reverse();
        list.sort_by_key(|(c, _)| std::cmp::Reverse(c.created));
        list
    }

    pub(super) fn detail(&self, host: &HostId, id: &ContainerId) -> Result<Detail, EngineError> {
        let fleet = self.fleet();
        let it = found(&fleet, host, id.as_str(), &format!("inspect {}", id.short()))?;
        Ok(it.container.detail(it.spec, it.kind, &self.wall()))
    }

    pub(super) fn inspect(&self, host: &HostId, id: &ContainerId) -> Result<Value, EngineError> {
        let fleet = self.fleet();
        let it = found(&fleet, host, id.as_str(), &format!("inspect {}", id.short()))?;
        Ok(inspect::inspect(it.container, it.spec, it.kind, &self.wall()))
    }

    /// It runs and is not frozen, or the engine's refusal.
    pub(super) fn is_running(&self, host: &HostId, id: &ContainerId, what: &str) -> Result<(), EngineError> {
        let fleet = self.fleet();
        let it = found(&fleet, host, id.as_str(), what)?;
        match it.container.phase {
            Phase::Running => Ok(()),
            Phase::Paused => {
                let words = "is paused, unpause the container before exec";
                Err(conflict(what, format!("Container {id} {words}")))
            }
            Phase::Restarting => {
                let words = "is restarting, wait until the container is running";
                Err(conflict(what, format!("Container {id} {words}")))
            }
            Phase::Exited | Phase::Created => Err(conflict(what, format!("Container {id} is not running"))),
        }
    }

    pub(super) fn processes(&self, host: &HostId, id: &ContainerId) -> Result<Processes, EngineError> {
        let what = format!("processes of {}", id.short());
        let fleet = self.fleet();
        let it = found(&fleet, host, id.as_str(), &what)?;
        if !it.container.is_up() {
            drop(fleet);
            return Err(self
                .is_running(host, id, &what)
                .err()
                .unwrap_or_else(|| unknown(&what, id.as_str())));
        }
        let first = it.kind.command.join(" ");
        let started = self.clock.wall(it.container.started).format("%H:%M").to_string();
        let pid = 1000 + it.container.seed % 30_000 + it.container.run * 7;
        let row = |(command, number): (&str, u64)| {
            let parent = if number == 0 { pid - 20 } else { pid };
            let (pid, parent) = ((pid + number * 3).to_string(), parent.to_string());
            ["root", &pid, &parent, "0", &started, "?", "00:00:01", command].map(str::to_owned).to_vec()
        };
        let commands = std::iter::once(first.as_str()).chain(it.kind.processes.iter().map(String::as_str));
        Ok(Processes {
            titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"].map(str::to_owned).to_vec(),
            rows: commands.zip(0..).map(row).collect(),
        })
    }

    /// The newest lines, read the way the real engine's are; empty for a container that is not there.
    pub(super) fn last_lines(&self, key: &ContainerKey, count: usize) -> Batch {
        let mut batch = Batch::new();
        let (fleet, wall) = (self.fleet(), self.wall());
        let Ok(it) = found(&fleet, &key.host, key.id.as_str(), "logs") else { return batch };
        let lines = logs::last(it.container, it.kind, count, self.clock.now() + 1, &wall);
        let mut bytes = Vec::new();
        for line in &lines {
            logs::wire(line, it.kind.tty, wall(line.at), &mut bytes);
        }
        let form = if it.kind.tty { Form::Raw } else { Form::Framed };
        // Frames made here are whole and valid.
        let _ = Demux::new(SourceId(0), form).feed(&bytes, &mut batch);
        batch
    }
}
