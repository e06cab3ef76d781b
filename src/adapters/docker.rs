//! The engine port over the Docker API. One adapter; only the byte stream differs.

mod api;
mod client;
mod dial;
mod engine;
mod exec;
pub mod find;
mod holder;
mod housing;
mod images;
mod inventory;
mod ledger;
mod lifecycle;
mod lines;
mod lock;
mod log;
mod map;
mod pull;
mod remove;
mod tcp;
mod tls;

pub use engine::DockerEngine;
pub use tls::tls_version;
