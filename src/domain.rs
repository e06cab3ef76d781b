//! What exists: environments, hosts, containers, health. Plain values; no I/O and no clock.

pub mod act;
pub mod alert;
pub mod backoff;
pub mod change;
pub mod checksum;
pub mod checkup;
pub mod container;
pub mod environment;
pub mod event;
pub mod grade;
pub mod health;
pub mod host;
pub mod ids;
pub mod image;
pub mod inventory;
pub mod ledger;
pub mod natural;
pub mod probe;
pub mod prompt;
pub mod release;
pub mod secret;
pub mod series;
pub mod size;
pub mod skew;
pub mod spec;
pub mod usage;
