//! What the palette offers, above the line that is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::config::theme::Role;
use crate::ui::text::put;

impl Model {
    pub(super) fn draw_palette(&self, input: &crate::overlays::input::Input, foot: Rect, buf: &mut Buffer) {
        let matches = input.matches();
        let shown = matches.len().min(8) as u16;
        for (y, action) in (foot.y.saturating_sub(shown)..foot.y).zip(matches) {
            let row = Rect { y, ..foot };
            for x in row.left()..row.right() {
                buf[(x, y)].reset();
            }
            buf.set_style(row, self.look.style(Role::Raised));
            put(buf, row.x + 2, y, 18, action.entry().name, self.look.style(Role::Bright));
            put(
                buf,
                row.x + 21,
                y,
                row.width.saturating_sub(22),
                action.entry().doc,
                self.look.style(Role::Dim),
            );
        }
    }
}
