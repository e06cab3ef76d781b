//! The mouse: a click selects what is under it, the wheel scrolls what is under it. Nothing needs it.

use ratatui::layout::{Position, Rect};

use super::model::{Model, Overlay};
use super::screen::layout::Place;
use crate::action::Action;
use crate::effect::Effect;
use crate::msg::Mouse;
use crate::overlays::palette::Palette;
use crate::panes::{Ctx, PaneKind, Request};

/// Lines that one notch of the wheel moves a text by; a selection moves by one.
const NOTCH: usize = 3;

impl Model {
    /// The mouse did something over a cell.
    pub(super) fn mouse(&mut self, mouse: Mouse, column: u16, row: u16) -> Vec<Effect> {
        let at = Position::new(column, row);
        match mouse {
            Mouse::Click => self.click(at),
            Mouse::WheelUp => self.wheel(at, Action::Up),
            Mouse::WheelDown => self.wheel(at, Action::Down),
        }
    }

    fn place_at(&self, at: Position) -> Option<Place> {
        self.places().into_iter().find(|place| !self.is_tiny() && place.area.contains(at))
    }

    fn wheel(&mut self, at: Position, action: Action) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Palette(palette)) => {
                palette.go(if action == Action::Up { -1 } else { 1 }, Palette::rows(self.size.1));
                return Vec::new();
            }
            Some(Overlay::Confirm(confirm)) => {
                confirm.scroll(action);
                return Vec::new();
            }
            Some(Overlay::Rollout(rollout)) => {
                rollout.scroll(action);
                return Vec::new();
            }
            None if self.reading.is_none() => {}
            _ => return (0..NOTCH).flat_map(|_| self.act(action)).collect(),
        }
        let Some(place) = self.place_at(at) else { return Vec::new() };
        // What is typed for it decides where it stands.
        if self.input.is_some() && place.pane == PaneKind::Logs {
            return Vec::new();
        }
        let times = match place.pane {
            PaneKind::Logs | PaneKind::Activity | PaneKind::Deployment | PaneKind::Traffic => NOTCH,
            _ => 1,
        };
        (0..times).flat_map(|_| self.act_in(place.pane, action)).collect()
    }

    fn click(&mut self, at: Position) -> Vec<Effect> {
        // What lies above the panes has the keys, and a dialog is not answered by a slip of the hand.
        if self.is_covered() || self.input.is_some() {
            return Vec::new();
        }
        if self.is_narrow() && at.y == 1 && !self.is_tiny() {
            let tabs = self.tabs(self.size.0);
            if let Some((kind, ..)) = tabs.into_iter().find(|(_, x, width)| (*x..x + width).contains(&at.x)) {
                self.focus = kind;
            }
            return Vec::new();
        }
        let Some(place) = self.place_at(at) else { return Vec::new() };
        self.focus = place.pane;
        let inner = place.inner();
        if !inner.contains(at) {
            return Vec::new();
        }
        let requests = self.click_in(place.pane, at.y - inner.y, inner);
        requests.into_iter().flat_map(|request| self.request(request)).collect()
    }

    fn click_in(&mut self, pane: PaneKind, row: u16, inner: Rect) -> Vec<Request> {
        let ctx = Ctx::new(&self.world, &self.scope, &self.look, self.now);
        match pane {
            PaneKind::Containers => self.containers.click(row, &ctx),
            PaneKind::Environments => self.environments.click(row, inner, &ctx),
            PaneKind::Releases => {
                self.releases.click(row, inner, &ctx);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}
