//! The terminal handed to a shell in a container, and taken back when it ends.

use std::io::{Write, stdout};
use std::sync::Arc;

use crossterm::terminal::size;
use futures_util::StreamExt;
use rustix::fs::{Mode, OFlags};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

use crate::domain::ids::ContainerKey;
use crate::ports::engine::{Engine, EngineError, ExecSpec};

/// The first of these that is there is started.
const SHELL: [&str; 3] = ["/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"];

/// Runs a shell until it ends. The terminal must be raw and nobody else may read it.
///
/// # Errors
/// The engine's, or that there is no shell in the image.
pub async fn run(engine: &Arc<dyn Engine>, key: &ContainerKey) -> Result<Option<i64>, EngineError> {
    let shown = size().unwrap_or((80, 24));
    let spec = ExecSpec {
        argv: SHELL.map(str::to_owned).to_vec(),
        tty: Some(shown),
        takes_input: true,
        ..ExecSpec::default()
    };
    let mut session = engine.exec(&key.id, spec).await?;
    resize(engine, &session.id, shown).await;
    let broken = |e: std::io::Error| EngineError::Broken { what: "shell".into(), cause: e.to_string() };
    let mut resized =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change()).map_err(broken)?;
    // Not blocking, so that no read is left behind to swallow the next key.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let keys = rustix::fs::open("/dev/tty", flags, Mode::empty()).map_err(|e| broken(e.into()))?;
    // Reads like a pipe; the check for one is what is left out.
    let mut keys = pipe::Receiver::from_file_unchecked(keys.into()).map_err(broken)?;
    let mut typed = [0; 4096];
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
                session.input.write_all(&typed[..count]).await.map_err(broken)?;
                session.input.flush().await.map_err(broken)?;
            }
            _ = resized.recv() => resize(engine, &session.id, size().unwrap_or(shown)).await,
        }
    }
    engine.exec_status(&session.id).await
}

async fn resize(engine: &Arc<dyn Engine>, exec: &str, shown: (u16, u16)) {
    if let Err(error) = engine.exec_resize(exec, shown).await {
        tracing::debug!(%error, "shell keeps its size");
    }
}
