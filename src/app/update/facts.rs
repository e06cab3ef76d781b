//! What the outside tells: hosts and jobs.

use crate::app::model::{Model, Overlay};
use crate::config::mask::plain_lines;
use crate::domain::ids::ContainerKey;
use crate::msg::{HostFact, JobEvent};
use crate::overlays::reader::Reader;
use crate::world::Link;

impl Model {
    pub(in crate::app) fn host_fact(&mut self, host: &crate::domain::ids::HostId, fact: HostFact) {
        let key = |id| ContainerKey { host: host.clone(), id };
        match fact {
            HostFact::Up(facts) => {
                let was_lost =
                    self.world.hosts.get(host).is_some_and(|h| matches!(h.link, Link::Lost { .. }));
                if let Some(entry) = self.world.hosts.get_mut(host) {
                    entry.engine = Some(facts);
                    entry.link = Link::Up;
                }
                if was_lost {
                    self.world.note(self.now, format!("{host} answers again"), false);
                }
            }
            HostFact::Listed(list) => self.world.listed(host, list),
            HostFact::Detailed(id, detail) => self.world.detailed(&key(id), &detail),
            HostFact::Changed(id, state) => self.world.changed(&key(id), state),
            HostFact::Happened(events) => self.world.happened(host, &events),
            HostFact::Removed(id) => self.world.removed(host, &id),
            HostFact::Lost(why) => {
                if self.world.hosts.get(host).is_some_and(|h| matches!(h.link, Link::Up)) {
                    let first = why.lines().next().unwrap_or_default().replace('\t', "; try ");
                    self.world.note(self.now, format!("{host} lost: {first}"), true);
                }
                self.world.lost(host, why, self.now);
            }
            HostFact::Asks(why) => {
                self.world.note(self.now, format!("{host}: {why}"), true);
                self.world.asks(host, why, self.now);
            }
            HostFact::Events(events) => self.world.events.add(host, events),
            HostFact::Inventory(answer) => self.world.inventoried(host, answer, self.now),
            HostFact::Load(load) => {
                if let Some(entry) = self.world.hosts.get_mut(host) {
                    entry.load = load;
                }
            }
        }
    }

    pub(in crate::app) fn job_event(&mut self, event: JobEvent) {
        match event {
            JobEvent::Done(text) => {
                self.world.note(self.now, text.clone(), false);
                self.notice = Some((text, false));
            }
            JobEvent::Failed(text) => {
                self.world.note(self.now, text.clone(), true);
                self.notice = Some((text, true));
            }
            JobEvent::Inspected(title, value) => {
                self.inspected = Some((title, value));
                self.show_inspected();
            }
            JobEvent::Text(title, lines) => {
                self.inspected = None;
                self.overlay = Some(Overlay::Reader(Reader::new(title, lines)));
            }
        }
    }

    /// The inspection in its view, masked or not.
    pub(in crate::app) fn show_inspected(&mut self) {
        let Some((title, value)) = &self.inspected else { return };
        let lines = if self.is_unmasked { plain_lines(value) } else { self.settings.masks.lines(value) };
        self.overlay = Some(Overlay::Reader(Reader::new(title.clone(), lines)));
    }
}
