//! The keys that work here, from the live key map.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::confirm::dialog;
use crate::action::{ACTIONS, Context};
use crate::config::keymap::Keymap;
use crate::config::theme::Role;
use crate::ui::look::Look;
use crate::ui::text::put;

/// One line per action of these contexts: key, name, what it does.
pub fn lines(keymap: &Keymap, contexts: &[Context]) -> Vec<(String, &'static str, &'static str)> {
    let is_here = |c: &Context| contexts.contains(c);
    ACTIONS
        .iter()
        .filter(|e| is_here(&e.context))
        .filter_map(|e| Some((keymap.key_of(e.action)?, e.name, e.doc)))
        .collect()
}

/// Draws it over `area`, from the line `top` on; gives how many lines fit.
pub fn draw(
    keymap: &Keymap,
    contexts: &[Context],
    top: usize,
    look: &Look,
    area: Rect,
    buf: &mut Buffer,
) -> usize {
    let lines = lines(keymap, contexts);
    let size = (76, lines.len() as u16 + 2);
    let inner = dialog(buf, area, size, ["Keys", "Esc closes, j k scroll"], look);
    for (y, (key, name, doc)) in (inner.y..inner.bottom()).zip(lines.iter().skip(top)) {
        put(buf, inner.x + 1, y, 10, key, look.style(Role::Key));
        put(buf, inner.x + 12, y, 15, name, look.style(Role::Text));
        put(buf, inner.x + 28, y, inner.width.saturating_sub(29), doc, look.style(Role::Dim));
    }
    usize::from(inner.height)
}
