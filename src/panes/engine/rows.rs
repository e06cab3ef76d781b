//! The list of one kind: each thing with its size, its age, and what uses it.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Key, key};
use crate::config::theme::Role;
use crate::domain::ids::{ContainerId, ContainerKey};
use crate::domain::inventory::{Item, Kind};
use crate::panes::{Ctx, Request};
use crate::ui::list::{Cursor, draw_selected};
use crate::ui::text::{age, bytes, put, put_right};

/// What is listed.
pub struct View<'a> {
    /// All that match.
    pub items: &'a [&'a Item],
    /// Which is selected, and the window.
    pub cursor: &'a Cursor<Key>,
    /// Which are marked.
    pub marked: &'a BTreeSet<Key>,
    /// Their kind.
    pub kind: Kind,
}

/// Draws head and rows.
pub fn draw(ctx: &Ctx<'_>, view: &View<'_>, is_filtered: bool, area: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    if area.is_empty() {
        return;
    }
    let columns = Columns::of(view.kind, area);
    let dim = look.style(Role::Dim);
    let last = match view.kind {
        Kind::Container => "STATE",
        Kind::Cache => "RECORD",
        Kind::Image | Kind::Volume | Kind::Network => "USED BY",
    };
    columns.put(buf, area.y, ["NAME", "ID", "SIZE", "ALONE", "AGE", last], [dim; 6]);
    if view.items.is_empty() && area.height > 1 {
        let text = if is_filtered { "nothing matches the filter; Esc clears it" } else { "none" };
        put(buf, area.x + 2, area.y + 1, area.width.saturating_sub(2), text, dim);
    }
    let window = view.cursor.window(view.items.len());
    for (y, item) in (area.y + 1..area.bottom()).zip(&view.items[window]) {
        let row = Rect { y, height: 1, ..area };
        if view.cursor.selected.as_ref() == Some(&key(item)) {
            draw_selected(buf, row, look, ctx.is_focused);
        }
        if view.marked.contains(&key(item)) {
            put(buf, row.x + 1, y, 1, look.glyph("•", "*"), look.style(Role::Accent));
        }
        draw_item(ctx, &columns, item, row, buf);
    }
}

/// Left edge and width of each column; 0 where there is no room or no meaning.
struct Columns {
    x: u16,
    widths: [u16; 6],
}

impl Columns {
    fn of(kind: Kind, area: Rect) -> Self {
        let has_size = kind != Kind::Network;
        let id = if area.width >= 110 && kind != Kind::Volume { 12 } else { 0 };
        let size = if has_size { 6 } else { 0 };
        let alone = if kind == Kind::Image { 6 } else { 0 };
        let left = area.width.saturating_sub(id + size + alone + 5 + 8);
        let name = left * 11 / 20;
        Self { x: area.x + 2, widths: [name, id, size, alone, 5, left.saturating_sub(name)] }
    }

    fn put(&self, buf: &mut Buffer, y: u16, texts: [&str; 6], styles: [ratatui::style::Style; 6]) {
        let mut x = self.x;
        for (i, ((text, width), style)) in texts.into_iter().zip(self.widths).zip(styles).enumerate() {
            if width == 0 {
                continue;
            }
            if (2..=4).contains(&i) {
                put_right(buf, x, y, width, text, style);
            } else {
                put(buf, x, y, width, text, style);
            }
            x += width + if i == 4 { 2 } else { 1 };
        }
    }
}

fn draw_item(ctx: &Ctx<'_>, columns: &Columns, item: &Item, row: Rect, buf: &mut Buffer) {
    let name = names(item, columns.widths[1] > 0);
    let size = item.bytes.map_or_else(|| "?".to_owned(), |alone| bytes(alone + item.shared_bytes));
    let alone = item.bytes.map_or_else(|| "?".to_owned(), bytes);
    let since = item.used.or(item.created).map(|at| age(at, ctx.now.wall)).unwrap_or_default();
    let (uses, role) = uses(ctx, item);
    let styles = [
        if item.is_dangling() { Role::Dim } else { Role::Text },
        Role::Faint,
        Role::Text,
        Role::Faint,
        Role::Dim,
        role,
    ];
    let texts = [&*name, item.short_id(), &size, &alone, &since, &uses];
    columns.put(buf, row.y, texts, styles.map(|role| ctx.look.style(role)));
}

