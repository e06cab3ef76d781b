//! This very machine: space, load and memory below an engine that runs on it, files, commands.

use std::path::Path;

use async_trait::async_trait;

use crate::domain::host::HostLoad;
use crate::ports::machine::{Directory, Machine};

mod commands;
mod files;

/// The machine this program runs on.
pub struct Here;

#[async_trait]
impl Machine for Here {
    async fn load(&self, root_dir: &str) -> HostLoad {
        HostLoad {
            disk_bytes: disk(Path::new(root_dir)),
            load1: load1(),
            memory_bytes: memory(),
            round_trip: None,
        }
    }

    async fn directory(&self, path: &str) -> Option<Directory> {
        match std::fs::metadata(path) {
            Ok(meta) if !meta.is_dir() => Some(Directory::Other),
            Ok(_) => {
                let may_write = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
                Some(if may_write { Directory::Open } else { Directory::Shut })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(Directory::Missing),
            Err(_) => None,
        }
    }
}

fn disk(path: &Path) -> Option<(u64, u64)> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
}

fn load1() -> Option<f32> {
    first_load(&std::fs::read_to_string("/proc/loadavg").ok()?)
}

/// The load of one minute.
// proc(5): "0.20 0.18 0.12 1/80 11206".
pub(super) fn first_load(text: &str) -> Option<f32> {
    text.split(' ').next()?.parse().ok()
}

fn memory() -> Option<(u64, u64)> {
    available_memory(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// Available and total bytes.
// proc(5): "MemAvailable:   12345 kB".
pub(super) fn available_memory(text: &str) -> Option<(u64, u64)> {
    let field = |name: &str| {
        let line = text.lines().find(|l| l.starts_with(name))?;
        Some(line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    };
    Some((field("MemAvailable:")?, field("MemTotal:")?))
}
