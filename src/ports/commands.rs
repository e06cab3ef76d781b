//! Command lines on a host: output as it comes, an exit status, gone when we are. Nothing of the console uses it yet;
//! it is for balancers, the ledger and the checks of a host.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::logs::line::Stream;

/// Why a command did not run, or was not seen to its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CommandError {
    /// It was not begun.
    #[error("{host}: not run: {cause}")]
    NotRun {
        /// Where.
        host: String,
        /// What came back.
        cause: String,
    },
    /// Nobody knows how it ended: the way to the host broke.
    #[error("{host}: lost while it ran: {cause}")]
    Lost {
        /// Where.
        host: String,
        /// What came back.
        cause: String,
    },
}

/// A running command. Dropping `output` ends it.
pub struct Running {
    /// What it prints, byte for byte, each stream in its order; ends when both are closed. Not read: the command waits.
    pub output: BoxStream<'static, Result<(Stream, Bytes), CommandError>>,
    /// Its exit status once the output ended: 128 and the number where a signal ended it, as shells say.
    pub status: BoxFuture<'static, Result<i32, CommandError>>,
}

/// Runs commands on a host.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Runs a line in a POSIX shell of its own process group, as whom the host is reached, and hands it `input`.
    /// Nothing but `line` may come from us: what is of others goes into it quoted.
    ///
    /// When its output is dropped, or the way to the host is closed, the group gets TERM and, two seconds later, KILL.
    /// What left the group stays, and what a command that ended by itself left behind.
    async fn start(&self, line: &str, input: &[u8]) -> Result<Running, CommandError>;
}
