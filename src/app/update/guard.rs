//! Everything between the wish to change something and the effect: read-only, classification, confirmation.

use std::time::{Duration, Instant};

use crate::action::Action;
use crate::app::gate::Access;
use crate::app::model::{Model, Overlay};
use crate::app::settings::OwnCommand;
use crate::config::units::Period;
use crate::domain::act::{Change, ContainerAct};
use crate::domain::container::State;
use crate::domain::environment::{Class, Environment};
use crate::domain::grade::{Grade, INSIDE, grade};
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId};
use crate::effect::Effect;
use crate::overlays::confirm::Confirm;
use crate::overlays::question::{Choice, Question, Then, Wish};
use crate::ui::text::seconds;

impl Model {
    /// The environment on the screen.
    pub fn environment(&self) -> Option<&Environment> {
        self.scope.environment.as_ref().and_then(|id| self.world.environment(id))
    }

    /// Where the change counts: the environment on the screen, or a protected one that has any of it as well.
    pub(super) fn place(&self, change: &Change) -> Option<&Environment> {
        let touches = |environment: &Environment| match change {
            Change::Containers(_, targets) => targets.iter().any(|(key, _)| self.has(environment, key)),
            Change::Discard(host, _) => environment.hosts.contains(host),
        };
        let here = self.environment()?;
        if here.is_protected { Some(here) } else { self.protected(touches).or(Some(here)) }
    }

    /// Why nothing can be changed there now; `None` if it can.
    pub(in crate::app) fn lock_reason(&self, environment: &Environment) -> Option<String> {
        if let Some(format) = self.world.ledgers.get(&environment.id).and_then(|ledger| ledger.newer) {
            return Some(format!(
                "{} is read-only here: its ledger is of format {format}, written by a newer console; update this one",
                environment.id
            ));
        }
        let is_locked = self.settings.gate.access(environment, self.now.at) == Access::ReadOnly;
        is_locked.then(|| {
            let window = seconds(self.settings.gate.window(&environment.id).as_secs() as i64);
            format!("{} is read-only; `:write {window}` unlocks it", environment.id)
        })
    }

    /// Whether what changes something is refused in the environment on the screen.
    pub(in crate::app) fn is_read_only(&self) -> bool {
        self.environment().is_some_and(|e| self.settings.gate.access(e, self.now.at) == Access::ReadOnly)
    }

    /// Refuses, asks what the environment is, asks whether to do it, or does it.
    pub(in crate::app) fn ask(&mut self, change: Change) -> Vec<Effect> {
        let Some(environment) = self.place(&change).cloned() else { return Vec::new() };
        if let Some(why) = self.lock_reason(&environment) {
            self.notice = Some((format!("{}: {why}", change.title()), true));
            return Vec::new();
        }
        if self.asks_class(&environment) {
            let (title, wish) = (change.title(), Wish::Change(change));
            self.overlay = Some(Overlay::Question(classification(title, &environment.id, &wish)));
            return Vec::new();
        }
        match grade(change.weight(), &environment) {
            Grade::None => vec![self.carry_out(change)],
            grade => {
                let seen = self.states(&change);
                let environment = environment.id.to_string();
                let confirm = Confirm { change, environment, grade, typed: String::new(), top: 0, seen };
                self.overlay = Some(Overlay::Confirm(confirm));
                Vec::new()
            }
        }
    }

    /// Whether somebody has to say first what an environment is.
    pub(super) fn asks_class(&self, environment: &Environment) -> bool {
        let is_unknown = environment.class == Class::Unclassified && !environment.is_protected;
        is_unknown && !self.settings.gate.is_declined(&environment.id)
    }

    /// Has somebody say it, then goes on with what was wanted.
    pub(super) fn classify_first(&mut self, title: &str, id: &EnvironmentId, wish: &Wish) {
        self.overlay = Some(Overlay::Question(classification(title.to_owned(), id, wish)));
    }

    /// How the containers of a change stand now; `None` for one that is gone.
    fn states(&self, change: &Change) -> Vec<Option<State>> {
        match change {
            Change::Containers(_, targets) => {
                targets.iter().map(|(key, _)| self.world.container(key).map(|c| c.state.clone())).collect()
            }
            Change::Discard(..) => Vec::new(),
        }
    }

