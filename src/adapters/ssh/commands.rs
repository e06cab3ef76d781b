//! Commands on a host over its SSH connection.

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt, TryStreamExt};

use super::command::{Feed, output, watched};
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
        let (out, to_command) = tokio::io::split(opened.stream);
        let lost = {
            let (host, link) = (host.clone(), connected.link.clone());
            move |cause: String| {
                let cause = if link.is_gone() { link.why_ended().to_owned() } else { cause };
                CommandError::Lost { host: host.clone(), cause }
            }
        };
        let told = lost.clone();
        let output =
            output(out, errors, Feed::new(to_command, input)).map_err(move |e| told(e.to_string())).boxed();
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
