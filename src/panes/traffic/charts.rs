//! What each slot did lately, old beside new, both to one scale.

use std::time::Duration;

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::slots::{percent, rate};
use super::{Behind, below};
use crate::config::theme::Role;
use crate::domain::health::took;
use crate::domain::series::{Point, Series};
use crate::domain::traffic::Slot;
use crate::panes::Ctx;
use crate::ui::spark::{self, Scale};
use crate::ui::text::{put, put_right};
use crate::world::traffic::SlotHistory;

/// From this width on the slots stand beside each other.
pub(super) const BESIDE: u16 = 100;
const SPAN: TimeDelta = TimeDelta::minutes(2);
/// Longer than this without a reading is a gap.
const GAP: TimeDelta = TimeDelta::seconds(3);
const LABEL: u16 = 8;
const VALUE: u16 = 8;

struct Figure {
    label: &'static str,
    of: fn(&SlotHistory) -> &Series,
    /// What several hosts tell is one sum; else the worst of them.
    is_summed: bool,
    /// Value of a full bar at least.
    least: f32,
    text: fn(f32) -> String,
}

const FIGURES: [Figure; 3] = [
    Figure {
        label: "req/s",
        of: |slot| &slot.requests,
        is_summed: true,
        least: 4.0,
        text: |value| rate(f64::from(value)),
    },
    Figure {
        label: "errors",
        of: |slot| &slot.errors,
        is_summed: false,
        least: 5.0,
        text: |value| percent(f64::from(value)),
    },
    Figure {
        label: "mean",
        of: |slot| &slot.latency,
        is_summed: false,
        least: 10.0,
        text: |ms| took(Duration::from_secs_f32((ms / 1000.0).clamp(0.0, 1e6))),
    },
];

/// Draws them; gives what is left.
pub(super) fn draw(ctx: &Ctx<'_>, behind: &Behind<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    let is_beside = area.width >= BESIDE;
    let half = Rect { width: area.width / 2 - 2, ..area };
    let places = Slot::BOTH.map(|slot| match (is_beside, slot) {
        (true, Slot::Blue) => half,
        (true, Slot::Green) => Rect { x: area.x + area.width / 2, ..half },
        (false, _) => Rect { width: area.width.min(BESIDE), ..area },
    });
    let width = places[0].width.saturating_sub(LABEL + VALUE + 4).clamp(8, 60);
    let heads: &[Slot] = if is_beside { &Slot::BOTH } else { &[Slot::Blue] };
    for slot in heads {
        let place = places[*slot as usize];
        let label = if is_beside { ctx.look.slot(*slot) } else { "last 2m".to_owned() };
        put(buf, place.x, area.y, place.width, &label, ctx.look.style(Role::Dim));
        if is_beside {
            put(buf, place.x + LABEL + 2, area.y, width, "last 2m", ctx.look.style(Role::Faint));
        }
    }
    let mut y = area.y + 1;
    for figure in &FIGURES {
        let columns = Slot::BOTH.map(|slot| columns(ctx, behind, figure, slot, usize::from(width)));
        let top = columns.iter().map(|columns| spark::top(columns, figure.least)).fold(0.0, f32::max);
        for slot in Slot::BOTH {
            let row = Rect { y, height: 1, ..places[slot as usize] };
            let has_label = is_beside || slot == Slot::Blue;
            draw_row(ctx, (figure, slot, has_label), &columns[slot as usize], (top, width), row, buf);
            y += u16::from(!is_beside);
        }
        y += u16::from(is_beside);
    }
    below(area, y - area.y)
}

fn draw_row(
    ctx: &Ctx<'_>,
    (figure, slot, has_label): (&Figure, Slot, bool),
    columns: &[Option<Point>],
    (top, width): (f32, u16),
    row: Rect,
    buf: &mut Buffer,
) {
    let look = ctx.look;
    if has_label {
        put(buf, row.x, row.y, LABEL, figure.label, look.style(Role::Dim));
    }
    let mark: String = look.slot(slot).chars().take(1).collect();
    put(buf, row.x + LABEL, row.y, 1, &mark, look.style(Role::Dim));
    let x = row.x + LABEL + 2;
    let scale = Scale { top, role: Role::Chart, bad: Role::Warn };
    spark::draw(look, buf, Rect { x, width, ..row }, columns, scale);
    let last = columns.last().copied().flatten();
    let text = last.map_or_else(|| "-".to_owned(), |point| (figure.text)(point.value));
    let role = if last.is_some() { Role::Text } else { Role::Faint };
    put_right(buf, x + width + 1, row.y, VALUE, &text, look.style(role));
}

/// Over all hosts.
fn columns(
    ctx: &Ctx<'_>,
    behind: &Behind<'_>,
    figure: &Figure,
    slot: Slot,
    count: usize,
) -> Vec<Option<Point>> {
    let mut all: Vec<Option<Point>> = vec![None; count];
    for traffic in behind.stands.iter().filter_map(|stand| stand.traffic) {
        let columns = (figure.of)(traffic.history(slot)).columns(ctx.now.wall, SPAN, GAP, count);
        for (sum, point) in all.iter_mut().zip(columns) {
            *sum = match (*sum, point) {
                (Some(a), Some(b)) => Some(Point {
                    at: a.at.max(b.at),
                    value: if figure.is_summed { a.value + b.value } else { a.value.max(b.value) },
                    is_bad: a.is_bad || b.is_bad,
                }),
                (one, other) => one.or(other),
            };
        }
    }
    all
}
