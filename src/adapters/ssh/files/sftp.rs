//! Files by SFTP, with OpenSSH's fsync and posix-rename. Not libssh2's: its handles hang when they are dropped.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::BytesMut;
use openssh_sftp_client::error::{SftpErrMsg, SftpErrorKind};
use openssh_sftp_client::file::File;
use openssh_sftp_client::fs::Fs;
use openssh_sftp_client::metadata::{MetaData, MetaDataBuilder, Permissions};
use openssh_sftp_client::{Error, Sftp, SftpOptions};

use super::{NoSftp, Task, failed};
use crate::adapters::ssh::command::unique;
use crate::adapters::ssh::link::{Door, Link};
use crate::ports::host_files::{FileError, NEW_MODE};

/// Login scripts that print leave us waiting for the rest of a packet that they seemed to begin.
const HELLO: Duration = Duration::from_secs(10);
/// Bytes asked for at once.
const PIECE: u32 = 32 << 10;

pub(super) async fn session(link: &Link) -> Result<Sftp, NoSftp> {
    let opened = link.open(Door::Subsystem("sftp".to_owned())).await.map_err(|e| NoSftp(e.to_string()))?;
    let (from_host, to_host) = tokio::io::split(opened.stream);
    let hello = Sftp::new(to_host, from_host, SftpOptions::new());
    let session = match tokio::time::timeout(HELLO, hello).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => return Err(NoSftp(error.to_string())),
        Err(_) => return Err(NoSftp("no answer that is SFTP".to_owned())),
    };
    if session.support_fsync() && session.support_posix_rename() {
        return Ok(session);
    }
    Err(NoSftp("the server has neither fsync nor posix-rename".to_owned()))
}

pub(super) async fn carry_out(sftp: Sftp, path: &str, task: Task<'_>) -> Result<Vec<u8>, FileError> {
    match task {
        Task::Read(most_bytes) => read(&sftp, path, most_bytes).await,
        Task::Write(bytes) => replace(&sftp, path, bytes).await.map(|()| Vec::new()),
        Task::Create(bytes, mode) => create(&sftp, path, bytes, mode).await.map(|()| Vec::new()),
    }
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::SftpError(SftpErrorKind::NoSuchFile, _))
}

fn told(path: &str, error: &Error) -> FileError {
    match error {
        _ if is_missing(error) => FileError::Missing { path: path.to_owned() },
        Error::SftpError(SftpErrorKind::PermDenied, _) => failed(path, "permission denied"),
        Error::SftpError(_, message) => failed(path, words(message)),
        other => failed(path, other),
    }
}

fn words(message: &SftpErrMsg) -> String {
    message.to_string().chars().filter(|c| !c.is_control()).collect()
}

async fn read(sftp: &Sftp, path: &str, most_bytes: usize) -> Result<Vec<u8>, FileError> {
    let mut file = sftp.open(path).await.map_err(|e| told(path, &e))?;
    let mut bytes = Vec::new();
    while let Some(piece) = file.read(PIECE, BytesMut::new()).await.map_err(|e| told(path, &e))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > most_bytes {
            return Err(FileError::TooLarge { path: path.to_owned(), most_bytes });
        }
    }
    Ok(bytes)
}

fn mode_of(mode: u32) -> Permissions {
    Permissions::from(u16::try_from(mode & 0o7777).unwrap_or(0o600))
}

/// SFTP 3 has one error for all that is none of its few: whether it exists is asked.
async fn create(sftp: &Sftp, path: &str, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let mut fs = sftp.fs();
    let mut file = match sftp.options().write(true).create_new(true).open(path).await {
        Ok(file) => file,
        Err(error) if fs.symlink_metadata(path).await.is_ok() => {
            tracing::debug!(%error, "not made");
            return Err(FileError::Exists { path: path.to_owned() });
        }
        Err(error) => return Err(told(path, &error)),
    };
    let whole = fill(&mut file, bytes, MetaDataBuilder::new().permissions(mode_of(mode))).await;
    tidy(&mut fs, path, Path::new(path), whole).await
}

async fn fill(file: &mut File, bytes: &[u8], data: &mut MetaDataBuilder) -> Result<(), Error> {
    file.write_all(bytes).await?;
    file.set_metadata(data.create()).await?;
    file.sync_all().await
}

/// Takes away what was not made whole.
async fn tidy(fs: &mut Fs, path: &str, made: &Path, whole: Result<(), Error>) -> Result<(), FileError> {
    let Err(error) = whole else { return Ok(()) };
    match fs.remove_file(made).await {
        Ok(()) => Err(told(path, &error)),
        Err(left) => Err(failed(path, format!("{error}; {} stays: {left}", made.display()))),
    }
}

async fn replace(sftp: &Sftp, path: &str, bytes: &[u8]) -> Result<(), FileError> {
    let mut fs = sftp.fs();
    let old = match fs.metadata(path).await {
        Ok(old) => Some(old),
        Err(error) if is_missing(&error) => None,
        Err(error) => return Err(told(path, &error)),
    };
    let target = match &old {
        Some(_) => fs.canonicalize(path).await.map_err(|e| told(path, &e))?,
        None => PathBuf::from(path),
    };
    let name = target.file_name().ok_or_else(|| failed(path, "no file's name"))?.to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}", unique()));
    let mut data = MetaDataBuilder::new();
    data.permissions(old.as_ref().and_then(MetaData::permissions).unwrap_or_else(|| mode_of(NEW_MODE)));
    if let Some(old) = &old {
        let (Some(uid), Some(gid)) = (old.uid(), old.gid()) else {
            return Err(failed(path, "the server does not say who owns it"));
        };
        data.id((uid, gid));
    }
    let file = sftp.options().write(true).create_new(true).open(&beside).await;
    let mut file = file.map_err(|e| told(path, &e))?;
    let mut whole = fill(&mut file, bytes, &mut data).await;
    if whole.is_ok() {
        whole = file.close().await;
    }
    if whole.is_ok() {
        whole = fs.rename(&beside, &target).await;
    }
    tidy(&mut fs, path, &beside, whole).await
}
