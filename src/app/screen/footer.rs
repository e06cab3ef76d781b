//! The last line: the keys that do something here, or the last word to the operator.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::action::{ACTIONS, Action, Context};
use crate::app::model::{Model, Overlay};
use crate::config::theme::Role;
use crate::panes::PaneKind;
use crate::ui::text::{put, wrapped};

/// Rows that a long word to the operator may take.
const MOST_ROWS: usize = 3;
/// Always there, at the end: they lead to everything else.
const LAST: [Action; 2] = [Action::Palette, Action::Help];

/// What is done to services and their containers comes before what is looked at.
const FIRST: [Action; 10] = [
    Action::Undo,
    Action::Abort,
    Action::Hold,
    Action::Enter,
    Action::Tail,
    Action::Deploy,
    Action::Rollback,
    Action::Shell,
    Action::Restart,
    Action::Scale,
];

impl Model {
    /// Keys that do something here now, most used first, as many as fit into `width`.
    fn footer_keys(&self, width: u16) -> Vec<(String, &'static str)> {
        let item = |action: Action| {
            let key = self.keymap.key_of(action)?;
            Some((key, self.label(action))).filter(|_| self.refusal(action).is_none())
        };
        let cells = |(key, label): &(String, &'static str)| (key.width() + label.width() + 3) as u16;
        let last: Vec<_> = LAST.iter().filter_map(|action| item(*action)).collect();
        let mut room = width.saturating_sub(last.iter().map(cells).sum());
        let mut shown = Vec::new();
        for found in self.footer_actions().into_iter().filter_map(item) {
            if cells(&found) > room {
                break;
            }
            room -= cells(&found);
            shown.push(found);
        }
        shown.extend(last);
        shown
    }

    fn footer_actions(&self) -> Vec<Action> {
        let of = |context: Context| ACTIONS.iter().filter(move |e| e.context == context);
        let opens = matches!(self.focus, PaneKind::Environments | PaneKind::Containers | PaneKind::Releases);
        let mut actions = if opens { vec![Action::Enter] } else { Vec::new() };
        let all = self.contexts().iter().flat_map(|context| of(*context));
        let all = all.filter(|e| !e.label.is_empty() && e.action != Action::Enter).map(|e| e.action);
        actions.extend(all.filter(|action| !LAST.contains(action)));
        if matches!(self.focus, PaneKind::Containers | PaneKind::Releases | PaneKind::Deployment) {
            let place =
                |action: &Action| FIRST.iter().position(|first| first == action).unwrap_or(FIRST.len());
            actions.sort_by_key(place);
        }
        actions
    }

    /// What the keys of a view that lies over the panes do.
    fn overlay_keys(&self) -> Option<Vec<(String, &'static str)>> {
        let key = |key: &str, label| (key.to_owned(), label);
        if self.overlay.is_none() && self.reading.is_some() {
            return Some(self.reading_keys());
        }
        match self.overlay.as_ref()? {
            Overlay::Help(_) => Some(vec![key("j k", "scroll"), key("Esc", "close")]),
            Overlay::Question(_) => Some(vec![key("Esc", "cancel, nothing happens")]),
            Overlay::Confirm(_) => Some(vec![key("Esc", "cancel, nothing happens")]),
            Overlay::Rollout(rollout) => Some(rollout.keys(self.now.at)),
            Overlay::Palette(_) => None,
        }
    }

    pub(super) fn draw_footer(&self, area: Rect, buf: &mut Buffer) {
        let look = &self.look;
        if let Some((text, is_failure)) = &self.notice {
            let role = if *is_failure { Role::Bad } else { Role::Text };
            return self.draw_notice(text, role, area, buf);
        }
        buf.set_style(area, look.style(Role::Raised));
        let mut x = area.x + 1;
        let keys = self.overlay_keys().unwrap_or_else(|| self.footer_keys(area.width));
        for (key, label) in keys {
            let room = |x: u16| area.right().saturating_sub(x);
            x += put(buf, x, area.y, room(x), &key, look.style(Role::Key)) + 1;
            x += put(buf, x, area.y, room(x), label, look.style(Role::Dim)) + 2;
        }
    }

    /// A word to the operator is never cut short where rows above can hold the rest.
    fn draw_notice(&self, text: &str, role: Role, foot: Rect, buf: &mut Buffer) {
        let width = foot.width.saturating_sub(2);
        let lines = wrapped(text, usize::from(width), 0, MOST_ROWS.min(usize::from(foot.y) + 1));
        let top = foot.y + 1 - lines.len() as u16;
        for (y, line) in (top..=foot.y).zip(&lines) {
            let row = Rect { y, ..foot };
            for x in row.left()..row.right() {
                buf[(x, y)].reset();
            }
            buf.set_style(row, self.look.style(Role::Raised));
            put(buf, row.x + 1, y, width, line, self.look.style(role));
        }
    }
}
