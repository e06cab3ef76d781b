//! What the Compose files of an environment say of its services, read from this machine's disk when it is asked, and the key
//! that hides values in hashes.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::compose;
use crate::config::mask::Masks;
use crate::config::problem::Problems;
use crate::deploy::plan::InEnvironment;
use crate::domain::environment::{Compose, Environment};
use crate::domain::ids::ServiceId;
use crate::domain::seal::SealKey;
use crate::jobs::deploy::model::{Models, Said};

/// The files of an environment.
pub struct Files {
    compose: Option<Compose>,
    only: Option<String>,
    masks: Masks,
    key: Option<PathBuf>,
}

impl Files {
    /// Those that the configuration names.
    pub fn of(environment: &Environment, terms: &InEnvironment) -> Self {
        let only = if let [one] = &environment.projects[..] { Some(one.clone()) } else { None };
        let InEnvironment { compose, hidden, key, .. } = terms.clone();
        Self { compose, only, masks: Masks::new(&hidden), key }
    }
}

impl Models for Files {
    fn said(&self, service: &ServiceId) -> Result<Option<Said>, String> {
        let Some(files) = &self.compose else { return Ok(None) };
        let mut project =
            compose::read(files, self.only.as_deref()).map_err(|all| Problems(all).to_string())?;
        let said = project.services.remove(service.as_str());
        Ok(said.map(|service| Said { project: project.name, service }))
    }

    fn key(&self) -> Option<SealKey> {
        let path = self.key.as_deref()?;
        match key(path) {
            Ok(key) => Some(SealKey(key)),
            Err(error) => {
                // Then what is secret is not compared.
                tracing::warn!(path = %path.display(), %error, "the key for hashes of secrets cannot be kept");
                None
            }
        }
    }

    fn hides(&self, name: &str) -> bool {
        self.masks.hides(name)
    }
}

/// The key of that file; made where there is none yet. Nobody else reads it.
fn key(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut key = [0; 32];
    match OpenOptions::new().read(true).open(path) {
        Ok(mut file) => return file.read_exact(&mut key).map(|()| key),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    OpenOptions::new().read(true).open("/dev/urandom")?.read_exact(&mut key)?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(dir)?;
    // Whole under its name or not there: another process may want it at the same time.
    let own = dir.join(format!("seal.key.{}", std::process::id()));
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&own)?.write_all(&key)?;
    let linked = std::fs::hard_link(&own, path);
    std::fs::remove_file(&own)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            OpenOptions::new().read(true).open(path)?.read_exact(&mut key).map(|()| key)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/seal.key");
        let made = key(&path).unwrap();
        assert_eq!((key(&path).unwrap(), made == [0; 32]), (made, false));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
