//! What lies over the panes: questions, help, confirmation, a line of input, the palette, a text to read.

pub mod ask;
pub mod confirm;
pub mod help;
pub mod input;
pub mod palette;
pub mod question;
pub mod reader;
pub mod rollout;