    /// Carries out what was confirmed, unless the world is no longer what the dialog showed.
    pub(in crate::app) fn confirmed(&mut self) -> Vec<Effect> {
        let Some(Overlay::Confirm(confirm)) = self.overlay.take() else { return Vec::new() };
        let refusal = self.place(&confirm.change).and_then(|environment| self.lock_reason(environment));
        if let Some(why) = refusal.or_else(|| self.differs(&confirm)) {
            let text = format!("{}: {why}; nothing was done", confirm.change.title());
            self.world.note(self.now, text.clone(), true);
            self.notice = Some((text, true));
            return Vec::new();
        }
        if let Change::Discard(host, _) = &confirm.change {
            // Counted again as soon as it is done.
            self.world.inventories.entry(host.clone()).or_default().asked = Some(self.now.at);
        }
        vec![self.carry_out(confirm.change)]
    }

    /// From here on it is among what changed, whatever comes of it.
    fn carry_out(&mut self, change: Change) -> Effect {
        if let Change::Containers(act, targets) = &change {
            for (key, name) in targets {
                self.world.asked(key.clone(), name, (self.operator.clone(), act.verb()), self.now.wall);
            }
        }
        let intent = self.intent(&change);
        Effect::Change(self.job(), change, intent)
    }

    /// The first container that is gone or stands differently from when the dialog opened.
    fn differs(&self, confirm: &Confirm) -> Option<String> {
        let Change::Containers(act, targets) = &confirm.change else { return None };
        targets.iter().zip(&confirm.seen).find_map(|((key, name), before)| {
            match (before.as_ref()?, self.world.container(key)) {
                (_, None) => Some(format!("{name} is gone by now")),
                (before, Some(c)) if is_other(*act, before, &c.state) => {
                    Some(format!("{name} is {} by now, it was {}", c.state.word(), before.word()))
                }
                _ => None,
            }
        })
    }

    /// What was drawn is on the screen, and whoever sits here can have seen it.
    pub fn drawn(&mut self, at: Instant) {
        let is_seen = self.asks.is_empty();
        match &mut self.overlay {
            Some(Overlay::Question(question)) => question.drawn(is_seen, at),
            Some(Overlay::Rollout(rollout)) => rollout.drawn(is_seen, at),
            _ => {}
        }
    }

    /// A key while a question is open.
    pub(in crate::app) fn question_key(&mut self, key: Option<char>) -> Vec<Effect> {
        let Some(Overlay::Question(question)) = &self.overlay else { return Vec::new() };
        match key.map(|key| (key, question.answer(key).cloned())) {
            None | Some(('n', None)) => {
                self.overlay = None;
            }
            Some((_, None)) => {}
            Some((_, Some(then))) => {
                self.overlay = None;
                return self.then(then);
            }
        }
        Vec::new()
    }

    fn then(&mut self, then: Then) -> Vec<Effect> {
        match then {
            Then::Unmask => {
                self.set_masks(true);
                self.show_inspected();
            }
            Then::Run(number) => return self.run(number),
            Then::Shell(key) => return self.open_shell(key),
            Then::TakeBack => return self.take_back(),
            Then::GoOn => return self.go_on(),
            Then::Leave(id, wish) => {
                self.settings.gate.decline(id);
                return self.wished(wish);
            }
            Then::Classify(id, class, wish) => {
                let mut effects = self.classify(&id, class);
                effects.extend(self.wished(wish));
                return effects;
            }
        }
        Vec::new()
    }

    /// Goes on with what was wanted before somebody had to say what the environment is.
    fn wished(&mut self, wish: Wish) -> Vec<Effect> {
        match wish {
            Wish::Change(change) => self.ask(change),
            Wish::Shell(key) => self.shell(key),
            Wish::Rollout(goal, release) => self.roll_out(goal, release),
        }
    }