/// Its name, or its id where it has none and that does not stand beside it.
fn names(item: &Item, has_id_beside: bool) -> String {
    match (item.kind, item.names.as_slice()) {
        (Kind::Image, []) if has_id_beside => "(no name)".to_owned(),
        (Kind::Image, []) => format!("(no name) {}", item.short_id()),
        (Kind::Image, [one, rest @ ..]) if !rest.is_empty() => format!("{one} and {} more", rest.len()),
        _ if item.is_anonymous() => format!("(no name) {}", item.id.get(..12).unwrap_or(&item.id)),
        _ => item.name().to_owned(),
    }
}

/// What uses it, or that it can go; for containers their state and whether their log has a limit.
fn uses(ctx: &Ctx<'_>, item: &Item) -> (String, Role) {
    match item.kind {
        Kind::Container if is_log_unlimited(ctx, item) => {
            (format!("{}, log unlimited", item.note), Role::Dim)
        }
        Kind::Container => (item.note.to_string(), Role::Dim),
        Kind::Cache if item.why_kept().is_none() => (item.note.to_string(), Role::Dim),
        _ => match item.why_kept() {
            Some(_) if !item.users.is_empty() => (item.users.join(", "), Role::Text),
            Some(why) => (why, Role::Dim),
            None => ("nothing".to_owned(), Role::Ok),
        },
    }
}

fn is_log_unlimited(ctx: &Ctx<'_>, item: &Item) -> bool {
    // A container's id says enough: ids are unique over engines for all that happens.
    let id = ContainerId::new(&*item.id);
    let is_unlimited = |host| {
        let found = ctx.world.container(&ContainerKey { host, id: id.clone() });
        found.and_then(|c| c.detail.as_ref()).is_some_and(|d| d.is_log_unlimited)
    };
    ctx.world.hosts.keys().cloned().any(is_unlimited)
}

/// What a filter looks at.
pub fn searched(item: &Item) -> String {
    let kept = item.why_kept().unwrap_or_else(|| "nothing".to_owned());
    format!("{} {} {} {} {kept}", item.names.join(" "), item.id, item.users.join(" "), item.note)
}

/// All there is to say about one thing, to read.
pub fn read(ctx: &Ctx<'_>, item: &Item) -> Request {
    let mut lines = Vec::new();
    let mut line = |label: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("{label:<10} {text}"));
        }
    };
    line("id", item.id.to_string());
    for name in &item.names {
        line("name", name.to_string());
    }
    line(
        "size",
        item.bytes.map_or_else(|| "unknown".to_owned(), |own| format!("{} ({own} bytes)", bytes(own))),
    );
    if item.shared_bytes > 0 {
        line("shared", format!("{} with others of its kind", bytes(item.shared_bytes)));
    }
    line("note", item.note.to_string());
    let when = |at: chrono::DateTime<chrono::Utc>| {
        format!("{} ({} ago)", at.format("%Y-%m-%d %H:%M:%SZ"), age(at, ctx.now.wall))
    };
    line("created", item.created.map(when).unwrap_or_default());
    line("last used", item.used.map(when).unwrap_or_default());
    for user in &item.users {
        line("used by", user.to_string());
    }
    for child in &item.children {
        line("base of", child.to_string());
    }
    line("removal", item.why_kept().map_or_else(|| "can go".to_owned(), |why| format!("not now: {why}")));
    if item.kind == Kind::Container && is_log_unlimited(ctx, item) {
        lines.extend(UNLIMITED.lines().map(str::to_owned));
    }
    Request::Read(format!("{} {}", item.kind.noun(), item.name()), lines)
}

/// What bounds a log from now on.
const UNLIMITED: &str = r#"
Its log grows without a limit and may fill the disk of the host. Either for
all new containers, in /etc/docker/daemon.json (restart the engine, then
make the containers anew):

    { "log-driver": "json-file",
      "log-opts": { "max-size": "10m", "max-file": "3" } }

or for one service, in its Compose file:

    logging:
      driver: json-file
      options: { max-size: "10m", max-file: "3" }"#;
