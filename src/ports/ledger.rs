//! The ledger port: files of the ledgers on one host, through its engine alone. What they hold is not looked at here.

use async_trait::async_trait;
use futures_util::stream::BoxStream;

pub use crate::domain::ledger::union::File;

use super::engine::EngineError;

/// What an engine has of ledgers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kept {
    /// These files; none where nothing was ever written.
    Files(Vec<File>),
    /// Nobody knows: what leads to the files is not there. Nothing was ever written, or somebody cleared the engine.
    NoWay,
}

/// What this operator saw of a host's ledgers, kept here: it is read where the host cannot be.
pub trait LedgerCopy: Send + Sync {
    /// Keeps those that are not kept yet; what is no whole piece at its place is left out. Waits for the disk.
    ///
    /// # Errors
    /// The disk's, with its path.
    fn keep(&self, files: &[File]) -> Result<(), String>;

    /// All that is kept of an environment, or all but the journals; empty where nothing is. Waits for the disk.
    ///
    /// # Errors
    /// The disk's, with its path.
    fn kept(&self, directory: &str, with_journals: bool) -> Result<Vec<File>, String>;
}

/// Keeps files below the directory of all ledgers of a host.
#[async_trait]
pub trait LedgerFiles: Send + Sync {
    /// The file of that path, or all files below it. Changes nothing on the host.
    async fn ledger_files(&self, below: &str) -> Result<Kept, EngineError>;

    /// Makes the way to files that are there, where somebody cleared it away; gives whether there is one now. Where
    /// nothing was ever written nothing is made.
    async fn ledger_reopen(&self) -> Result<bool, EngineError>;

    /// Writes files, in this order, and all that is missing on the way to them. Whoever asks for them once this has
    /// returned sees them; who asks meanwhile may see half of them. A file of that path is replaced.
    async fn ledger_write(&self, files: &[File]) -> Result<(), EngineError>;

    /// Tells from now on whenever something was written to any ledger of the host; ends when the link does.
    async fn ledger_written(&self) -> Result<BoxStream<'static, ()>, EngineError>;
}
