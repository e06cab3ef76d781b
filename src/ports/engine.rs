//! The engine port: one Docker engine, whatever it is reached through.
//!
//! Local sockets, TCP, SSH and the simulated engine implement this; one contract suite runs against all.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::housing::Housing;
use super::lifecycle::Lifecycle;
pub use crate::domain::event::EngineEvent;
use crate::domain::host::EngineFacts;
use crate::domain::ids::ContainerId;
use crate::domain::inventory::{Inventory, Item};
use crate::domain::usage::Sample;
use crate::logs::line::{Batch, Stream};

/// Why an engine did not do what was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody answered: no socket, no permission, refused, timed out.
    #[error("cannot reach {address}: {cause}{}", tried(mend.as_deref()))]
    Unreachable {
        /// Where it was tried.
        address: String,
        /// What came back.
        cause: String,
        /// The command that mends it, where whoever reached for it knows.
        mend: Option<String>,
    },
    /// Somebody has to answer or look first; trying again by itself cannot help.
    #[error("{cause}{}", tried(mend.as_deref()))]
    NeedsPerson {
        /// Where it was tried.
        address: String,
        /// What is asked for, or what has to be looked at.
        cause: String,
        /// The command that mends it, where whoever reached for it knows.
        mend: Option<String>,
    },
    /// The engine said no.
    #[error("{what}: engine answered {status}: {message}")]
    Refused {
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
    /// The engine stopped talking in the middle, or said what nobody understands.
    #[error("{what}: {cause}")]
    Broken {
        /// What was asked.
        what: String,
        /// What came back.
        cause: String,
    },
}

impl EngineError {
    /// It says that the thing is not there any more, or is just being removed.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Refused { status: 404, .. } => true,
            Self::Refused { status: 409, message, .. } => message.contains("marked for removal"),
            _ => false,
        }
    }
}

fn tried(mend: Option<&str>) -> String {
    mend.map(|mend| format!("; try: {mend}")).unwrap_or_default()
}

/// Which part of a log is wanted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LogRequest {
    /// Newest lines only; `None` reads from the start.
    pub tail: Option<u32>,
    /// Lines at or after this, ns since 1970.
    pub since_ns: Option<i64>,
    /// Lines before this, ns since 1970.
    pub until_ns: Option<i64>,
    /// Stay for what comes.
    pub follow: bool,
}

impl LogRequest {
    /// In the times of a host whose clock is so far ahead of ours.
    #[must_use]
    pub fn by_clock(self, ahead_ns: i64) -> Self {
        let theirs = |ns: i64| ns.saturating_add(ahead_ns);
        Self { since_ns: self.since_ns.map(theirs), until_ns: self.until_ns.map(theirs), ..self }
    }
}

/// A table of processes, as `docker top` shows it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Processes {
    /// Column heads.
    pub titles: Vec<String>,
    /// One row a process.
    pub rows: Vec<Vec<String>>,
}

/// A program to run in a container.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExecSpec {
    /// The program and its arguments; never a shell line.
    pub argv: Vec<String>,
    /// With a terminal of this width and height.
    pub tty: Option<(u16, u16)>,
    /// It reads [`ExecSession::input`]; otherwise it has no input at all.
    pub takes_input: bool,
    /// As whom: a name or number, with `:GROUP` behind it if wanted. The container's own user where it is `None`.
    pub user: Option<String>,
    /// Where it starts; the container's own directory where it is `None`.
    pub directory: Option<String>,
    /// More variables, as `NAME=value`.
    pub env: Vec<String>,
}

/// A running exec: its terminal or output, its input, its end.
pub struct ExecSession {
    /// Engine's id of the exec, for [`Engine::exec_resize`] and [`Engine::exec_status`].
    pub id: String,
    /// What it prints, byte for byte, and where: a terminal has only [`Stream::Stdout`].
    pub output: BoxStream<'static, Result<(Stream, bytes::Bytes), EngineError>>,
    /// Where its input goes; shutting it down is the end of its input.
    pub input: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
}

