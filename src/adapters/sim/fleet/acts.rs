//! What is done to containers by hand, with the engine's own refusals.

use super::{Due, Ending, Fleet, Number};
use crate::adapters::sim::clock::Ns;
use crate::adapters::sim::container::Phase;
use crate::adapters::sim::usage::time;
use crate::domain::act::ContainerAct;

/// The engine says no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::adapters::sim) struct Refusal {
    /// HTTP status.
    pub(in crate::adapters::sim) status: u16,
    /// The engine's words.
    pub(in crate::adapters::sim) message: String,
}

/// What follows the end of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::adapters::sim) enum Then {
    /// What its restart policy says.
    Policy,
    /// Nothing: it was killed.
    Stay,
    /// Nothing: it was stopped.
    Stopped,
    /// It is started again.
    StartAgain,
}

fn conflict(message: String) -> Refusal {
    Refusal { status: 409, message }
}

impl Fleet {
    /// Begins an act. `Some` is when it will be done: a container takes its time to end.
    pub(in crate::adapters::sim) fn act(
        &mut self,
        number: Number,
        act: ContainerAct,
    ) -> Result<Option<Ns>, Refusal> {
        let Some(container) = self.containers.get_mut(&number) else {
            return Err(Refusal { status: 404, message: "No such container".to_owned() });
        };
        let (phase, run, id) = (container.phase, container.run, container.id.clone());
        match (act, phase) {
            (ContainerAct::Start, Phase::Exited | Phase::Created) => {
                self.ports_are_free(number)?;
                self.begin_by_hand(number);
            }
            (ContainerAct::Start, Phase::Paused) => {
                return Err(conflict("cannot start a paused container, try unpause instead".to_owned()));
            }
            (ContainerAct::Start, _) => {}
            (ContainerAct::Stop, Phase::Running | Phase::Paused) => {
                return Ok(self.ask_to_end(number, Then::Stopped));
            }
            (ContainerAct::Restart, Phase::Running | Phase::Paused) => {
                return Ok(self.ask_to_end(number, Then::StartAgain));
            }
            (ContainerAct::Stop | ContainerAct::Kill, Phase::Restarting) => {
                // What waits for its next start does not come back.
                (container.phase, container.run) = (Phase::Exited, run + 1);
                self.report(number, "stop", None);
            }
            (ContainerAct::Stop | ContainerAct::Kill, Phase::Exited | Phase::Created) => {}
            (ContainerAct::Restart, Phase::Exited | Phase::Created | Phase::Restarting) => {
                self.begin_by_hand(number);
                self.report(number, "restart", None);
            }
            (ContainerAct::Kill, Phase::Running | Phase::Paused) => self.kill(number, run),
            (ContainerAct::Pause, Phase::Running) => {
                container.phase = Phase::Paused;
                self.freeze(number);
            }
            (ContainerAct::Unpause, Phase::Paused) => self.thaw(number),
            (ContainerAct::Pause, Phase::Paused) | (ContainerAct::Unpause, Phase::Running) => {}
            (ContainerAct::Pause, Phase::Restarting) => {
                return Err(conflict(format!(
                    "Container {id} is restarting, wait until the container is running"
                )));
            }
            (ContainerAct::Pause | ContainerAct::Unpause, _) => {
                return Err(conflict(format!("Container {id} is not running")));
            }
            (ContainerAct::Remove, _) => self.remove(number, run),
        }
        Ok(None)
    }

    /// A start that somebody asked for: the count of restarts begins again, and what a start mends is mended.
    pub(super) fn begin_by_hand(&mut self, number: Number) {
        let is_healed = self.mood(number).is_some_and(|mood| mood.heals);
        if let Some(container) = self.containers.get_mut(&number) {
            (container.restarts, container.backoff) = (0, 0);
        }
        if is_healed {
            self.set_mood(number, "normal");
        }
        self.begin_run(number);
        self.caused(number, "start");
    }

    fn ask_to_end(&mut self, number: Number, then: Then) -> Option<Ns> {
        let stop = self.kind(number)?.stop;
        if self.containers.get(&number)?.phase == Phase::Paused {
            self.thaw(number);
        }
        let container = self.containers.get_mut(&number)?;
        let run = container.run;
        container.is_ending = true;
        let at = self.now + time(stop.takes);
        self.report(number, "kill", None);
        self.plan(
            at,
            Due::End(number, run, Ending { code: stop.code, is_oom: false, then, mood_since: None }),
        );
        self.caused(number, "stop");
        Some(at)
    }

    fn kill(&mut self, number: Number, run: u64) {
        self.report(number, "kill", None);
        self.end(number, run, Ending { code: 137, is_oom: false, then: Then::Stay, mood_since: None });
        self.caused(number, "kill");
    }

    fn remove(&mut self, number: Number, run: u64) {
        if self.containers.get(&number).is_some_and(super::SimContainer::is_up) {
            self.kill(number, run);
        }
        self.report(number, "destroy", None);
        self.containers.remove(&number);
    }

    fn freeze(&mut self, number: Number) {
        let now = self.now;
        if let Some(container) = self.containers.get_mut(&number) {
            container.end_span(now);
            container.paused_at = Some(now);
        }
        self.report(number, "pause", None);
    }

    fn thaw(&mut self, number: Number) {
        let now = self.now;
        if let Some(container) = self.containers.get_mut(&number) {
            container.phase = Phase::Running;
            container.begin_span(now);
            let paused = container.paused_at.take().map_or(0, |at| now - at);
            container.courses.shift(paused);
        }
        self.report(number, "unpause", None);
        self.plan_death(number);
    }

    fn caused(&mut self, number: Number, act: &str) {
        let Some(name) = self.containers.get(&number).map(|c| c.name.clone()) else { return };
        let scenario = std::sync::Arc::clone(&self.scenario);
        for (index, event) in scenario.events.iter().enumerate() {
            if event.on.as_ref().is_some_and(|cause| cause.act == act && cause.container == name) {
                self.plan(self.now + time(event.at), Due::Script(index));
            }
        }
    }
}
