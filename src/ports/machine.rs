//! The machine below an engine, as far as it can be asked.

use async_trait::async_trait;

use crate::domain::host::HostLoad;

/// Tells how full and how busy a machine is.
#[async_trait]
pub trait Machine: Send + Sync {
    /// Now; `root_dir` is where its engine keeps its data. What cannot be asked is `None`.
    async fn load(&self, root_dir: &str) -> HostLoad;
}
