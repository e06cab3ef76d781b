//! Keys: to the line at the foot, to a dialog, or through the key map to an action.

use crate::action::{Action, Context};
use crate::app::model::{Model, Overlay};
use crate::app::settings::OwnCommand;
use crate::config::keymap::{Chord, Code, Lookup};
use crate::domain::grade::Grade;
use crate::domain::ids::HostId;
use crate::effect::Effect;
use crate::world::Link;

impl Model {
    pub(in crate::app) fn key(&mut self, chord: Chord) -> Vec<Effect> {
        self.notice = None;
        self.tried.clear();
        let is_ctrl_c = chord.ctrl && chord.code == Code::Char('c');
        if is_ctrl_c {
            return vec![Effect::Quit];
        }
        if chord.ctrl && chord.code == Code::Char('z') {
            return vec![Effect::Suspend];
        }
        if let Some(ask) = self.asks.front_mut() {
            let Some(answer) = ask.key(chord) else { return Vec::new() };
            let id = ask.id;
            self.asks.pop_front();
            return vec![Effect::Answer(id, answer)];
        }
        // Escape and a letter typed soon after it look like Alt and the letter, over a slow link above all.
        if chord.alt && self.keymap.action(self.contexts(), chord).is_none() {
            let mut effects = self.key(Code::Esc.into());
            effects.extend(self.key(Chord { alt: false, ..chord }));
            return effects;
        }
        if self.input.is_some() {
            return self.input_key(chord);
        }
        if let Some(Overlay::Question(question)) = &mut self.overlay {
            return match chord.code {
                Code::Esc => self.question_key(None),
                _ if !question.takes_key(self.now.at) => Vec::new(),
                Code::Char(c) if !chord.ctrl => self.question_key(Some(c)),
                Code::Enter => self.question_key(None),
                _ => Vec::new(),
            };
        }
        if let Some(Overlay::Confirm(confirm)) = &mut self.overlay {
            match (&confirm.grade, chord.code) {
                (_, Code::Esc) | (Grade::None | Grade::Yes, Code::Enter | Code::Char('n')) => {
                    self.overlay = None;
                }
                (Grade::None | Grade::Yes, Code::Char('y')) => return self.confirmed(),
                (Grade::Name(_), Code::Char(c)) if !chord.ctrl => confirm.typed.push(c),
                (Grade::Name(_), Code::Backspace) => drop(confirm.typed.pop()),
                (Grade::Name(_), Code::Enter) if confirm.is_typed() => return self.confirmed(),
                _ => {
                    if let Some(action) = self.keymap.action(&[Context::Global], chord) {
                        confirm.scroll(action);
                    }
                }
            }
            return Vec::new();
        }
        if matches!(self.overlay, Some(Overlay::Rollout(_))) {
            return self.rollout_key(chord);
        }
        if matches!(self.overlay, Some(Overlay::Palette(_))) {
            return self.palette_key(chord);
        }
        self.press(chord)
    }

    /// Tries all hosts of the environment that do not answer, asking whatever they ask.
    pub(in crate::app) fn connect(&mut self) -> Vec<Effect> {
        let environment = self.scope.environment.as_ref().and_then(|id| self.world.environment(id));
        let hosts = environment.map(|e| e.hosts.clone()).unwrap_or_default();
        let is_away = |id: &HostId| self.world.hosts.get(id).is_some_and(|host| host.link != Link::Up);
        let away: Vec<_> = hosts.into_iter().filter(is_away).collect();
        self.tried = away.iter().map(|id| (id.clone(), None)).collect();
        self.notice =
            self.tries().or_else(|| Some(("every host of this environment answers".to_owned(), false)));
        away.into_iter().map(Effect::Connect).collect()
    }

    /// What came of a try that was wanted, as long as that is what the foot tells.
    pub(in crate::app) fn was_tried(&mut self, host: &HostId, is_up: bool) {
        let is_told = self.notice.is_some() && self.notice == self.tries();
        if let Some((_, outcome)) = self.tried.iter_mut().find(|(id, _)| id == host)
            && outcome.is_none()
        {
            *outcome = Some(is_up);
            if is_told {
                self.notice = self.tries();
            }
        }
    }