    /// Takes effect at once; the operator's own file remembers it.
    fn classify(&mut self, id: &EnvironmentId, class: Class) -> Vec<Effect> {
        let Some(environment) = self.world.environments.iter_mut().find(|e| e.id == *id) else {
            return Vec::new();
        };
        environment.class = class;
        environment.is_protected = class == Class::Production;
        let hosts = environment.hosts.clone();
        let address = |host: &HostId| Some(self.world.hosts.get(host)?.address.to_string());
        // An environment of a file has its hosts there.
        let is_configured = self.settings.gate.configured.contains(id);
        let hosts = if is_configured { Vec::new() } else { hosts.iter().filter_map(address).collect() };
        self.settings.gate.configured.insert(id.clone());
        match self.settings.user_file.clone() {
            Some(file) => {
                vec![Effect::Classify { job: self.job(), file, environment: id.clone(), class, hosts }]
            }
            None => {
                self.notice = Some((format!("{id}: no home directory to remember it in"), true));
                Vec::new()
            }
        }
    }

    /// `:write 15m`: unlocks the environment on the screen for a while.
    pub(in crate::app) fn unlock(&mut self, text: &str) {
        let Some(environment) = self.environment().cloned() else { return };
        let id = environment.id;
        let wanted = match text.trim() {
            "" => Ok(self.settings.gate.window(&id)),
            "off" => Ok(Duration::ZERO),
            text => text.parse().map(Period::get),
        };
        let (text, is_failure) = match wanted {
            _ if !environment.is_protected => (format!("{id} is not protected; it is writable"), false),
            Err(error) => (error.to_string(), true),
            Ok(how_long) => {
                self.settings.gate.unlock(&id, how_long, self.now.at);
                let text = if how_long.is_zero() {
                    format!("{id} is read-only again")
                } else {
                    format!("{id} is writable for {}", Period::from_ms(how_long.as_millis() as u64))
                };
                self.world.note(self.now, text.clone(), false);
                (text, false)
            }
        };
        self.notice = Some((text, is_failure));
    }

    /// Locks what was unlocked for long enough.
    pub(in crate::app) fn lapse(&mut self) {
        for id in self.settings.gate.lapsed(self.now.at) {
            self.world.note(self.now, format!("{id} is read-only again"), false);
        }
    }

    /// `M`: hides again at once, shows only after a question.
    pub(in crate::app) fn toggle_masks(&mut self) {
        if self.is_unmasked {
            self.set_masks(false);
            return self.show_inspected();
        }
        let lines = vec![
            "Values of passwords, tokens and keys are shown in inspections until the environment changes or M is pressed again."
                .to_owned(),
        ];
        let choices = vec![Choice { key: 'y', label: "show them".to_owned(), then: Then::Unmask }];
        let place = self.scope.environment.as_ref().map(ToString::to_string).unwrap_or_default();
        self.overlay = Some(Overlay::Question(Question::new(["masks".to_owned(), place], lines, choices)));
    }

    pub(in crate::app) fn set_masks(&mut self, is_unmasked: bool) {
        if self.is_unmasked != is_unmasked {
            self.is_unmasked = is_unmasked;
            let text = if is_unmasked { "masked values are shown" } else { "values are masked again" };
            self.notice = Some((text.to_owned(), false));
        }
    }

    /// Runs a program of the operator's own, or asks first.
    pub(in crate::app) fn wish(&mut self, number: usize) -> Vec<Effect> {
        let Some(command) = self.settings.commands.get(number).cloned() else { return Vec::new() };
        if !command.is_asked {
            return self.run(number);
        }
        if let Some(why) = self.environment().and_then(|environment| self.lock_reason(environment)) {
            self.notice = Some((format!("{}: {why}", command.name), true));
            return Vec::new();
        }
        let lines = vec![command.run.join(" "), format!("in {}", command.dir.display())];
        let choices = vec![Choice { key: 'y', label: "run it".to_owned(), then: Then::Run(number) }];
        let place = self.scope.environment.as_ref().map(ToString::to_string).unwrap_or_default();
        let title = [format!("run {}", command.name), place];
        self.overlay = Some(Overlay::Question(Question::new(title, lines, choices)));
        Vec::new()
    }

