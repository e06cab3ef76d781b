//! Log lines from the engine's bytes to what a pane may draw: framing, levels, cleaning, keeping, merging, searching.
//!
//! Pure: no clock, no I/O, no threads. Nothing here draws; what a container printed stays data until [`ansi`] cleaned it.
//!
//! `frames` -> `dedup` -> `merge` -> `buffer` -> `view`, each handing on [`line::Batch`]es, which are moved, never cloned.

pub mod ansi;
pub mod buffer;
pub mod decode;
pub mod dedup;
pub mod frames;
pub mod line;
pub mod mask;
pub mod matcher;
pub mod merge;
pub mod range;
pub mod rotation;
pub mod search;
pub mod show;
pub mod view;
