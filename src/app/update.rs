//! How messages change the model. Pure: no clock, no I/O; what is wanted of the outside comes back as effects.

use super::model::{Model, Overlay};
use crate::action::Action;
use crate::config::keymap::{Chord, Code};
use crate::domain::act::ContainerAct;
use crate::domain::environment::Class;
use crate::domain::ids::ContainerKey;
use crate::effect::Effect;
use crate::msg::{HostFact, JobEvent, LogFact, Msg};
use crate::overlays::confirm::{Confirm, Grade};
use crate::overlays::input::Input;
use crate::overlays::reader::Reader;
use crate::panes::{Answer, PaneKind, Request};
use crate::ui::list::RowFilter;
use crate::world::{Link, Now};

impl Model {
    /// Takes in what happened; tells what is wanted of the outside.
    pub fn update(&mut self, msg: Msg, now: Now) -> Vec<Effect> {
        self.now = now;
        let effects = match msg {
            Msg::Key(chord) => self.key(chord),
            Msg::Paste(text) => {
                if let Some(input) = &mut self.input {
                    input.paste(&text);
                }
                Vec::new()
            }
            Msg::Resize(width, height) => {
                self.size = (width, height);
                Vec::new()
            }
            Msg::Tick => Vec::new(),
            Msg::Host(host, fact) => {
                self.host_fact(&host, fact);
                Vec::new()
            }
            Msg::Usage(samples) => {
                for sample in samples {
                    self.world.sampled(sample);
                }
                Vec::new()
            }
            Msg::Log(generation, fact) => {
                if let LogFact::Failed(key, why) = &fact {
                    let name = self.name(key);
                    self.world.note(now, format!("logs of {name}: {why}"), true);
                }
                self.logs.fact(generation, fact);
                Vec::new()
            }
            Msg::Job(_, event) => {
                self.job_event(event);
                Vec::new()
            }
        };
        self.fit();
        effects
    }

