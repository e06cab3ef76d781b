//! How full and how busy a host is, asked over its SSH connection; and its ports, reached from the host itself.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::ask::ask_soon;
use super::host::SshHost;
use super::link::Door;
use crate::adapters::http_probe::{Dial, Wire};
use crate::adapters::machine::{available_memory, first_load};
use crate::domain::checkup::Step;
use crate::domain::host::HostLoad;
use crate::ports::machine::{Directory, Machine};

/// Longest answer that is looked at, in lines.
const LINES: usize = 200;

#[async_trait]
impl Machine for SshHost {
    async fn load(&self, root_dir: &str) -> HostLoad {
        // A path of the engine's: it goes to a shell, so nothing but plain characters may stand in it.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
        let path = if root_dir.starts_with('/') && root_dir.chars().all(is_plain) { root_dir } else { "/" };
        let command =
            format!("df -Pk '{path}' 2>/dev/null; echo; cat /proc/loadavg /proc/meminfo 2>/dev/null");
        let asked = async {
            let connected = self.connected().await.map_err(io::Error::other)?;
            let said = ask_soon(&connected.link, &command).await?;
            let round_trip = connected.link.usual_round_trip();
            Ok::<_, io::Error>(HostLoad { round_trip, ..read(&String::from_utf8_lossy(&said.output)) })
        };
        asked.await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the host cannot be asked");
            HostLoad::default()
        })
    }

    async fn walk(&self) -> Vec<Step> {
        self.walk_way().await
    }

    async fn directory(&self, path: &str) -> Option<Directory> {
        self.directory_at(path).await
    }
}

/// `df -Pk`, an empty line, /proc/loadavg and /proc/meminfo. What is missing is `None`.
fn read(text: &str) -> HostLoad {
    let (disk, rest) = text.split_once("\n\n").unwrap_or(("", text));
    let disk_bytes = disk.lines().next_back().and_then(|line| {
        // df(1), POSIX form: file system, blocks, used, available, capacity, mounted on.
        let mut words = line.split_ascii_whitespace().skip(1);
        let all: u64 = words.next()?.parse().ok()?;
        let free: u64 = words.nth(1)?.parse().ok()?;
        Some((free.checked_mul(1024)?, all.checked_mul(1024)?))
    });
    let rest: String = rest.lines().take(LINES).flat_map(|line| [line, "\n"]).collect();
    HostLoad { disk_bytes, load1: first_load(&rest), memory_bytes: available_memory(&rest), round_trip: None }
}

/// Ports as the host reaches them: no port is opened here.
pub struct Through(pub Arc<SshHost>);

#[async_trait]
impl Dial for Through {
    async fn dial(&self, address: &str, port: u16) -> io::Result<Box<dyn Wire>> {
        let lost = |why: String| io::Error::new(io::ErrorKind::NotConnected, why);
        let connected = self.0.connected().await.map_err(|error| lost(error.to_string()))?;
        match connected.link.open(Door::Tcp(address.to_owned(), port)).await {
            Ok(opened) => Ok(Box::new(opened.stream)),
            Err(error) if connected.link.is_gone() => Err(lost(error.to_string())),
            // Every refusal of a channel looks alike.
            Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    fn is_silent_since(&self, since: Instant) -> bool {
        self.0.heard().is_none_or(|heard| heard < since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_says_of_itself_is_read_and_what_it_does_not_say_is_unknown() {
        let said = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 1000 400 600 40% /\n\n\
            0.42 0.2 0.1 1/80 112\nMemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable: 40 kB\n";
        let load = read(said);
        assert_eq!((load.disk_bytes, load.load1), (Some((600 * 1024, 1000 * 1024)), Some(0.42)));
        assert_eq!(load.memory_bytes, Some((40 * 1024, 100 * 1024)));
        assert_eq!(read("\n"), HostLoad::default());
        assert_eq!(read("Welcome to the machine\n\nnothing"), HostLoad::default());
    }
}
