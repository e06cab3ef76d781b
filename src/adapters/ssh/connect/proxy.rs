//! The operator's own command as the way to a host: its input and output are the connection, its errors are told.

use std::io;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Wire;
use super::error::ConnectError;
use crate::adapters::ssh::settings::Settings;
use crate::adapters::ssh::trail::Trail;
use crate::domain::checkup::{Stage, Step};

/// Most of what it says that is kept; the rest is read and dropped.
const MOST_BYTES: u64 = 4 << 10;
/// A command whose connection failed ends within this, or what it says is not waited for.
const END: Duration = Duration::from_secs(1);

/// What the command says while the connection is made.
pub(super) struct Words {
    host: String,
    how: String,
    said: JoinHandle<String>,
}

/// Starts it. It ends with the connection.
pub(super) fn start(
    settings: &Settings,
    command: &str,
    trail: &Trail,
) -> Result<(Wire, Words), ConnectError> {
    let (host, how) = (settings.original.clone(), format!("ProxyCommand {command}"));
    let way = |cause: io::Error| {
        let cause = cause.to_string();
        ConnectError::Way { host: host.clone(), how: how.clone(), cause }
    };
    let (ours, theirs) = UnixStream::pair().map_err(way)?;
    let input = theirs.try_clone().map_err(way)?;
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("exec {command}")])
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(input)))
        .stdout(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stderr(Stdio::piped())
        .spawn()
        .map_err(way)?;
    let errors = child.stderr.take();
    // Reads the end of its input when the connection goes, and ends; waited for so that no dead process stays.
    let said = tokio::spawn(async move {
        let mut said = Vec::new();
        if let Some(mut errors) = errors {
            // What cannot be read was not said.
            let _ = (&mut errors).take(MOST_BYTES).read_to_end(&mut said).await;
            let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
        }
        let _ = child.wait().await;
        String::from_utf8_lossy(&said).into_owned()
    });
    trail.note(Step::unknown(Stage::Name, format!("{} is left to the ProxyCommand", settings.host_name)));
    trail.note(Step::unknown(Stage::Connection, format!("left to `{command}`, which was started")));
    Ok((Wire::Pair(ours), Words { host, how, said }))
}

impl Words {
    /// Why there was no handshake: its last words, else what was seen of it from here.
    pub(super) async fn or(self, error: ConnectError) -> ConnectError {
        let Ok(Ok(said)) = timeout(END, self.said).await else { return error };
        match said.lines().map(str::trim).rfind(|line| !line.is_empty()) {
            Some(last) => ConnectError::Way { host: self.host, how: self.how, cause: last.to_owned() },
            None => error,
        }
    }
}
