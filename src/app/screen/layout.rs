//! Where every pane sits, for any size: a fixed order in which they give way.
//!
//! | terminal | what is shown |
//! |--|--|
//! | below 60x15 | a summary of the environment, a line a fact |
//! | below 120x24 | one pane below a row of tabs; the containers with a triage strip from 18 rows on |
//! | below 120x36 | environments and releases at the left, containers and logs at the right |
//! | from 120x36 on | activity and health as well |

use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::panes::PaneKind;

/// Below this only a summary is shown.
const LEAST: (u16, u16) = (60, 15);
/// From this on several panes are shown side by side.
const WIDE: (u16, u16) = (120, 24);
/// A body of this height has room for activity and health as well.
const TALL: u16 = 34;
/// A body of this height, one pane wide, has room for the strip below the containers.
const STRIP: u16 = 15;
const LEFT: u16 = 30;

/// What is drawn around a pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    /// A box with the title on it.
    Box,
    /// A rule above, with the title on it.
    Rule,
    /// Nothing: the tab says what it is.
    Open,
    /// A rule that tells the reason of the selected container, and a line below: triage.
    Strip,
}

/// A pane in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Which.
    pub pane: PaneKind,
    /// All of it.
    pub area: Rect,
    /// What is drawn around it.
    pub edge: Edge,
}

impl Place {
    fn new(pane: PaneKind, edge: Edge, area: Rect) -> Self {
        Self { pane, area, edge }
    }

    /// What is left for the pane itself.
    pub fn inner(&self) -> Rect {
        let area = self.area;
        let below = |rows: u16, less: u16| Rect {
            y: area.y + rows.min(area.height),
            height: area.height.saturating_sub(rows + less),
            ..area
        };
        match self.edge {
            Edge::Box if area.width < 3 || area.height < 3 => area,
            Edge::Box => Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2),
            Edge::Rule => below(1, 0),
            Edge::Open => area,
            Edge::Strip => below(1, 2),
        }
    }
}

/// Where dialogs and readers lie: below the header, which always says where one is, and above the footer.
pub fn between(all: Rect) -> Rect {
    let header = u16::from(all.height > 3);
    Rect { y: all.y + header, height: all.height.saturating_sub(1 + header), ..all }
}

/// Whether only a summary fits.
pub fn is_tiny((width, height): (u16, u16)) -> bool {
    width < LEAST.0 || height < LEAST.1
}

/// Whether one pane at a time is shown, below a row of tabs.
pub fn is_narrow((width, height): (u16, u16)) -> bool {
    width < WIDE.0 || height < WIDE.1
}

/// What is left of the terminal below header and tabs and above the footer.
pub fn body((width, height): (u16, u16)) -> Rect {
    let tabs = u16::from(is_narrow((width, height)));
    Rect::new(0, (1 + tabs).min(height), width, height.saturating_sub(2 + tabs))
}

/// Panes with their places on a terminal of this size, the focused one always among them.
pub fn places(size: (u16, u16), focus: PaneKind, is_zoomed: bool) -> Vec<Place> {
    let body = body(size);
    if is_narrow(size) {
        return narrow(body, focus, is_zoomed);
    }
    if is_zoomed || !PaneKind::ALL.contains(&focus) {
        return vec![Place::new(focus, Edge::Box, body)];
    }
    let is_tall = body.height >= TALL;
    let [left, right] = [LEFT, body.width - LEFT];
    let mut lower = vec![PaneKind::Logs];
    if is_tall {
        lower.insert(0, PaneKind::Health);
    }
    let mut upper = vec![PaneKind::Environments, PaneKind::Releases];
    if is_tall {
        upper.push(PaneKind::Activity);
    }
    let is_placed = |kind| kind == PaneKind::Containers || upper.contains(&kind) || lower.contains(&kind);
    if !is_placed(focus) {
        // What has no place of its own takes that of the logs.
        lower = vec![focus];
    }
    let list = if is_tall { body.height / 3 } else { body.height / 2 };
    let mut heights = vec![list];
    heights.extend(if lower.len() == 2 {
        vec![10, body.height - list - 10]
    } else {
        vec![body.height - list]
    });
    let at_right = [vec![PaneKind::Containers], lower].concat();
    let mut places = column(body.x + left, body.y, right, &at_right, &heights);
    let first = if is_tall { body.height * 30 / 100 } else { body.height / 2 };
    let heights =
        if is_tall { vec![first, first, body.height - 2 * first] } else { vec![first, body.height - first] };
    places.extend(column(body.x, body.y, left, &upper, &heights));
    places.sort_by_key(|place| place.pane);
    places
}

