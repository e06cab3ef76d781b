//! The last line: the keys that do something here, or the last word to the operator.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::action::Action;
use crate::app::model::Model;
use crate::config::theme::Role;
use crate::ui::text::put;

impl Model {
    pub(super) fn draw_footer(&self, area: Rect, buf: &mut Buffer) {
        let look = &self.look;
        buf.set_style(area, look.style(Role::Raised));
        if let Some((text, is_failure)) = &self.notice {
            let role = if *is_failure { Role::Bad } else { Role::Text };
            put(buf, area.x + 1, area.y, area.width.saturating_sub(2), text, look.style(role));
            return;
        }
        let mut x = area.x + 1;
        let contexts = self.contexts();
        let entries = || crate::action::ACTIONS.iter().filter(|e| !e.label.is_empty());
        for entry in contexts.iter().flat_map(|c| entries().filter(move |e| e.context == *c)) {
            let Some(key) = self.keymap.key_of(entry.action) else { continue };
            let label = match entry.action {
                Action::Follow if self.logs.is_paused() => "follow",
                _ => entry.label,
            };
            let needed = (key.width() + label.width() + 3) as u16;
            if x + needed > area.right() {
                continue;
            }
            x += put(buf, x, area.y, needed, &key, look.style(Role::Key)) + 1;
            x += put(buf, x, area.y, needed, label, look.style(Role::Dim)) + 2;
        }
    }
}
