//! History beside the number: latency of each probe, how many fail, CPU and memory against their limits, and what was usual before.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::split;
use crate::config::theme::Role;
use crate::domain::alert::Figure;
use crate::domain::container::{Container, State};
use crate::domain::health::took;
use crate::domain::series::Series;
use crate::panes::Ctx;
use crate::ui::spark::{self, Scale};
use crate::ui::text::{age, bytes, put};
use crate::world::health::ProbeHistory;

/// Charts show the shortest of these that holds all of the history.
const SPANS: [TimeDelta; 5] = [
    TimeDelta::minutes(2),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::hours(1),
    TimeDelta::hours(6),
];
/// A history shorter than this has no "before" worth comparing with.
const BEFORE: TimeDelta = TimeDelta::minutes(2);
const LABEL: u16 = 9;
const VALUE: u16 = 18;
const PAST: u16 = 16;

struct Chart<'a> {
    label: &'static str,
    series: &'a Series,
    /// No longer than this without a reading is bridged.
    gap: TimeDelta,
    /// Value of a full bar; the greatest shown if it is less than what is given.
    least: f32,
    /// The limit, if there is one: then a full bar is the limit.
    limit: Option<f32>,
    now: (String, Role),
    text: fn(f32) -> String,
}

/// Draws what is known; gives what is left below.
pub(super) fn draw(ctx: &Ctx<'_>, c: &Container, area: Rect, buf: &mut Buffer) -> Rect {
    let charts = charts(ctx, c);
    let span = charts.iter().map(|chart| chart.series.span(ctx.now.wall)).max();
    let Some(span) = span.filter(|_| area.height > 0) else { return area };
    let span = SPANS.into_iter().find(|known| span <= *known).unwrap_or(SPANS[4]);
    let width = area.width.saturating_sub(LABEL + VALUE + PAST + 2).clamp(8, 60);
    let mut y = area.y;
    // A free line where nothing is lost by it says how long the charts are.
    if area.height > charts.len() as u16 + 3 {
        let text = format!("last {}", span_words(span));
        put(buf, area.x + LABEL, y, width, &text, ctx.look.style(Role::Faint));
        y += 1;
    }
    for chart in charts.iter().take(usize::from(area.bottom().saturating_sub(y))) {
        draw_chart(ctx, chart, (span, width), Rect { y, height: 1, ..area }, buf);
        y += 1;
    }
    split(area, y - area.y).1
}

fn span_words(span: TimeDelta) -> String {
    crate::ui::text::seconds(span.num_seconds())
}

fn draw_chart(
    ctx: &Ctx<'_>,
    chart: &Chart<'_>,
    (span, width): (TimeDelta, u16),
    row: Rect,
    buf: &mut Buffer,
) {
    let look = ctx.look;
    let room = |x: u16| row.right().saturating_sub(x);
    put(buf, row.x, row.y, LABEL, chart.label, look.style(Role::Dim));
    let columns = chart.series.columns(ctx.now.wall, span, chart.gap, usize::from(width));
    let top = chart.limit.unwrap_or_else(|| spark::top(&columns, chart.least));
    let role = if chart.now.1 == Role::Warn { Role::Warn } else { Role::Chart };
    let scale = Scale { top, role, bad: Role::Bad };
    let mut x = row.x + LABEL;
    spark::draw(look, buf, Rect { x, width: width.min(room(x)), ..row }, &columns, scale);
    x += width + 2;
    put(buf, x, row.y, VALUE.min(room(x)), &chart.now.0, look.style(chart.now.1));
    x += VALUE;
    let hour = TimeDelta::hours(1).min(chart.series.span(ctx.now.wall));
    let before = chart.series.at(ctx.now.wall - hour).filter(|_| hour >= BEFORE);
    if let Some(point) = before.filter(|point| !point.is_bad) {
        let text = format!("{} {} ago", (chart.text)(point.value), age(point.at, ctx.now.wall));
        put(buf, x, row.y, PAST.min(room(x)), &text, look.style(Role::Dim));
    }
}

fn gap(history: &ProbeHistory) -> TimeDelta {
    TimeDelta::from_std(history.target.spec.interval * 2).unwrap_or(TimeDelta::minutes(1))
}

/// Of the probe that fails most; nothing where none failed.
fn errors<'a>(readings: &[&'a ProbeHistory], ctx: &Ctx<'_>) -> Option<Chart<'a>> {
    let each = readings.iter().filter_map(|history| Some((history.errors.share(ctx.now.wall)?, history)));
    let ((bad, all), history) = each.max_by_key(|((bad, all), _)| bad * 1000 / all)?;
    let percent = bad as f32 * 100.0 / all as f32;
    let digits = usize::from(percent > 0.0 && percent < 10.0);
    Some(Chart {
        label: "errors",
        series: history.errors.series(),
        gap: gap(history),
        least: 100.0,
        limit: Some(100.0),
        now: (format!("{percent:.digits$}% of {all}"), if bad > 0 { Role::Warn } else { Role::Text }),
        text: |percent: f32| format!("{percent:.0}%"),
    })
}

fn charts<'a>(ctx: &Ctx<'a>, c: &Container) -> Vec<Chart<'a>> {
    let mut charts = Vec::new();
    let readings: Vec<_> = ctx.world.readings(&c.key, ctx.now).collect();
    for history in readings.iter().filter(|_| c.state == State::Running) {
        let role = if history.verdict.is_ok() { Role::Text } else { Role::Bad };
        charts.push(Chart {
            label: history.target.kind.word(),
            series: &history.latency,
            gap: gap(history),
            least: 10.0,
            limit: None,
            now: (took(history.last.took), role),
            text: |ms| took(std::time::Duration::from_secs_f32(ms.max(0.0) / 1000.0)),
        });
    }
    charts.extend(errors(&readings, ctx).filter(|_| c.state == State::Running));
    let Some(usage) = ctx.world.usage.get(&c.key) else { return charts };
    let rates = usage.usage.filter(|_| c.state == State::Running);
    let gap = TimeDelta::seconds(10);
    let strained = |figure| {
        if ctx.world.strain(c, figure, ctx.now.wall).is_some() { Role::Warn } else { Role::Text }
    };
    let limit = c.detail.as_ref().and_then(|d| d.cpu_limit).map(|cpus| cpus * 100.0);
    let now = match rates {
        None => ("-".to_owned(), Role::Text),
        Some(rates) => {
            let of = limit.map(|limit| format!(" of {limit:.0}%")).unwrap_or_default();
            (format!("{:.1}%{of}", rates.cpu_percent), strained(Figure::Cpu))
        }
    };
    let text = |percent: f32| format!("{percent:.1}%");
    charts.push(Chart { label: "cpu", series: &usage.cpu, gap, least: 10.0, limit, now, text });
    let limit = rates.and_then(|rates| rates.memory_limit_bytes);
    let now = match rates {
        None => ("-".to_owned(), Role::Text),
        Some(rates) => {
            let of = limit.map(|limit| format!(" of {}", bytes(limit))).unwrap_or_default();
            (format!("{}{of}", bytes(rates.memory_bytes)), strained(Figure::Memory))
        }
    };
    let text = |count: f32| bytes(count as u64);
    let (least, limit) = (1.0, limit.map(|limit| limit as f32));
    charts.push(Chart { label: "memory", series: &usage.memory, gap, least, limit, now, text });
    charts
}
