//! The engine port over the Docker API. One adapter; only the byte stream differs.

mod api;
mod engine;
pub mod find;
mod map;

pub use engine::DockerEngine;