fn column(x: u16, mut y: u16, width: u16, panes: &[PaneKind], heights: &[u16]) -> Vec<Place> {
    let mut places = Vec::new();
    for (pane, height) in panes.iter().zip(heights) {
        places.push(Place::new(*pane, Edge::Box, Rect { x, y, width, height: *height }));
        y += height;
    }
    places
}

fn narrow(body: Rect, focus: PaneKind, is_zoomed: bool) -> Vec<Place> {
    if focus != PaneKind::Containers {
        return vec![Place::new(focus, Edge::Rule, body)];
    }
    if is_zoomed || body.height < STRIP {
        return vec![Place::new(focus, Edge::Open, body)];
    }
    let list = body.height * 4 / 7;
    let below = Rect { y: body.y + list, height: body.height - list, ..body };
    vec![
        Place::new(focus, Edge::Open, Rect { height: list, ..body }),
        Place::new(PaneKind::Logs, Edge::Strip, below),
    ]
}

impl Model {
    pub(in crate::app) fn is_narrow(&self) -> bool {
        is_narrow(self.size)
    }

    pub(in crate::app) fn is_tiny(&self) -> bool {
        is_tiny(self.size)
    }

    pub(in crate::app) fn places(&self) -> Vec<Place> {
        places(self.size, self.focus, self.is_zoomed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(size: (u16, u16), focus: PaneKind) -> Vec<PaneKind> {
        places(size, focus, false).iter().map(|p| p.pane).collect()
    }

    #[test]
    fn panes_give_way_in_a_fixed_order() {
        use PaneKind::{Activity, Containers, Environments, Health, Logs, Releases};
        let expected: [((u16, u16), &[PaneKind]); 5] = [
            ((160, 48), &[Environments, Containers, Logs, Health, Releases, Activity]),
            ((120, 35), &[Environments, Containers, Logs, Releases]),
            ((119, 48), &[Containers, Logs]),
            ((80, 24), &[Containers, Logs]),
            ((60, 15), &[Containers]),
        ];
        for (size, panes) in expected {
            assert_eq!(shown(size, Containers), panes, "{size:?}");
        }
        assert!(is_tiny((59, 15)) && is_tiny((60, 14)) && !is_tiny((60, 15)));
    }

    #[test]
    fn the_focused_pane_is_shown_at_any_size() {
        for size in [(60, 15), (80, 24), (119, 60), (120, 24), (120, 35), (160, 48), (400, 100)] {
            for kind in PaneKind::ALL {
                assert!(shown(size, kind).contains(&kind), "{kind:?} at {size:?}");
            }
        }
    }

    #[test]
    fn places_cover_the_body_and_never_overlap() {
        for size in [(60, 15), (80, 24), (120, 24), (121, 37), (160, 48), (400, 100)] {
            for kind in PaneKind::ALL {
                let places = places(size, kind, false);
                let area: u32 = places.iter().map(|p| p.area.area()).sum();
                assert_eq!(area, body(size).area(), "{kind:?} at {size:?}");
                for (i, a) in places.iter().enumerate() {
                    assert!(places[i + 1..].iter().all(|b| !a.area.intersects(b.area)), "{kind:?} {size:?}");
                }
            }
        }
    }
}
