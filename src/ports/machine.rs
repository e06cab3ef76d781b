//! The machine below an engine, as far as it can be asked.

use async_trait::async_trait;

use crate::domain::checkup::Step;
use crate::domain::host::HostLoad;

/// What there is in place of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Directory {
    /// Nothing.
    Missing,
    /// It, and we may write into it.
    Open,
    /// It, and we may not write into it.
    Shut,
    /// Something else.
    Other,
}

/// Tells how full and how busy a machine is.
#[async_trait]
pub trait Machine: Send + Sync {
    /// Now; `root_dir` is where its engine keeps its data. What cannot be asked is `None`.
    async fn load(&self, root_dir: &str) -> HostLoad;

    /// The way to it, walked once: what each step found. Empty where there is none, as on this very machine; at most
    /// the last step is bad.
    async fn walk(&self) -> Vec<Step> {
        Vec::new()
    }

    /// What there is at a path; `None` where it cannot be asked.
    async fn directory(&self, _path: &str) -> Option<Directory> {
        None
    }
}