    fn host_fact(&mut self, host: &crate::domain::ids::HostId, fact: HostFact) {
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
            HostFact::Detailed(id, detail) => self.world.detailed(&key(id), detail),
            HostFact::Changed(id, state) => self.world.changed(&key(id), state),
            HostFact::Removed(id) => self.world.removed(host, &id),
            HostFact::Lost(why) => {
                if self.world.hosts.get(host).is_some_and(|h| matches!(h.link, Link::Up)) {
                    let first = why.lines().next().unwrap_or_default().replace('\t', "; try ");
                    self.world.note(self.now, format!("{host} lost: {first}"), true);
                }
                self.world.lost(host, why, self.now);
            }
            HostFact::Load(load) => {
                if let Some(entry) = self.world.hosts.get_mut(host) {
                    entry.load = load;
                }
            }
        }
    }

    fn job_event(&mut self, event: JobEvent) {
        match event {
            JobEvent::Done(text) => {
                self.world.note(self.now, text.clone(), false);
                self.notice = Some((text, false));
            }
            JobEvent::Failed(text) => {
                self.world.note(self.now, text.clone(), true);
                self.notice = Some((text, true));
            }
            JobEvent::Text(title, lines) => self.overlay = Some(Overlay::Reader(Reader::new(title, lines))),
        }
    }

    fn key(&mut self, chord: Chord) -> Vec<Effect> {
        self.notice = None;
        let is_ctrl_c = chord.ctrl && chord.code == Code::Char('c');
        if is_ctrl_c {
            return vec![Effect::Quit];
        }
        if self.input.is_some() {
            return self.input_key(chord);
        }
        if let Some(Overlay::Confirm(confirm)) = &mut self.overlay {
            match (&confirm.grade, chord.code) {
                (_, Code::Esc) | (Grade::Yes, Code::Enter | Code::Char('n')) => self.overlay = None,
                (Grade::Yes, Code::Char('y')) => return self.confirmed(),
                (Grade::Name(_), Code::Char(c)) if !chord.ctrl => confirm.typed.push(c),
                (Grade::Name(_), Code::Backspace) => drop(confirm.typed.pop()),
                (Grade::Name(_), Code::Enter) if confirm.is_typed() => return self.confirmed(),
                _ => {}
            }
            return Vec::new();
        }
        match self.keymap.action(self.contexts(), chord) {
            Some(action) => self.act(action),
            None => {
                self.notice = Some((format!("{chord} does nothing here; ? shows the keys"), false));
                Vec::new()
            }
        }
    }

    /// Carries out an action where the focus is.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        if let Some(effects) = self.overlay_act(action) {
            return effects;
        }
        let kind = self.focus;
        let answer = {
            let ctx = crate::panes::Ctx {
                world: &self.world,
                scope: &self.scope,
                look: &self.look,
                now: self.now,
                is_focused: true,
            };
            match kind {
                PaneKind::Environments => self.environments.act(action, &ctx),
                PaneKind::Containers => self.containers.act(action, &ctx),
                PaneKind::Logs => self.logs.act(action, &ctx),
                PaneKind::Health | PaneKind::Releases | PaneKind::Activity => Answer::Unknown,
            }
        };
        match answer {
            Answer::Done(requests) => requests.into_iter().flat_map(|r| self.request(r)).collect(),
            Answer::Refused(why) => {
                self.notice = Some((format!("{}: {why}", action.entry().name), true));
                Vec::new()
            }
            Answer::Unknown => self.global(action),
        }
    }

    fn overlay_act(&mut self, action: Action) -> Option<Vec<Effect>> {
        match (self.overlay.as_mut()?, action) {
            (_, Action::Back | Action::Quit) => self.overlay = None,
            (Overlay::Help(_), Action::Help) => self.overlay = None,
            (Overlay::Help(top), Action::Down) => *top += 1,
            (Overlay::Help(top), Action::Up) => *top = top.saturating_sub(1),
            (Overlay::Reader(_), Action::Search) => self.input = Some(Input::new(action, "")),
            (Overlay::Reader(reader), action) => drop(reader.act(action)),
            _ => {}
        }
        Some(Vec::new())
    }

    fn global(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Environments => self.go(PaneKind::Environments),
            Action::Containers => self.go(PaneKind::Containers),
            Action::Logs => self.go(PaneKind::Logs),
            Action::Health => self.go(PaneKind::Health),
            Action::Releases => self.go(PaneKind::Releases),
            Action::Activity => self.go(PaneKind::Activity),
            Action::NextPane => self.go(next(self.focus, 1)),
            Action::PreviousPane => self.go(next(self.focus, PaneKind::ALL.len() - 1)),
            Action::Zoom => self.is_zoomed = !self.is_zoomed,
            Action::Back if self.is_zoomed => self.is_zoomed = false,
            Action::Back => self.go(PaneKind::Containers),
            Action::Help => self.overlay = Some(Overlay::Help(0)),
            Action::Palette => self.input = Some(Input::new(action, "")),
            Action::Utc => self.look.is_utc = !self.look.is_utc,
            Action::Quit => return vec![Effect::Quit],
            // Wherever the focus is, what is done to a container is done to the selected one.
            action if action.entry().context == crate::action::Context::Containers => {
                if self.focus != PaneKind::Containers {
                    self.go(PaneKind::Containers);
                    return self.act(action);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn go(&mut self, pane: PaneKind) {
        self.focus = pane;
    }

    fn input_key(&mut self, chord: Chord) -> Vec<Effect> {
        let Some(input) = &mut self.input else { return Vec::new() };
        match chord.code {
            Code::Esc => self.input = None,
            Code::Enter => {
                let (action, text) = (input.action, input.text().to_owned());
                let first = input.matches().first().copied();
                self.input = None;
                return self.entered(action, &text, first);
            }
            _ => input.key(chord),
        }
        Vec::new()
    }

    fn entered(&mut self, action: Action, text: &str, first: Option<Action>) -> Vec<Effect> {
        let result = match (action, &mut self.overlay) {
            (Action::Palette, _) => return first.map(|a| self.act(a)).unwrap_or_default(),
            (Action::Search, Some(Overlay::Reader(reader))) => reader.set_search(text),
            (Action::Search, _) => self.logs.set_search(text).map(|said| {
                self.notice = said.map(|s| (s, false));
            }),
            (Action::FilterLines, _) => self.logs.set_filter(text),
            (Action::Export, _) => {
                let id = self.job();
                return vec![Effect::Export(id, text.to_owned(), self.logs.text())];
            }
            _ if text.is_empty() => {
                self.containers.set_filter(None);
                Ok(())
            }
            _ => RowFilter::new(text).map(|f| self.containers.set_filter(Some(f))),
        };
        if let Err(error) = result {
            self.notice = Some((error.to_string(), true));
        }
        Vec::new()
    }

    fn request(&mut self, request: Request) -> Vec<Effect> {
        match request {
            Request::Effect(effect) => return vec![effect],
            Request::SelectEnvironment(id) => {
                self.scope.environment = Some(id);
                self.scope.container = None;
            }
            Request::SelectContainer(key) => self.select(key),
            Request::Focus(pane) => self.go(pane),
            Request::Tail(keys) => {
                let named = keys.into_iter().map(|k| (k.clone(), self.name(&k))).collect();
                self.logs.open(named);
            }
            Request::Prompt(action, text) => self.input = Some(Input::new(action, &text)),
            Request::Say(text) => self.notice = Some((text, false)),
            Request::Inspect(key) => {
                let name = self.name(&key);
                return vec![Effect::Inspect(self.job(), key, name)];
            }
            Request::Processes(key) => {
                let name = self.name(&key);
                return vec![Effect::Processes(self.job(), key, name)];
            }
            Request::Shell(key) => {
                let name = self.name(&key);
                return vec![Effect::Shell(key, name)];
            }
            Request::Act(act, keys) => self.ask(act, keys),
        }
        Vec::new()
    }

    /// Opens the dialog; a destructive act in a protected environment wants the name typed.
    fn ask(&mut self, act: ContainerAct, keys: Vec<ContainerKey>) {
        let environment = self.scope.environment.as_ref().and_then(|id| self.world.environment(id));
        let Some(environment) = environment else { return };
        let is_protected = environment.is_protected || environment.class == Class::Production;
        let name = environment.id.to_string();
        let grade = if is_protected { Grade::Name(name.clone()) } else { Grade::Yes };
        let targets = keys.into_iter().map(|k| (k.clone(), self.name(&k))).collect();
        let confirm = Confirm { act, targets, environment: name, grade, typed: String::new() };
        self.overlay = Some(Overlay::Confirm(confirm));
    }

    fn confirmed(&mut self) -> Vec<Effect> {
        let Some(Overlay::Confirm(confirm)) = self.overlay.take() else { return Vec::new() };
        vec![Effect::Act(self.job(), confirm.act, confirm.targets)]
    }

    fn select(&mut self, key: Option<ContainerKey>) {
        if self.scope.container == key {
            return;
        }
        self.scope.container.clone_from(&key);
        if let Some(key) = key {
            let name = self.name(&key);
            self.logs.open(vec![(key, name)]);
        }
    }

    /// The list's selection moved with its object, or to a neighbour: the other panes go with it.
    pub(super) fn follow_selection(&mut self, key: Option<ContainerKey>) {
        let is_gone = self.scope.container.as_ref().is_none_or(|k| self.world.container(k).is_none());
        if is_gone || key.is_some() {
            self.select(key);
        }
    }

    fn name(&self, key: &ContainerKey) -> String {
        self.world.container(key).map_or_else(|| key.id.short().to_owned(), |c| c.name.to_string())
    }
}

fn next(pane: PaneKind, by: usize) -> PaneKind {
    let all = PaneKind::ALL;
    let here = all.iter().position(|k| *k == pane).unwrap_or(0);
    all[(here + by) % all.len()]
}
