//! The columns of the containers pane: which fit, and what a row says in each.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::words::{
    STATE_AND_HEALTH, end_text, image, is_looping, ports, restarts, short_state, state_role, state_word, up,
};
use crate::config::theme::Role;
use crate::domain::alert::Figure;
use crate::domain::container::{Container, Standing, State};
use crate::domain::series::Series;
use crate::panes::{Ctx, condition};
use crate::ui::list::draw_selected;
use crate::ui::spark::{self, Scale};
use crate::ui::text::{bytes, end_of, put, put_right};
use crate::world::Link;

/// One column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// Its service, once per group.
    Service,
    /// Its name.
    Name,
    /// Its host.
    Host,
    /// Tag of its image.
    Release,
    /// Where it is behind its balancer.
    Slot,
    /// State and reason.
    State,
    /// Health.
    Health,
    /// Processor share.
    Cpu,
    /// Its recent history.
    Spark,
    /// Memory.
    Memory,
    /// Its limit, close behind.
    Limit,
    /// Network, in and out.
    Network,
    /// Restarts.
    Restarts,
    /// Since its last start.
    Up,
    /// Ports.
    Ports,
    /// Its image, by name.
    Image,
}

use Column::{
    Cpu, Health as HealthColumn, Host, Image, Limit, Memory, Name, Network, Ports, Release, Restarts,
    Service, Slot, Spark, Up,
};

/// What the columns have to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Content {
    /// How wide the names of the hosts are; 0 where there is one, and its name would say nothing.
    pub host: u16,
    /// How wide the longest name of a container is.
    pub name: u16,
    /// Some service has a balancer.
    pub has_slots: bool,
    /// Some of them have a memory limit.
    pub has_limits: bool,
}

/// Room for the name of a container, where there is room.
const NAME: u16 = 20;
/// The least room that an image is shown in.
const IMAGE: u16 = 12;

/// Columns with their widths, left to right; which are left off as the pane gets narrower is fixed here. What names
/// leave over goes to the memory limit, then to the network.
pub fn layout(width: u16, content: Content) -> Vec<(Column, u16)> {
    let host = content.host;
    let up_from = if host > 0 || content.has_slots { 92 } else { 72 };
    let all: &[(Column, u16, u16)] = &[
        // column, width, narrowest pane that shows it
        (Service, 10, 0),
        (Name, NAME, 0),
        (Host, host.clamp(4, 12), if host > 0 { 76 } else { u16::MAX }),
        (Release, 8, 50),
        (Slot, 7, if content.has_slots { 60 } else { u16::MAX }),
        (Column::State, if width < 92 { STATE_AND_HEALTH } else { 15 }, 0),
        (HealthColumn, 15, 92),
        (Cpu, 6, 60),
        (Spark, 7, 112),
        (Memory, 5, 60),
        (Restarts, 4, 140),
        (Up, 4, up_from),
        (Ports, 9, 108),
    ];
    let mut layout: Vec<_> =
        all.iter().filter(|(.., least)| width >= *least).map(|(c, w, _)| (*c, *w)).collect();
    // Two blanks before the first, one behind each, so that the last does not touch the edge.
    let used = |layout: &[(Column, u16)]| layout.iter().map(|(_, w)| w + 1).sum::<u16>() + 2;
    let name = NAME - content.name.clamp(8, NAME);
    let extras = [content.has_limits.then_some((Limit, 4)), Some((Network, 9))];
    for extra in extras.into_iter().flatten() {
        let memory = layout.iter().rposition(|(column, _)| matches!(column, Memory | Limit));
        if let Some(at) = memory.filter(|_| used(&layout) + extra.1 < width + name) {
            layout.insert(at + 1, extra);
        }
    }
    let taken = used(&layout);
    if let Some((_, name)) = layout.iter_mut().find(|(c, _)| *c == Name) {
        *name = if taken > width {
            name.saturating_sub(taken - width).max(8)
        } else {
            (*name + width - taken).min(content.name.clamp(NAME, 30))
        };
    }
    // What is left over in the end is the image's.
    let left = width.saturating_sub(used(&layout) + 1);
    if left >= IMAGE {
        layout.push((Image, left.min(40)));
    }
    layout
}

fn is_right(column: Column) -> bool {
    matches!(column, Cpu | Memory | Network | Restarts | Up)
}

