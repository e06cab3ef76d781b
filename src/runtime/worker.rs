//! Starts the process that does a deployment by itself, and hears what it tells. It stays when whoever started it goes.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::deploy::event::Event;
use crate::deploy::order::Order;

/// The command of this program that such a process runs.
pub const COMMAND: &str = "worker";

/// A process that was started.
pub struct Started {
    /// Which.
    pub pid: u32,
    events: Lines<BufReader<ChildStdout>>,
}

impl Started {
    /// What it tells next; `None` once it tells nothing more. Dropped, it goes on unheard.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.events.next_line().await {
                Ok(Some(line)) => match serde_json::from_str(&line) {
                    Ok(event) => return Some(event),
                    // An update may have put another version in the place of this one.
                    Err(error) => tracing::warn!(%error, "the worker told what nobody understands"),
                },
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(%error, "the worker is not heard");
                    return None;
                }
            }
        }
    }
}

/// Starts it. The order goes over a pipe: what is in it stands in no list of processes.
///
/// # Errors
/// The machine's: nothing was begun.
pub async fn start(order: &Order) -> io::Result<Started> {
    let mut child = Command::new(program()?)
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Nobody may be there to read it any more; what went wrong is in its log.
        .stderr(Stdio::null())
        .spawn()?;
    let pid = child.id().unwrap_or_default();
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
        return Err(io::Error::other("it has no pipes"));
    };
    stdin.write_all(&serde_json::to_vec(order)?).await?;
    stdin.shutdown().await?;
    Ok(Started { pid, events: BufReader::new(stdout).lines() })
}

/// This program, also where an update has put another in its place meanwhile.
fn program() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let same = PathBuf::from("/proc/self/exe");
    Ok(if !own.exists() && same.exists() { same } else { own })
}
