//! [`Engine`] over the Docker API.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use hyper::Method;
use serde::Deserialize;

use super::api::Api;
use super::dial::Dial;
use super::log::Log;
use super::map::{Event, Stats};
use super::tls::Tls;
use super::{exec, inventory, ledger, lines, remove};
use crate::adapters::ssh::host::SshHost;
use crate::domain::host::{Address, EngineFacts, NotTried, TlsFiles};
use crate::domain::ids::{ContainerId, ContainerKey, HostId};
use crate::domain::inventory::{Inventory, Item};
use crate::domain::skew::Skew;
use crate::domain::usage::Sample;
use crate::logs::frames::Form;
use crate::logs::line::Batch;
use crate::ports::engine::{
    CALL_TIMEOUT, Engine, EngineError, EngineEvent, ExecSession, ExecSpec, LogRequest, Processes,
};
use crate::ports::ledger::{File, Kept, LedgerFiles};
use crate::ports::lifecycle::Lifecycle;

/// A Docker engine at an address. Made without asking it anything.
pub struct DockerEngine {
    pub(super) host: HostId,
    pub(super) api: Arc<Api>,
    machine_bytes: std::sync::atomic::AtomicU64,
}

// Engine API 1.41, GET /info.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    #[serde(rename = "ID")]
    id: Option<String>,
    name: Option<String>,
    server_version: Option<String>,
    operating_system: Option<String>,
    kernel_version: Option<String>,
    docker_root_dir: Option<String>,
    #[serde(rename = "NCPU")]
    cpus: Option<u32>,
    mem_total: Option<u64>,
    system_time: Option<DateTime<Utc>>,
}

impl Info {
    /// Copies of one disk have one id; their names tell them apart, and where they keep their data those on one machine.
    fn identity(&self) -> String {
        let words =
            [&self.id, &self.name, &self.docker_root_dir].map(|word| word.as_deref().unwrap_or_default());
        if words[0].is_empty() { String::new() } else { words.join(" ") }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Top {
    titles: Option<Vec<String>>,
    processes: Option<Vec<Vec<String>>>,
}

impl DockerEngine {
    /// For the engine of `host` at `address`.
    pub fn new(host: HostId, address: &Address) -> Self {
        Self { host, api: Arc::new(Api::new(Dial::new(address))), machine_bytes: 0.into() }
    }

    /// For the engine of `host` behind the port `to`, by TLS.
    pub fn over_tls(host: HostId, to: &str, files: TlsFiles) -> Self {
        let tls = Arc::new(Tls::new(to, files));
        Self { host, api: Arc::new(Api::new(Dial::Tls(tls))), machine_bytes: 0.into() }
    }

    /// For the engine of a host over its SSH connection.
    pub fn over_ssh(host: HostId, ssh: Arc<SshHost>) -> Self {
        Self { host, api: Arc::new(Api::new(Dial::Ssh(ssh))), machine_bytes: 0.into() }
    }

    /// For an engine that must not be asked: every call fails with this reason.
    pub fn refused(host: HostId, address: &Address, why: NotTried) -> Self {
        Self { host, api: Arc::new(Api::new(Dial::refused(address, why))), machine_bytes: 0.into() }
    }
}

/// Seconds and nanoseconds as the engine wants them in a query.
pub(super) fn stamp(ns: i64) -> String {
    format!("{}.{:09}", ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000))
}

/// Our clock, in ns since 1970.
pub(super) fn now_ns() -> i64 {
    Utc::now().timestamp_nanos_opt().unwrap_or(0)
}

impl DockerEngine {
    async fn version(&self) -> Result<Version, EngineError> {
        let version: Version = self.api.get("version", "/version").await?;
        self.api.negotiate(&version.api_version)?;
        Ok(version)
    }

    /// With how far its clock is off, by the time it says it is.
    async fn timed_info(&self) -> Result<(Info, Option<Skew>), EngineError> {
        let before_ns = now_ns();
        let info = self.api.get::<Info>("info", "/info").await?;
        let theirs_ns = info.system_time.and_then(|at| at.timestamp_nanos_opt());
        let skew = theirs_ns.map(|theirs_ns| Skew::measured(before_ns, theirs_ns, now_ns()));
        Ok((info, skew))
    }

