//! What the service's containers run: image tags and ids, newest first, with what the image says of itself.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Ctx;
use crate::config::theme::Role;
use crate::domain::container::Container;
use crate::ui::text::{age, put, put_right};

/// Draws it; there is nothing to select yet.
pub fn draw(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let selected = ctx.scope.container.as_ref().and_then(|key| ctx.world.container(key));
    let environment = ctx.scope.environment.as_ref().and_then(|id| ctx.world.environment(id));
    let (Some(selected), Some(environment)) = (selected, environment) else {
        put(
            buf,
            area.x + 1,
            area.y,
            area.width.saturating_sub(1),
            "select a container",
            look.style(Role::Dim),
        );
        return;
    };
    let mut releases: BTreeMap<_, Vec<&Container>> = BTreeMap::new();
    for c in ctx.world.containers(environment) {
        if c.service == selected.service {
            releases.entry((&c.image, &c.image_id)).or_default().push(c);
        }
    }
    let mut releases: Vec<_> = releases.into_values().collect();
    releases.sort_by_key(|r| std::cmp::Reverse(r.iter().map(|c| c.created).max()));
    let mut y = area.y;
    for containers in releases {
        y = draw_release(ctx, &containers, Rect { y, height: area.bottom().saturating_sub(y), ..area }, buf);
    }
}

fn draw_release(ctx: &Ctx<'_>, containers: &[&Container], area: Rect, buf: &mut Buffer) -> u16 {
    let look = ctx.look;
    let Some(first) = containers.first().filter(|_| area.height > 0) else { return area.y };
    let up = containers.iter().filter(|c| c.state.is_up()).count();
    let (word, role) = if up > 0 { ("live", Role::Ok) } else { ("down", Role::Dim) };
    let newest = containers.iter().map(|c| c.created).max();
    let mut x = area.x + 1;
    x += put(buf, x, area.y, 14, first.release(), look.style(Role::Bright)) + 1;
    put(buf, x, area.y, 12, &format!("{word} {up}/{}", containers.len()), look.style(role));
    if let Some(at) = newest {
        put_right(
            buf,
            area.x,
            area.y,
            area.width.saturating_sub(1),
            &age(at, ctx.now.wall),
            look.style(Role::Dim),
        );
    }
    let label = |key: &str| first.labels.get(key).map(String::as_str);
    let about = [
        label("org.opencontainers.image.version").map(|v| format!("version {v}")),
        label("org.opencontainers.image.revision").map(|v| format!("rev {}", v.get(..8).unwrap_or(v))),
        Some(first.image_id.as_str().get(..19).unwrap_or(first.image_id.as_str()).to_owned()),
    ];
    let mut y = area.y + 1;
    for text in about.into_iter().flatten() {
        if y < area.bottom() {
            put(buf, area.x + 3, y, area.width.saturating_sub(4), &text, look.style(Role::Dim));
            y += 1;
        }
    }
    y
}
