//! Pilothouse: a terminal operations console for containerised services.
//!
//! Pure core, effects as data, two sides that never meet. Imports go downwards, or sideways within a layer
//! without a cycle; never upwards.
//!
//! | layer | modules | what it is |
//! |--|--|--|
//! | L0 | `domain` | what exists: plain values, no I/O, no clock |
//! | L1 | `logs` `deploy` `action` `world` | log lines and buffers; plans and their recovery; the action table; last known facts with their age |
//! | L2 | `msg` `effect` `sub` `config` `compose` `ports` | what can happen; what is configured; Compose files; what we may ask of the outside; the streams we want alive |
//! | L3a | `ui` `panes` `overlays` `app` | the screen: never sees ports, adapters, jobs or any I/O crate |
//! | L3b | `adapters` `jobs` | the outside: never sees ratatui or the screen |
//! | L4 | `runtime` `cli` | the loop and the command line: the only code that knows both sides and spawns tasks |

pub mod action;
pub mod adapters;
pub mod app;
pub mod cli;
pub mod compose;
pub mod config;
pub mod deploy;
pub mod domain;
pub mod effect;
pub mod jobs;
pub mod logs;
pub mod msg;
pub mod overlays;
pub mod panes;
pub mod ports;
pub mod runtime;
pub mod sub;
pub mod ui;
pub mod world;
