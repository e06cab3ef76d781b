//! Commands on a host over its SSH connection.

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use tokio::io::AsyncWriteExt;

use super::command::{output, watched};
use super::host::SshHost;
use super::link::Door;
use crate::ports::commands::{CommandError, Commands, Running};

#[async_trait]
impl Commands for SshHost {
    async fn start(&self, line: &str, input: &[u8]) -> Result<Running, CommandError> {
        let host = self.address();
        let not_run = |cause: &dyn std::fmt::Display| CommandError::NotRun {
            host: host.clone(),
            cause: cause.to_string(),
        };
        let connected = self.connected().await.map_err(|e| not_run(&e))?;
        let opened = connected.link.open(Door::Exec(watched(line, input.len()), None)).await;
        let opened = opened.map_err(|e| not_run(&e))?;
        let (Some(errors), Some(ended)) = (opened.errors, opened.status) else {
            return Err(not_run(&"the channel is no command's"));
        };
        let (out, mut to_command) = tokio::io::split(opened.stream);
        let input = input.to_vec();
        // Ends with the channel; the end of what is sent to it is where we leave, so it is not shut down.
        let feeding = tokio::spawn(async move {
            if let Err(error) = to_command.write_all(&input).await {
                tracing::debug!(%error, "a command did not take its input");
            }
            to_command
        });
        let lost = {
            let (host, link) = (host.clone(), connected.link.clone());
            move |cause: String| {
                let cause = if link.is_gone() { link.why_ended().to_owned() } else { cause };
                CommandError::Lost { host: host.clone(), cause }
            }
        };
        let told = lost.clone();
        let output = output(out, errors, EndOf(feeding)).map_err(move |e| told(e.to_string())).boxed();
        let status = async move {
            match ended.await {
                Ok(Some(status)) => Ok(status),
                Ok(None) => Err(lost("a signal ended its shell".to_owned())),
                Err(_) => Err(lost("its end was not told".to_owned())),
            }
        };
        Ok(Running { output, status: status.boxed() })
    }
}

/// Holds our end of the command's input until it is dropped.
struct EndOf(tokio::task::JoinHandle<tokio::io::WriteHalf<super::link::Stream>>);

impl Drop for EndOf {
    fn drop(&mut self) {
        self.0.abort();
    }
}