/// The names of the columns.
pub fn draw_head(ctx: &Ctx<'_>, layout: &[(Column, u16)], area: Rect, buf: &mut Buffer) {
    let has_health = layout.iter().any(|(c, _)| *c == HealthColumn);
    each(layout, area, |column, x, width| {
        let text = match column {
            Service => "SERVICE",
            Name => "CONTAINER",
            Host => "HOST",
            Release => "RELEASE",
            Slot => "SLOT",
            Column::State if !has_health => ctx.look.glyph("STATE · HEALTH", "STATE/HEALTH"),
            Column::State => "STATE",
            HealthColumn => "HEALTH",
            Cpu => "CPU",
            Spark => "",
            Memory => "MEM",
            Limit => "/MAX",
            Network => "NET I/O",
            Restarts => "RST",
            Up => "UP",
            Ports => "PORTS",
            Image => "IMAGE",
        };
        cell(buf, x, area.y, width, column, text, ctx.look.style(Role::Dim));
    });
}

fn each(layout: &[(Column, u16)], area: Rect, mut draw: impl FnMut(Column, u16, u16)) {
    let mut x = area.x + 2;
    for (column, width) in layout {
        let room = area.right().saturating_sub(x);
        let width = (*width).min(room);
        // Without a blank before it.
        let (from, cells) = if *column == Limit { (x - 1, width + 1) } else { (x, width) };
        draw(*column, from, cells);
        x += width + 1;
    }
}

fn cell(
    buf: &mut Buffer,
    x: u16,
    y: u16,
    width: u16,
    column: Column,
    text: &str,
    style: ratatui::style::Style,
) {
    if is_right(column) {
        put_right(buf, x, y, width, text, style);
    } else {
        put(buf, x, y, width, text, style);
    }
}

/// How a row is marked.
#[derive(Clone, Copy)]
pub struct Mark {
    /// Under the cursor.
    pub is_selected: bool,
    /// Marked by the operator.
    pub is_marked: bool,
    /// The row above has the same service.
    pub is_repeated: bool,
}

/// One container.
pub fn draw_row(
    ctx: &Ctx<'_>,
    layout: &[(Column, u16)],
    c: &Container,
    mark: Mark,
    line: Rect,
    buf: &mut Buffer,
) {
    let look = ctx.look;
    if mark.is_selected {
        draw_selected(buf, line, look, ctx.is_focused);
    }
    if mark.is_marked {
        put(buf, line.x + 1, line.y, 1, look.glyph("●", "*"), look.style(Role::Accent));
    }
    let host = ctx.world.hosts.get(&c.key.host);
    let is_stale = host.is_some_and(|h| !matches!(h.link, Link::Up));
    let has_health = layout.iter().any(|(column, _)| *column == HealthColumn);
    let usage = ctx.world.usage.get(&c.key).filter(|_| c.state == State::Running);
    let rates = usage.and_then(|u| u.usage);
    let standing = ctx.standing(c);
    each(layout, line, |column, x, width| {
        let (text, role) = match column {
            Service if mark.is_repeated => (String::new(), Role::Faint),
            Service => (c.service.to_string(), Role::Bright),
            Name => (c.name.to_string(), if mark.is_selected { Role::Bright } else { Role::Text }),
            Host => (c.key.host.to_string(), if is_stale { Role::Warn } else { Role::Dim }),
            Release => (c.release().to_owned(), Role::Text),
            Slot => slot(ctx, c),
            Column::State if !has_health => short_state(ctx, c),
            Column::State if is_looping(ctx, c) => (format!("running ({})", restarts(c)), Role::Bad),
            Column::State => (state_word(c), state_role(c)),
            HealthColumn if c.state == State::Running => condition::of(ctx, c),
            HealthColumn => (end_text(c), state_role(c)),
            Cpu => match rates {
                Some(r) if is_strained(ctx, c, Figure::Cpu) => {
                    (format!("{}{:.0}%", look.glyph("▲", "!"), r.cpu_percent), Role::Warn)
                }
                Some(r) => (format!("{:.1}%", r.cpu_percent), Role::Text),
                None => (unknown(c), Role::Faint),
            },
            Spark => {
                if let Some(usage) = usage {
                    draw_history(ctx, &usage.cpu, Rect { x, width, ..line }, standing, buf);
                }
                return;
            }
            Memory => match rates {
                Some(r) if is_strained(ctx, c, Figure::Memory) => {
                    (format!("{}{}", look.glyph("▲", "!"), bytes(r.memory_bytes)), Role::Warn)
                }
                Some(r) => (bytes(r.memory_bytes), Role::Text),
                None => (unknown(c), Role::Faint),
            },
            Limit => {
                let limit = c.detail.as_ref().and_then(|d| d.memory_limit_bytes).filter(|_| c.state.is_up());
                (limit.map(|limit| format!("/{}", bytes(limit))).unwrap_or_default(), Role::Dim)
            }
            Network => match rates {
                Some(r) => {
                    (format!("{}/{}", bytes(r.received_per_s as u64), bytes(r.sent_per_s as u64)), Role::Dim)
                }
                None => (unknown(c), Role::Faint),
            },
            Restarts => match c.detail.as_ref().map(|d| d.restarts) {
                Some(0) => ("0".to_owned(), Role::Faint),
                Some(count) => (count.to_string(), Role::Warn),
                None => (String::new(), Role::Faint),
            },
            Up => (up(ctx, c), Role::Dim),
            Ports => (ports(c), Role::Faint),
            Image => (end_of(image(&c.image), usize::from(width)), Role::Faint),
        };
        let role = if is_stale && !matches!(column, Host) { Role::Dim } else { role };
        cell(buf, x, line.y, width, column, &text, look.style(role));
    });
}

