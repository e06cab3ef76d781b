//! Log lines from the engine's bytes to what a pane may draw: framing, levels, cleaning, keeping, merging,
//! searching.
//!
//! Pure: no clock, no I/O, no threads. What a container printed stays data until [`ansi`] cleaned it.

pub mod ansi;
pub mod buffer;
pub mod decode;
pub mod dedup;
pub mod frames;
pub mod line;
pub mod merge;
pub mod pattern;
