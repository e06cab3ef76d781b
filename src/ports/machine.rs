//! The machine below an engine, as far as it can be asked.

use crate::domain::host::HostLoad;

/// Tells how full and how busy a machine is.
pub trait Machine: Send + Sync {
    /// Now; `root_dir` is where its engine keeps its data. What cannot be asked is `None`.
    fn load(&self, root_dir: &str) -> HostLoad;
}
