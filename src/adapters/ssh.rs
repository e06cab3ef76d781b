//! One SSH connection per host carries everything: the engine's API, commands, files, ports only the host can reach.
//!
//! `settings` asks OpenSSH what holds for a host; `known_hosts` and `trust` decide about its key; `auth` proves who one
//! is; `connect` walks the way; `driver` owns the libssh2 session on a thread of its own; everybody else holds a
//! [`link::Link`]. `unsafe` lives here and nowhere else.

mod ask;
mod auth;
mod channel;
mod checkup;
pub mod command;
mod commands;
pub mod connect;
pub mod destination;
pub mod driver;
mod extra;
mod files;
pub mod host;
pub mod keep;
pub mod known_hosts;
pub mod link;
pub mod machine;
pub mod settings;
mod socket;
mod survey;
pub mod trail;
mod trust;
