//! The engine's JSON as domain values. Missing and null fields are normal; only an id must be there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::domain::container::{Check, Container, Detail, Health, Port, State};
use crate::domain::deployment::SERVICE;
use crate::domain::ids::{ContainerId, ContainerKey, HostId, ImageId, ServiceId};
use crate::domain::usage::Sample;
use crate::ports::engine::EngineEvent;

const CHECK_OUTPUT_BYTES: usize = 4096;

// Engine API 1.41, GET /containers/json.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    id: String,
    names: Option<Vec<String>>,
    image: Option<String>,
    #[serde(rename = "ImageID")]
    image_id: Option<String>,
    created: Option<i64>,
    state: Option<String>,
    status: Option<String>,
    ports: Option<Vec<ListedPort>>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPort {
    #[serde(rename = "IP")]
    ip: Option<String>,
    private_port: u16,
    public_port: Option<u16>,
    #[serde(rename = "Type")]
    protocol: Option<String>,
}

impl Listed {
    pub(super) fn into_container(self, host: &HostId) -> Container {
        let name = self.names.unwrap_or_default().into_iter().next().unwrap_or_else(|| self.id.clone());
        let name = name.trim_start_matches('/');
        let labels = self.labels.unwrap_or_default();
        let label = |key: &str| labels.get(key).map(String::as_str).filter(|v| !v.is_empty());
        let service = label("com.docker.compose.service")
            .or_else(|| label("com.docker.swarm.service.name"))
            .or_else(|| label(SERVICE))
            .unwrap_or(name);
        let status = self.status.unwrap_or_default();
        Container {
            key: ContainerKey { host: host.clone(), id: ContainerId::new(self.id) },
            name: name.into(),
            service: ServiceId::new(service),
            project: label("com.docker.compose.project").map(Arc::from),
            image: self.image.unwrap_or_default().into(),
            image_id: ImageId::new(self.image_id.unwrap_or_default()),
            state: state(self.state.as_deref().unwrap_or_default(), &status),
            health: health_in(&status),
            ports: ports(self.ports.unwrap_or_default()),
            created: self.created.and_then(|s| DateTime::from_timestamp(s, 0)).unwrap_or_default(),
            labels,
            detail: None,
        }
    }
}

fn state(word: &str, status: &str) -> State {
    match word {
        "created" => State::Created,
        "running" => State::Running,
        "paused" => State::Paused,
        "restarting" => State::Restarting,
        "removing" => State::Removing,
        "dead" => State::Dead,
        "exited" => {
            // "Exited (137) 3 minutes ago"
            let code = status.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
            State::Exited(code.and_then(|(code, _)| code.parse().ok()))
        }
        other => State::Other(other.into()),
    }
}

fn health_in(status: &str) -> Health {
    if status.contains("(healthy)") {
        Health::Healthy
    } else if status.contains("(unhealthy)") {
        Health::Unhealthy
    } else if status.contains("(health: starting)") {
        Health::Starting
    } else {
        Health::None
    }
}

/// Docker publishes on IPv4 and IPv6 apart; one of the two is enough to see.
fn ports(listed: Vec<ListedPort>) -> Vec<Port> {
    let mut ports: Vec<_> = listed
        .into_iter()
        .map(|p| Port {
            inside: p.private_port,
            protocol: p.protocol.as_deref().unwrap_or("tcp").into(),
            published: p.public_port.map(|public| (p.ip.unwrap_or_default().into(), public)),
        })
        .collect();
    ports.sort();
    ports.dedup_by_key(|p| (p.inside, p.protocol.clone(), p.published.as_ref().map(|(_, port)| *port)));
    ports
}

