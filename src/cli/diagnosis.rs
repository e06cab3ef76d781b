//! From `--log-file`, `--log-level` and their variables to the diagnostic log, and what it says of the program itself.

use std::path::PathBuf;

use super::failure::Failure;
use super::setup::{Options, Places};
use crate::runtime::diagnostics::{self, Kept, Levels};

/// Where the log goes: the file that was named, else the usual one once a level was; `None` while it is off.
pub fn file(options: &Options, places: &Places) -> Option<PathBuf> {
    if options.log_level.as_ref().is_some_and(Levels::is_off) {
        return None;
    }
    let usual = || options.log_level.as_ref().and_then(|_| usual(places));
    options.log_file.clone().or_else(usual)
}

/// Where it goes when no file is named; `None` without a home.
pub fn usual(places: &Places) -> Option<PathBuf> {
    Some(places.trust.as_ref()?.with_file_name("pilothouse.log"))
}

/// Begins it, where it was asked for; it is kept as long as what this gives.
///
/// # Errors
/// The file cannot be written, or there is no home to put one in.
pub fn begin(command: &str, options: &Options) -> Result<Option<Kept>, Failure> {
    if options.log_file.is_none() && options.log_level.is_none() {
        return Ok(None);
    }
    let places = Places::find(options)?;
    let levels = options.log_level.clone().unwrap_or_default();
    let Some(path) = file(options, &places) else {
        let without = "no home directory to keep a log in; name a file with --log-file";
        return if levels.is_off() { Ok(None) } else { Err(Failure::Failed(without.to_owned())) };
    };
    if options.log_file.is_none()
        && let Some(dir) = path.parent()
    {
        // Why it could not be made is what the file cannot be opened for.
        let _ = std::fs::create_dir_all(dir);
    }
    let kept = diagnostics::open(&path, levels).map_err(|error| Failure::Failed(error.to_string()))?;
    let machine = rustix::system::uname();
    let system = [machine.sysname(), machine.release(), machine.machine()].map(|part| part.to_string_lossy());
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        command,
        pid = std::process::id(),
        system = system.join(" "),
        term = variable("TERM"),
        lang = variable("LANG"),
        "started"
    );
    Ok(Some(kept))
}

/// How the command ended.
pub fn note(ended: &Result<u8, Failure>) {
    match ended {
        Ok(status) => tracing::info!(status, "ended"),
        Err(failure) => tracing::error!(status = failure.status(), %failure, "ended"),
    }
}
