//! The row of panes on a screen that shows one at a time, with the counts of the one that is shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::model::Model;
use crate::config::theme::Role;
use crate::panes::PaneKind;
use crate::ui::text::{put, put_right};

/// The tabs that fit into `width`, with the column each begins at. The focused one is always among them.
pub fn tabs(focus: PaneKind, width: u16) -> Vec<(PaneKind, u16, u16)> {
    let mut shown = PaneKind::ALL.to_vec();
    if !shown.contains(&focus) {
        shown.push(focus);
    }
    let cells = |kind: &PaneKind| 2 + kind.tab().width() as u16;
    let needed = |shown: &[PaneKind]| shown.iter().map(|kind| cells(kind) + 2).sum::<u16>();
    while needed(&shown) > width + 1 && shown.len() > 1 {
        let last = shown.iter().rposition(|kind| *kind != focus).unwrap_or(0);
        shown.remove(last);
    }
    let mut x = 1;
    let place = |kind: PaneKind| {
        let at = x;
        x += cells(&kind) + 2;
        (kind, at, cells(&kind))
    };
    shown.into_iter().map(place).collect()
}

impl Model {
    /// What stands right in the row of tabs: what a pane without an edge cannot say.
    fn tab_summary(&self) -> String {
        if self.focus == PaneKind::Containers { self.containers.summary() } else { String::new() }
    }

    /// Tabs with their columns, in a row of this width.
    pub(in crate::app) fn tabs(&self, width: u16) -> Vec<(PaneKind, u16, u16)> {
        let summary = self.tab_summary().width() as u16;
        tabs(self.focus, width.saturating_sub(if summary > 0 { summary + 2 } else { 0 }))
    }

    pub(super) fn draw_tabs(&self, area: Rect, buf: &mut Buffer) {
        for (kind, x, width) in self.tabs(area.width) {
            let (number, _) = kind.title();
            let role = if kind == self.focus { Role::Bright } else { Role::Dim };
            let x = area.x + x;
            put(buf, x, area.y, 1, &number.to_string(), self.look.style(Role::Accent));
            put(buf, x + 2, area.y, width.saturating_sub(2), kind.tab(), self.look.style(role));
        }
        let right = area.width.saturating_sub(1);
        put_right(buf, area.x, area.y, right, &self.tab_summary(), self.look.style(Role::Dim));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tab_of_the_focused_pane_is_kept_when_others_give_way() {
        for width in [20, 40, 60, 78] {
            for focus in PaneKind::ALL {
                let shown = tabs(focus, width);
                assert!(shown.iter().any(|(kind, ..)| *kind == focus), "{focus:?} at {width}");
                assert!(shown.iter().all(|(_, x, cells)| x + cells <= width), "{focus:?} at {width}");
            }
        }
    }
}
