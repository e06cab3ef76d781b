//! Files that a configuration names from where it lies.

use std::path::{Path, PathBuf};

use super::source::{Origins, Source};
use crate::config::files::in_home;
use crate::config::schema::Config;

/// Where the files of a configuration lie.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a, 'b> {
    /// Which file set what.
    pub(super) origins: &'a Origins,
    /// The files.
    pub(super) sources: &'a [Source<'b>],
    /// The operator's.
    pub(super) home: Option<&'a Path>,
}

impl<'a, 'b> Beside<'a, 'b> {
    /// The file that set a key, and where in it.
    pub(super) fn at(&self, key: &[&str]) -> Option<(&'a Source<'b>, usize)> {
        let key: Vec<String> = key.iter().map(|word| (*word).to_owned()).collect();
        let (layer, offset) = self.origins.find(&key)?;
        Some((self.sources.get(layer)?, offset))
    }

    /// Its directory.
    pub(super) fn dir(&self, key: &[&str]) -> PathBuf {
        let dir = self.at(key).and_then(|(source, _)| source.layer.path.parent());
        let dir = dir.filter(|dir| !dir.as_os_str().is_empty());
        dir.unwrap_or(Path::new(".")).to_path_buf()
    }

    /// A file that the key names.
    pub(super) fn file(&self, key: &[&str], path: &Path) -> PathBuf {
        in_home(path, self.home).unwrap_or_else(|| self.dir(key).join(path))
    }

    /// Finds the Compose files of every environment.
    pub(super) fn compose(&self, config: &mut Config) {
        for (name, environment) in &mut config.environments {
            let Some(compose) = &mut environment.compose else { continue };
            let key = |key| ["environments", name, "compose", key];
            for file in &mut compose.files {
                *file = self.file(&key("files"), file);
            }
            if let Some(file) = &mut compose.env_file {
                *file = self.file(&key("env_file"), file);
            }
        }
    }
}
