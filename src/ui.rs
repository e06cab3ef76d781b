//! Pieces that panes are drawn with. Nothing here knows an environment or a container.

pub mod columns;
pub mod frame;
pub mod list;
pub mod look;
pub mod scroll;
pub mod spark;
pub mod text;
