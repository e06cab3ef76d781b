//! What a try to reach a host found on its way, and how long each step took: for whoever asks afterwards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::checkup::{Step, is_ended};
use crate::ports::prompt::{Prompter, Question, Secret};

/// The steps so far; clones write into the same.
#[derive(Clone)]
pub struct Trail {
    /// The hop whose steps these are.
    via: Option<String>,
    walked: Arc<Mutex<Walked>>,
}

struct Walked {
    steps: Vec<Step>,
    /// When the present step began.
    since: Instant,
}

impl Default for Trail {
    fn default() -> Self {
        let walked = Walked { steps: Vec::new(), since: Instant::now() };
        Self { via: None, walked: Arc::new(Mutex::new(walked)) }
    }
}

impl Trail {
    fn walked(&self) -> MutexGuard<'_, Walked> {
        self.walked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for the steps of a host on the way.
    pub(super) fn of_hop(&self, hop: String) -> Self {
        Self { via: Some(hop), walked: Arc::clone(&self.walked) }
    }

    /// Notes a step with the time since the one before. Behind one that is bad nothing is noted: the outer host fails
    /// with its hop, and the hop has said why.
    pub(super) fn note(&self, step: Step) {
        let mut walked = self.walked();
        if is_ended(&walked.steps) {
            return;
        }
        let now = Instant::now();
        let took = now.saturating_duration_since(walked.since);
        walked.since = now;
        walked.steps.push(Step { via: self.via.clone(), ..step.within(took) });
    }

    /// All steps, in order; the last one may be bad.
    pub fn steps(&self) -> Vec<Step> {
        self.walked().steps.clone()
    }

    /// Asks the same person; the time that takes is no step's.
    pub(super) fn clocked<'a>(&'a self, prompter: &'a dyn Prompter) -> impl Prompter + 'a {
        Clocked { trail: self, prompter }
    }
}

struct Clocked<'a> {
    trail: &'a Trail,
    prompter: &'a dyn Prompter,
}

impl Prompter for Clocked<'_> {
    fn ask(&self, question: &Question) -> Option<Secret> {
        let began = Instant::now();
        let answer = self.prompter.ask(question);
        let waited: Duration = began.elapsed();
        self.trail.walked().since += waited;
        answer
    }

    fn is_there(&self) -> bool {
        self.prompter.is_there()
    }

    fn remembers(&self) -> bool {
        self.prompter.remembers()
    }

    fn leave(&self) {
        self.prompter.leave();
    }
}
