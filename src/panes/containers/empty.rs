//! The containers pane where there is no container to list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::config::theme::Role;
use crate::domain::ids::HostId;
use crate::panes::Ctx;
use crate::ui::text::{put, wrapped};
use crate::world::{Course, Link};

/// Why there is nothing to list.
pub fn draw(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer, is_filtered: bool) {
    let environment = ctx.scope.environment.as_ref().and_then(|id| ctx.world.environment(id));
    let ids = environment.map(|e| &e.hosts[..]).unwrap_or_default();
    // One host needs no name: the header has it.
    let who = |id: &HostId| if ids.len() > 1 { format!("{id}: ") } else { String::new() };
    let dim = ctx.look.style(Role::Dim);
    let mut y = area.y + 1;
    let mut line = |text: &str, style| {
        if y < area.bottom() {
            put(buf, area.x + 2, y, area.width.saturating_sub(3), text, style);
            y += 1;
        }
    };
    if is_filtered {
        return line("no container matches the filter; Esc clears it", dim);
    }
    let mut is_apart = true;
    for (id, host) in ids.iter().filter_map(|id| Some((id, ctx.world.hosts.get(id)?))) {
        // The reasons of one host are not the next one's.
        if !std::mem::replace(&mut is_apart, !matches!(host.link, Link::Lost { .. })) {
            line("", dim);
        }
        match &host.link {
            Link::Asking => line(&format!("{}asking the engine...", who(id)), dim),
            Link::Up => line(&format!("{}the engine runs no container", who(id)), dim),
            Link::Lost { .. } => {
                let what = match host.link.course(ctx.now) {
                    Some(Course::Rests) => "not tried again before somebody looks; ctrl-r tries".to_owned(),
                    Some(Course::Waits(seconds)) => format!("no engine answers; next try in {seconds} s"),
                    _ => format!("no engine answers; trying{}", ctx.look.glyph("…", "...")),
                };
                line(&format!("{}{what}", who(id)), ctx.look.style(Role::Bad));
                if ids.first() == Some(id) {
                    line("the demo needs none: its key is in the last line, its name is :demo", dim);
                }
                line("", dim);
                for (what, mend) in host.link.refusals() {
                    let width = usize::from(area.width.saturating_sub(9));
                    for part in wrapped(what, width, 0, 3) {
                        line(&part, ctx.look.style(Role::Text));
                    }
                    let mends = wrapped(mend, width, 0, 3);
                    for (i, part) in mends.iter().enumerate().filter(|_| !mend.is_empty()) {
                        let before = if i == 0 { "  try: " } else { "       " };
                        line(&format!("{before}{part}"), ctx.look.style(Role::Accent));
                    }
                }
            }
        }
    }
}
