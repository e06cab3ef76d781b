//! Commands on this machine, with the same watcher as on a host: they end with this program too, however it ends.

use std::process::Stdio;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::process::Command;

use super::Here;
use crate::adapters::ssh::command::{Feed, output, watched_script};
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
        let (Some(to_command), Some(out), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(not_run(&"no pipes"));
        };
        // Waited for whoever listens, so that no dead process stays.
        let ended = tokio::spawn(async move { child.wait().await });
        let status = async move {
            let status = ended.await.map_err(|e| lost(&e))?.map_err(|e| lost(&e))?;
            use std::os::unix::process::ExitStatusExt;
            status.code().or_else(|| Some(128 + status.signal()?)).ok_or_else(|| lost(&"no status"))
        };
        let output = output(out, errors, Feed::new(to_command, input)).map_err(|e| lost(&e)).boxed();
        Ok(Running { output, status: status.boxed() })
    }
}
