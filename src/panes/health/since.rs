//! Since when it is so, what was before, and what was bad first.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::split;
use crate::config::theme::Role;
use crate::domain::container::{Container, Health, Standing, State};
use crate::domain::health::timeline::{Run, Timeline};
use crate::panes::Ctx;
use crate::panes::containers::words;
use crate::ui::text::{age, put, seconds};

/// `14:29:02`, with the day where that was not in the last 18 hours.
pub(super) fn clock(ctx: &Ctx<'_>, at: DateTime<Utc>) -> String {
    if ctx.now.wall - at > TimeDelta::hours(18) {
        format!("{} ago", age(at, ctx.now.wall))
    } else {
        ctx.look.clock(at)
    }
}

/// The timeline that decides: one that flaps, else the one that is bad for the longest time. Where all is well, the one
/// that turned last; where nobody saw any turn, the one that is known for the longest time.
fn deciding<'a>(ctx: &Ctx<'a>, c: &Container) -> Option<&'a Timeline> {
    let check = ctx.world.checks.get(&c.key);
    // A check that failed once is not unhealthy yet, and one that has only begun says nothing: the engine counts.
    let check = check.filter(|check| match c.health {
        Health::None | Health::Starting => false,
        Health::Unhealthy => true,
        Health::Healthy => check.current().is_some_and(|run| run.is_ok),
    });
    let probes = ctx.world.readings(&c.key, ctx.now).map(|history| &history.timeline);
    let all: Vec<_> =
        probes.chain(check).filter_map(|timeline| Some((timeline.current()?, timeline))).collect();
    let flapping = all.iter().find(|(_, timeline)| timeline.flapping(ctx.now.wall).is_some());
    let longest_bad = || all.iter().filter(|(run, _)| !run.is_ok).min_by_key(|(run, _)| run.since);
    let last_well = || all.iter().filter(|(run, _)| run.is_exact).max_by_key(|(run, _)| run.since);
    let longest_known = || all.iter().min_by_key(|(run, _)| run.since);
    let found = flapping.or_else(longest_bad).or_else(last_well).or_else(longest_known);
    found.map(|(_, timeline)| *timeline)
}

/// `unhealthy since 14:29:02 (3m), was ok 6d`; `for at least 3m` and `6d+` where nobody saw it begin.
pub(super) fn story(ctx: &Ctx<'_>, c: &Container) -> String {
    let now = ctx.now.wall;
    if c.state != State::Running {
        let at = c.detail.as_ref().and_then(|d| d.finished).filter(|_| !c.state.is_up());
        return at.map_or_else(String::new, |at| {
            format!("{} since {} ({})", words::state_text(c), clock(ctx, at), age(at, now))
        });
    }
    let Some(timeline) = deciding(ctx, c) else { return String::new() };
    let Some(run) = timeline.current() else { return String::new() };
    if let Some(flapping) = timeline.flapping(now) {
        return format!("flapping since {} ({} changes)", clock(ctx, flapping.since), flapping.changes);
    }
    let word = if run.is_ok { "ok" } else { "unhealthy" };
    if !run.is_exact {
        return format!("{word} for at least {}", age(run.since, now));
    }
    let mut text = format!("{word} since {} ({})", clock(ctx, run.since), age(run.since, now));
    if let Some(before) = timeline.before() {
        let was = if before.is_ok { "ok" } else { "bad" };
        text += &format!(", was {was} {}", lasted(before, run));
    }
    text
}

fn lasted(before: &Run, next: &Run) -> String {
    let more = if before.is_exact { "" } else { "+" };
    format!("{}{more}", seconds((next.since - before.since).num_seconds()))
}

/// What was bad first, with its time; and where to read what to do. Nothing while all is well.
pub(super) fn draw(ctx: &Ctx<'_>, c: &Container, area: Rect, buf: &mut Buffer) -> Rect {
    if !matches!(ctx.standing(c), Standing::Bad | Standing::Warn) {
        return area;
    }
    let mut told = Vec::new();
    if let Some(first) = ctx.environment().and_then(|e| ctx.world.first_bad(e, ctx.now)) {
        let more = if first.is_exact { "" } else { " or before" };
        told.push(vec![
            ("first bad: ".to_owned(), Role::Dim),
            (format!("{}, {}{more}", first.name, clock(ctx, first.since)), Role::Bright),
        ]);
    }
    let spec = ctx.scope.environment.as_ref().and_then(|id| ctx.world.service_spec(id, &c.service));
    if let Some(runbook) = spec.and_then(|spec| spec.runbook.clone()) {
        told.push(vec![("runbook ".to_owned(), Role::Dim), (runbook, Role::Accent)]);
    }
    if let Some(history) = ctx.world.readings(&c.key, ctx.now).find(|history| !history.verdict.is_ok()) {
        told.push(vec![(history.target.url(), Role::Dim)]);
        let body = history.last.answer().map(|a| String::from_utf8_lossy(&a.body).into_owned());
        if let Some(body) = body.filter(|body| !body.trim().is_empty()) {
            // Its beginning says enough, and all of it may be long.
            let text: String =
                body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(400).collect();
            told.push(vec![(text, Role::Dim)]);
        }
    }
    let rest = split(area, area.height);
    let mut y = area.y;
    for line in &told {
        if y >= area.y + area.height / 3 && y > area.y {
            break;
        }
        let mut x = area.x;
        for (text, role) in line {
            x += put(buf, x, y, area.right().saturating_sub(x), text, ctx.look.style(*role));
        }
        y += 1;
    }
    split(rest.0, y - area.y).1
}
