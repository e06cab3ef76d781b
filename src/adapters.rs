//! The outside, one module per thing that is spoken to. Never sees the screen.

pub mod balancer;
pub mod docker;
pub mod http_probe;
pub mod ledger_copy;
pub mod machine;
pub mod sim;
pub mod ssh;
