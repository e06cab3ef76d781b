//! The keys, from the live key map: those that work here first, then those of the other panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::confirm::dialog;
use crate::action::{ACTIONS, Action, Context};
use crate::config::keymap::{Chord, Keymap};
use crate::config::theme::Role;
use crate::ui::look::Look;
use crate::ui::scroll::Scroll;
use crate::ui::text::put;

/// The view.
#[derive(Clone, Debug)]
pub struct Help {
    lines: Vec<Line>,
    scroll: Scroll,
    height: usize,
    columns: u16,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    Head(&'static str),
    Key { keys: String, name: String, doc: String },
    Blank,
}

/// Width of one column.
const COLUMN: u16 = 76;
/// Where the explanation begins in it.
const DOC: u16 = 28;
/// From this width on there are two.
const TWO: u16 = 2 * COLUMN + 4;

fn head(context: Context) -> &'static str {
    match context {
        Context::Global => "EVERYWHERE",
        Context::List => "IN LISTS",
        Context::Containers => "IN CONTAINERS",
        Context::Logs => "IN LOGS",
        Context::Engine => "IN ENGINE",
        Context::Deployment => "IN DEPLOYMENT",
    }
}

/// All keys of an action in a context, those of the table first and in its order.
fn keys(keymap: &Keymap, context: Context, action: Action) -> String {
    let bound = keymap.bindings().into_iter().filter(|(c, _, a)| *c == context && *a == action);
    let text = |chords: &[Chord]| chords.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ");
    let mut all: Vec<_> = bound.map(|(_, chords, _)| text(&chords)).collect();
    let place = |key: &String| action.entry().keys.iter().position(|k| k == key).unwrap_or(usize::MAX);
    all.sort_by_key(place);
    all.join(", ")
}

fn lines(keymap: &Keymap, here: &[Context]) -> Vec<Line> {
    let all = crate::config::keymap::contexts();
    let others = all.iter().filter(|c| !here.contains(c));
    let mut lines = Vec::new();
    for context in here.iter().chain(others) {
        let line = |entry: &crate::action::Entry| {
            let keys = keys(keymap, *context, entry.action);
            (!keys.is_empty()).then_some(Line::Key {
                keys,
                name: entry.name.to_owned(),
                doc: entry.doc.to_owned(),
            })
        };
        let mut found: Vec<_> = ACTIONS.iter().filter_map(line).collect();
        if found.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::Blank);
        }
        lines.push(Line::Head(head(*context)));
        lines.append(&mut found);
    }
    lines
}

impl Help {
    /// The keys of these contexts first; the operator's own programs last, with their keys, name and meaning.
    pub fn new(keymap: &Keymap, here: &[Context], own: &[[String; 3]]) -> Self {
        let mut lines = lines(keymap, here);
        if !own.is_empty() {
            lines.extend([Line::Blank, Line::Head("YOUR OWN")]);
        }
        lines.extend(own.iter().cloned().map(|[keys, name, doc]| Line::Key { keys, name, doc }));
        Self { lines, scroll: Scroll::default(), height: 1, columns: 1 }
    }

    /// Scrolls.
    pub fn act(&mut self, action: Action) {
        self.scroll.act(action);
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, area: Rect) {
        self.columns = if area.width >= TWO { 2 } else { 1 };
        let needed = self.lines.len().div_ceil(usize::from(self.columns));
        self.height = usize::from(area.height.saturating_sub(2)).min(needed).max(1);
        self.scroll.fit(self.lines.len(), self.height, usize::from(self.columns));
    }

    /// Draws it over `area`.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) {
        let size = (COLUMN * self.columns + 4, self.height as u16 + 2);
        let window = self.scroll.window();
        let below = self.lines.len().saturating_sub(window.end);
        let more = if below > 0 {
            format!("{below} more below; j k scroll, Esc closes")
        } else {
            "Esc closes".to_owned()
        };
        let inner = dialog(buf, area, size, ["Keys", &more], look);
        let rows = usize::from(inner.height);
        let mut lines = self.lines[window].iter();
        for column in 0..self.columns {
            let x = inner.x + column * (COLUMN + 2);
            let width = inner.right().saturating_sub(x).min(COLUMN);
            for (y, line) in (inner.y..inner.bottom()).zip(lines.by_ref().take(rows)) {
                draw_line(line, Rect { x, y, width, height: 1 }, look, buf);
            }
        }
    }
}

fn draw_line(line: &Line, row: Rect, look: &Look, buf: &mut Buffer) {
    let rest = |used: u16| row.width.saturating_sub(used);
    match line {
        Line::Head(text) => {
            put(buf, row.x + 1, row.y, rest(1), text, look.style(Role::Dim));
        }
        Line::Key { keys, name, doc } => {
            put(buf, row.x + 1, row.y, rest(1).min(12), keys, look.style(Role::Key));
            put(buf, row.x + 14, row.y, rest(14).min(14), name, look.style(Role::Text));
            put(buf, row.x + DOC, row.y, rest(DOC), doc, look.style(Role::Dim));
        }
        Line::Blank => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_explained_within_its_column() {
        let lines = lines(&Keymap::standard().unwrap(), &[]);
        let docs = lines.iter().filter_map(|line| match line {
            Line::Key { doc, .. } => Some(doc.as_str()),
            Line::Head(_) | Line::Blank => None,
        });
        let cut: Vec<_> = docs.filter(|doc| doc.len() > usize::from(COLUMN - DOC)).collect();
        assert_eq!(cut, Vec::<&str>::new());
    }

    #[test]
    fn a_key_that_was_set_anew_is_the_one_that_is_shown() {
        let mut keymap = Keymap::standard().unwrap();
        let set = |name: &str, action: &str| {
            (name.to_owned(), crate::config::schema::Binding::Action(action.into()))
        };
        keymap.overlay(&[set("R", "none"), set("ctrl-x r", "restart")].into());
        let found = lines(&keymap, &[Context::Containers, Context::Global]);
        let restart = found.iter().find_map(|line| match line {
            Line::Key { keys, name, .. } if name == "restart" => Some(keys.as_str()),
            _ => None,
        });
        assert_eq!(restart, Some("ctrl-x r"));
    }

    #[test]
    fn the_keys_that_work_here_stand_first() {
        let keymap = Keymap::standard().unwrap();
        assert_eq!(lines(&keymap, &[Context::Logs, Context::Global])[0], Line::Head("IN LOGS"));
    }
}
