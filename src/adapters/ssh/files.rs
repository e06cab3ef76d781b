//! Files of a host over its SSH connection: by SFTP, and by commands where the host has none.

use std::time::Duration;

use async_trait::async_trait;

use super::host::SshHost;
use crate::ports::host_files::{FileError, HostFiles};

mod exec;
mod sftp;

/// Longest wait for one file.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is to be done with a file.
#[derive(Clone, Copy)]
enum Task<'a> {
    Read(usize),
    Write(&'a [u8]),
    Create(&'a [u8], u32),
}

/// The host has no SFTP that can be used, and why.
struct NoSftp(String);

fn failed(path: &str, cause: impl std::fmt::Display) -> FileError {
    FileError::Failed { path: path.to_owned(), cause: cause.to_string() }
}

impl SshHost {
    async fn file(&self, path: &str, task: Task<'_>) -> Result<Vec<u8>, FileError> {
        if !path.starts_with('/') || path.contains('\0') {
            return Err(failed(path, "no absolute path"));
        }
        let work = async {
            let connected = self.connected().await.map_err(|e| failed(path, e))?;
            if !self.has_no_sftp() {
                match sftp::session(&connected.link).await {
                    Ok(session) => return sftp::carry_out(session, path, task).await,
                    Err(_) if connected.link.is_gone() => {
                        return Err(failed(path, connected.link.why_ended()));
                    }
                    Err(NoSftp(why)) => {
                        tracing::debug!(why, "files go by commands");
                        self.remember_no_sftp();
                    }
                }
            }
            exec::carry_out(&connected.link, path, task).await
        };
        let in_time = tokio::time::timeout(PATIENCE, work).await;
        in_time.unwrap_or_else(|_| Err(failed(path, format!("not done within {} s", PATIENCE.as_secs()))))
    }
}

#[async_trait]
impl HostFiles for SshHost {
    async fn read(&self, path: &str, most_bytes: usize) -> Result<Vec<u8>, FileError> {
        self.file(path, Task::Read(most_bytes)).await
    }

    async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.file(path, Task::Write(bytes)).await.map(drop)
    }

    async fn create(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), FileError> {
        self.file(path, Task::Create(bytes, mode)).await.map(drop)
    }
}
