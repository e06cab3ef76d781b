//! What the console needs of the outside, as traits. Nothing here acts.

pub mod engine;
pub mod machine;
pub mod pace;
pub mod probe;
pub mod prompt;
