//! Above the list: what the engine is, how full its host is, and what each kind takes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{counted, inventory};
use crate::config::theme::Role;
use crate::domain::host::{EngineFacts, HostLoad};
use crate::domain::ids::HostId;
use crate::domain::inventory::Kind;
use crate::panes::Ctx;
use crate::ui::list::draw_selected;
use crate::ui::text::{bytes, put, put_right, seconds};
use crate::world::{Counted, Link};

/// From this width on the facts stand beside the totals.
const BESIDE: u16 = 120;
const TOTALS: u16 = 72;

/// A label with its value; the role is the value's.
type Fact = (&'static str, String, Role);

/// Rows that the head takes at this width.
pub fn height(width: u16) -> u16 {
    let totals = 2 + Kind::ALL.len() as u16;
    if width >= BESIDE { totals + 1 } else { totals + 3 }
}

/// Draws it; gives the rows it took.
pub fn draw(ctx: &Ctx<'_>, host: &HostId, kind: Kind, area: Rect, buf: &mut Buffer) -> u16 {
    let facts = facts(ctx, host);
    if area.width >= BESIDE {
        totals(ctx, host, kind, Rect { width: TOTALS, ..area }, buf);
        let beside = Rect { x: area.x + TOTALS + 2, width: area.width - TOTALS - 2, ..area };
        for (y, line) in (beside.y..beside.bottom()).zip(&facts) {
            draw_facts(ctx, line, Rect { y, height: 1, ..beside }, buf);
        }
    } else {
        let [engine, room] = [facts[..2].concat(), facts[2..].concat()];
        draw_facts(ctx, &engine, Rect { height: 1.min(area.height), ..area }, buf);
        if area.height > 1 {
            draw_facts(ctx, &room, Rect { y: area.y + 1, height: 1, ..area }, buf);
        }
        let below = Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2), ..area };
        totals(ctx, host, kind, below, buf);
    }
    height(area.width)
}

fn draw_facts(ctx: &Ctx<'_>, facts: &[Fact], row: Rect, buf: &mut Buffer) {
    if row.is_empty() {
        return;
    }
    let mut x = row.x + 1;
    let room = |x: u16| row.right().saturating_sub(x);
    for (label, value, role) in facts {
        if !label.is_empty() {
            x += put(buf, x, row.y, room(x), label, ctx.look.style(Role::Dim)) + 1;
        }
        x += put(buf, x, row.y, room(x), value, ctx.look.style(*role)) + 2;
    }
}

/// Lines of facts: the engine, its machine, disk, load and memory, logs.
fn facts(ctx: &Ctx<'_>, id: &HostId) -> Vec<Vec<Fact>> {
    let Some(host) = ctx.world.hosts.get(id) else { return vec![Vec::new(); 4] };
    let unknown = || ("engine", "unknown".to_owned(), Role::Dim);
    let mut engine = vec![("", id.to_string(), Role::Bright)];
    let mut machine = Vec::new();
    match &host.engine {
        Some(facts) => {
            engine.push(("engine", format!("{} api {}", facts.version, facts.api), Role::Text));
            machine.push(("", facts.system.clone(), Role::Text));
            machine.push(("", cpus(facts), Role::Text));
        }
        None => engine.push(unknown()),
    }
    if let Link::Lost { since, .. } = &host.link {
        let age = ctx.now.at.saturating_duration_since(*since).as_secs() as i64;
        engine.push(("", format!("stale {}", seconds(age)), Role::Warn));
    }
    vec![engine, machine, room(host.load, ctx.world.short_disks.contains(id)), vec![unlimited(ctx, id)]]
}

fn cpus(facts: &EngineFacts) -> String {
    match facts.cpus {
        0 => String::new(),
        1 => "1 cpu".to_owned(),
        n => format!("{n} cpus"),
    }
}

