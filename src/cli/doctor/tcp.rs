//! The way to an engine behind `tcp://`: who was believed, what we showed, and who may read our key.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Instant;

use crate::adapters::docker;
use crate::config::load::is_loopback;
use crate::domain::checkup::{Stage, Step};
use crate::domain::host::{TlsFiles, host_of};

/// Of the port `to` of an engine that answers.
pub(super) async fn steps(to: &str, tls: Option<&TlsFiles>) -> Vec<Step> {
    let Some(files) = tls else { return vec![plain(to)] };
    let began = Instant::now();
    let version = match docker::tls_version(to, files).await {
        Ok(version) => version,
        Err(error) => return vec![Step::bad(Stage::Tls, error.to_string(), "pilothouse doctor, once more")],
    };
    let shown = |path: &Path| path.display().to_string();
    let name = files.server_name.as_deref().unwrap_or_else(|| host_of(to));
    let ca = files.ca.as_deref().map_or_else(|| "a CA this machine trusts".to_owned(), shown);
    let own = files.cert.as_deref().map_or_else(|| "no certificate of ours".to_owned(), shown);
    let found = format!("{version}; the engine is {name} by {ca}; we show {own}");
    let tls = Step::ok(Stage::Tls, found).within(began.elapsed());
    std::iter::once(tls).chain(files.key.as_deref().and_then(key)).collect()
}

fn plain(to: &str) -> Step {
    if is_loopback(to) {
        return Step::ok(Stage::Tls, "none, and the port is of this machine");
    }
    let found = "none, as allow_plain_tcp has it: whoever reaches this port owns the host";
    Step::warn(Stage::Tls, found, "dockerd --tlsverify, and tls in its [hosts.NAME]; or ssh://")
}

fn key(path: &Path) -> Option<Step> {
    let shown = path.display();
    let mode = std::fs::metadata(path).ok()?.mode() & 0o777;
    let is_ours_alone = mode.trailing_zeros() >= 6;
    Some(if is_ours_alone {
        Step::ok(Stage::ClientKey, format!("{shown}: mode {mode:o}"))
    } else {
        let found = format!("{shown}: mode {mode:o}, others may read it");
        Step::warn(Stage::ClientKey, found, format!("chmod 600 {shown}"))
    })
}
