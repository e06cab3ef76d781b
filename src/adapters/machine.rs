//! Space, load and memory of this very machine, for engines that run on it.

use std::path::Path;

use crate::domain::host::HostLoad;

/// What can be asked about the machine now; whatever cannot is `None`. `root_dir` is where the engine keeps its data;
/// empty where it has not said so yet.
pub fn load(root_dir: &str) -> HostLoad {
    HostLoad { disk_bytes: disk(Path::new(root_dir)), load1: load1(), memory_bytes: memory() }
}

fn disk(path: &Path) -> Option<(u64, u64)> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
}

// proc(5): "0.20 0.18 0.12 1/80 11206".
fn load1() -> Option<f32> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

// proc(5): "MemAvailable:   12345 kB".
fn memory() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|l| l.starts_with(name))?;
        Some(line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    };
    Some((field("MemAvailable:")?, field("MemTotal:")?))
}