fn room(load: HostLoad, is_disk_short: bool) -> Vec<Fact> {
    let unknown = || ("unknown".to_owned(), Role::Dim);
    let of = |(free, all): (u64, u64), is_short: bool| {
        let role = if is_short { Role::Bad } else { Role::Text };
        (format!("{} free of {}", bytes(free), bytes(all)), role)
    };
    let disk = load.disk_bytes.map(|disk| of(disk, is_disk_short));
    let memory = load.memory_bytes.map(|(free, all)| of((free, all), free * 10 < all));
    let ((disk, disk_role), (memory, memory_role)) =
        (disk.unwrap_or_else(unknown), memory.unwrap_or_else(unknown));
    let (load1, load_role) = load.load1.map_or_else(unknown, |l| (format!("{l:.1}"), Role::Text));
    vec![("disk", disk, disk_role), ("mem", memory, memory_role), ("load", load1, load_role)]
}

/// Containers whose log may fill the disk.
fn unlimited(ctx: &Ctx<'_>, id: &HostId) -> Fact {
    let containers = ctx.world.hosts.get(id).and_then(|h| h.containers.as_ref());
    let Some(containers) = containers else { return ("logs", "unknown".to_owned(), Role::Dim) };
    let count = containers.iter().filter(|c| c.detail.as_ref().is_some_and(|d| d.is_log_unlimited)).count();
    match count {
        0 => ("logs", "limited".to_owned(), Role::Text),
        1 => ("", "1 log unlimited".to_owned(), Role::Warn),
        n => ("", format!("{n} logs unlimited"), Role::Warn),
    }
}

fn totals(ctx: &Ctx<'_>, host: &HostId, kind: Kind, area: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let known = inventory(ctx, host);
    let mut y = area.y;
    let mut row = |texts: [&str; 5], roles: [Role; 2], is_selected: bool| {
        if y >= area.bottom() {
            return;
        }
        if is_selected {
            draw_selected(buf, Rect { y, height: 1, ..area }, look, false);
        }
        let [name, figures] = roles.map(|role| look.style(role));
        put(buf, area.x + 2, y, 18, texts[0], name);
        for (end, text) in [26, 35, 46, 70].into_iter().zip(&texts[1..]) {
            put_right(buf, area.x, y, end.min(area.width), text, figures);
        }
        y += 1;
    };
    row(
        [look.glyph("KIND  ← →", "KIND  < >"), "ALL", "IN USE", "SIZE", "CAN GO"],
        [Role::Dim, Role::Dim],
        false,
    );
    for each in Kind::ALL {
        let name = if each == kind { Role::Bright } else { Role::Text };
        let Some(all) = known else {
            row([each.plural(), "", "", "", ""], [name, Role::Dim], each == kind);
            continue;
        };
        let total = all.total(each);
        let least = if total.is_least { "at least " } else { "" };
        let free = match (each, total.count - total.kept) {
            (_, 0) => "-".to_owned(),
            (Kind::Network, n) => n.to_string(),
            (_, n) => format!("{n}: {least}{}", bytes(total.free_bytes)),
        };
        let size = if each == Kind::Network { "-".to_owned() } else { bytes(total.bytes) };
        let texts = [each.plural(), &total.count.to_string(), &total.kept.to_string(), &size, &free];
        row(texts, [name, Role::Text], each == kind);
    }
    if y < area.bottom() {
        let (text, role) = state(ctx, counted(ctx, host));
        put(buf, area.x + 2, y, area.width.saturating_sub(2), &text, look.style(role));
    }
}

/// Whether the figures are there, how old they are, and what came back instead.
fn state(ctx: &Ctx<'_>, counted: Option<&Counted>) -> (String, Role) {
    let dots = ctx.look.glyph("…", "...");
    let ago = |at| seconds(ctx.now.at.saturating_duration_since(at).as_secs() as i64);
    let Some(counted) = counted else { return ("not asked yet".to_owned(), Role::Dim) };
    let age = counted.last.as_ref().map(|(at, _)| format!("counted {} ago", ago(*at)));
    match (&counted.asked, &counted.failure) {
        (Some(asked), _) => {
            let age = age.map(|age| format!("; {age}")).unwrap_or_default();
            (format!("asking the engine{dots} {}{age}", ago(*asked)), Role::Accent)
        }
        (None, Some(why)) => (
            format!("not counted: {why}{}", age.map(|age| format!("; {age}")).unwrap_or_default()),
            Role::Bad,
        ),
        (None, None) => (age.unwrap_or_default(), Role::Dim),
    }
}
