//! A shell where a balancer runs: in its container, by the engine alone.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::domain::ids::ContainerId;
use crate::logs::line::Stream;
use crate::ports::engine::{CALL_TIMEOUT, Engine, EngineError, ExecSession, ExecSpec};

/// What a script printed, and how it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Printed {
    /// Its exit status.
    pub status: i64,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub errors: String,
}

/// Why a script did not run, or was not seen to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShellError {
    /// There is no such place.
    NoPlace,
    /// It was not begun.
    NotBegun(String),
    /// It was begun, and may still go on.
    Lost(String),
}

/// Runs POSIX scripts.
#[async_trait]
pub trait Shell: Send + Sync {
    /// Runs a script with these arguments and hands it `input`. Nothing but the script itself is read as one.
    async fn run(&self, script: &str, args: &[&str], input: &[u8]) -> Result<Printed, ShellError>;

    /// Starts a program that reads and prints until one of both ends is closed.
    async fn open(&self, argv: &[&str]) -> Result<ExecSession, ShellError>;
}

/// In a container of this engine.
pub struct InContainer {
    /// Its engine.
    pub engine: Arc<dyn Engine>,
    /// Its name.
    pub name: String,
}

impl InContainer {
    async fn start(&self, argv: Vec<String>, takes_input: bool) -> Result<ExecSession, ShellError> {
        let spec = ExecSpec { argv, takes_input, user: Some("0".to_owned()), ..ExecSpec::default() };
        let started = self.engine.exec(&ContainerId::new(self.name.as_str()), spec).await;
        started.map_err(|error| match error {
            EngineError::Broken { .. } => ShellError::Lost(error.to_string()),
            error if error.is_gone() => ShellError::NoPlace,
            other => ShellError::NotBegun(other.to_string()),
        })
    }

    async fn finish(&self, mut session: ExecSession, input: &[u8]) -> Result<Printed, EngineError> {
        let broken = |cause: String| EngineError::Broken { what: "a script".to_owned(), cause };
        if !input.is_empty() {
            session.input.write_all(input).await.map_err(|error| broken(error.to_string()))?;
            session.input.shutdown().await.map_err(|error| broken(error.to_string()))?;
        }
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        while let Some(piece) = session.output.next().await {
            let (stream, bytes) = piece?;
            if stream == Stream::Stderr { &mut errors } else { &mut out }.extend_from_slice(&bytes);
        }
        let status = self.engine.exec_status(&session.id).await?;
        let status = status.ok_or_else(|| broken("it still runs although it prints no more".to_owned()))?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Printed { status, out: text(out), errors: text(errors) })
    }
}

#[async_trait]
impl Shell for InContainer {
    async fn run(&self, script: &str, args: &[&str], input: &[u8]) -> Result<Printed, ShellError> {
        let argv = ["sh", "-c", script, "sh"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
        let session = self.start(argv, !input.is_empty()).await?;
        match timeout(CALL_TIMEOUT, self.finish(session, input)).await {
            Ok(Ok(printed)) => Ok(printed),
            Ok(Err(error)) => Err(ShellError::Lost(error.to_string())),
            Err(_) => Err(ShellError::Lost(format!("no end within {} s", CALL_TIMEOUT.as_secs()))),
        }
    }

    async fn open(&self, argv: &[&str]) -> Result<ExecSession, ShellError> {
        self.start(argv.iter().map(|arg| (*arg).to_owned()).collect(), true).await
    }
}
