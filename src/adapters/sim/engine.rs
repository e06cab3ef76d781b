//! [`Engine`] over a simulation.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::Simulation;
use super::answers::unknown;
use super::exec::Execs;
use super::faults::{Call, Faults};
use super::streams;
use crate::domain::event::EngineEvent;
use crate::domain::host::{EngineFacts, HostLoad};
use crate::domain::ids::{ContainerId, ContainerKey, HostId};
use crate::domain::inventory::{Inventory, Item};
use crate::domain::usage::Sample;
use crate::logs::line::Batch;
use crate::ports::engine::{Engine, EngineError, ExecSession, ExecSpec, LogRequest, Processes};
use crate::ports::machine::Machine;

/// The engine of one simulated host.
pub struct SimEngine {
    pub(super) simulation: Arc<Simulation>,
    pub(super) host: HostId,
    execs: Execs,
    /// What goes wrong with it.
    pub faults: Faults,
}

impl SimEngine {
    /// The engine of `host`; one that the scenario does not know answers as if it were down.
    pub fn new(simulation: Arc<Simulation>, host: HostId) -> Self {
        Self { simulation, host, execs: Execs::default(), faults: Faults::default() }
    }

    fn address(&self) -> String {
        format!("demo://{}", self.host)
    }

    fn unreachable(&self, cause: &str) -> EngineError {
        EngineError::Unreachable { address: self.address(), cause: cause.to_owned(), mend: None }
    }

    /// Every call passes here first.
    pub(super) async fn pass(&self, call: Call) -> Result<(), EngineError> {
        self.faults.pass(call, &self.address()).await?;
        if self.simulation.fleet().is_lost(&self.host) {
            return Err(self.unreachable("no route to host"));
        }
        Ok(())
    }
}

#[async_trait]
impl Machine for SimEngine {
    async fn load(&self, _root_dir: &str) -> HostLoad {
        self.simulation.load(&self.host)
    }
}

#[async_trait]
impl Engine for SimEngine {
    async fn facts(&self) -> Result<EngineFacts, EngineError> {
        self.pass(Call::Facts).await?;
        self.simulation.facts(&self.host).ok_or_else(|| self.unreachable("no such host in the scenario"))
    }

    async fn inspect(&self, id: &ContainerId) -> Result<serde_json::Value, EngineError> {
        self.pass(Call::Inspect).await?;
        self.simulation.inspect(&self.host, id)
    }

    async fn events(
        &self,
        since_ns: Option<i64>,
    ) -> Result<BoxStream<'static, Result<EngineEvent, EngineError>>, EngineError> {
        self.pass(Call::Events).await?;
        let events = streams::events(&self.simulation, &self.host, since_ns);
        Ok(self.faults.cut(Call::Events, "events", events))
    }

    async fn events_until(
        &self,
        since_ns: Option<i64>,
        until_ns: i64,
    ) -> Result<BoxStream<'static, Result<EngineEvent, EngineError>>, EngineError> {
        self.pass(Call::Events).await?;
        let events = streams::events_until(&self.simulation, &self.host, since_ns, until_ns);
        Ok(self.faults.cut(Call::Events, "events", events))
    }

    async fn past_events(&self, since_ns: i64, _until_ns: i64) -> Result<Vec<EngineEvent>, EngineError> {
        self.pass(Call::Events).await?;
        Ok(streams::past(&self.simulation, &self.host, since_ns))
    }

    async fn usage(&self, id: &ContainerId) -> Result<Sample, EngineError> {
        self.pass(Call::Usage).await?;
        let what = format!("usage of {}", id.short());
        self.simulation.detail(&self.host, id).map_err(|_| unknown(&what, id.as_str()))?;
        let key = ContainerKey { host: self.host.clone(), id: id.clone() };
        self.simulation
            .sample(&key)
            .ok_or(EngineError::Broken { what, cause: "the container does not run".to_owned() })
    }

    async fn usage_stream(
        &self,
        id: &ContainerId,
    ) -> Result<BoxStream<'static, Result<Sample, EngineError>>, EngineError> {
        self.pass(Call::Usage).await?;
        let what = format!("usage of {}", id.short());
        self.simulation.detail(&self.host, id).map_err(|_| unknown(&what, id.as_str()))?;
        let key = ContainerKey { host: self.host.clone(), id: id.clone() };
        Ok(self.faults.cut(Call::Usage, &what, streams::usage(&self.simulation, key)))
    }

    async fn logs(
        &self,
        id: &ContainerId,
        request: LogRequest,
    ) -> Result<BoxStream<'static, Result<Batch, EngineError>>, EngineError> {
        self.pass(Call::Logs).await?;
        let lines = streams::log(&self.simulation, &self.host, id, request)?;
        Ok(self.faults.cut(Call::Logs, &format!("logs of {}", id.short()), lines))
    }

    async fn processes(&self, id: &ContainerId) -> Result<Processes, EngineError> {
        self.pass(Call::Processes).await?;
        self.simulation.processes(&self.host, id)
    }

    async fn exec(&self, id: &ContainerId, spec: ExecSpec) -> Result<ExecSession, EngineError> {
        self.pass(Call::Exec).await?;
        let program = spec.argv.first().map_or("", String::as_str);
        let what = format!("exec {program} in {}", id.short());
        self.simulation.is_running(&self.host, id, &what)?;
        let session = self.execs.start(&self.simulation, &self.host, id, spec);
        Ok(session)
    }

    async fn exec_resize(&self, exec: &str, _size: (u16, u16)) -> Result<(), EngineError> {
        self.pass(Call::Exec).await?;
        self.execs.status(exec, "resize the shell").map(|_| ())
    }

    async fn exec_status(&self, exec: &str) -> Result<Option<i64>, EngineError> {
        self.pass(Call::Exec).await?;
        self.execs.status(exec, "status of the exec")
    }

    async fn inventory(&self) -> Result<Inventory, EngineError> {
        self.pass(Call::Store).await?;
        Ok(self.simulation.inventory(&self.host))
    }

    async fn remove(&self, item: &Item) -> Result<(), EngineError> {
        self.pass(Call::Store).await?;
        self.simulation.remove(&self.host, item)
    }

    async fn prune_cache(&self) -> Result<u64, EngineError> {
        self.pass(Call::Store).await?;
        Ok(self.simulation.prune_cache(&self.host))
    }
}
