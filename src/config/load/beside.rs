//! Files that a configuration names from where it lies.

use std::path::{Path, PathBuf};

use super::source::{Origins, Source};
use crate::config::files::in_home;
use crate::config::schema::Config;

fn absolute(dir: &Path) -> PathBuf {
    std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf())
}

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

    /// Finds all files that environments and services name.
    pub(super) fn all(&self, config: &mut Config) {
        for (name, service) in &mut config.services {
            if let Some(example) = &mut service.env.example {
                *example = self.file(&["services", name, "env", "example"], example);
            }
            for (variable, from) in &mut service.env.from {
                let key = |last| ["services", name, "env", "from", variable, last];
                if let Some(file) = &mut from.file {
                    *file = self.file(&key("file"), file);
                }
                from.dir = absolute(&self.dir(&key("command")));
            }
        }
        for (name, environment) in &mut config.environments {
            for (service, over) in &mut environment.services {
                let env = over.get_mut("env").and_then(|env| env.as_table_mut());
                if let Some(toml::Value::String(example)) = env.and_then(|env| env.get_mut("example")) {
                    let key = ["environments", name, "services", service, "env", "example"];
                    *example = self.file(&key, Path::new(example)).to_string_lossy().into_owned();
                }
            }
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
