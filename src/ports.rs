//! What the console needs of the outside, as traits. Nothing here acts.

pub mod balancer;
pub mod commands;
pub mod engine;
pub mod host_files;
pub mod housing;
pub mod ledger;
pub mod lifecycle;
pub mod lock;
pub mod machine;
pub mod pace;
pub mod probe;
pub mod prompt;
