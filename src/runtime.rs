//! The loop, and the only code that knows both the screen and the outside.

pub mod before;
pub mod compose;
pub mod demo;
pub mod deploys;
pub mod diagnostics;
pub mod effects;
pub mod environments;
pub mod export;
pub mod hosts;
pub mod input;
pub mod keys;
mod logins;
pub mod place;
pub mod program;
pub mod prompts;
pub mod quiet;
pub mod records;
pub mod run;
pub mod shelf;
pub mod shell;
pub mod signals;
pub mod subs;
pub mod terminal;
pub mod terminal_prompts;
pub mod terms;
pub mod who;
pub mod worker;
