//! The prompt port: somebody who answers questions while a host is being reached.

pub use crate::domain::prompt::{Question, Secret};

/// A person, or nobody.
pub trait Prompter: Send + Sync {
    /// Waits for the answer; `None` when there is nobody to ask or the person declined. Called on a thread that may wait.
    fn ask(&self, question: &Question) -> Option<Secret>;

    /// Whether somebody would answer now. Where not, nothing is begun at a host that may disturb a person: a second
    /// factor is pushed by the mere beginning of it.
    fn is_there(&self) -> bool {
        true
    }

    /// Whether a key that this person lets pass is written down.
    fn remembers(&self) -> bool {
        true
    }

    /// The try is over: nobody is asked again before somebody wants the host reached.
    fn leave(&self) {}
}

/// Nobody: in scripts, and when a connection is made again by itself.
pub struct Nobody;

impl Prompter for Nobody {
    fn ask(&self, _: &Question) -> Option<Secret> {
        None
    }

    fn is_there(&self) -> bool {
        false
    }
}
