//! Environments with their hosts: what is up, what is not heard of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use unicode_width::UnicodeWidthStr;

use super::{Answer, Ctx, PaneKind, Request};
use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::container::{Container, Standing};
use crate::domain::environment::{Class, Environment};
use crate::domain::health::took;
use crate::domain::ids::EnvironmentId;
use crate::domain::skew::Skew;
use crate::ui::list::{Cursor, draw_selected};
use crate::ui::text::{put, put_right, seconds, wrapped};
use crate::world::{Course, Host, Link};

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentsPane {
    cursor: Cursor<EnvironmentId>,
    /// Lines for which there is no room.
    below: usize,
}

fn keys(ctx: &Ctx<'_>) -> Vec<EnvironmentId> {
    ctx.world.environments.iter().map(|e| e.id.clone()).collect()
}

/// Running and all containers of an environment, and how many need somebody; `None` until a host answered.
pub fn count(ctx: &Ctx<'_>, environment: &Environment) -> Option<(usize, usize, usize)> {
    let is_known = |id| ctx.world.hosts.get(id).is_some_and(|h: &Host| h.containers.is_some());
    environment.hosts.iter().any(is_known).then(|| {
        let all = ctx.world.containers(environment);
        let is_bad = |c: &Container| ctx.world.standing(&environment.id, c, ctx.now) == Standing::Bad;
        let up = all.iter().filter(|c| c.state.is_up()).count();
        (up, all.len(), all.iter().filter(|c| is_bad(c)).count())
    })
}

impl EnvironmentsPane {
    /// Moves; the environment under the cursor is shown at once.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let keys = keys(ctx);
        if self.cursor.act(action, &keys) {
            return Answer::Done(
                self.cursor.selected.clone().map(Request::SelectEnvironment).into_iter().collect(),
            );
        }
        match action {
            Action::Enter => Answer::Done(vec![Request::Focus(PaneKind::Containers)]),
            _ => Answer::Unknown,
        }
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, area: Rect, ctx: &Ctx<'_>) {
        self.cursor.selected.clone_from(&ctx.scope.environment);
        self.cursor.fit(&keys(ctx), usize::from(area.height));
        let lines = self.lines(ctx, area);
        self.below = lines.len().saturating_sub(self.top(&lines, area) + usize::from(area.height));
    }

    /// What stands right on the border: how much more there is below.
    pub fn summary(&self, ctx: &Ctx<'_>) -> String {
        match self.below {
            0 => String::new(),
            below => format!("{} {below} more", ctx.look.glyph("↓", "v")),
        }
    }

    /// Draws the list: each environment, below it its hosts.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let lines = self.lines(ctx, area);
        let is_selected = |e: &Environment| self.cursor.selected.as_ref() == Some(&e.id);
        let top = self.top(&lines, area);
        for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(top)) {
            let row = Rect { y, height: 1, ..area };
            match line {
                Line::Environment(environment) => {
                    let is_selected = is_selected(environment);
                    draw_environment(ctx, environment, row, buf, is_selected);
                }
                Line::Host(name, host) => draw_host(ctx, name, host, row, buf),
                Line::Others(count) => {
                    let text = format!("{count} more hosts answer");
                    put(buf, row.x + 3, y, row.width.saturating_sub(3), &text, ctx.look.style(Role::Faint));
                }
                Line::Below(text, role) => {
                    put(buf, row.x + 4, y, row.width.saturating_sub(4), text, ctx.look.style(*role));
                }
            }
        }
    }

    /// The first line shown: the selected environment is always on the screen, with as many of its hosts as fit.
    fn top(&self, lines: &[Line<'_>], area: Rect) -> usize {
        let is_selected = |e: &Environment| self.cursor.selected.as_ref() == Some(&e.id);
        let selected = lines.iter().position(|l| matches!(l, Line::Environment(e) if is_selected(e)));
        selected.unwrap_or(0).min(lines.len().saturating_sub(usize::from(area.height)))
    }

    /// A click on that row of the pane: an environment, or the one whose host it is.
    pub fn click(&mut self, row: u16, area: Rect, ctx: &Ctx<'_>) -> Vec<Request> {
        let lines = self.lines(ctx, area);
        let index = self.top(&lines, area) + usize::from(row);
        if index >= lines.len() {
            return Vec::new();
        }
        let above = lines[..=index].iter().rev().find_map(|line| match line {
            Line::Environment(environment) => Some(environment.id.clone()),
            _ => None,
        });
        above.map(Request::SelectEnvironment).into_iter().collect()
    }

    /// With as much below each host as there is room for: what is wrong with one is worth more than how full another is.
    fn lines<'a>(&self, ctx: &Ctx<'a>, area: Rect) -> Vec<Line<'a>> {
        let all = [Below::Reasons, Below::Causes, Below::Notes, Below::Lost, Below::Nothing, Below::NotUp];
        let mut told = all.into_iter().map(|below| self.told(ctx, area.width, below));
        told.find(|lines| lines.len() <= usize::from(area.height))
            .unwrap_or_else(|| self.told(ctx, area.width, Below::NotUp))
    }

    fn told<'a>(&self, ctx: &Ctx<'a>, width: u16, below: Below) -> Vec<Line<'a>> {
        let mut lines = Vec::new();
        for environment in &ctx.world.environments {
            lines.push(Line::Environment(environment));
            let is_selected = self.cursor.selected.as_ref() == Some(&environment.id);
            let hosts = environment.hosts.iter().filter_map(|id| Some((id, ctx.world.hosts.get(id)?)));
            let (shown, others): (Vec<_>, Vec<_>) =
                hosts.partition(|(_, host)| below != Below::NotUp || !is_plainly_up(host));
            for (id, host) in shown {
                lines.push(Line::Host(id.as_str(), host));
                if is_selected {
                    lines.extend(under(ctx, host, width, below));
                }
            }
            if !others.is_empty() {
                lines.push(Line::Others(others.len()));
            }
        }
        lines
    }
}

