//! The text that lies over the panes: asked for, shown, asked for again in its place. A dialog lies over it, and an
//! answer that comes after it was closed is nobody's.

use serde_json::Value;

use super::model::Model;
use crate::action::Action;
use crate::config::mask::plain_lines;
use crate::domain::ids::ContainerKey;
use crate::effect::{Effect, JobId};
use crate::msg::JobEvent;
use crate::overlays::reader::{Reader, Text};
use crate::ui::columns::aligned;

/// What can be asked of a container to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// All that the engine knows of it.
    Inspection,
    /// Its processes.
    Processes,
}

/// Where a text comes from.
#[derive(Clone, Debug)]
struct Source {
    subject: Subject,
    key: ContainerKey,
    /// The newest question; answers to older ones are dropped.
    job: JobId,
}

/// What is being read.
pub struct Reading {
    pub(super) view: Reader,
    /// `None` where it does not change.
    source: Option<Source>,
    /// The inspection, whole: what is masked in the view can be shown.
    value: Option<Value>,
}

impl Reading {
    /// Lines that nobody has to be asked for.
    pub(super) fn of(title: String, lines: Vec<String>) -> Self {
        Self { view: Reader::of(title, lines), source: None, value: None }
    }
}

impl Model {
    /// Opens the view and asks for its text.
    pub(super) fn read(&mut self, subject: Subject, key: ContainerKey) -> Vec<Effect> {
        let name = self.name(&key);
        let title = match subject {
            Subject::Inspection => format!("inspect {name}"),
            Subject::Processes => format!("processes of {name}"),
        };
        let source = Source { subject, key, job: JobId(0) };
        self.reading = Some(Reading { view: Reader::new(title), source: Some(source), value: None });
        self.read_again()
    }

    /// Asks again for what is read.
    fn read_again(&mut self) -> Vec<Effect> {
        let job = self.job();
        let Some(source) = self.reading.as_mut().and_then(|reading| reading.source.as_mut()) else {
            self.notice = Some(("refresh: this text does not change; open it anew".to_owned(), false));
            return Vec::new();
        };
        source.job = job;
        let key = source.key.clone();
        vec![match source.subject {
            Subject::Inspection => Effect::Inspect(job, key),
            Subject::Processes => Effect::Processes(job, key),
        }]
    }

    /// An action while a text is read.
    pub(super) fn reading_act(&mut self, action: Action) -> Vec<Effect> {
        let Some(reading) = &mut self.reading else { return Vec::new() };
        match action {
            Action::Back | Action::Quit => self.reading = None,
            Action::Refresh => return self.read_again(),
            Action::Masks if reading.value.is_some() => self.toggle_masks(),
            Action::Search => self.prompt(action, ""),
            action if reading.view.act(action) => {}
            action => {
                let name = action.entry().name;
                self.notice = Some((format!("{name}: not while a text is read; Esc closes it"), false));
            }
        }
        Vec::new()
    }

    /// What the keys do while a text is read.
    pub(super) fn reading_keys(&self) -> Vec<(String, &'static str)> {
        let Some(reading) = &self.reading else { return Vec::new() };
        let key = |action| self.keymap.key_of(action).unwrap_or_default();
        let both = |one, other, label| (format!("{} {}", key(one), key(other)), label);
        let mut keys = vec![both(Action::Down, Action::Up, "scroll")];
        keys.extend(reading.view.is_wide().then(|| both(Action::Left, Action::Right, "to the side")));
        keys.push((key(Action::Search), "search"));
        keys.extend(reading.view.is_searched().then(|| both(Action::NextHit, Action::PreviousHit, "hits")));
        keys.extend(reading.source.is_some().then(|| (key(Action::Refresh), "refresh")));
        let masks = if self.is_unmasked { "mask" } else { "unmask" };
        keys.extend(reading.value.is_some().then(|| (key(Action::Masks), masks)));
        keys.push((key(Action::Back), "close"));
        keys
    }

    /// Takes the answer to the newest question of what is read; gives back what is none.
    pub(super) fn answered(&mut self, job: JobId, event: JobEvent) -> Option<JobEvent> {
        let is_wanted = |reading: &&mut Reading| reading.source.as_ref().is_some_and(|s| s.job == job);
        let reading = self.reading.as_mut().filter(is_wanted);
        match (event, reading) {
            (JobEvent::Processes(titles, rows), Some(reading)) => {
                let (head, lines) = aligned(&titles, &rows);
                let at = self.look.clock(self.now.wall);
                reading.view.show(Text { head: Some(head), lines, at });
            }
            (JobEvent::Inspected(value), Some(reading)) => {
                reading.value = Some(value);
                self.show_inspected();
            }
            // Whoever closed it does not want it any more.
            (JobEvent::Processes(..) | JobEvent::Inspected(_), None) => {}
            (event, reading) => {
                let is_failure = matches!(event, JobEvent::Failed(_));
                if reading.is_some_and(|reading| is_failure && !reading.view.is_filled()) {
                    self.reading = None;
                }
                return Some(event);
            }
        }
        None
    }

    /// The inspection in its view, masked or not.
    pub(super) fn show_inspected(&mut self) {
        let Some(reading) = &mut self.reading else { return };
        let Some(value) = &reading.value else { return };
        let lines = if self.is_unmasked { plain_lines(value) } else { self.settings.masks.lines(value) };
        reading.view.show(Text { head: None, lines, at: String::new() });
    }
}
