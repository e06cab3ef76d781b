//! What this operator saw of the ledgers of a host, in files of this machine. Nothing is ever changed or removed.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::domain::checksum::checksum;
use crate::domain::host::Address;
use crate::domain::ledger::form::MOST_BYTES;
use crate::domain::ledger::union::is_whole;
use crate::ports::ledger::{File, LedgerCopy};

/// The copy of one host.
pub struct OnDisk {
    dir: PathBuf,
}

impl OnDisk {
    /// Of the host at that address, below the state directory. Nothing is made yet.
    pub fn new(state: &Path, address: &Address) -> Self {
        let sum = checksum(address.to_string().as_bytes());
        Self { dir: state.join("ledger").join(sum.get(..16).unwrap_or(&sum)) }
    }
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

impl LedgerCopy for OnDisk {
    fn keep(&self, files: &[File]) -> Result<(), String> {
        for file in files.iter().filter(|file| is_whole(file)) {
            let path = self.dir.join(&file.path);
            if path.exists() {
                continue;
            }
            let above = path.parent().unwrap_or(&self.dir);
            fs::DirBuilder::new().recursive(true).mode(0o700).create(above).map_err(|e| told(above, &e))?;
            let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            match made.and_then(|mut to| to.write_all(&file.bytes)) {
                // Another console was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                done => done.map_err(|e| told(&path, &e))?,
            }
        }
        Ok(())
    }

    fn kept(&self, directory: &str) -> Result<Vec<File>, String> {
        let mut files = Vec::new();
        let below = self.dir.join(directory);
        for number in names(&below)? {
            for name in names(&below.join(&number))? {
                let path = below.join(&number).join(&name);
                let size = fs::metadata(&path).map_err(|e| told(&path, &e))?.len();
                if size <= MOST_BYTES as u64 {
                    let bytes = fs::read(&path).map_err(|e| told(&path, &e))?;
                    files.push(File { path: format!("{directory}/{number}/{name}"), bytes });
                }
            }
        }
        Ok(files)
    }
}

/// What is in a directory; nothing where there is none.
fn names(dir: &Path) -> Result<Vec<String>, String> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(told(dir, &error)),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::EnvironmentId;
    use crate::domain::ledger::form::{directory, path, write};
    use crate::domain::ledger::{Piece, RecordId, RecordNumber};

    fn piece(number: u32) -> File {
        let piece = Piece::Withdrawn { number: RecordNumber(number), id: RecordId::new(7) };
        File { path: path(&EnvironmentId::new("e"), &piece), bytes: write(&piece) }
    }

    fn copy(state: &Path) -> OnDisk {
        OnDisk::new(state, &Address::parse("unix:///run/docker.sock"))
    }

    #[test]
    fn what_was_seen_is_kept_once_and_read_back() {
        let state = tempfile::tempdir().unwrap();
        let (copy, files) = (copy(state.path()), [piece(1), piece(2)]);
        copy.keep(&files[..1]).unwrap();
        copy.keep(&files).unwrap();
        let mut kept = copy.kept(&directory(&EnvironmentId::new("e"))).unwrap();
        kept.sort();
        assert_eq!(kept, files);
        assert_eq!(copy.kept("other").unwrap(), []);
    }

    #[test]
    fn a_host_cannot_have_anything_else_written_here() {
        let state = tempfile::tempdir().unwrap();
        let whole = piece(1);
        for path in ["../../../evil", "e/../000001/x.withdrawn", "/etc/x", "e/000001/../x", "e/head", ""] {
            let file = File { path: path.to_owned(), ..whole.clone() };
            copy(state.path()).keep(&[file]).unwrap();
        }
        copy(state.path()).keep(&[File { bytes: b"torn".to_vec(), ..whole }]).unwrap();
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    }
}
