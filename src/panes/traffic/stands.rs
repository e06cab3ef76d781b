//! The balancers themselves, and their servers by their own word.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{Behind, below};
use crate::config::theme::Role;
use crate::domain::traffic::{Check, Server, Split};
use crate::panes::Ctx;
use crate::panes::containers::words::state_text;
use crate::ui::text::{put, seconds};
use crate::world::traffic::service::Stand;

/// Says where the maintenance page is shown; takes no room where it is not.
pub(super) fn draw_maintenance(ctx: &Ctx<'_>, behind: &Behind<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    let is_on = |stand: &&Stand<'_>| stand.flow().is_some_and(|flow| flow.is_in_maintenance);
    let on: Vec<&str> = behind.stands.iter().filter(is_on).map(|stand| stand.id.host.as_str()).collect();
    if on.is_empty() {
        return area;
    }
    let mark = ctx.look.glyph("▲", "!");
    let hosts = if on.len() < behind.stands.len() { format!(" on {}", on.join(", ")) } else { String::new() };
    let text = format!("{mark} maintenance page: it answers every request{hosts}");
    put(buf, area.x, area.y, area.width, &text, ctx.look.style(Role::Warn));
    below(area, 2)
}

/// As wide as the widest of these, at most so many cells.
fn widest<'a>(texts: impl Iterator<Item = &'a str>, most: u16) -> u16 {
    texts.map(|text| text.width() as u16).max().unwrap_or(0).min(most)
}

/// Draws a line for each server; gives what is left.
pub(super) fn draw_servers(ctx: &Ctx<'_>, behind: &Behind<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    let look = ctx.look;
    put(buf, area.x, area.y, area.width, "SERVERS, by the balancer's own check", look.style(Role::Dim));
    let flows = || behind.stands.iter().filter_map(|stand| Some((stand, stand.flow()?)));
    let mut all: Vec<(&Stand<'_>, Split, &Server)> =
        flows().flat_map(|(stand, flow)| flow.servers.iter().map(move |s| (stand, flow.split, s))).collect();
    all.sort_by_key(|(_, _, server)| server.slot);
    if all.is_empty() {
        put(buf, area.x, area.y + 1, area.width, "none is known", look.style(Role::Faint));
        return below(area, 2);
    }
    let is_narrow = area.width < 100;
    let name = widest(all.iter().map(|(.., server)| server.name.as_str()), if is_narrow { 20 } else { 30 });
    let has_hosts = behind.stands.len() > 1;
    let host = widest(all.iter().map(|(stand, ..)| stand.id.host.as_str()), 12);
    let address = widest(all.iter().map(|(.., server)| server.address.as_str()), 21);
    for ((stand, split, server), lines) in all.iter().zip(1..) {
        let row = below(area, lines);
        let is_stale = stand.is_stale(ctx.now);
        let (words, role) = check(server, split.share(server.slot));
        let mut x = row.x;
        let mut cell = |width: u16, text: &str, role: Role| {
            let role = if is_stale { Role::Dim } else { role };
            put(buf, x, row.y, width.min(row.right().saturating_sub(x)), text, look.style(role));
            x = (x + width + 2).min(row.right());
        };
        cell(7, &look.slot(server.slot), Role::Text);
        cell(name, &server.name, Role::Text);
        if has_hosts {
            cell(host, stand.id.host.as_str(), Role::Dim);
        }
        cell(address, &server.address, Role::Dim);
        let in_flight = format!("{} in flight", server.in_flight);
        if !is_narrow {
            cell(13, &in_flight, Role::Text);
        }
        cell(row.width, &words, role);
    }
    below(area, all.len() as u16 + 1)
}

/// What the balancer found of it, and what it does about that.
fn check(server: &Server, share: u16) -> (String, Role) {
    match (&server.check, server.is_in) {
        (Check::Passed, true) => ("check passed".to_owned(), Role::Ok),
        (Check::Passed, false) => ("check passed, gets nothing".to_owned(), Role::Dim),
        (Check::Failed(why), _) => {
            (format!("check failed: {why}"), if share > 0 { Role::Bad } else { Role::Warn })
        }
    }
}

/// Draws a line for each balancer; gives what is left.
pub(super) fn draw(ctx: &Ctx<'_>, behind: &Behind<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    let look = ctx.look;
    put(buf, area.x, area.y, area.width, "BALANCERS", look.style(Role::Dim));
    let name = widest(behind.stands.iter().map(|stand| &*stand.container.name), 24);
    let host = widest(behind.stands.iter().map(|stand| stand.id.host.as_str()), 12);
    for (stand, lines) in behind.stands.iter().zip(1..) {
        let row = below(area, lines);
        let (words, role) = told(ctx, stand);
        let mut x = row.x;
        let mut cell = |width: u16, text: &str, role: Role| {
            put(buf, x, row.y, width.min(row.right().saturating_sub(x)), text, look.style(role));
            x = (x + width + 2).min(row.right());
        };
        cell(name, &stand.container.name, Role::Text);
        cell(host, stand.id.host.as_str(), Role::Dim);
        if let Some(flow) = stand.flow() {
            let role = if stand.is_stale(ctx.now) { Role::Dim } else { Role::Text };
            let shares = flow.split.to_string();
            cell(shares.len() as u16, &shares, role);
            let up = format!("up {}", seconds(flow.up_s.min(i64::MAX as u64) as i64));
            cell(up.len() as u16, &up, Role::Dim);
        }
        cell(row.width, &words, role);
    }
    below(area, behind.stands.len() as u16 + 1)
}

/// How old what it told is, or why it does not tell.
fn told(ctx: &Ctx<'_>, stand: &Stand<'_>) -> (String, Role) {
    if !stand.container.state.is_up() {
        return (state_text(stand.container), Role::Bad);
    }
    let age = stand.age(ctx.now).map(|age| seconds(age.as_secs() as i64));
    let failure = stand.traffic.and_then(|traffic| traffic.failure.as_deref());
    match (failure, age) {
        (Some(why), Some(age)) => (format!("stale {age}: {why}"), Role::Warn),
        (Some(why), None) => (why.to_owned(), Role::Warn),
        (None, Some(age)) if stand.is_stale(ctx.now) => (format!("stale {age}"), Role::Dim),
        (None, Some(age)) => (format!("told {age} ago"), Role::Dim),
        (None, None) => ("asking".to_owned(), Role::Dim),
    }
}
