//! The prompt port: somebody who answers questions while a host is being reached.

pub use crate::domain::prompt::Question;

/// A person, or nobody.
pub trait Prompter: Send + Sync {
    /// Waits for the answer; `None` when there is nobody to ask or the person declined. Called on a thread that may wait.
    fn ask(&self, question: &Question) -> Option<String>;
}

/// Nobody: in scripts, and when a connection is made again by itself.
pub struct Nobody;

impl Prompter for Nobody {
    fn ask(&self, _: &Question) -> Option<String> {
        None
    }
}