    async fn event_stream(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<EngineEvent, EngineError>>, EngineError> {
        let answer = self.api.send("events", Method::GET, path, None).await?;
        let events = lines::json::<Event>("events".to_owned(), answer.into_body());
        Ok(events.map_ok(EngineEvent::from).boxed())
    }
}

#[async_trait]
impl Engine for DockerEngine {
    fn questions_at_once(&self) -> usize {
        match &self.api.dial {
            Dial::Ssh(ssh) if ssh.is_entered_by_commands() => 4,
            Dial::Ssh(_) => 24,
            // A connection each, and nothing that counts them.
            _ => 64,
        }
    }

    async fn greet(&self) -> Result<(), EngineError> {
        // The engine starts three programs to answer `/version`, and none for this.
        match self.api.ping().await {
            Ok(Some(version)) => self.api.negotiate(&version),
            // A proxy in between that lets no ping through, or an engine that does not tell.
            Ok(None) | Err(EngineError::Refused { .. }) => self.version().await.map(drop),
            Err(error) => Err(error),
        }
    }

    async fn facts(&self) -> Result<EngineFacts, EngineError> {
        // Both at once: over a slow link each costs a round trip.
        let (version, info) = tokio::join!(self.version(), self.timed_info());
        let (version, (info, skew)) = (version?, info?);
        let memory_bytes = info.mem_total.unwrap_or(0);
        self.machine_bytes.store(memory_bytes, std::sync::atomic::Ordering::Relaxed);
        let id = info.identity();
        let system = [info.operating_system, info.kernel_version].into_iter().flatten().collect::<Vec<_>>();
        Ok(EngineFacts {
            id,
            version: info.server_version.unwrap_or_default(),
            api: version.api_version,
            system: system.join(", "),
            root_dir: info.docker_root_dir.unwrap_or_default(),
            cpus: info.cpus.unwrap_or(0),
            memory_bytes,
            skew,
        })
    }

    async fn inspect(&self, id: &ContainerId) -> Result<serde_json::Value, EngineError> {
        self.api.get(&format!("inspect {}", id.short()), &format!("/containers/{id}/json")).await
    }

    async fn events(
        &self,
        since_ns: Option<i64>,
    ) -> Result<BoxStream<'static, Result<EngineEvent, EngineError>>, EngineError> {
        let path = since_ns.map_or("/events".to_owned(), |ns| format!("/events?since={}", stamp(ns)));
        self.event_stream(&path).await
    }

    async fn events_until(
        &self,
        since_ns: Option<i64>,
        until_ns: i64,
    ) -> Result<BoxStream<'static, Result<EngineEvent, EngineError>>, EngineError> {
        let since = since_ns.map_or(String::new(), |ns| format!("&since={}", stamp(ns)));
        self.event_stream(&format!("/events?until={}{since}", stamp(until_ns))).await
    }

    async fn past_events(&self, since_ns: i64, until_ns: i64) -> Result<Vec<EngineEvent>, EngineError> {
        // {"type":["container"],"event":[…]}, percent-encoded; exec events would be most of it.
        const FILTERS: &str = "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%2C%22start%22%2C\
             %22die%22%2C%22oom%22%2C%22restart%22%2C%22pause%22%2C%22unpause%22%2C%22destroy%22%2C\
             %22health_status%22%5D%7D";
        let what = "past events";
        // To the nanosecond: a second that began before `since_ns` would be refused.
        let (since, until) = (stamp(since_ns), stamp(until_ns.max(since_ns)));
        let path = format!("/events?since={since}&until={until}&filters={FILTERS}");
        let all = async {
            let answer = self.api.send(what, Method::GET, &path, None).await?;
            lines::json::<Event>(what.to_owned(), answer.into_body()).try_collect::<Vec<_>>().await
        };
        // The engine's clock may be behind what was thought: then it waits until that time comes.
        let events = tokio::time::timeout(CALL_TIMEOUT, all)
            .await
            .map_err(|_| self.api.silent(what, CALL_TIMEOUT))??;
        Ok(events.into_iter().map(EngineEvent::from).collect())
    }

    async fn usage(&self, id: &ContainerId) -> Result<Sample, EngineError> {
        let what = format!("usage of {}", id.short());
        let path = format!("/containers/{id}/stats?stream=false&one-shot=true");
        let stats: Stats = self.api.get(&what, &path).await?;
        let key = ContainerKey { host: self.host.clone(), id: id.clone() };
        let machine = self.machine_bytes.load(std::sync::atomic::Ordering::Relaxed);
        stats
            .into_sample(key, machine)
            .ok_or(EngineError::Broken { what, cause: "the container does not run".to_owned() })
    }

