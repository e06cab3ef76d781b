//! The terminal handed to a program in a container, and taken back when it ends.

use std::io::{Write, stdout};
use std::sync::Arc;
use std::time::Duration;

use crossterm::terminal::size;
use futures_util::StreamExt;
use rustix::fs::{Mode, OFlags};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

use crate::domain::ids::{ContainerId, ContainerKey};
use crate::ports::engine::{Engine, EngineError, ExecSpec};

/// The first of these that is there is started.
pub const SHELL: [&str; 3] = ["/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"];

/// What a shell is called in the ledger.
pub const ACT: &str = "shell";

/// The engine closes the stream a moment before it knows the status.
const STATUS_WITHIN: Duration = Duration::from_secs(5);
const STATUS_GAP: Duration = Duration::from_millis(20);

/// How a shell ended.
pub struct Ended {
    /// Its exit status.
    pub status: i64,
    /// Somebody typed something: its status is that of what was typed last.
    pub has_typed: bool,
}

/// Runs a shell until it ends. The terminal must be raw and nobody else may read it; `typed` was read from it already.
///
/// # Errors
/// The engine's, or that there is no shell in the image.
pub async fn run(engine: &Arc<dyn Engine>, key: &ContainerKey, typed: Vec<u8>) -> Result<Ended, EngineError> {
    let spec = ExecSpec { argv: SHELL.map(str::to_owned).to_vec(), ..ExecSpec::default() };
    attach(engine, &key.id, spec, typed).await
}

/// Runs a program on this terminal, at its size, until it ends. The terminal must be raw and nobody else may read it;
/// `before` was read from it already.
///
/// # Errors
/// The engine's; [`EngineError::Broken`] too where this terminal broke.
pub async fn attach(
    engine: &Arc<dyn Engine>,
    container: &ContainerId,
    spec: ExecSpec,
    before: Vec<u8>,
) -> Result<Ended, EngineError> {
    let shown = size().unwrap_or((80, 24));
    let spec = ExecSpec { tty: Some(shown), takes_input: true, ..spec };
    let mut session = engine.exec(container, spec).await?;
    resize(engine, &session.id, shown).await;
    let broken = |e: std::io::Error| EngineError::Broken { what: "terminal".into(), cause: e.to_string() };
    let mut resized =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change()).map_err(broken)?;
    // Not blocking, so that no read is left behind to swallow the next key.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let keys = rustix::fs::open("/dev/tty", flags, Mode::empty()).map_err(|e| broken(e.into()))?;
    // Reads like a pipe; the check for one is what is left out.
    let mut keys = pipe::Receiver::from_file_unchecked(keys.into()).map_err(broken)?;
    let mut typed = [0; 4096];
    let mut has_typed = !before.is_empty();
    if has_typed {
        session.input.write_all(&before).await.map_err(broken)?;
        session.input.flush().await.map_err(broken)?;
    }
    loop {
        tokio::select! {
            chunk = session.output.next() => match chunk {
                Some(chunk) => {
                    let (_, bytes) = chunk?;
                    let mut out = stdout().lock();
                    out.write_all(&bytes).and_then(|()| out.flush()).map_err(broken)?;
                }
                None => break,
            },
            count = keys.read(&mut typed) => {
                let count = count.map_err(broken)?;
                if count == 0 {
                    return Err(broken(std::io::ErrorKind::UnexpectedEof.into()));
                }
                has_typed = true;
                session.input.write_all(&typed[..count]).await.map_err(broken)?;
                session.input.flush().await.map_err(broken)?;
            }
            _ = resized.recv() => resize(engine, &session.id, size().unwrap_or(shown)).await,
        }
    }
    Ok(Ended { status: status(engine, &session.id).await?, has_typed })
}

/// The exit status of an exec whose output has ended.
///
/// # Errors
/// The engine's, or that it does not say in time.
pub async fn status(engine: &Arc<dyn Engine>, exec: &str) -> Result<i64, EngineError> {
    let known = async {
        loop {
            if let Some(status) = engine.exec_status(exec).await? {
                return Ok(status);
            }
            tokio::time::sleep(STATUS_GAP).await;
        }
    };
    let unknown = |_| EngineError::Broken {
        what: "status of the program".to_owned(),
        cause: format!("its output ended, and {} s later it still runs", STATUS_WITHIN.as_secs()),
    };
    tokio::time::timeout(STATUS_WITHIN, known).await.map_err(unknown)?
}

async fn resize(engine: &Arc<dyn Engine>, exec: &str, shown: (u16, u16)) {
    if let Err(error) = engine.exec_resize(exec, shown).await {
        tracing::debug!(%error, "the program keeps its size");
    }
}
