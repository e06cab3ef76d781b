//! Deployments on the machine's engine, and on a small world of two hosts, whose every call can be cut off, fail, lose its answer or be late.

mod bad_releases;
mod beside_compose;
mod ci;
mod detached;
mod engine_faults;
mod errands;
mod once;
mod promote;
mod pulled;
mod real;
mod recovery;
mod releases;
mod requests;
mod schedules;
mod secrets;
mod sets;
mod traffic;
mod under_load;
mod world;
pub mod written;