/// Its slot, quiet where that gets no traffic.
fn slot(ctx: &Ctx<'_>, c: &Container) -> (String, Role) {
    let environment = ctx.environment().map(|environment| &environment.id);
    let slot = environment.and_then(|environment| Some((environment, ctx.world.slot(environment, c)?)));
    let Some((environment, slot)) = slot else { return (String::new(), Role::Faint) };
    let flow = ctx.world.flow_of(environment, c);
    let is_idle = flow.is_some_and(|flow| flow.split.share(slot) == 0);
    (ctx.look.slot(slot), if is_idle { Role::Dim } else { Role::Text })
}

/// A running container whose usage is not known yet is unknown; one that does not run has none.
fn unknown(c: &Container) -> String {
    if c.state == State::Running { "?" } else { "-" }.to_owned()
}

fn is_strained(ctx: &Ctx<'_>, c: &Container, figure: Figure) -> bool {
    ctx.world.strain(c, figure, ctx.now.wall).is_some()
}

/// A cell of the history beside CPU stands for this much time.
const CELL: TimeDelta = TimeDelta::seconds(12);

/// CPU lately, against the greatest of it but at least 10 %.
fn draw_history(ctx: &Ctx<'_>, cpu: &Series, area: Rect, standing: Standing, buf: &mut Buffer) {
    let width = area.width;
    let columns = cpu.columns(ctx.now.wall, CELL * i32::from(width), CELL, usize::from(width));
    let role = if standing == Standing::Bad { Role::Warn } else { Role::Chart };
    let scale = Scale { top: spark::top(&columns, 10.0), role, bad: role };
    spark::draw(ctx.look, buf, area, &columns, scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(width: u16, content: Content) -> Vec<Column> {
        let layout = layout(width, content);
        let used: u16 = layout.iter().map(|(_, w)| w + 1).sum::<u16>() + 2;
        assert!(used <= width, "{layout:?} is wider than {width}");
        layout.into_iter().map(|(column, _)| column).collect()
    }

    #[test]
    fn what_names_leave_over_goes_to_the_limit_and_then_to_the_network() {
        let short = Content { host: 0, name: 12, has_limits: true, has_slots: false };
        assert!(columns(80, short).contains(&Limit));
        let both = columns(130, short);
        let memory = both.iter().position(|c| *c == Memory).unwrap();
        assert_eq!(both[memory..memory + 3], [Memory, Limit, Network]);
        let unlimited = Content { has_limits: false, ..short };
        assert!(columns(130, unlimited).contains(&Network) && !columns(130, unlimited).contains(&Limit));
    }

    #[test]
    fn an_image_is_named_where_the_other_columns_leave_room() {
        let content = Content { host: 0, name: 20, has_limits: true, has_slots: false };
        assert!(!columns(128, content).contains(&Image));
        assert!(columns(158, content).contains(&Image));
        let (_, room) = layout(158, content).pop().unwrap();
        assert!(room >= 24, "names that are short leave it {room} cells");
        for (name, shown) in [
            ("ghcr.io/acme/api:1.4", "ghcr.io/acme/api"),
            ("localhost:5000/api", "localhost:5000/api"),
            ("redis@sha256:94aaf4b7", "redis"),
            ("sha256:94aaf4b71387", "sha256:94aaf4b71387"),
        ] {
            assert_eq!(image(name), shown);
        }
    }

    #[test]
    fn long_names_are_not_cut_for_what_is_less_telling() {
        let long = Content { host: 0, name: 30, has_limits: true, has_slots: false };
        assert!(!columns(80, long).contains(&Limit) && !columns(100, long).contains(&Network));
        let (_, name) = layout(80, long)[1];
        assert_eq!(name, 20);
    }
}
