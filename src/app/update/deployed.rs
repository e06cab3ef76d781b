//! What comes of a deployment that this console ordered, and of those that others run.

use crate::app::model::Model;
use crate::deploy::event::{Ending, Event, Said};
use crate::effect::JobId;

impl Model {
    /// News of a deployment that was ordered here.
    pub(in crate::app) fn deployed(&mut self, job: JobId, event: Event) {
        // Somebody took it over, and that may well have been from here.
        if matches!(event, Event::Ended(Ending::Halted { is_locked: true, .. }))
            && self.deployment.title_of(job).is_none()
        {
            return;
        }
        let title = self.deployment.title_of(job).unwrap_or_else(|| "the deployment".to_owned());
        let (text, is_failure) = match &event {
            Event::Begun(number) => (format!("{title} has begun  {number}"), false),
            Event::NotBegun { why, .. } => (format!("{title}: {why}"), true),
            Event::Nothing => (format!("{title}: there was nothing to take up"), false),
            Event::Said(Said::Trouble(why)) => (format!("{title}: {why}"), true),
            Event::Said(Said::Again(step, why, wait)) => {
                (format!("{title}: {step}: {why}; again in {} s", wait.as_secs()), true)
            }
            Event::Said(_) => return self.deployment.hear(job, event),
            Event::Ended(Ending::Done) => (format!("{title}: done"), false),
            Event::Ended(Ending::Undone(why)) => (format!("{title}: taken back: {why}"), true),
            Event::Ended(Ending::Halted { why, .. }) => {
                (format!("{title} stopped where it is: {why}; u goes on or takes it back"), true)
            }
        };
        // What went as it should stands in the ledger.
        if is_failure {
            self.world.note_of(job.0, self.now, text.clone(), true);
        }
        self.notice = Some((text, is_failure));
        self.deployment.hear(job, event);
    }
}