    /// How the tries stand that were wanted; `None` without one.
    fn tries(&self) -> Option<(String, bool)> {
        let all = |wanted: Option<bool>, before: &str, behind: &str| {
            let hosts = self.tried.iter().filter(|(_, outcome)| *outcome == wanted);
            let names: Vec<_> = hosts.map(|(id, _)| id.as_str()).collect();
            (!names.is_empty()).then(|| format!("{before}{}{behind}", names.join(", ")))
        };
        let parts =
            [all(None, "trying ", ""), all(Some(true), "up: ", ""), all(Some(false), "no answer: ", "")];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let is_failure = self.tried.iter().any(|(_, outcome)| *outcome == Some(false));
        (!text.is_empty()).then_some((text, is_failure))
    }

    /// A key for the key map, maybe the next of several in a row.
    fn press(&mut self, chord: Chord) -> Vec<Effect> {
        let mut pressed = std::mem::take(&mut self.pressed);
        if !pressed.is_empty() && chord.code == Code::Esc {
            return Vec::new();
        }
        pressed.push(chord);
        let shown = pressed.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ");
        match self.keymap.lookup(self.contexts(), &pressed) {
            Lookup::Action(action) => return self.act(action),
            Lookup::Prefix => {
                let next = self.keymap.following(self.contexts(), &pressed);
                let next: Vec<_> = next.iter().map(|(key, a)| format!("{key} {}", a.entry().name)).collect();
                self.notice = Some((format!("{shown} and then: {}", next.join("  ")), false));
                self.pressed = pressed;
            }
            Lookup::Nothing => return self.press_own(pressed),
        }
        Vec::new()
    }

    /// Keys that mean none of our actions may run a program of the operator's own.
    fn press_own(&mut self, pressed: Vec<Chord>) -> Vec<Effect> {
        let shown = pressed.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ");
        let keys = |c: &OwnCommand| c.keys.as_ref().map_or_else(Vec::new, |keys| keys.as_slice().to_vec());
        let mut begun =
            self.settings.commands.iter().enumerate().filter(|(_, c)| keys(c).starts_with(&pressed));
        let found =
            begun.next().filter(|_| !self.is_covered()).map(|(number, c)| (number, keys(c) == pressed));
        match found {
            Some((number, true)) => return self.wish(number),
            Some((_, false)) => {
                self.notice = Some((format!("{shown} and then?"), false));
                self.pressed = pressed;
            }
            None => {
                self.notice = Some((format!("{shown} does nothing here; ? shows the keys"), false));
            }
        }
        Vec::new()
    }

    pub(in crate::app) fn input_key(&mut self, chord: Chord) -> Vec<Effect> {
        let Some(input) = &mut self.input else { return Vec::new() };
        match chord.code {
            Code::Esc => self.leave_input(),
            Code::Enter => {
                let (action, text) = (input.action, input.text().to_owned());
                self.input = None;
                self.keep_entered(action, &text);
                return self.enter_text(action, &text);
            }
            _ => {
                input.key(chord);
                self.preview();
            }
        }
        Vec::new()
    }

    pub(in crate::app) fn enter_text(&mut self, action: Action, text: &str) -> Vec<Effect> {
        let result = match (action, &mut self.reading) {
            (Action::Search, Some(reading)) => reading.view.set_search(text),
            (Action::Search, _) => self.logs.set_search(text).map(|said| {
                self.notice = said.map(|s| (s, false));
            }),
            (Action::FilterLines, _) => self.logs.set_filter(text),
            (Action::TimeRange, _) => {
                let zone = self.look.offset(self.now.wall);
                if let Err(error) = self.logs.set_range(text, self.now.wall, zone) {
                    self.notice = Some((error.to_string(), true));
                }
                Ok(())
            }
            (Action::Export, _) => {
                let id = self.job();
                return vec![Effect::Export(id, text.to_owned(), self.logs.text())];
            }
            _ => {
                if let Err(why) = self.filter_rows(text) {
                    self.notice = Some((why, true));
                }
                Ok(())
            }
        };
        if let Err(error) = result {
            self.notice = Some((error.to_string(), true));
        }
        Vec::new()
    }
}
