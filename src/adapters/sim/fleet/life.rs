//! What containers do by themselves: begin, behave, be checked, end, be started again.

use super::{Due, Ending, Fleet, Number, Then};
use crate::adapters::sim::clock::{Ns, SECOND};
use crate::adapters::sim::container::{Checked, Phase};
use crate::adapters::sim::dice;
use crate::adapters::sim::logs::Line;
use crate::adapters::sim::scenario::{Mood, Saying};
use crate::adapters::sim::usage::{Counters, Courses, time};
use crate::domain::container::Health;

// Engine, restartmanager: 100 ms, doubled up to a minute, from the start again after a run of 10 s.
const BACKOFF: (Ns, Ns) = (SECOND / 10, 60 * SECOND);
const LONG_RUN: Ns = 10 * SECOND;

impl Fleet {
    /// A run begins, by hand or by the engine itself.
    pub(super) fn begin_run(&mut self, number: Number) {
        let (now, scenario) = (self.now, std::sync::Arc::clone(&self.scenario));
        let Some(container) = self.containers.get_mut(&number) else { return };
        let Some(kind) = scenario.kind_of(&container.spec) else { return };
        container.phase = Phase::Running;
        container.run += 1;
        container.is_ending = false;
        container.started = now;
        container.is_oom = false;
        container.code = 0;
        container.failing = 0;
        container.health = if kind.check.is_some() { Health::Starting } else { Health::None };
        container.counters = Counters::default();
        container.begin_span(now);
        container.greet(kind, now);
        if let Some(mood) = kind.moods.get(&container.mood) {
            container.courses = Courses::new(mood, now, container.seed);
        }
        self.report(number, "start", None);
        self.plan_checks(number);
        self.plan_death(number);
    }

    /// A run ends; what was planned for an earlier one is void.
    pub(super) fn end(&mut self, number: Number, run: u64, ending: Ending) {
        let now = self.now;
        let Some(container) = self.containers.get_mut(&number).filter(|c| c.run == run && c.is_up()) else {
            return;
        };
        // A death of another mood, or of one that is frozen, does not come.
        if ending
            .mood_since
            .is_some_and(|since| since != container.mood_since || container.paused_at.is_some())
        {
            return;
        }
        let ran = now - container.started;
        let does_restart = match container.restart.name.as_str() {
            "no" => false,
            "on-failure" => {
                let most = container.restart.most;
                ending.code != 0 && (most == 0 || container.restarts < most)
            }
            _ => true,
        };
        container.end_span(now);
        container.finished = Some(now);
        (container.code, container.is_oom) = (ending.code, ending.is_oom);
        container.phase = Phase::Exited;
        (container.is_ending, container.paused_at) = (false, None);
        if ending.is_oom {
            self.report(number, "oom", None);
        }
        self.report(number, "die", Some(ending.code));
        match ending.then {
            Then::Policy if does_restart => self.restart_later(number, ran),
            Then::Policy | Then::Stay => {}
            Then::Stopped => self.report(number, "stop", None),
            Then::StartAgain => {
                self.report(number, "stop", None);
                self.begin_by_hand(number);
                self.report(number, "restart", None);
            }
        }
    }

    fn restart_later(&mut self, number: Number, ran: Ns) {
        let Some(container) = self.containers.get_mut(&number) else { return };
        container.backoff = match container.backoff {
            0 => BACKOFF.0,
            _ if ran >= LONG_RUN => BACKOFF.0,
            wait => (wait * 2).min(BACKOFF.1),
        };
        container.restarts += 1;
        container.phase = Phase::Restarting;
        let (at, run) = (self.now + container.backoff, container.run);
        self.plan(at, Due::StartAgain(number, run));
    }

    /// From now on it behaves like this.
    pub(super) fn set_mood(&mut self, number: Number, name: &str) {
        let (now, scenario) = (self.now, std::sync::Arc::clone(&self.scenario));
        let Some(container) = self.containers.get_mut(&number).filter(|c| c.mood != name) else { return };
        let Some(kind) = scenario.kind_of(&container.spec) else { return };
        let Some(mood) = kind.moods.get(name) else { return };
        name.clone_into(&mut container.mood);
        container.mood_since = now;
        if container.phase == Phase::Running {
            let spoken = std::mem::take(&mut container.said);
            container.begin_span(now);
            container.said = spoken;
            container.begin_courses(mood, now);
            self.plan_death(number);
        }
    }

    /// It prints something once.
    pub(super) fn say(&mut self, number: Number, saying: &Saying) {
        let at = self.now + saying.after.map_or(0, time);
        if let Some(container) = self.containers.get_mut(&number).filter(|c| c.phase == Phase::Running) {
            container.said.push(Line { at, is_stderr: saying.stderr, text: saying.text.clone() });
        }
    }

    /// In the mood that ends runs, this one ends too.
    pub(super) fn plan_death(&mut self, number: Number) {
        let Some(container) = self.containers.get(&number).filter(|c| c.phase == Phase::Running) else {
            return;
        };
        let Some(death) = self.mood(number).and_then(|mood| mood.dies) else { return };
        let ending = Ending {
            code: death.code,
            is_oom: death.oom,
            then: Then::Policy,
            mood_since: Some(container.mood_since),
        };
        let (at, run) = (self.now + death.after.map_or(0, time), container.run);
        self.plan(at, Due::End(number, run, ending));
    }

    /// The mood of a container.
    pub(in crate::adapters::sim) fn mood(&self, number: Number) -> Option<&Mood> {
        self.kind(number)?.moods.get(&self.containers.get(&number)?.mood)
    }

    /// Its next check, if it has any.
    pub(super) fn plan_checks(&mut self, number: Number) {
        let Some(check) = self.kind(number).and_then(|kind| kind.check) else { return };
        let Some(container) = self.containers.get(&number).filter(|c| c.is_up()) else { return };
        let interval = time(check.interval);
        // At second 0 they are all in the middle of theirs.
        let wait =
            if self.now == 0 { (dice::share(container.seed, 9) * interval as f64) as Ns } else { interval };
        let (at, run) = (self.now + wait, container.run);
        self.plan(at, Due::Check(number, run));
    }

    pub(super) fn check(&mut self, number: Number, run: u64) {
        let now = self.now;
        let Some(spec) = self.kind(number).and_then(|kind| kind.check) else { return };
        let result = self.mood(number).and_then(|mood| mood.check.as_ref());
        let result = result.map(|r| Checked {
            at: now - time(r.takes),
            took: time(r.takes),
            code: r.code,
            said: r.says.clone(),
        });
        let Some(container) = self.containers.get_mut(&number).filter(|c| c.run == run && c.is_up()) else {
            return;
        };
        // A frozen container is not checked.
        if let Some(result) = result.filter(|_| container.phase == Phase::Running) {
            container.failing = if result.code == 0 { 0 } else { container.failing + 1 };
            let (code, failing) = (result.code, container.failing);
            container.checked(result);
            match code {
                0 => self.set_health(number, Health::Healthy),
                _ if failing >= spec.retries => self.set_health(number, Health::Unhealthy),
                _ => {}
            }
        }
        self.plan(now + time(spec.interval), Due::Check(number, run));
    }
}
