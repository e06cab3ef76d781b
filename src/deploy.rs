//! Deployments as pure values: what is planned, and what is left to do of one that stands in a ledger.

pub mod event;
pub mod gate;
pub mod guard;
pub mod order;
pub mod plan;
pub mod progress;
pub mod promote;
pub mod releases;
pub mod request;
pub mod rules;
pub mod story;
pub mod words;