    async fn usage_stream(
        &self,
        id: &ContainerId,
    ) -> Result<BoxStream<'static, Result<Sample, EngineError>>, EngineError> {
        let what = format!("usage of {}", id.short());
        let path = format!("/containers/{id}/stats?stream=true");
        let send = self.api.send(&what, Method::GET, &path, None);
        let answer = tokio::time::timeout(CALL_TIMEOUT, send)
            .await
            .map_err(|_| self.api.silent(&what, CALL_TIMEOUT))??;
        let key = ContainerKey { host: self.host.clone(), id: id.clone() };
        let machine = self.machine_bytes.load(std::sync::atomic::Ordering::Relaxed);
        let readings = lines::json::<Stats>(what, answer.into_body());
        // Once the container stopped the engine sends empty readings for ever.
        Ok(readings
            .map_ok(move |stats| stats.into_sample(key.clone(), machine))
            .try_take_while(|sample| std::future::ready(Ok(sample.is_some())))
            .try_filter_map(|sample| std::future::ready(Ok(sample)))
            .boxed())
    }

    async fn logs(
        &self,
        id: &ContainerId,
        request: LogRequest,
    ) -> Result<BoxStream<'static, Result<Batch, EngineError>>, EngineError> {
        let mut log = Log { api: Arc::clone(&self.api), id: id.clone(), form: Form::Framed };
        // Engine 20.10 does not tell by the content type whether there are frames: both are asked at once.
        let (detail, answer) = futures_util::try_join!(self.detail(id), log.ask(request))?;
        if detail.is_tty {
            log.form = Form::Raw;
        }
        Ok(match detail.log_rotates_at.filter(|_| request.follow) {
            Some(file_bytes) => log.followed(answer, file_bytes),
            None => log.lines(answer).0,
        })
    }

    async fn processes(&self, id: &ContainerId) -> Result<Processes, EngineError> {
        let what = format!("processes of {}", id.short());
        let top: Top = self.api.get(&what, &format!("/containers/{id}/top")).await?;
        Ok(Processes { titles: top.titles.unwrap_or_default(), rows: top.processes.unwrap_or_default() })
    }

    async fn exec(&self, id: &ContainerId, spec: ExecSpec) -> Result<ExecSession, EngineError> {
        exec::start(&self.api, id, spec).await
    }

    async fn exec_resize(&self, exec: &str, size: (u16, u16)) -> Result<(), EngineError> {
        exec::resize(&self.api, exec, size).await
    }

    async fn exec_status(&self, exec: &str) -> Result<Option<i64>, EngineError> {
        exec::status(&self.api, exec).await
    }

    async fn inventory(&self) -> Result<Inventory, EngineError> {
        inventory::ask(&self.api).await
    }

    async fn remove(&self, item: &Item) -> Result<(), EngineError> {
        remove::remove(&self.api, item).await
    }

    async fn prune_cache(&self) -> Result<u64, EngineError> {
        remove::prune_cache(&self.api).await
    }
}

#[async_trait]
impl LedgerFiles for DockerEngine {
    async fn ledger_files(&self, below: &str) -> Result<Kept, EngineError> {
        ledger::files(&self.api, below).await
    }

    async fn ledger_reopen(&self) -> Result<bool, EngineError> {
        ledger::reopen(&self.api).await
    }

    async fn ledger_write(&self, files: &[File]) -> Result<(), EngineError> {
        ledger::write(&self.api, files).await
    }

    async fn ledger_written(&self) -> Result<BoxStream<'static, ()>, EngineError> {
        // {"container":["pilothouse-ledger"],"event":["extract-to-dir"]}, percent-encoded.
        const FILTERS: &str = "%7B%22container%22%3A%5B%22pilothouse-ledger%22%5D%2C%22event%22%3A%5B%22extract-to-dir%22%5D%7D";
        let events = self.event_stream(&format!("/events?filters={FILTERS}")).await?;
        Ok(events.take_while(|event| std::future::ready(event.is_ok())).map(|_| ()).boxed())
    }
}
