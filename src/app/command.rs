//! What the palette offers, and where each line of it leads.

use std::collections::BTreeSet;

use super::model::{Model, Overlay};
use super::settings::OwnCommand;
use crate::action::{ACTIONS, Action, Context};
use crate::config::keymap::Chord;
use crate::domain::container::Container;
use crate::domain::environment::Environment;
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::effect::Effect;
use crate::overlays::palette::{Candidate, Goal, Outcome, Palette, best};
use crate::panes::PaneKind;
use crate::ui::list::RowFilter;

impl Model {
    /// Opens the palette.
    pub(super) fn open_palette(&mut self) {
        let all = self.offered("");
        self.overlay = Some(Overlay::Palette(Box::new(Palette::new(all))));
    }

    /// A key while the palette is open.
    pub(super) fn palette_key(&mut self, chord: Chord) -> Vec<Effect> {
        let rows = Palette::rows(self.size.1);
        let Some(Overlay::Palette(palette)) = &mut self.overlay else { return Vec::new() };
        match palette.key(chord, rows) {
            Outcome::Closed => self.overlay = None,
            Outcome::Changed => self.palette_changed(),
            Outcome::Chosen(goal, behind) => {
                self.overlay = None;
                return self.reach(goal, &behind);
            }
            Outcome::Nothing => {}
        }
        Vec::new()
    }

    /// Finds again what the text may mean.
    pub(super) fn palette_changed(&mut self) {
        let Some(Overlay::Palette(palette)) = &self.overlay else { return };
        let found = self.offered(palette.text());
        if let Some(Overlay::Palette(palette)) = &mut self.overlay {
            palette.offer(found);
        }
    }

    /// Everything `text` may mean, best first.
    fn offered(&self, text: &str) -> Vec<Candidate> {
        if let Some((word, rest)) = text.trim_start().split_once(' ')
            && let Some(action) = Action::named(word)
        {
            return self.with_object(action, rest);
        }
        let mut all = self.actions();
        all.extend(self.own());
        // What is at hand first: the environment on the screen, then the others.
        let (here, others): (Vec<_>, Vec<_>) =
            self.world.environments.iter().partition(|e| Some(&e.id) == self.scope.environment.as_ref());
        for environment in here.into_iter().chain(others) {
            all.extend(self.things(environment));
        }
        best(text, all)
    }

    /// An action with what stands behind its name: a container where it acts on one, else whatever it takes.
    fn with_object(&self, action: Action, rest: &str) -> Vec<Candidate> {
        let entry = action.entry();
        let alone = Candidate { name: entry.name.to_owned(), ..self.action(action) };
        let environment = self.scope.environment.as_ref().and_then(|id| self.world.environment(id));
        let Some(environment) = environment.filter(|_| entry.context == Context::Containers) else {
            return vec![alone];
        };
        let on = |c: &&Container| Candidate {
            goal: Goal::Act(action, c.key.clone()),
            name: c.name.to_string(),
            about: format!("{} on {}", entry.name, c.key.host),
            key: String::new(),
        };
        let found = best(rest, self.world.containers(environment).iter().map(on).collect());
        found.into_iter().map(|c| Candidate { name: format!("{} {}", entry.name, c.name), ..c }).collect()
    }

    fn action(&self, action: Action) -> Candidate {
        let entry = action.entry();
        Candidate {
            goal: Goal::Action(action),
            name: entry.name.to_owned(),
            about: entry.doc.to_owned(),
            key: self.keymap.key_of(action).unwrap_or_default(),
        }
    }

    /// Actions of the focused pane first; what only moves is not asked for by name.
    fn actions(&self) -> Vec<Candidate> {
        let contexts = self.focus.contexts();
        let place = |context: Context| contexts.iter().position(|c| *c == context).unwrap_or(contexts.len());
        let mut all: Vec<_> = ACTIONS
            .iter()
            .filter(|e| e.action != Action::Palette && !(Action::Up..=Action::HalfDown).contains(&e.action))
            .collect();
        all.sort_by_key(|e| place(e.context));
        all.into_iter().map(|e| self.action(e.action)).collect()
    }

    /// Programs of the operator's own.
    fn own(&self) -> Vec<Candidate> {
        let line = |(number, command): (usize, &OwnCommand)| Candidate {
            goal: Goal::Own(number),
            name: command.name.clone(),
            about: command.description.clone(),
            key: command.keys.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        self.settings.commands.iter().enumerate().map(line).collect()
    }

    fn things(&self, environment: &Environment) -> Vec<Candidate> {
        let id = &environment.id;
        let line =
            |goal, name: &str, about| Candidate { goal, name: name.to_owned(), about, key: String::new() };
        let mut all = vec![line(Goal::Environment(id.clone()), id.as_str(), "environment".to_owned())];
        let containers = self.world.containers(environment);
        let services: BTreeSet<_> = containers.iter().map(|c| &c.service).collect();
        for service in services {
            let goal = Goal::Service(id.clone(), service.clone());
            let count = containers.iter().filter(|c| c.service == *service).count();
            all.push(line(goal, service.as_str(), format!("service in {id}, {count} of it")));
        }
        for host in &environment.hosts {
            all.push(line(Goal::Host(id.clone(), host.clone()), host.as_str(), format!("host of {id}")));
        }
        for c in &containers {
            let goal = Goal::Container(id.clone(), c.key.clone());
            let about = format!("container in {id} on {}, {}", c.key.host, c.state.word());
            all.push(line(goal, &c.name, about));
        }
        all
    }

    /// Goes there, or does it.
    fn reach(&mut self, goal: Goal, behind: &str) -> Vec<Effect> {
        match goal {
            Goal::Action(action) => return self.command(action, behind),
            Goal::Own(number) => return self.wish(number),
            Goal::Act(action, key) => {
                self.show_container(&key);
                return self.act(action);
            }
            Goal::Environment(id) => self.show_environment(id),
            Goal::Host(id, host) => {
                self.show_environment(id);
                self.containers.set_filter(RowFilter::new(&regex::escape(host.as_str())).ok());
                self.notice = Some((format!("only what matches {host}; Esc shows all"), false));
            }
            Goal::Service(id, service) => {
                self.show_environment(id.clone());
                let environment = self.world.environment(&id);
                let all = environment.map(|e| self.world.containers(e)).unwrap_or_default();
                let worst = all.iter().filter(|c| c.service == service).min_by_key(|c| c.standing());
                if let Some(key) = worst.map(|c| c.key.clone()) {
                    self.show_container(&key);
                }
            }
            Goal::Container(id, key) => {
                self.show_environment(id);
                self.show_container(&key);
            }
        }
        Vec::new()
    }

    /// An action by its name, with what was typed behind it.
    fn command(&mut self, action: Action, behind: &str) -> Vec<Effect> {
        if action == Action::Write {
            self.unlock(behind);
            return Vec::new();
        }
        if action == Action::Promote {
            return self.promote(behind.trim());
        }
        self.act(action)
    }

    fn show_environment(&mut self, id: EnvironmentId) {
        self.enter(id);
        self.focus = PaneKind::Containers;
    }

    fn show_container(&mut self, key: &ContainerKey) {
        self.focus = PaneKind::Containers;
        self.containers.show(key, &self.scope.environment);
        self.select(Some(key.clone()));
    }
}