/// How much stands below the hosts of the selected environment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    /// Why those that do not answer do not, and what mends it.
    Reasons,
    /// Why they do not, in a line.
    Causes,
    /// When they are tried again, and how full the others are.
    Notes,
    /// When they are tried again.
    Lost,
    Nothing,
    /// Nor are those shown that answer as they should: there is no room for all, and the others need somebody.
    NotUp,
}

/// Nothing of it is to be told: it answers, at once and by a clock that goes right.
fn is_plainly_up(host: &Host) -> bool {
    host.link == Link::Up && host.slow.is_none() && !host.skew().is_some_and(Skew::is_told)
}

/// What stands below a host.
fn under<'a>(ctx: &Ctx<'_>, host: &Host, width: u16, below: Below) -> Vec<Line<'a>> {
    let is_lost = matches!(host.link, Link::Lost { .. });
    let is_roomy = width >= ROOMY;
    let refusals = || host.link.refusals().filter(|(why, _)| !why.is_empty());
    match below {
        Below::Reasons if is_lost && is_roomy => {
            let told = |text: String, role| {
                let lines = wrapped(&text, usize::from(width.saturating_sub(6)), 0, 3);
                lines.into_iter().map(move |line| Line::Below(line, role))
            };
            let whole = |(why, mend): (&str, &str)| {
                let mend = (!mend.is_empty()).then(|| told(format!("try: {mend}"), Role::Accent));
                told(why.to_owned(), Role::Text).chain(mend.into_iter().flatten()).collect::<Vec<_>>()
            };
            return refusals().flat_map(whole).collect();
        }
        Below::Causes if is_lost && is_roomy => {
            return refusals().map(|(why, _)| Line::Below(why.to_owned(), Role::Text)).collect();
        }
        _ => {}
    }
    // Where there is room beside it, it stands there.
    let is_told =
        !is_roomy && !matches!(below, Below::Nothing | Below::NotUp) && (is_lost || below != Below::Lost);
    let note = note(ctx, host, false);
    if is_told && !note.is_empty() { vec![Line::Below(note, Role::Faint)] } else { Vec::new() }
}

/// From this width on all that is known of a host stands in one line.
const ROOMY: u16 = 60;

enum Line<'a> {
    Environment(&'a Environment),
    Host(&'a str, &'a Host),
    /// So many more that answer.
    Others(usize),
    Below(String, Role),
}

/// The word for what an environment is, unless its name says it; the role is its colour.
fn class(environment: &Environment) -> (&'static str, Role) {
    let name = environment.id.as_str().to_lowercase();
    let (word, role) = match environment.class {
        Class::Production => ("PROD", Role::Bad),
        Class::Staging => ("staging", Role::Warn),
        Class::Development => ("dev", Role::Accent),
        Class::Unclassified => ("unclassified", Role::Dim),
    };
    (if name.contains(&word.to_lowercase()) { "" } else { word }, role)
}

