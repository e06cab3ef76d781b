//! How messages change the model. Pure: no clock, no I/O; what is wanted of the outside comes back as effects.

use super::model::{Model, Overlay};
use crate::action::Action;
use crate::domain::prompt::PromptId;
use crate::effect::Effect;
use crate::msg::{LogFact, Msg};
use crate::overlays::ask::Ask;
use crate::overlays::help::Help;
use crate::overlays::rollout::Goal;
use crate::panes::{Answer, Ctx, PaneKind, Request};
use crate::world::Now;

mod deployed;
mod facts;
mod guard;
mod intents;
mod keys;
mod preview;
mod promote;
mod recall;
mod recovery;
mod requests;
mod rollout;

impl Model {
    /// Takes in what happened; tells what is wanted of the outside.
    pub fn update(&mut self, msg: Msg, now: Now) -> Vec<Effect> {
        self.update_all([msg], now)
    }

    /// As [`Self::update`] for all that happened between two looks at the keys: what depends on all of it together is
    /// worked out once.
    pub fn update_all(&mut self, msgs: impl IntoIterator<Item = Msg>, now: Now) -> Vec<Effect> {
        self.now = now;
        self.lapse();
        let effects = msgs.into_iter().flat_map(|msg| self.take(msg, now)).collect();
        self.fit();
        effects
    }

    /// The one that is answered just now stays until it is closed: what is typed for it must not go to the next host.
    fn withdraw(&mut self, id: PromptId) {
        if let Some(ask) = self.asks.front_mut().filter(|ask| ask.id == id) {
            ask.withdraw();
        }
        self.asks.retain(|ask| ask.id != id || ask.is_withdrawn());
    }

    fn take(&mut self, msg: Msg, now: Now) -> Vec<Effect> {
        match msg {
            Msg::Key(chord) => self.key(chord),
            Msg::Asked(id, host, question) => {
                self.asks.push_back(Ask::new(id, host, question));
                Vec::new()
            }
            Msg::Unasked(id) => {
                self.withdraw(id);
                Vec::new()
            }
            Msg::Paste(text) => {
                self.pasted(&text);
                Vec::new()
            }
            Msg::Mouse(mouse, column, row) => self.mouse(mouse, column, row),
            Msg::Resize(width, height) => {
                self.size = (width, height);
                Vec::new()
            }
            Msg::Tick => Vec::new(),
            Msg::Host(host, fact) => {
                self.host_fact(&host, fact);
                self.refresh_logs();
                Vec::new()
            }
            Msg::Usage(samples) => {
                for sample in samples {
                    self.world.sampled(sample, now);
                }
                Vec::new()
            }
            Msg::Probed(target, reading) => {
                // What is wrong on the way is said of the host, never of who stands behind it.
                if reading.has_arrived() {
                    self.world.probed(target, reading);
                }
                Vec::new()
            }
            Msg::Traffic(front, told) => {
                self.world.told_of_traffic(front, told, now);
                Vec::new()
            }
            Msg::Log(generation, fact) => {
                if let LogFact::Failed(key, why) = &fact {
                    let name = self.name(key);
                    self.world.note(now, format!("logs of {name}: {why}"), true);
                }
                if let Some(said) = self.logs.fact(generation, fact) {
                    self.notice = Some((said, false));
                }
                Vec::new()
            }
            Msg::Ledger(environment, ledger) => {
                self.world.ledgers.heard(&environment, *ledger);
                Vec::new()
            }
            Msg::Job(job, event) => {
                if let Some(event) = self.answered(job, event) {
                    self.job_event(job, event);
                }
                Vec::new()
            }
        }
    }

    /// Text goes to whoever asks first.
    fn pasted(&mut self, text: &str) {
        if let Some(ask) = self.asks.front_mut() {
            return ask.paste(text);
        }
        if let Some(Overlay::Palette(palette)) = &mut self.overlay {
            palette.paste(text);
            self.palette_changed();
        }
        if let Some(Overlay::Rollout(rollout)) = &mut self.overlay {
            rollout.paste(text);
        }
        if let Some(input) = &mut self.input {
            input.paste(text);
            self.preview();
        }
    }