/// One Docker engine. Calls fail within [`CALL_TIMEOUT`] where nothing else is said; streams end when dropped.
#[async_trait]
pub trait Engine: Lifecycle + Housing {
    /// Whether it answers, and that it speaks a version that is understood. One round trip, cheap for the engine: before
    /// anything else, and how liveness is asked.
    async fn greet(&self) -> Result<(), EngineError> {
        self.facts().await.map(drop)
    }
    /// What the engine says of itself. It counts all it has for the answer: nothing waits for it that can do without.
    async fn facts(&self) -> Result<EngineFacts, EngineError>;
    /// How many short questions may well be asked at the same time.
    fn questions_at_once(&self) -> usize {
        24
    }
    /// The engine's whole answer to an inspection, secrets included: mask before showing.
    async fn inspect(&self, id: &ContainerId) -> Result<serde_json::Value, EngineError>;
    /// What changes, from `since_ns` on (now if `None`); ends with an error when the link breaks.
    async fn events(
        &self,
        since_ns: Option<i64>,
    ) -> Result<BoxStream<'static, Result<EngineEvent, EngineError>>, EngineError>;
    /// As [`Self::events`], but only what comes up to that time by the engine's clock; then the stream ends. Nothing of the
    /// past without `since_ns`, as `docker events` has it.
    async fn events_until(
        &self,
        since_ns: Option<i64>,
        until_ns: i64,
    ) -> Result<BoxStream<'static, Result<EngineEvent, EngineError>>, EngineError>;
    /// What happened to containers since then and until, by the engine's clock, oldest first, as far as the engine still knows: it keeps its last 256
    /// events of all kinds, and each HEALTHCHECK makes three. Empty from an engine that keeps none.
    async fn past_events(&self, since_ns: i64, until_ns: i64) -> Result<Vec<EngineEvent>, EngineError> {
        let _ = (since_ns, until_ns);
        Ok(Vec::new())
    }
    /// One reading of a running container's counters, without the engine's own second of waiting.
    async fn usage(&self, id: &ContainerId) -> Result<Sample, EngineError>;
    /// Readings of a running container's counters as the engine makes them, about one a second; ends when it stops.
    async fn usage_stream(
        &self,
        id: &ContainerId,
    ) -> Result<BoxStream<'static, Result<Sample, EngineError>>, EngineError>;
    /// Log lines in batches as they come; ends when `follow` is off or the container is gone.
    async fn logs(
        &self,
        id: &ContainerId,
        request: LogRequest,
    ) -> Result<BoxStream<'static, Result<Batch, EngineError>>, EngineError>;
    /// Processes of a running container.
    async fn processes(&self, id: &ContainerId) -> Result<Processes, EngineError>;
    /// Run a program in it.
    async fn exec(&self, id: &ContainerId, spec: ExecSpec) -> Result<ExecSession, EngineError>;
    /// Tell a running exec its new width and height.
    async fn exec_resize(&self, exec: &str, size: (u16, u16)) -> Result<(), EngineError>;
    /// Exit status of an exec that ended; `None` while it runs.
    async fn exec_status(&self, exec: &str) -> Result<Option<i64>, EngineError>;
    /// All that the engine keeps. Slow where there is much: the engine walks its disk; within [`DISK_TIMEOUT`].
    async fn inventory(&self) -> Result<Inventory, EngineError>;
    /// Removes this one thing, never by force: what came into use meanwhile is refused. Gone already is success.
    /// Records of the build cache go by [`Engine::prune_cache`] only.
    async fn remove(&self, item: &Item) -> Result<(), EngineError>;
    /// Removes all build cache that no build uses; gives the bytes freed, as the engine counts them.
    async fn prune_cache(&self) -> Result<u64, EngineError>;
}

/// How long one call may take before it is an error.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the engine may take to count or clear what is on its disk.
pub const DISK_TIMEOUT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_just_being_removed_is_gone_and_what_is_only_busy_is_not() {
        let refused = |status, message: &str| {
            let (what, message) = ("logs of 1".to_owned(), message.to_owned());
            EngineError::Refused { what, status, message }.is_gone()
        };
        assert!(refused(404, "No such container: 1"));
        assert!(refused(409, "can not get logs from container which is dead or marked for removal"));
        assert!(!refused(409, "Container 1 is paused, unpause the container before exec"));
    }
}
