//! What the outside tells: hosts and jobs.

use crate::app::model::Model;
use crate::domain::ids::ContainerKey;
use crate::effect::JobId;
use crate::msg::{HostFact, JobEvent};
use crate::world::Link;

/// The first way that was tried in vain, with what mends it.
fn first_of(why: &str) -> String {
    why.lines().next().unwrap_or_default().replace('\t', "; try ")
}

impl Model {
    pub(in crate::app) fn host_fact(&mut self, host: &crate::domain::ids::HostId, fact: HostFact) {
        let key = |id| ContainerKey { host: host.clone(), id };
        match fact {
            HostFact::Up => {
                self.was_tried(host, true);
                let was_lost =
                    self.world.hosts.get(host).is_some_and(|h| matches!(h.link, Link::Lost { .. }));
                if let Some(entry) = self.world.hosts.get_mut(host) {
                    entry.link = Link::Up;
                }
                if was_lost {
                    self.world.note(self.now, format!("{host} answers again"), false);
                }
            }
            HostFact::Engine(facts) => self.world.described(host, facts),
            HostFact::Listed(list) => self.world.listed(host, list),
            HostFact::Detailed(id, detail) => self.world.detailed(&key(id), &detail),
            HostFact::Changed(id, state) => self.world.changed(&key(id), state),
            HostFact::Happened(events) => self.world.happened(host, &events),
            HostFact::Removed(id) => self.world.removed(host, &id),
            HostFact::Lost(why) => {
                self.was_tried(host, false);
                if self.world.hosts.get(host).is_some_and(|h| matches!(h.link, Link::Up)) {
                    self.world.note(self.now, format!("{host} lost: {}", first_of(&why)), true);
                }
                self.world.lost(host, why, self.now);
            }
            HostFact::Heard(at) => self.world.heard_last(host, at),
            HostFact::NextTry(at) => self.world.tried_again_at(host, at),
            HostFact::Asks(why) => {
                self.was_tried(host, false);
                self.world.note(self.now, format!("{host} needs you: {}", first_of(&why)), true);
                self.world.asks(host, why, self.now);
            }
            HostFact::Events(mut events) => {
                let ahead_ns = self.world.ahead(host).num_nanoseconds().unwrap_or(0);
                for event in &mut events {
                    event.at_ns -= ahead_ns;
                }
                self.world.events.add(host, events);
            }
            HostFact::Inventory(answer) => self.world.inventoried(host, answer, self.now),
            HostFact::Signed(lock, at_ns) => {
                let at = chrono::DateTime::from_timestamp_nanos(at_ns) - self.world.ahead(host);
                self.world.ledgers.signed(lock, at);
            }
            HostFact::LedgerWritten => self.world.ledgers.is_written(host),
            HostFact::Load(load) => self.world.loaded(host, load),
        }
    }

    pub(in crate::app) fn job_event(&mut self, job: JobId, event: JobEvent) {
        match event {
            JobEvent::Done(text) => {
                self.world.note_of(job.0, self.now, text.clone(), false);
                self.notice = Some((text, false));
            }
            JobEvent::Failed(text) => {
                self.world.note_of(job.0, self.now, text.clone(), true);
                self.notice = Some((text, true));
            }
            JobEvent::Recorded(record) => self.world.recorded(job.0, *record),
            JobEvent::Planned(answer) => self.planned(job, answer),
            JobEvent::Judged(judged) => self.judged(job, *judged),
            JobEvent::Deployment(event) => self.deployed(job, event),
            // Answers to what is read, and nothing else.
            JobEvent::Inspected(_) | JobEvent::Processes(..) => {}
        }
    }
}