// Engine API 1.41, GET /containers/{id}/json.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inspected {
    restart_count: Option<u32>,
    state: Option<InspectedState>,
    config: Option<InspectedConfig>,
    host_config: Option<InspectedHost>,
    network_settings: Option<Networks>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedState {
    status: String,
    #[serde(rename = "OOMKilled")]
    oom_killed: bool,
    exit_code: Option<i64>,
    error: String,
    started_at: String,
    finished_at: String,
    health: Option<InspectedHealth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedHealth {
    log: Option<Vec<InspectedCheck>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedCheck {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    exit_code: i64,
    output: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedConfig {
    #[serde(default)]
    tty: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedHost {
    log_config: Option<LogConfig>,
    nano_cpus: Option<i64>,
    cpu_quota: Option<i64>,
    cpu_period: Option<i64>,
    memory: Option<i64>,
}

impl InspectedHost {
    /// `--cpus`, or quota and period of the scheduler; 0 means none.
    fn cpu_limit(&self) -> Option<f32> {
        let set = |value: Option<i64>| value.filter(|value| *value > 0);
        match set(self.nano_cpus) {
            Some(nano) => Some(nano as f32 / 1e9),
            None => Some(set(self.cpu_quota)? as f32 / set(self.cpu_period).unwrap_or(100_000) as f32),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogConfig {
    #[serde(rename = "Type")]
    kind: String,
    config: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Networks {
    networks: Option<BTreeMap<String, Network>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    #[serde(rename = "IPAddress", default)]
    address: String,
}

impl From<Inspected> for Detail {
    fn from(answer: Inspected) -> Self {
        let state = answer.state.unwrap_or_default();
        let cpu_limit = answer.host_config.as_ref().and_then(InspectedHost::cpu_limit);
        // 0 means none.
        let memory = answer.host_config.as_ref().and_then(|h| h.memory).and_then(|m| u64::try_from(m).ok());
        let log = answer.host_config.and_then(|h| h.log_config);
        let is_log_unlimited = log.as_ref().is_some_and(|log| {
            log.kind == "json-file" && !log.config.as_ref().is_some_and(|c| c.contains_key("max-size"))
        });
        let log_rotates_at = log.as_ref().and_then(|log| {
            let set = log.config.as_ref().and_then(|config| config.get("max-size"));
            // Engine, daemon/logger/local: 20m where nothing is set.
            super::log::file_bytes(set.map_or(if log.kind == "local" { "20m" } else { "" }, String::as_str))
        });
        let has_ended = matches!(state.status.as_str(), "exited" | "dead" | "restarting");
        let checks = state.health.and_then(|h| h.log).unwrap_or_default();
        let networks = answer.network_settings.and_then(|n| n.networks).unwrap_or_default();
        Self {
            restarts: answer.restart_count.unwrap_or(0),
            is_oom_killed: state.oom_killed,
            exit_code: state.exit_code.filter(|_| has_ended),
            started: time(&state.started_at),
            finished: time(&state.finished_at),
            error: state.error,
            checks: checks.into_iter().map(check).collect(),
            log_driver: log.map(|l| l.kind).unwrap_or_default(),
            is_log_unlimited,
            log_rotates_at,
            memory_limit_bytes: memory.filter(|bytes| *bytes > 0),
            cpu_limit,
            is_tty: answer.config.is_some_and(|c| c.tty),
            is_on_host_network: networks.contains_key("host"),
            address: networks.into_values().map(|n| n.address).find(|a| !a.is_empty()),
        }
    }
}

/// The engine writes year 1 for "never".
fn time(text: &str) -> Option<DateTime<Utc>> {
    let at: DateTime<Utc> = text.parse().ok()?;
    (at.timestamp() > 0).then_some(at)
}

fn check(from: InspectedCheck) -> Check {
    let mut output = from.output;
    if output.len() > CHECK_OUTPUT_BYTES {
        let end = (0..=CHECK_OUTPUT_BYTES).rev().find(|i| output.is_char_boundary(*i)).unwrap_or(0);
        output.truncate(end);
    }
    let took_ms = (from.end - from.start).num_milliseconds();
    Check { at: from.start, took_ms, exit_code: from.exit_code, output }
}

// Engine API 1.41, GET /containers/{id}/stats?stream=false&one-shot=true.
#[derive(Deserialize)]
pub(super) struct Stats {
    read: DateTime<Utc>,
    #[serde(rename = "cpu_stats")]
    cpu: CpuStats,
    #[serde(rename = "memory_stats", default)]
    memory: MemoryStats,
    networks: Option<HashMap<String, NetworkStats>>,
}

#[derive(Deserialize)]
struct CpuStats {
    cpu_usage: CpuUsage,
}

#[derive(Deserialize)]
struct CpuUsage {
    total_usage: u64,
}

#[derive(Deserialize, Default)]
struct MemoryStats {
    usage: Option<u64>,
    limit: Option<u64>,
    stats: Option<HashMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct NetworkStats {
    rx_bytes: u64,
    tx_bytes: u64,
}

impl Stats {
    /// `machine_bytes`: a limit at or above it is none. `None` when the container does not run.
    pub(super) fn into_sample(self, key: ContainerKey, machine_bytes: u64) -> Option<Sample> {
        let used = self.memory.usage?;
        let stat = |name: &str| self.memory.stats.as_ref()?.get(name)?.as_u64();
        // cgroup v1 has total_inactive_file, v2 inactive_file; the docker client takes the same off.
        let cache = stat("total_inactive_file").or_else(|| stat("inactive_file")).unwrap_or(0);
        let networks = self.networks.unwrap_or_default();
        Some(Sample {
            key,
            at_ns: self.read.timestamp_nanos_opt()?,
            cpu_ns: self.cpu.cpu_usage.total_usage,
            memory_bytes: used.saturating_sub(cache),
            memory_limit_bytes: self
                .memory
                .limit
                .filter(|limit| machine_bytes == 0 || *limit < machine_bytes),
            received_bytes: networks.values().map(|n| n.rx_bytes).sum(),
            sent_bytes: networks.values().map(|n| n.tx_bytes).sum(),
        })
    }
}

// Engine API 1.41, GET /events.
#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(rename = "Type", default)]
    kind: String,
    #[serde(rename = "Action", default)]
    action: String,
    #[serde(rename = "Actor")]
    actor: Option<Actor>,
    #[serde(rename = "timeNano", default)]
    time_ns: i64,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(rename = "Attributes")]
    attributes: Option<HashMap<String, String>>,
}

impl From<Event> for EngineEvent {
    fn from(event: Event) -> Self {
        let (id, attributes) = event.actor.map_or_else(Default::default, |a| (a.id, a.attributes));
        let attributes = attributes.unwrap_or_default();
        Self {
            at_ns: event.time_ns,
            kind: event.kind,
            action: event.action,
            id,
            name: attributes.get("name").cloned().unwrap_or_default(),
            exit_code: attributes.get("exitCode").and_then(|c| c.parse().ok()),
            more: more(&attributes),
        }
    }
}

/// The attributes that say why or with what; labels, which are attributes too, are left out.
fn more(attributes: &HashMap<String, String>) -> String {
    let told = ["exitCode", "signal", "image", "execDuration", "container", "driver", "type", "oldName"];
    let told = told.iter().filter_map(|key| {
        let value = attributes.get(*key).filter(|value| !value.is_empty())?;
        Some(format!("{key}={value}"))
    });
    told.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(json: &str) -> Container {
        serde_json::from_str::<Listed>(json).unwrap().into_container(&HostId::new("h"))
    }

    #[test]
    fn a_list_entry_of_nulls_is_still_a_container() {
        let container = listed(r#"{"Id":"abc","Names":null,"Ports":null,"Labels":null}"#);
        assert_eq!((&*container.name, container.service.as_str()), ("abc", "abc"));
    }

    #[test]
    fn exit_code_and_health_are_read_from_the_status() {
        let exited = listed(r#"{"Id":"a","State":"exited","Status":"Exited (137) 3 minutes ago"}"#);
        assert_eq!(exited.state, State::Exited(Some(137)));
        let up = listed(r#"{"Id":"a","State":"running","Status":"Up 2 hours (unhealthy)"}"#);
        assert_eq!((up.state, up.health), (State::Running, Health::Unhealthy));
    }

    #[test]
    fn a_port_published_on_both_families_is_one_port() {
        let c = listed(
            r#"{"Id":"a","Ports":[{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
                {"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":9,"Type":"udp"}]}"#,
        );
        assert_eq!(c.ports.len(), 2);
    }

    #[test]
    fn year_one_means_never() {
        assert_eq!(time("0001-01-01T00:00:00Z"), None);
        assert!(time("2026-01-02T03:04:05.1Z").is_some());
    }
}
