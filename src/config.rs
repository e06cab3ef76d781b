//! What the operator may set: files, keys and themes as data.
//!
//! [`files`] alone touches the disk, at paths that are given to it; all else is text to values. No clock.

pub mod docker;
pub mod edit;
pub mod example;
pub mod files;
pub mod init;
pub mod inventory;
pub mod keymap;
pub mod load;
pub mod mask;
pub mod problem;
pub mod schema;
pub mod services;
pub mod table;
pub mod theme;
pub mod trust;
pub mod units;
