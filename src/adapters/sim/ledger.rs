//! The files of the ledgers on simulated hosts, as long as the simulation lives.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::watch;

use super::SimEngine;
use super::faults::Call;
use crate::domain::ids::EnvironmentId;
use crate::ports::engine::EngineError;
use crate::ports::ledger::{File, Kept, LedgerFiles};
use crate::ports::lock::Watched;

/// What one host has.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    files: BTreeMap<String, Vec<u8>>,
    has_way: bool,
    pub(super) locks: BTreeMap<EnvironmentId, Watched>,
    written: watch::Sender<()>,
}

impl Shelf {
    /// Puts these files there, as if they had always been there.
    pub(super) fn keep(&mut self, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
        self.has_way = true;
        self.files.extend(files);
    }
}

impl SimEngine {
    /// What `docker system prune -a --volumes` does to a ledger: the files stay, what leads to them goes.
    pub fn clear(&self) {
        self.with_shelf(|shelf| {
            shelf.has_way = false;
            shelf.locks.clear();
        });
    }

    pub(super) fn with_shelf<T>(&self, then: impl FnOnce(&mut Shelf) -> T) -> T {
        then(self.simulation.fleet().ledgers.entry(self.host.clone()).or_default())
    }
}

#[async_trait]
impl LedgerFiles for SimEngine {
    async fn ledger_files(&self, below: &str) -> Result<Kept, EngineError> {
        self.pass(Call::Ledger).await?;
        let is_below =
            |path: &str| path == below || path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'));
        Ok(self.with_shelf(|shelf| {
            if !shelf.has_way {
                return Kept::NoWay;
            }
            let files = shelf.files.iter().filter(|(path, _)| is_below(path));
            Kept::Files(
                files.map(|(path, bytes)| File { path: path.clone(), bytes: bytes.clone() }).collect(),
            )
        }))
    }

    async fn ledger_reopen(&self) -> Result<bool, EngineError> {
        self.pass(Call::Ledger).await?;
        Ok(self.with_shelf(|shelf| {
            shelf.has_way |= !shelf.files.is_empty();
            shelf.has_way
        }))
    }

    async fn ledger_write(&self, files: &[File]) -> Result<(), EngineError> {
        self.pass(Call::Ledger).await?;
        let files = files.iter().map(|file| (file.path.clone(), file.bytes.clone()));
        self.with_shelf(|shelf| {
            shelf.keep(files);
            shelf.written.send_replace(());
        });
        self.simulation.fleet().report_written(&self.host);
        self.simulation.wake();
        Ok(())
    }

    async fn ledger_written(&self) -> Result<BoxStream<'static, ()>, EngineError> {
        let written = self.with_shelf(|shelf| shelf.written.subscribe());
        let next = |mut written: watch::Receiver<()>| async {
            written.changed().await.ok()?;
            Some(((), written))
        };
        Ok(stream::unfold(written, next).boxed())
    }
}
