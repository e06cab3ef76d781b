//! What is set and what is measured, a line a slot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Behind, below};
use crate::config::theme::Role;
use crate::domain::health::took;
use crate::domain::ids::HostId;
use crate::domain::traffic::{Percent, Slot};
use crate::panes::Ctx;
use crate::ui::text::{put, put_right};
use crate::world::traffic::service::Total;

/// Head, width, and whether it stands right.
const COLUMNS: [(&str, u16, bool); 9] = [
    ("SLOT", 8, false),
    ("RELEASE", 12, false),
    ("SET", 6, true),
    ("MEASURED", 8, true),
    ("REQ/S", 6, true),
    ("ERRORS", 6, true),
    ("MEAN", 6, true),
    ("IN FLIGHT", 9, true),
    ("SERVERS", 7, true),
];

/// `0%`, `0.02%`, `4.1%`, `31%`: never 0 where there is something.
pub fn percent(value: f64) -> String {
    match value {
        value if value <= 0.0 => "0%".to_owned(),
        value if value < 0.01 => "<0.01%".to_owned(),
        value if value < 1.0 => format!("{value:.2}%"),
        value if value < 9.95 => format!("{value:.1}%"),
        value => format!("{value:.0}%"),
    }
}

/// `0`, `2.4`, `158`.
pub(super) fn rate(value: f64) -> String {
    if value > 0.0 && value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// Draws the table; gives what is left.
pub(super) fn draw(ctx: &Ctx<'_>, behind: &Behind<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    row(ctx, area, buf, COLUMNS.map(|(head, ..)| (head.to_owned(), Role::Dim)));
    for (slot, lines) in Slot::BOTH.into_iter().zip(1..) {
        row(ctx, below(area, lines), buf, cells(ctx, behind, slot));
    }
    below(area, 3)
}

fn row(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer, cells: [(String, Role); 9]) {
    let mut x = area.x;
    for ((text, role), (_, width, is_right)) in cells.into_iter().zip(COLUMNS) {
        let width = width.min(area.right().saturating_sub(x));
        let style = ctx.look.style(role);
        if is_right {
            put_right(buf, x, area.y, width, &text, style);
        } else {
            put(buf, x, area.y, width, &text, style);
        }
        x = (x + width + 1).min(area.right());
    }
}

fn cells(ctx: &Ctx<'_>, behind: &Behind<'_>, slot: Slot) -> [(String, Role); 9] {
    let total = behind.total(slot, ctx.now);
    let splits = behind.splits(ctx.now);
    let set = match splits.as_slice() {
        [] => unknown(),
        [split] => (Percent(split.share(slot)).to_string(), Role::Bright),
        [..] => ("mixed".to_owned(), Role::Warn),
    };
    let gets_some = splits.iter().any(|split| split.share(slot) > 0);
    let measured = total.measured.map(|share| (format!("{share:.1}%"), Role::Text));
    let rate = total.rate.map(|rate| (self::rate(rate), Role::Text));
    let mean = total.mean.map(|mean| (took(mean), Role::Text));
    let in_flight = total.in_flight.map(|count| (count.to_string(), Role::Text));
    let cells = [
        (ctx.look.slot(slot), Role::Bright),
        releases(ctx, behind, slot),
        set,
        measured.unwrap_or_else(unknown),
        rate.unwrap_or_else(unknown),
        errors(&total),
        mean.unwrap_or_else(unknown),
        in_flight.unwrap_or_else(unknown),
        servers(&total, gets_some),
    ];
    let is_stale = behind.is_stale(ctx.now);
    cells.map(|(text, role)| (text, if is_stale { Role::Dim } else { role }))
}

fn unknown() -> (String, Role) {
    ("-".to_owned(), Role::Faint)
}

fn errors(total: &Total) -> (String, Role) {
    total
        .errors()
        .map_or_else(unknown, |errors| (percent(errors), if errors > 0.0 { Role::Warn } else { Role::Text }))
}

/// How many of its servers get requests: red where it is given some and has nobody for them.
fn servers(total: &Total, gets_some: bool) -> (String, Role) {
    let Some((is_in, all)) = total.servers else { return unknown() };
    let role = match is_in {
        0 if gets_some => Role::Bad,
        is_in if is_in < all => Role::Warn,
        _ => Role::Text,
    };
    let text = if all == 0 { "none".to_owned() } else { format!("{is_in} of {all}") };
    (text, if all == 0 && !gets_some { Role::Dim } else { role })
}

fn releases(ctx: &Ctx<'_>, behind: &Behind<'_>, slot: Slot) -> (String, Role) {
    let hosts: Vec<&HostId> = behind.stands.iter().map(|stand| &stand.id.host).collect();
    let environment = ctx.environment();
    let releases = environment.map(|e| ctx.world.releases_in(e, &behind.service, &hosts, slot));
    match releases.unwrap_or_default().as_slice() {
        [] => unknown(),
        [one] => ((*one).to_owned(), Role::Text),
        several => (several.join(" "), Role::Warn),
    }
}