    /// Keys, name and meaning of the operator's own programs.
    pub(in crate::app) fn own_keys(&self) -> Vec<[String; 3]> {
        let line = |c: &OwnCommand| {
            let keys = c.keys.as_ref().map_or_else(|| ":".to_owned(), ToString::to_string);
            [keys, c.name.clone(), c.description.clone()]
        };
        self.settings.commands.iter().map(line).collect()
    }

    fn run(&mut self, number: usize) -> Vec<Effect> {
        let command = self.settings.commands.get(number);
        command.map(|c| Effect::Run(c.name.clone(), c.run.clone(), c.dir.clone())).into_iter().collect()
    }

    /// Where a shell in that container counts: a protected environment that has it, else the one on the screen.
    pub(super) fn place_of(&self, key: &ContainerKey) -> Option<&Environment> {
        self.protected(|environment| self.has(environment, key)).or(self.environment())
    }

    fn has(&self, environment: &Environment, key: &ContainerKey) -> bool {
        self.world.containers(environment).iter().any(|c| c.key == *key)
    }

    fn protected(&self, has_it: impl Fn(&Environment) -> bool) -> Option<&Environment> {
        self.world.environments.iter().find(|e| e.is_protected && has_it(e))
    }

    /// A shell takes nothing from anybody by itself, but what is done in it may: a read-only environment has none, and
    /// only a development environment opens it unasked.
    pub(in crate::app) fn shell(&mut self, key: ContainerKey) -> Vec<Effect> {
        let verb = Action::Shell.entry().name;
        let Some(place) = self.place_of(&key).cloned().filter(|e| self.lock_reason(e).is_none()) else {
            return self.open_shell(key);
        };
        if self.asks_class(&place) {
            let question = classification(verb.to_owned(), &place.id, &Wish::Shell(key));
            self.overlay = Some(Overlay::Question(question));
            return Vec::new();
        }
        if grade(INSIDE, &place) == Grade::None {
            return self.open_shell(key);
        }
        let lines = vec![
            format!("A shell in {} on {}.", self.name(&key), key.host),
            "What is done in it is not asked again.".to_owned(),
        ];
        let choices = vec![Choice { key: 'y', label: "open it".to_owned(), then: Then::Shell(key) }];
        let title = [verb.to_owned(), place.id.to_string()];
        self.overlay = Some(Overlay::Question(Question::new(title, lines, choices)));
        Vec::new()
    }

    /// Opens it, unless its environment is read-only: a question may have stood longer than the write window.
    fn open_shell(&mut self, key: ContainerKey) -> Vec<Effect> {
        if let Some(why) = self.place_of(&key).and_then(|place| self.lock_reason(place)) {
            self.notice = Some((format!("{}: {why}", Action::Shell.entry().name), true));
            return Vec::new();
        }
        let name = self.name(&key);
        let intent = self.intent_of_shell(&key, &name);
        vec![Effect::Shell(key, name, intent)]
    }
}

/// Whether an act would mean something else than when it was asked for. One between two starts is either.
fn is_other(act: ContainerAct, before: &State, now: &State) -> bool {
    let is_between = |state: &State| *state == State::Restarting;
    if act == ContainerAct::Restart || is_between(before) || is_between(now) {
        return false;
    }
    before.is_up() != now.is_up() || (*before == State::Paused) != (*now == State::Paused)
}

fn classification(title: String, id: &EnvironmentId, wish: &Wish) -> Question {
    let choice = |key, label: &str, class| Choice {
        key,
        label: label.to_owned(),
        then: Then::Classify(id.clone(), class, wish.clone()),
    };
    let asked = format!("Nobody has said yet what {id} is. What you say is kept in your own configuration.");
    let choices = vec![
        choice('d', "development: harmless acts are not asked", Class::Development),
        choice('s', "staging: everything is confirmed", Class::Staging),
        choice('p', "production: read-only until unlocked, its name typed", Class::Production),
        Choice {
            key: 'l',
            label: "leave it unclassified for now; everything is confirmed".to_owned(),
            then: Then::Leave(id.clone(), wish.clone()),
        },
    ];
    Question::new([title, id.to_string()], vec![asked], choices)
}
