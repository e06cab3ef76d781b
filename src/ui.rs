//! Pieces that panes are drawn with. Nothing here knows an environment or a container.

pub mod frame;
pub mod list;
pub mod look;
pub mod spark;
pub mod text;
