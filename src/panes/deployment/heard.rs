//! What is heard of a deployment that this console ordered: more than its journal says.

use crate::deploy::event::{Event, Said};
use crate::domain::deployment::Step;
use crate::domain::ledger::RecordNumber;
use crate::effect::JobId;

/// It.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Heard {
    job: JobId,
    /// What it is, in words.
    pub(super) title: String,
    /// Its record, once it is begun.
    pub(super) number: Option<RecordNumber>,
    /// What the step at work waits for.
    waits: Option<(Step, String)>,
    /// What a replica printed last that did not get ready.
    pub(super) last_lines: Vec<String>,
}

impl Heard {
    pub(super) fn new(job: JobId, title: String) -> Self {
        Self { job, title, number: None, waits: None, last_lines: Vec::new() }
    }

    pub(super) fn is_of(&self, job: JobId) -> bool {
        self.job == job
    }

    /// Takes it in; `false` where nothing more is to be told of it.
    pub(super) fn hear(&mut self, event: Event) -> bool {
        match event {
            Event::Begun(number) => self.number = Some(number),
            Event::NotBegun { .. } | Event::Nothing => return false,
            Event::Said(Said::Waits(step, why)) => self.waits = Some((step, why)),
            Event::Said(Said::LastLines(_, lines)) => self.last_lines = lines,
            Event::Said(_) | Event::Ended(_) => {}
        }
        true
    }

    /// What that step waits for.
    pub(super) fn waits(&self, step: &Step) -> Option<&str> {
        self.waits.as_ref().filter(|(of, _)| of == step).map(|(_, why)| why.as_str())
    }
}
