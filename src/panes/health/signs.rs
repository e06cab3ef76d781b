//! The signs of life in one or more lines: state, probes, dependencies, the engine's check, the other replicas.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::split;
use crate::config::theme::Role;
use crate::domain::alert::Figure;
use crate::domain::container::{Check, Container, Health, Standing, State};
use crate::domain::health::dependencies::{self, Dependency, Mood};
use crate::domain::health::{Verdict, took};
use crate::panes::Ctx;
use crate::panes::containers::words;
use crate::panes::traffic::shares;
use crate::ui::text::{age, put};
use crate::world::health::ProbeHistory;

/// Pieces that stay together on a line.
pub(super) type Sign = Vec<(String, Role)>;

const APART: u16 = 3;

fn sign(label: &str, value: impl Into<String>, role: Role) -> Sign {
    vec![(format!("{label} "), Role::Dim), (value.into(), role)]
}

/// All signs, the most telling first.
pub(super) fn signs(ctx: &Ctx<'_>, c: &Container) -> Vec<Sign> {
    let mut signs = Vec::new();
    if c.state != State::Running {
        signs.push(state(ctx, c));
    }
    if c.state == State::Running {
        let has_told = probes(ctx, c, &mut signs);
        let (word, role) = match c.health {
            Health::None => ("none", Role::Faint),
            Health::Starting => ("starting", Role::Warn),
            Health::Healthy => ("healthy", Role::Ok),
            Health::Unhealthy => ("unhealthy", Role::Bad),
        };
        signs.push(sign("check", word, role));
        // Where no probe told of them the check may.
        let checked = c.detail.as_ref().filter(|_| !has_told).and_then(|d| d.checks.last());
        let mut told = checked.map(|check| dependencies::in_output(&check.output)).unwrap_or_default();
        told.sort_by_key(|d| d.mood);
        signs.extend(told.iter().map(|d| dependency(d, false)));
        signs.extend(strains(ctx, c).map(|(figure, text)| sign(figure.word(), text, Role::Warn)));
    }
    replicas(ctx, c, &mut signs);
    if let Some(environment) = ctx.environment()
        && let Some(behind) = ctx.world.behind(environment, &ctx.world.service_behind(&environment.id, c))
    {
        let (text, role) = shares(ctx, &behind);
        signs.push(sign("traffic", text, role));
    }
    let Some(detail) = &c.detail else {
        signs.push(sign("details", "asking", Role::Dim));
        return signs;
    };
    if detail.restarts > 0 {
        let environment = ctx.scope.environment.as_ref();
        let is_loop = environment.and_then(|id| ctx.world.restart_loop(id, c, ctx.now.wall)).is_some();
        let role = if is_loop { Role::Bad } else { Role::Warn };
        signs.push(sign("restarts", detail.restarts.to_string(), role));
    }
    if !detail.error.is_empty() {
        signs.push(sign("error", detail.error.clone(), Role::Bad));
    }
    if detail.is_log_unlimited {
        signs.push(sign("log", "no size limit", Role::Warn));
    }
    signs
}

/// What it uses too much of: `93% of its limit for 3m`.
pub(super) fn strains(ctx: &Ctx<'_>, c: &Container) -> impl Iterator<Item = (Figure, String)> {
    Figure::ALL.into_iter().filter_map(|figure| Some((figure, strain(ctx, c, figure)?)))
}

fn strain(ctx: &Ctx<'_>, c: &Container, figure: Figure) -> Option<String> {
    let since = ctx.world.strain(c, figure, ctx.now.wall)?;
    let share = ctx.world.share(c, figure).map(|share| format!("{:.0}%", share * 100.0));
    let has_limit = figure == Figure::Memory || c.detail.as_ref().is_some_and(|d| d.cpu_limit.is_some());
    let of = if has_limit { "its limit" } else { "the machine" };
    Some(format!("{} of {of} for {}", share.unwrap_or_default(), age(since, ctx.now.wall)))
}

fn state(ctx: &Ctx<'_>, c: &Container) -> Sign {
    let role = match c.standing() {
        Standing::Bad => Role::Bad,
        Standing::Warn => Role::Warn,
        Standing::Ok | Standing::Plain => Role::Text,
    };
    let mut sign = sign("state", words::state_text(c), role);
    if let Some(at) = c.detail.as_ref().and_then(|d| d.finished).filter(|_| !c.state.is_up()) {
        sign.push((format!(" {} ago", age(at, ctx.now.wall)), Role::Dim));
    }
    sign
}

