//! What the selected container's service runs, where no ledger knows better: each image with its age, what it says of
//! itself, and who runs it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::TABLE;
use crate::config::theme::Role;
use crate::domain::container::Container;
use crate::domain::release::{Release, releases};
use crate::logs::ansi;
use crate::panes::Ctx;
use crate::ui::text::{age, put, put_right};

fn of<'a>(ctx: &Ctx<'a>) -> Option<Vec<Release<'a>>> {
    let selected = ctx.scope.container.as_ref().and_then(|key| ctx.world.container(key))?;
    let is_of_it = |c: &&'a Container| c.service == selected.service && c.project == selected.project;
    Some(releases(ctx.world.containers(ctx.environment()?).into_iter().filter(is_of_it)))
}

/// What stands right on the border: how many are live, where it is not one.
pub(super) fn summary(ctx: &Ctx<'_>) -> String {
    let live = of(ctx).map(|all| all.iter().filter(|r| r.is_live()).count());
    match live {
        None | Some(1) => String::new(),
        Some(0) => "none live".to_owned(),
        Some(count) => format!("{count} live"),
    }
}

/// Draws it; there is nothing to select.
pub(super) fn draw(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let Some(all) = of(ctx) else {
        put(buf, area.x, area.y, area.width, "select a container", ctx.look.style(Role::Dim));
        return;
    };
    let is_mixed = all.iter().filter(|r| r.is_live()).count() > 1;
    let mut y = area.y;
    if area.width >= TABLE {
        draw_head(ctx, area, buf);
        y += 1;
    }
    for release in &all {
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        y = if area.width >= TABLE {
            draw_line(ctx, release, is_mixed, rest, buf)
        } else {
            draw_block(ctx, release, is_mixed, rest, buf)
        };
    }
}

/// `live 1/2`; amber where another one is live too: that is either a deployment or an accident.
fn state(release: &Release<'_>, is_mixed: bool) -> (String, Role) {
    let (up, all) = (release.up(), release.containers.len());
    match up {
        0 => ("down".to_owned(), Role::Dim),
        up if up < all => (format!("live {up}/{all}"), Role::Warn),
        _ if is_mixed => (format!("live {up}/{all}"), Role::Warn),
        _ => (format!("live {up}/{all}"), Role::Ok),
    }
}

/// The name in the row and the word version say the same more often than not.
fn version<'a>(release: &Release<'a>) -> Option<&'a str> {
    release.version.filter(|version| *version != release.name)
}

fn revision(release: &Release<'_>) -> Option<String> {
    // Cut first, half of a control sequence would take along what is behind it.
    release.revision.map(|revision| ansi::plain(revision).chars().take(8).collect())
}

fn digest<'a>(release: &Release<'a>) -> &'a str {
    let id = release.image_id.as_str();
    id.get(..19).unwrap_or(id)
}

fn names(ctx: &Ctx<'_>, release: &Release<'_>) -> String {
    let all = release.containers.iter().map(|c| ctx.called(&c.name, &c.key.host));
    all.collect::<Vec<_>>().join(", ")
}

fn draw_head(ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
    for (x, text) in
        [(0, "RELEASE"), (17, "STATE"), (27, "BUILT"), (34, "CAME"), (41, "REVISION"), (51, "IMAGE")]
    {
        put(buf, area.x + x, area.y, area.width.saturating_sub(x), text, ctx.look.style(Role::Dim));
    }
}

/// One line, and below it who runs it.
fn draw_line(ctx: &Ctx<'_>, release: &Release<'_>, is_mixed: bool, area: Rect, buf: &mut Buffer) -> u16 {
    if area.height == 0 {
        return area.y;
    }
    let now = ctx.now.wall;
    let (word, role) = state(release, is_mixed);
    let built = release.built.map_or("?".to_owned(), |at| age(at, now));
    let cells = [
        (0, 16, release.name.to_owned(), Role::Bright),
        (17, 9, word, role),
        (27, 6, built, Role::Text),
        (34, 6, age(release.deployed, now), Role::Text),
        (41, 9, revision(release).unwrap_or_default(), Role::Text),
        (51, area.width.saturating_sub(51), digest(release).to_owned(), Role::Dim),
    ];
    for (x, width, text, role) in cells {
        put(buf, area.x + x, area.y, width, &text, ctx.look.style(role));
    }
    let mut y = area.y + 1;
    let version = version(release).map(|version| format!("version {version}  "));
    let text = format!("{}{}", version.unwrap_or_default(), names(ctx, release));
    if y < area.bottom() {
        put(buf, area.x + 2, y, area.width.saturating_sub(2), &text, ctx.look.style(Role::Dim));
        y += 1;
    }
    y
}

/// Several short lines.
fn draw_block(ctx: &Ctx<'_>, release: &Release<'_>, is_mixed: bool, area: Rect, buf: &mut Buffer) -> u16 {
    if area.height == 0 {
        return area.y;
    }
    let look = ctx.look;
    let (word, role) = state(release, is_mixed);
    let used = put(buf, area.x, area.y, 13, release.name, look.style(Role::Bright));
    put(buf, area.x + used + 1, area.y, 9, &word, look.style(role));
    let age_of = |at| age(at, ctx.now.wall);
    put_right(buf, area.x, area.y, area.width, &age_of(release.born()), look.style(Role::Dim));
    let about = [
        Some(names(ctx, release)),
        version(release).map(|version| format!("version {version}")),
        match (revision(release), release.built) {
            (Some(revision), Some(_)) => Some(format!("rev {revision}  came {}", age_of(release.deployed))),
            (Some(revision), None) => Some(format!("rev {revision}")),
            (None, Some(_)) => Some(format!("came {}", age_of(release.deployed))),
            (None, None) => None,
        },
        Some(digest(release).to_owned()),
    ];
    let mut y = area.y + 1;
    for text in about.into_iter().flatten() {
        if y < area.bottom() {
            put(buf, area.x + 2, y, area.width.saturating_sub(2), &text, look.style(Role::Dim));
            y += 1;
        }
    }
    y
}
