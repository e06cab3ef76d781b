//! Programs run in simulated containers: a very small shell that says it is simulated.

mod shell;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use tokio::sync::mpsc;

use self::shell::{Place, Shell};
use super::Simulation;
use super::answers::found;
use super::container::digest;
use crate::domain::ids::{ContainerId, HostId};
use crate::ports::engine::{EngineError, ExecSession, ExecSpec};

/// Output that waits to be read; when full the program waits.
const OUTPUT: usize = 64;
const INPUT_BYTES: usize = 4096;

/// Status of each exec: `None` while it runs.
type Statuses = Arc<Mutex<BTreeMap<String, Option<i64>>>>;

/// All execs of one engine.
#[derive(Default)]
pub(super) struct Execs {
    statuses: Statuses,
    count: AtomicU64,
}

impl Execs {
    /// Runs a program; it ends by itself, or when nobody reads or writes any more.
    pub(super) fn start(
        &self,
        simulation: &Arc<Simulation>,
        host: &HostId,
        container: &ContainerId,
        spec: ExecSpec,
    ) -> ExecSession {
        let number = self.count.fetch_add(1, Ordering::Relaxed).to_string();
        let id = digest(&["exec", container.as_str(), &number]);
        let (input, typed) = tokio::io::duplex(INPUT_BYTES);
        let (out, printed) = mpsc::channel(OUTPUT);
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), None);
        let (statuses, exec) = (Arc::clone(&self.statuses), id.clone());
        // Held until the status is known: who has read all of the output may ask for it.
        let printing = out.clone();
        let shell = Shell::new(place(simulation, host, container, &spec), spec.tty.is_some(), out);
        tokio::spawn(async move {
            let status = if spec.takes_input {
                shell.run(&spec.argv, typed).await
            } else {
                shell.run(&spec.argv, tokio::io::empty()).await
            };
            statuses.lock().unwrap_or_else(PoisonError::into_inner).insert(exec, Some(status));
            drop(printing);
        });
        let printed = futures_util::stream::unfold(printed, |mut printed| async move {
            printed.recv().await.map(|bytes| (Ok(bytes), printed))
        });
        ExecSession { id, output: printed.boxed(), input: Box::pin(input) }
    }

    /// Its exit status, if it ended; an id that is not known is refused as the engine does.
    pub(super) fn status(&self, exec: &str, what: &str) -> Result<Option<i64>, EngineError> {
        let statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.get(exec).copied().ok_or_else(|| EngineError::Refused {
            what: what.to_owned(),
            status: 404,
            message: format!("No such exec instance: {exec}"),
        })
    }
}

/// What the shell knows of the container around it.
fn place(simulation: &Simulation, host: &HostId, id: &ContainerId, spec: &ExecSpec) -> Place {
    let fleet = simulation.fleet();
    let Ok(it) = found(&fleet, host, id.as_str(), "exec") else { return Place::default() };
    Place {
        hostname: id.short().to_owned(),
        name: it.container.name.clone(),
        user: spec.user.clone().unwrap_or_else(|| "root".to_owned()),
        directory: spec.directory.clone().unwrap_or_else(|| "/".to_owned()),
        env: it.kind.env.iter().chain(&spec.env).cloned().collect(),
        processes: std::iter::once(it.kind.command.join(" ")).chain(it.kind.processes.clone()).collect(),
    }
}
