//! What the engines said that happened, for as long as somebody watches.

use std::collections::VecDeque;

use crate::domain::event::EngineEvent;
use crate::domain::ids::HostId;

/// Events that are kept; the oldest go first.
pub const MOST: usize = 1000;

/// In order of time over all hosts.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Events(VecDeque<(HostId, EngineEvent)>);

impl Events {
    /// Adds each where its time puts it, unless it is known: an engine tells its past again when it is asked again.
    pub fn add(&mut self, host: &HostId, events: Vec<EngineEvent>) {
        for event in events {
            let at = self.0.partition_point(|(_, known)| known.at_ns <= event.at_ns);
            let same_time = self.0.range(..at).rev().take_while(|(_, known)| known.at_ns == event.at_ns);
            if same_time.into_iter().any(|(other, known)| other == host && *known == event) {
                continue;
            }
            self.0.insert(at, (host.clone(), event));
            if self.0.len() > MOST {
                self.0.pop_front();
            }
        }
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &(HostId, EngineEvent)> {
        self.0.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ns: i64, action: &str) -> EngineEvent {
        EngineEvent {
            at_ns,
            kind: "container".into(),
            action: action.into(),
            id: "c".into(),
            name: "web".into(),
            exit_code: None,
            more: String::new(),
        }
    }

    fn actions(events: &Events) -> Vec<&str> {
        events.newest().map(|(_, event)| event.action.as_str()).collect()
    }

    #[test]
    fn events_of_two_hosts_stand_in_order_of_time() {
        let mut events = Events::default();
        events.add(&HostId::new("a"), vec![event(1, "create"), event(3, "start")]);
        events.add(&HostId::new("b"), vec![event(2, "die")]);
        assert_eq!(actions(&events), ["start", "die", "create"]);
    }

    #[test]
    fn what_is_told_again_is_kept_once() {
        let mut events = Events::default();
        for _ in 0..2 {
            events.add(&HostId::new("a"), vec![event(1, "create"), event(1, "start")]);
        }
        assert_eq!(actions(&events).len(), 2);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut events = Events::default();
        let many = 0..i64::try_from(MOST).unwrap() + 5;
        events.add(&HostId::new("a"), many.map(|at| event(at, "start")).collect());
        assert_eq!(events.newest().count(), MOST);
        assert_eq!(events.newest().last().unwrap().1.at_ns, 5);
    }
}
