//! Which actions can be done here and now, and why the others cannot. What drives the footer also answers the key.

use super::model::Model;
use super::screen::layout;
use crate::action::Action;
use crate::domain::container::State;
use crate::panes::PaneKind;
use crate::world::{Host, Link};

impl Model {
    /// Why this action does nothing here now; `None` when it does something.
    pub fn refusal(&self, action: Action) -> Option<&'static str> {
        let ctx = self.ctx(self.focus);
        let of_pane = match self.focus {
            PaneKind::Containers => self.containers.refusal(action, &ctx),
            PaneKind::Logs => self.logs.refusal(action),
            _ => None,
        };
        of_pane.or_else(|| self.refusal_anywhere(action))
    }

    fn refusal_anywhere(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Zoom if !self.is_zoomed => {
                let places = layout::places(self.size, self.focus, false);
                (places.len() == 1).then_some("the pane has the whole screen already")
            }
            Action::Abort | Action::Hold | Action::Undo | Action::Resume => {
                match (self.open_deployment(), action) {
                    (None, _) => Some("no deployment is open here"),
                    (Some(true), Action::Undo | Action::Resume) => {
                        Some("somebody is at work on it; `A` takes it back")
                    }
                    (Some(false), Action::Hold) => Some("nobody is at work on it; `u` takes it up"),
                    (Some(_), _) => None,
                }
            }
            action if changes(action) && self.is_read_only() => {
                Some("the environment is read-only; `:write` unlocks it for a while")
            }
            Action::Demo | Action::Reload if self.world.is_demo => Some("this is the demo"),
            Action::Demo => {
                let is_silent = |h: &Host| matches!(h.link, Link::Lost { .. }) && h.containers.is_none();
                let answers = !self.world.hosts.values().all(is_silent);
                answers.then_some("an engine answers here, or may; `pilothouse demo` opens it beside this")
            }
            _ => None,
        }
    }

    /// What the footer calls an action: the half of it that would be done now.
    pub(super) fn label(&self, action: Action) -> &'static str {
        let selected = self.scope.container.as_ref().and_then(|key| self.world.container(key));
        match action {
            Action::Follow if self.logs.is_paused() => "follow",
            Action::StopStart => match selected.map(|c| c.state.is_up() || c.state == State::Restarting) {
                Some(false) => "start",
                _ => "stop",
            },
            Action::Zoom if self.is_zoomed => "unzoom",
            Action::Hold if self.is_held() => "go on",
            _ => action.entry().label,
        }
    }
}

/// Whether an action may change something.
fn changes(action: Action) -> bool {
    use Action::{Deploy, Kill, PauseContainer, Remove, Restart, Rollback, Scale, Shell, StopStart};
    matches!(action, Deploy | Kill | PauseContainer | Remove | Restart | Rollback | Scale | Shell | StopStart)
}
