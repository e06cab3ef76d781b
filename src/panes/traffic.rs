//! Traffic of the selected container's service: how it is shared over its slots, what each of them does, and what its
//! balancers say of their servers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Answer, Ctx};
use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::ids::ServiceId;
use crate::ui::scroll::Scroll;
use crate::ui::text::{put, seconds, wrapped};
use crate::world::traffic::service::Behind;

mod charts;
mod slots;
mod stands;

pub use slots::percent;

/// Lines that are laid out; more than most services have servers.
const MOST_LINES: u16 = 200;

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct TrafficPane {
    scroll: Scroll,
    about: Option<ServiceId>,
    below: usize,
}

/// The service that is looked at.
fn service(ctx: &Ctx<'_>) -> Option<ServiceId> {
    let c = ctx.world.container(ctx.scope.container.as_ref()?)?;
    Some(ctx.world.service_behind(&ctx.environment()?.id, c))
}

/// That service behind its balancers; `None` where it has none.
fn behind<'a>(ctx: &Ctx<'a>) -> Option<Behind<'a>> {
    ctx.world.behind(ctx.environment()?, &service(ctx)?)
}

/// How traffic is shared, in words, and what that means: `blue 75%, green 25%`.
pub fn shares(ctx: &Ctx<'_>, behind: &Behind<'_>) -> (String, Role) {
    let splits = behind.splits(ctx.now);
    let (text, role) = match splits.as_slice() {
        [] => ("not known yet".to_owned(), Role::Dim),
        [split] => (split.to_string(), Role::Text),
        [..] => ("mixed: hosts differ".to_owned(), Role::Warn),
    };
    let oldest = behind.told(ctx.now).iter().filter_map(|stand| stand.age(ctx.now)).max();
    match oldest.filter(|_| behind.is_stale(ctx.now)) {
        Some(age) => (format!("{text}  stale {}", seconds(age.as_secs() as i64)), Role::Dim),
        None => (text, role),
    }
}

impl TrafficPane {
    /// Scrolls.
    pub fn act(&mut self, action: Action) -> Answer {
        if self.scroll.act(action) { Answer::Done(Vec::new()) } else { Answer::Unknown }
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, area: Rect, ctx: &Ctx<'_>) {
        let about = service(ctx);
        if self.about != about {
            *self = Self { about, ..Self::default() };
        }
        let count = laid_out(ctx, area.width, Style::default()).map_or(0, |(_, count)| usize::from(count));
        self.scroll.fit(count, usize::from(area.height), 1);
        self.below = count.saturating_sub(self.scroll.window().end);
    }

    /// What stands on the border: whose traffic, and how it is shared.
    pub fn title(&self, ctx: &Ctx<'_>) -> (String, String) {
        let name = service(ctx).map(|service| service.to_string()).unwrap_or_default();
        let shares = behind(ctx).map(|behind| shares(ctx, &behind).0).unwrap_or_default();
        if !ctx.is_focused || self.below == 0 {
            return (name, shares);
        }
        (name, format!("{shares}  {} {} more", ctx.look.glyph("↓", "v"), self.below))
    }

    /// Draws it.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let ground = buf[(area.x, area.y)].style();
        let Some((all, count)) = laid_out(ctx, area.width, ground) else { return draw_none(ctx, area, buf) };
        for (y, from) in (area.y..area.bottom()).zip(self.scroll.top() as u16..count) {
            for x in 0..area.width {
                buf[(area.x + x, y)] = all[(x, from)].clone();
            }
        }
    }
}

/// All there is to say, and how many lines that is.
fn laid_out(ctx: &Ctx<'_>, width: u16, ground: Style) -> Option<(Buffer, u16)> {
    let behind = behind(ctx).filter(|_| width > 2)?;
    let all = Rect::new(0, 0, width, MOST_LINES);
    let mut buf = Buffer::empty(all);
    buf.set_style(all, ground);
    let area = Rect { x: 1, width: width - 2, ..all };
    let rest = stands::draw_maintenance(ctx, &behind, area, &mut buf);
    let rest = slots::draw(ctx, &behind, rest, &mut buf);
    let rest = charts::draw(ctx, &behind, below(rest, u16::from(area.width >= charts::BESIDE)), &mut buf);
    let rest = stands::draw_servers(ctx, &behind, below(rest, 1), &mut buf);
    let rest = stands::draw(ctx, &behind, below(rest, 1), &mut buf);
    Some((buf, rest.y))
}

/// What is left below so many lines.
fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// Why there is nothing, and what to do about it.
fn draw_none(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let mut lines = Vec::new();
    match service(ctx) {
        None => lines.push(("select a container".to_owned(), Role::Dim)),
        Some(service) => {
            lines.push((format!("no balancer is in front of {service}"), Role::Text));
            lines.push((String::new(), Role::Dim));
            let told = format!(
                "[services.{service}.traffic] in pilothouse.toml has its next deployment put one there: then traffic \
                 can be shared over two slots, flipped, and taken back."
            );
            lines.push((told, Role::Dim));
        }
    }
    let fronts = ctx.environment().map(|environment| ctx.world.fronts(environment)).unwrap_or_default();
    let mut others: Vec<_> = fronts.into_keys().map(|front| front.service.to_string()).collect();
    others.dedup();
    if !others.is_empty() {
        lines.push((String::new(), Role::Dim));
        lines.push((format!("behind one in this environment: {}", others.join(", ")), Role::Dim));
    }
    let mut y = area.y;
    for (text, role) in lines {
        for line in wrapped(&text, usize::from(area.width.min(100)), 0, 9) {
            if y < area.bottom() {
                put(buf, area.x, y, area.width, &line, ctx.look.style(role));
            }
            y += 1;
        }
    }
}