/// Whether one of them told of dependencies.
fn probes(ctx: &Ctx<'_>, c: &Container, signs: &mut Vec<Sign>) -> bool {
    let Some(environment) = &ctx.scope.environment else { return false };
    let readings: Vec<_> = ctx.world.readings(&c.key, ctx.now).collect();
    for (kind, target) in ctx.world.targets(environment, c) {
        let reading = readings.iter().find(|history| history.target.kind == kind);
        signs.push(match (reading, target) {
            (Some(history), _) => probe(history),
            (None, Ok(_)) => sign(kind.word(), "asking", Role::Dim),
            (None, Err(why)) => sign(kind.word(), format!("not probed: {why}"), Role::Warn),
        });
    }
    let telling = readings.iter().rev().find(|history| !history.dependencies.is_empty());
    if let Some(history) = telling {
        let is_old = history.told.is_some_and(|told| told < history.last.at);
        signs.extend(history.dependencies.iter().map(|d| dependency(d, is_old)));
        if let Some(told) = history.told.filter(|_| is_old) {
            signs.push(vec![(format!("(told {} ago)", age(told, ctx.now.wall)), Role::Dim)]);
        }
    }
    telling.is_some()
}

/// The worst that asks it says, in one line: `ready`, `503: database timeout 5.0s`. The engine's check where
/// no probe is bad.
pub(super) fn verdict(ctx: &Ctx<'_>, c: &Container) -> Option<(&'static str, String, Role)> {
    if let Some(bad) = ctx.world.readings(&c.key, ctx.now).filter(|h| !h.verdict.is_ok()).last() {
        let text = |sign: Sign| sign.into_iter().skip(1).map(|(text, _)| text).collect::<String>();
        let dependency = bad.dependencies.iter().find(|d| d.mood == Mood::Bad);
        let said = match (&bad.verdict, dependency) {
            (Verdict::Bad(why), Some(d)) => format!("{why}: {} {}", d.name, text(self::dependency(d, false))),
            _ => text(probe(bad)),
        };
        return Some((bad.target.kind.word(), said, Role::Bad));
    }
    // That all was well before it ended says nothing of now.
    let is_news = |check: &&Check| c.state == State::Running || check.exit_code != 0;
    let check = c.detail.as_ref()?.checks.last().filter(is_news)?;
    let said = check.output.trim().lines().last().unwrap_or_default();
    let said = if said.is_empty() { format!("exit {}", check.exit_code) } else { said.to_owned() };
    Some(("check", said, if check.exit_code == 0 { Role::Dim } else { Role::Bad }))
}

/// `ready 503 after 5.0s`
fn probe(history: &ProbeHistory) -> Sign {
    let took = took(history.last.took);
    let word = history.target.kind.word();
    match &history.verdict {
        Verdict::Ok => sign(word, format!("ok {took}"), Role::Ok),
        Verdict::Bad(why) => sign(word, format!("{why} after {took}"), Role::BadStrong),
    }
}

fn dependency(dependency: &Dependency, is_old: bool) -> Sign {
    let role = match dependency.mood {
        _ if is_old => Role::Dim,
        Mood::Bad => Role::Bad,
        Mood::Warn => Role::Warn,
        Mood::Unknown => Role::Dim,
        Mood::Ok => Role::Ok,
    };
    let latency = dependency.latency_ms.filter(|ms| *ms >= 0.5 || dependency.mood == Mood::Bad);
    let latency = latency.map(|ms| format!(" {}", took(Duration::from_secs_f64(ms / 1000.0))));
    sign(&dependency.name, format!("{}{}", dependency.word, latency.unwrap_or_default()), role)
}

/// How many of the service's containers are as they should be, where there are several.
fn replicas(ctx: &Ctx<'_>, c: &Container, signs: &mut Vec<Sign>) {
    let Some(environment) = ctx.environment() else { return };
    let all = ctx.world.containers(environment);
    let all: Vec<_> = all.iter().filter(|o| o.service == c.service && o.project == c.project).collect();
    if all.len() < 2 {
        return;
    }
    let is_well = |o: &Container| {
        o.state == State::Running && matches!(ctx.standing(o), Standing::Ok | Standing::Plain)
    };
    let well = all.iter().filter(|o| is_well(o)).count();
    let role = if well == all.len() { Role::Text } else { Role::Warn };
    signs.push(sign("replicas", format!("{well} of {} ok", all.len()), role));
}

/// Draws signs side by side, as many lines as it takes but half the area; gives what is left.
pub(super) fn draw(ctx: &Ctx<'_>, signs: &[Sign], area: Rect, buf: &mut Buffer) -> Rect {
    let (mut x, mut y) = (area.x, area.y);
    let most = area.y + (area.height / 2).max(1).min(area.height);
    for sign in signs {
        let width = sign.iter().map(|(text, _)| text.width()).sum::<usize>();
        if x > area.x && usize::from(area.right().saturating_sub(x)) < width {
            (x, y) = (area.x, y + 1);
        }
        if y >= most {
            break;
        }
        for (text, role) in sign {
            x += put(buf, x, y, area.right().saturating_sub(x), text, ctx.look.style(*role));
        }
        x += APART;
    }
    let used = if x > area.x { y + 1 - area.y } else { y - area.y };
    split(area, used.min(area.height)).1
}
