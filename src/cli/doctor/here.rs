//! What belongs to this machine: configuration, terminal, the socket of an engine that runs here.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::adapters::docker::find::mend;
use crate::cli::setup::{Options, Setup};
use crate::domain::checkup::{Stage, Step};
use crate::domain::host::Address;

const JOIN_GROUP: &str = "sudo usermod -aG docker $USER, then log in again";

pub(super) fn configuration(options: &Options) -> Step {
    match Setup::load(options) {
        Ok(_) => Step::ok(Stage::Configuration, "every file that is there is right"),
        Err(error) => {
            let text = error.to_string().replace('\n', "; ");
            Step::bad(Stage::Configuration, text, "pilothouse config check")
        }
    }
}

pub(super) fn terminal() -> Step {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let term = set("TERM").unwrap_or_default();
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let is_utf8 = locale.to_ascii_lowercase().replace('-', "").ends_with("utf8");
    let found = format!("TERM={term}, locale {}", if locale.is_empty() { "not set" } else { &locale });
    match (term.as_str(), is_utf8) {
        ("" | "dumb", _) => Step::warn(Stage::Terminal, found, "export TERM=xterm-256color"),
        (_, false) => Step::warn(Stage::Terminal, found, "export LC_ALL=C.UTF-8, or pilothouse --ascii"),
        _ => Step::ok(Stage::Terminal, found),
    }
}

pub(super) fn socket(path: &Path) -> Step {
    let shown = path.display();
    let bad = |found: String, mend: &str| Step::bad(Stage::Socket, found, mend);
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) => {
            let is_shut = error.kind() == std::io::ErrorKind::PermissionDenied;
            let cause = if is_shut { "permission denied" } else { "no such socket" };
            return bad(format!("{shown}: {error}"), &mend(cause, &Address::Unix(path.to_owned()), None));
        }
    };
    if !meta.file_type().is_socket() {
        return bad(format!("{shown} is no socket"), "ls -l /var/run/docker.sock");
    }
    let rights =
        format!("{shown}: mode {:o}, owner {}, group {}", meta.mode() & 0o777, meta.uid(), meta.gid());
    match rustix::fs::access(path, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK) {
        Ok(()) => Step::ok(Stage::Socket, format!("{rights}, may be used")),
        Err(error) => bad(format!("{rights}: {error}"), JOIN_GROUP),
    }
}
