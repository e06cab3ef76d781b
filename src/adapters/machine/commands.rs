//! Commands on this machine, with the same watcher as on a host: they end with this program too, however it ends.

use std::process::Stdio;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};
use tokio::task::JoinHandle;

use super::Here;
use crate::adapters::ssh::command::{output, watched_script};
use crate::ports::commands::{CommandError, Commands, Running};

const HOST: &str = "this machine";

fn lost(cause: &dyn std::fmt::Display) -> CommandError {
    CommandError::Lost { host: HOST.to_owned(), cause: cause.to_string() }
}

#[async_trait]
impl Commands for Here {
    async fn start(&self, line: &str, input: &[u8]) -> Result<Running, CommandError> {
        let not_run = |cause: &dyn std::fmt::Display| CommandError::NotRun {
            host: HOST.to_owned(),
            cause: cause.to_string(),
        };
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(watched_script(line, input.len())).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| not_run(&e))?;
        let (Some(mut to_command), Some(out), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(not_run(&"no pipes"));
        };
        let input = input.to_vec();
        let feeding = tokio::spawn(async move {
            if let Err(error) = to_command.write_all(&input).await {
                tracing::debug!(%error, "a command did not take its input");
            }
            to_command
        });
        // Waited for whoever listens, so that no dead process stays.
        let ended = tokio::spawn(async move { child.wait().await });
        let status = async move {
            let status = ended.await.map_err(|e| lost(&e))?.map_err(|e| lost(&e))?;
            use std::os::unix::process::ExitStatusExt;
            status.code().or_else(|| Some(128 + status.signal()?)).ok_or_else(|| lost(&"no status"))
        };
        let output = output(out, errors, EndOf(feeding)).map_err(|e| lost(&e)).boxed();
        Ok(Running { output, status: status.boxed() })
    }
}

/// Holds our end of the command's input until it is dropped.
struct EndOf(JoinHandle<ChildStdin>);

impl Drop for EndOf {
    fn drop(&mut self) {
        self.0.abort();
    }
}
