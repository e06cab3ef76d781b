//! What this operator saw of the ledgers of a host, in files of this machine. Nothing is ever changed or removed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::checksum::checksum;
use crate::domain::host::Address;
use crate::domain::ledger::form::{MOST_BYTES, is_journal};
use crate::domain::ledger::union::is_whole;
use crate::ports::ledger::{File, LedgerCopy};

/// By directory, then by path.
type Known = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// The copy of one host.
pub struct OnDisk {
    dir: PathBuf,
    // Directories that were read once with all that is in them, and what was kept since.
    read: Mutex<Known>,
}

impl OnDisk {
    /// Of the host at that address, below the state directory. Nothing is made yet.
    pub fn new(state: &Path, address: &Address) -> Self {
        let sum = checksum(address.to_string().as_bytes());
        Self { dir: state.join("ledger").join(sum.get(..16).unwrap_or(&sum)), read: Mutex::default() }
    }

    fn read(&self) -> MutexGuard<'_, Known> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

impl LedgerCopy for OnDisk {
    fn keep(&self, files: &[File]) -> Result<(), String> {
        for file in files.iter().filter(|file| is_whole(file)) {
            let directory = file.path.split('/').next().unwrap_or_default();
            if let Some(known) = self.read().get_mut(directory) {
                known.entry(file.path.clone()).or_insert_with(|| file.bytes.clone());
            }
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

    fn kept(&self, directory: &str, with_journals: bool) -> Result<Vec<File>, String> {
        let is_wanted = |path: &str| with_journals || !is_journal(path);
        if let Some(known) = self.read().get(directory) {
            let wanted = known.iter().filter(|(path, _)| is_wanted(path));
            return Ok(wanted
                .map(|(path, bytes)| File { path: path.clone(), bytes: bytes.clone() })
                .collect());
        }
        let mut files = Vec::new();
        let below = self.dir.join(directory);
        for number in names(&below)? {
            for name in names(&below.join(&number))? {
                if !is_wanted(&name) {
                    continue;
                }
                let path = below.join(&number).join(&name);
                let size = fs::metadata(&path).map_err(|e| told(&path, &e))?.len();
                if size <= MOST_BYTES as u64 {
                    let bytes = fs::read(&path).map_err(|e| told(&path, &e))?;
                    files.push(File { path: format!("{directory}/{number}/{name}"), bytes });
                }
            }
        }
        if with_journals {
            let known = files.iter().map(|file| (file.path.clone(), file.bytes.clone())).collect();
            self.read().insert(directory.to_owned(), known);
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
        let mut kept = copy.kept(&directory(&EnvironmentId::new("e")), true).unwrap();
        kept.sort();
        assert_eq!(kept, files);
        assert_eq!(copy.kept("other", true).unwrap(), []);
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