    /// Carries out an action where the focus is.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        if let Some(effects) = self.overlay_act(action) {
            return effects;
        }
        if let Some(why) = self.refusal(action) {
            self.notice = Some((format!("{}: {why}", action.entry().name), true));
            return Vec::new();
        }
        self.act_in(self.focus, action)
    }

    /// Carries out an action in that pane; what it does not know is done for the whole console.
    pub(super) fn act_in(&mut self, kind: PaneKind, action: Action) -> Vec<Effect> {
        let answer = {
            let ctx = Ctx { is_focused: true, ..Ctx::new(&self.world, &self.scope, &self.look, self.now) };
            match kind {
                PaneKind::Environments => self.environments.act(action, &ctx),
                PaneKind::Containers => self.containers.act(action, &ctx),
                PaneKind::Logs => self.logs.act(action, &ctx),
                PaneKind::Activity => self.activity.act(action, &ctx),
                PaneKind::Engine => self.engine.act(action, &ctx),
                PaneKind::Events => self.events.act(action, &ctx),
                PaneKind::Health => self.health.act(action),
                PaneKind::Traffic => self.traffic.act(action),
                PaneKind::Deployment => self.deployment.act(action),
                PaneKind::Releases => self.releases.act(action, &ctx),
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
        if self.overlay.is_none() && self.reading.is_some() {
            return Some(self.reading_act(action));
        }
        match (self.overlay.as_mut()?, action) {
            (_, Action::Back | Action::Quit) => self.overlay = None,
            (Overlay::Help(_), Action::Help) => self.overlay = None,
            (Overlay::Help(help), action) => help.act(action),
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
            Action::Traffic => self.go(PaneKind::Traffic),
            Action::Deployment => self.go(PaneKind::Deployment),
            Action::Activity => self.go(PaneKind::Activity),
            Action::Events => self.go(PaneKind::Events),
            Action::Engine => {
                self.go(PaneKind::Engine);
                let host = self.engine.wants_count(&self.ctx(PaneKind::Engine));
                return host.map(|h| self.request(Request::Count(h))).unwrap_or_default();
            }
            Action::NextPane => self.go(next(self.focus, 1)),
            Action::PreviousPane => self.go(next(self.focus, PaneKind::ALL.len() - 1)),
            Action::Zoom => self.is_zoomed = !self.is_zoomed,
            Action::Back if self.is_zoomed => self.is_zoomed = false,
            Action::Back => self.go(PaneKind::Containers),
            Action::Help => {
                self.overlay =
                    Some(Overlay::Help(Help::new(&self.keymap, self.focus.contexts(), &self.own_keys())));
            }
            Action::Deploy => return self.roll_out(Goal::Deploy, None),
            Action::Rollback => return self.roll_out(Goal::Rollback, None),
            Action::Scale => return self.roll_out(Goal::Scale, None),
            Action::Promote => return self.promote(""),
            Action::Undo => return self.undo(),
            Action::Resume => return self.go_on(),
            Action::Abort => return self.abort(),
            Action::Hold => return self.hold(),
            Action::Palette => self.open_palette(),
            Action::Write => self.unlock(""),
            Action::Masks => self.toggle_masks(),
            Action::Utc => self.look.is_utc = !self.look.is_utc,
            Action::Refresh => return self.connect(),
            Action::Demo => return vec![Effect::Demo],
            Action::Reload => return vec![Effect::Reload],
            Action::Quit => return vec![Effect::Quit],
            // Wherever the focus is, what is done to a container is done to the selected one.
            action if action.entry().context == crate::action::Context::Containers => {
                if self.focus != PaneKind::Containers {
                    self.go(PaneKind::Containers);
                    return self.act(action);
                }
            }
            _ => self.notice = Some((format!("{}: nothing to do here", action.entry().name), false)),
        }
        Vec::new()
    }

    fn go(&mut self, pane: PaneKind) {
        self.focus = pane;
    }
}

fn next(pane: PaneKind, by: usize) -> PaneKind {
    let all = PaneKind::ALL;
    let here = all.iter().position(|k| *k == pane).unwrap_or(0);
    all[(here + by) % all.len()]
}
