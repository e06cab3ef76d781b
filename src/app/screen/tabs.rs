//! The row of panes on a screen that shows one at a time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::config::theme::Role;
use crate::panes::PaneKind;
use crate::ui::text::put;

impl Model {
    pub(super) fn draw_tabs(&self, area: Rect, buf: &mut Buffer) {
        let mut x = area.x + 1;
        for kind in PaneKind::ALL {
            let (number, name) = kind.title();
            let role = if kind == self.focus { Role::Bright } else { Role::Dim };
            let room = |x: u16| area.right().saturating_sub(x);
            x += put(buf, x, area.y, room(x), &number.to_string(), self.look.style(Role::Accent)) + 1;
            let name = if area.width < 90 { name.get(..4).unwrap_or(name) } else { name };
            x += put(buf, x, area.y, room(x), &name.to_lowercase(), self.look.style(role)) + 2;
        }
    }
}
