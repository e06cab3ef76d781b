//! What the operator may set: keys and themes as data. Parses text; never reads files itself.

pub mod keymap;
pub mod theme;
