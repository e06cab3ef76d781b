//! The engine's whole answer to an inspection of a simulated container, in the shape of the real one.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::clock::Ns;
use super::container::{Phase, SimContainer, image_id};
use super::scenario::{ContainerSpec, Kind};
use crate::config::units::ByteSize;
use crate::domain::container::Health;
use crate::domain::spec::Spec;

/// The engine writes year 1 for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";

// Engine API 1.41, GET /containers/{id}/json.
pub(super) fn inspect(
    container: &SimContainer,
    spec: &ContainerSpec,
    kind: &Kind,
    wall: &dyn Fn(Ns) -> DateTime<Utc>,
) -> Value {
    let time = |at: Ns| wall(at).to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
    let listed = container.listed(spec, wall);
    let is_running = !matches!(container.phase, Phase::Exited | Phase::Created);
    let program = kind.command.first().cloned().unwrap_or_default();
    let log_options =
        if spec.unlimited_log { json!({}) } else { json!({"max-size": "10m", "max-file": "3"}) };
    let mut whole = json!({
        "Id": container.id.as_str(),
        "Created": time(container.created),
        "Path": program,
        "Args": kind.command.get(1..).unwrap_or_default(),
        "State": state(container, is_running, &time),
        "Image": image_id(&spec.image).as_str(),
        "Name": format!("/{}", container.name),
        "RestartCount": container.restarts,
        "Driver": "overlay2",
        "Platform": "linux",
        "Mounts": [],
        "HostConfig": {
            "LogConfig": {"Type": "json-file", "Config": log_options},
            "RestartPolicy": container.restart.told(),
            "Memory": spec.limit.map_or(0, ByteSize::bytes),
            "NetworkMode": spec.project.as_ref().map_or_else(|| "default".to_owned(), |p| format!("{p}_default")),
        },
        "Config": {
            "Hostname": container.id.short(),
            "Tty": kind.tty,
            "Env": kind.env,
            "Cmd": kind.command,
            "Image": spec.image,
            "Labels": listed.labels,
        },
        "NetworkSettings": {
            "Networks": {
                spec.project.as_ref().map_or_else(|| "bridge".to_owned(), |p| format!("{p}_default")): {
                    "IPAddress": if container.is_up() { container.address() } else { String::new() },
                }
            }
        },
        "Simulated": true,
    });
    if let Some(made) = &container.made {
        overlay(&mut whole, made, container);
    }
    whole
}

/// What it was made from, where that was not the scenario.
fn overlay(whole: &mut Value, made: &Spec, container: &SimContainer) {
    let mut body = made.body();
    let networks = made.networks().into_iter().map(|e| (e.network.clone(), e.told()));
    let networks: serde_json::Map<_, _> = networks.collect();
    whole["NetworkSettings"]["Networks"] = match made.network_mode() {
        "default" if networks.is_empty() => json!({ "bridge": {} }),
        _ => Value::Object(networks),
    };
    if let Value::Object(body) = &mut body {
        body.remove("NetworkingConfig");
        whole["HostConfig"] = body.remove("HostConfig").unwrap_or_else(|| json!({}));
        body.entry("Hostname").or_insert(json!(container.id.short()));
    }
    whole["HostConfig"]["RestartPolicy"] = container.restart.told();
    whole["Config"] = body;
}

fn state(container: &SimContainer, is_running: bool, time: &dyn Fn(Ns) -> String) -> Value {
    let mut state = json!({
        "Status": container.phase.word(),
        "Running": is_running,
        "Paused": container.phase == Phase::Paused,
        "Restarting": container.phase == Phase::Restarting,
        "OOMKilled": container.is_oom,
        "Dead": false,
        "ExitCode": container.code,
        "Error": "",
        "StartedAt": if container.phase == Phase::Created { NEVER.to_owned() } else { time(container.started) },
        "FinishedAt": container.finished.map_or_else(|| NEVER.to_owned(), time),
    });
    let health = match container.health {
        Health::None => return state,
        Health::Starting => "starting",
        Health::Healthy => "healthy",
        Health::Unhealthy => "unhealthy",
    };
    let log = container.checks.iter().map(|check| {
        json!({
            "Start": time(check.at), "End": time(check.at + check.took), "ExitCode": check.code, "Output": check.said
        })
    });
    state["Health"] =
        json!({"Status": health, "FailingStreak": container.failing, "Log": log.collect::<Vec<_>>()});
    state
}