fn draw_environment(
    ctx: &Ctx<'_>,
    environment: &Environment,
    row: Rect,
    buf: &mut Buffer,
    is_selected: bool,
) {
    let look = ctx.look;
    let (word, colour) = class(environment);
    let painted = look.of(environment.id.as_str(), colour);
    put(buf, row.x, row.y, 1, look.glyph("▌", "|"), painted);
    if is_selected {
        draw_selected(buf, row, look, ctx.is_focused);
    }
    let counts = count(ctx, environment);
    let width = row.width.min(ROOMY).saturating_sub(1);
    let (text, role) = match counts {
        None => ("unknown".to_owned(), Role::Dim),
        Some((up, all, bad)) => {
            let role = if bad > 0 { Role::Bad } else { Role::Ok };
            (format!("{up}/{all}"), role)
        }
    };
    put_right(buf, row.x, row.y, width.saturating_sub(4), &text, look.style(role));
    if let Some((.., bad @ 1..)) = counts {
        let alert = format!("{}{bad}", look.glyph("▲", "!"));
        put_right(buf, row.x, row.y, width, &alert, look.style(Role::Bad));
    }
    let name = look.style(if is_selected { Role::Bright } else { Role::Text });
    let room = width.saturating_sub(text.len() as u16 + 8);
    let used = put(buf, row.x + 2, row.y, room, environment.id.as_str(), name);
    // Half a word says nothing; the header has the whole one.
    if used + 1 + word.len() as u16 <= room + 1 {
        put(buf, row.x + 3 + used, row.y, room.saturating_sub(used), word, painted);
    }
}

fn draw_host(ctx: &Ctx<'_>, name: &str, host: &Host, row: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let (text, role) = match &host.link {
        Link::Asking => (format!("asking{}", look.glyph("…", "...")), Role::Dim),
        Link::Up => match host.slow {
            Some(slow) => (format!("up {}", took(slow)), Role::Text),
            None => ("up".to_owned(), Role::Dim),
        },
        Link::Lost { needs_person: true, .. } => ("needs you".to_owned(), Role::Bad),
        Link::Lost { since, .. } => {
            let age = ctx.now.at.saturating_duration_since(*since).as_secs() as i64;
            let word = if host.containers.is_some() { "stale" } else { "no answer" };
            (format!("{word} {}", seconds(age)), Role::Warn)
        }
    };
    let is_stale = matches!(host.link, Link::Lost { .. });
    let width = row.width.min(ROOMY).saturating_sub(1);
    // In a narrow list its name goes before how busy it is, or was.
    let has_room = !is_stale && usize::from(width) >= name.width() + text.width() + 13;
    let load = host.load.load1.filter(|_| has_room).map(|load| format!("load {load:.1}")).unwrap_or_default();
    put_right(buf, row.x, row.y, width, &load, look.style(Role::Faint));
    let right = if load.is_empty() { width } else { width.saturating_sub((load.len() as u16 + 1).max(9)) };
    put_right(buf, row.x, row.y, right, &text, look.style(role));
    let room_left = right.saturating_sub(text.width() as u16 + 4);
    put(buf, row.x + 3, row.y, room_left, name, look.style(if is_stale { Role::Warn } else { Role::Dim }));
    if row.width >= ROOMY {
        put(
            buf,
            row.x + ROOMY + 2,
            row.y,
            row.width.saturating_sub(ROOMY + 2),
            &note(ctx, host, true),
            look.style(Role::Faint),
        );
    }
}

/// What stands beside a host: how full it is (`mem 62%  disk 38%`; empty where it cannot be asked), or, while it does not
/// answer, when it is tried next.
fn note(ctx: &Ctx<'_>, host: &Host, is_roomy: bool) -> String {
    if !matches!(host.link, Link::Lost { .. }) {
        let clock = host.skew().filter(|skew| skew.is_told()).map(|skew| format!("clock {skew}"));
        // Side by side only where there is room for both.
        let room = Some(room(host)).filter(|room| !room.is_empty() && (is_roomy || clock.is_none()));
        return clock.into_iter().chain(room).collect::<Vec<_>>().join("  ");
    }
    let next = host.link.course(ctx.now).map(|course| match course {
        Course::Tries => format!("trying{}", ctx.look.glyph("…", "...")),
        Course::Waits(wait) => format!("next try in {}", seconds(wait as i64)),
        // Half a reason says nothing: the activity has the whole.
        Course::Rests if is_roomy => "ctrl-r tries".to_owned(),
        Course::Rests => "ctrl-r tries, a: why".to_owned(),
    });
    next.unwrap_or_default()
}

/// How full the host is: `mem 62% disk 38%`; empty where it cannot be asked.
fn room(host: &Host) -> String {
    let used =
        |what: &str, (free, all): (u64, u64)| format!("{what} {}%", 100 - free.min(all) * 100 / all.max(1));
    let memory = host.load.memory_bytes.map(|m| used("mem", m));
    let disk = host.load.disk_bytes.map(|d| used("disk", d));
    memory.into_iter().chain(disk).collect::<Vec<_>>().join("  ")
}
