//! Files of this machine, as those of a host.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::Here;
use crate::ports::host_files::{FileError, HostFiles, NEW_MODE};

fn told(path: &str, error: &io::Error) -> FileError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => FileError::Missing { path },
        io::ErrorKind::AlreadyExists => FileError::Exists { path },
        _ => FileError::Failed { path, cause: error.to_string() },
    }
}

async fn apart<T: Send + 'static>(
    path: &str,
    work: impl FnOnce(&str) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let own = path.to_owned();
    let done = tokio::task::spawn_blocking(move || work(&own)).await;
    done.unwrap_or_else(|e| Err(FileError::Failed { path: path.to_owned(), cause: e.to_string() }))
}

#[async_trait]
impl HostFiles for Here {
    async fn read(&self, path: &str, most_bytes: usize) -> Result<Vec<u8>, FileError> {
        let read = move |path: &str| {
            let mut bytes = Vec::new();
            let file = File::open(path).map_err(|e| told(path, &e))?;
            file.take(most_bytes as u64 + 1).read_to_end(&mut bytes).map_err(|e| told(path, &e))?;
            if bytes.len() > most_bytes {
                return Err(FileError::TooLarge { path: path.to_owned(), most_bytes });
            }
            Ok(bytes)
        };
        apart(path, read).await
    }

    async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        let bytes = bytes.to_vec();
        apart(path, move |path| replace(Path::new(path), &bytes).map_err(|e| told(path, &e))).await
    }

    async fn create(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), FileError> {
        let bytes = bytes.to_vec();
        apart(path, move |path| make(Path::new(path), &bytes, mode).map_err(|e| told(path, &e))).await
    }
}

fn make(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    tidy(path, fill(&mut file, bytes, mode))
}

/// Takes away what was not made whole.
fn tidy(made: &Path, whole: io::Result<()>) -> io::Result<()> {
    let Err(error) = whole else { return Ok(()) };
    Err(match fs::remove_file(made) {
        Ok(()) => error,
        Err(left) => io::Error::new(error.kind(), format!("{error}; {} stays: {left}", made.display())),
    })
}

fn fill(file: &mut File, bytes: &[u8], mode: u32) -> io::Result<()> {
    file.write_all(bytes)?;
    // Whatever the umask is.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (target, old) = match fs::canonicalize(path) {
        Ok(target) => {
            let old = fs::metadata(&target)?;
            (target, Some(old))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
        Err(error) => return Err(error),
    };
    let beside = beside(&target)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let whole = (|| {
        if let Some(old) = &old {
            fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        fill(&mut file, bytes, old.as_ref().map_or(NEW_MODE, |old| old.mode() & 0o7777))?;
        fs::rename(&beside, &target)
    })();
    tidy(&beside, whole)?;
    // The name itself: without it an older name may come back after a power failure.
    File::open(target.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// A name beside it that nobody else uses.
fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| io::Error::other("no file's name"))?.to_string_lossy();
    Ok(target.with_file_name(format!(".{name}.{}", crate::adapters::ssh::command::unique())))
}
