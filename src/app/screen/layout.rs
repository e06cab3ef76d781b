//! Where every pane sits, for any size: a fixed order in which they give way.

use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::panes::PaneKind;

/// Below this only a summary is shown.
const LEAST: (u16, u16) = (40, 8);
/// From this on several panes are shown side by side.
const WIDE: (u16, u16) = (120, 30);

/// Panes with their areas, for a body of this size; one alone when there is no room for more.
pub fn layout(body: Rect, focus: PaneKind, is_zoomed: bool) -> Vec<(PaneKind, Rect)> {
    if is_zoomed || body.width < WIDE.0 || body.height + 2 < WIDE.1 {
        if focus == PaneKind::Containers && !is_zoomed && body.height >= 16 {
            // Triage on a narrow screen: the list, and the log of what is selected.
            let list = body.height * 3 / 5;
            let below = Rect { y: body.y + list, height: body.height - list, ..body };
            return vec![(PaneKind::Containers, Rect { height: list, ..body }), (PaneKind::Logs, below)];
        }
        return vec![(focus, body)];
    }
    let left = 30;
    let (first, second) = (body.height * 2 / 5, body.height / 4);
    let column = |y, height| Rect { x: body.x, y: body.y + y, width: left, height };
    let wide = |y, height| Rect { x: body.x + left, y: body.y + y, width: body.width - left, height };
    let mut areas = vec![
        (PaneKind::Environments, column(0, second)),
        (PaneKind::Releases, column(second, second)),
        (PaneKind::Activity, column(second * 2, body.height - second * 2)),
        (PaneKind::Containers, wide(0, first)),
        (PaneKind::Health, wide(first, second - 1)),
        (PaneKind::Logs, wide(first + second - 1, body.height - first - second + 1)),
    ];
    areas.sort_by_key(|(kind, _)| *kind);
    areas
}

impl Model {
    pub(super) fn body(&self) -> Rect {
        let tabs = u16::from(self.is_narrow());
        Rect::new(0, 1 + tabs, self.size.0, self.size.1.saturating_sub(2 + tabs))
    }

    pub(super) fn is_narrow(&self) -> bool {
        self.size.0 < WIDE.0 || self.size.1 < WIDE.1
    }

    pub(super) fn is_tiny(&self) -> bool {
        self.size.0 < LEAST.0 || self.size.1 < LEAST.1
    }

    pub(in crate::app) fn areas(&self) -> Vec<(PaneKind, Rect)> {
        layout(self.body(), self.focus, self.is_zoomed)
    }
}
