//! Health of the selected container and its service: what asks it says, since when, what changed, what it used.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Answer, Ctx};
use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::change::Line;
use crate::domain::container::Container;
use crate::domain::ids::ContainerKey;
use crate::ui::scroll::Scroll;
use crate::ui::text::put;

mod changed;
mod charts;
mod checks;
mod signs;
mod since;

/// From this width on what changed stands beside the charts.
const BESIDE: u16 = 110;

fn selected<'a>(ctx: &Ctx<'a>) -> Option<&'a Container> {
    ctx.scope.container.as_ref().and_then(|key| ctx.world.container(key))
}

/// Lines that are laid out where the pane is scrolled; more than any container has.
const MOST_LINES: u16 = 80;

/// The pane: as much as fits, or all of it, scrolled.
#[derive(Clone, Debug, Default)]
pub struct HealthPane {
    scroll: Scroll,
    about: Option<ContainerKey>,
    /// Lines below those that are shown.
    below: usize,
}

impl HealthPane {
    /// Scrolls.
    pub fn act(&mut self, action: Action) -> Answer {
        if self.scroll.act(action) { Answer::Done(Vec::new()) } else { Answer::Unknown }
    }

    /// Takes in the room there is, while the pane has the keys.
    pub fn fit(&mut self, area: Rect, ctx: &Ctx<'_>) {
        if self.about != ctx.scope.container {
            *self = Self { about: ctx.scope.container.clone(), ..Self::default() };
        }
        let Some(c) = selected(ctx).filter(|_| area.width > 0 && area.height > 0) else { return };
        let all = laid_out(ctx, c, area.width, Style::default());
        let is_blank = |y: u16| (0..area.width).all(|x| all[(x, y)].symbol().trim().is_empty());
        let count = (0..MOST_LINES).rev().find(|y| !is_blank(*y)).map_or(0, |y| usize::from(y) + 1);
        self.scroll.fit(count, usize::from(area.height), 1);
        self.below = count.saturating_sub(self.scroll.window().end);
    }

    /// What stands right on the border: since when, what was before, and how much more there is below.
    pub fn summary(&self, ctx: &Ctx<'_>) -> String {
        let story = selected(ctx).map(|c| since::story(ctx, c)).unwrap_or_default();
        if !ctx.is_focused || self.below == 0 {
            return story;
        }
        let gap = if story.is_empty() { "" } else { "  " };
        format!("{story}{gap}{} {} more", ctx.look.glyph("↓", "v"), self.below)
    }

    /// Draws it.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let Some(c) = selected(ctx).filter(|_| self.scroll.top() > 0 && self.about == ctx.scope.container)
        else {
            return draw(ctx, area, buf);
        };
        let ground = buf[(area.x, area.y)].style();
        let all = laid_out(ctx, c, area.width, ground);
        for (y, from) in (area.y..area.bottom()).zip(self.scroll.top()..usize::from(MOST_LINES)) {
            for x in 0..area.width {
                buf[(area.x + x, y)] = all[(x, from as u16)].clone();
            }
        }
    }
}

/// All there is to say, below each other or in two columns, as the width is.
fn laid_out(ctx: &Ctx<'_>, c: &Container, width: u16, ground: Style) -> Buffer {
    let area = Rect::new(0, 0, width, MOST_LINES);
    let mut all = Buffer::empty(area);
    all.set_style(area, ground);
    draw_all(ctx, c, area, &mut all);
    all
}

/// What changed last of a container's service, and of whom: with the host where others are called so.
pub fn newest(ctx: &Ctx<'_>, c: &Container) -> Option<(Line, String)> {
    changed::newest(ctx, c).map(|line| {
        let whose = ctx.called(&line.name, &line.host);
        (line, whose)
    })
}

/// What it uses too much of, and for how long: `memory 93% of its limit for 3m`.
pub fn strains(ctx: &Ctx<'_>, c: &Container) -> impl Iterator<Item = String> {
    signs::strains(ctx, c).map(|(figure, text)| format!("{} {text}", figure.word()))
}

/// The worst that asks a container says: which question, the answer, what it means.
pub fn verdict(ctx: &Ctx<'_>, c: &Container) -> Option<(&'static str, String, Role)> {
    signs::verdict(ctx, c)
}

fn draw(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    match selected(ctx) {
        Some(c) => draw_all(ctx, c, area, buf),
        None => {
            let dim = ctx.look.style(Role::Dim);
            put(buf, area.x + 1, area.y, area.width.saturating_sub(2), "select a container", dim);
        }
    }
}

fn draw_all(ctx: &Ctx<'_>, c: &Container, area: Rect, buf: &mut Buffer) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if area.width >= BESIDE {
        let right = (area.width * 2 / 5).min(60);
        let left = Rect { width: area.width - right - 2, ..area };
        let right = Rect { x: left.right() + 2, width: right, ..area };
        let rest = signs::draw(ctx, &signs::signs(ctx, c), left, buf);
        let rest = charts::draw(ctx, c, rest, buf);
        checks::draw(ctx, c, rest, buf);
        let rest = since::draw(ctx, c, right, buf);
        changed::draw(ctx, c, rest, buf);
    } else {
        let rest = signs::draw(ctx, &signs::signs(ctx, c), area, buf);
        let rest = since::draw(ctx, c, rest, buf);
        let rest = charts::draw(ctx, c, rest, buf);
        // Free lines where nothing is lost by them.
        let checks = checks::wanted(c);
        let gap = u16::from(rest.height > changed::wanted(ctx, c, rest.height) + checks + 1);
        let rest = split(rest, gap).1;
        let (above, below) = split(rest, changed::wanted(ctx, c, rest.height));
        changed::draw(ctx, c, above, buf);
        checks::draw(ctx, c, split(below, gap).1, buf);
    }
}

/// The first `height` lines, and the others.
fn split(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}
