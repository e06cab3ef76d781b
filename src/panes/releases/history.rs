//! Two lines a deployment: what, when, by whom, what became of it; where it still is, and why it was made.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Key, TABLE, selected};
use crate::config::theme::Role;
use crate::deploy::releases::{self, Stand, containers_of, places, presence};
use crate::deploy::story::Story;
use crate::domain::container::Container;
use crate::domain::deployment::{Plan, Release};
use crate::domain::ids::HostId;
use crate::domain::ledger::Record;
use crate::panes::Ctx;
use crate::panes::deployment::spent;
use crate::ui::list::draw_selected;
use crate::ui::text::{age, cut, put, put_right};
use crate::world::Link;

/// Lines that one takes.
pub(super) const LINES: u16 = 2;

/// One of the history.
pub(super) enum Row<'a> {
    /// A deployment.
    Record(&'a Record, &'a Plan),
    /// What ran before the first.
    Before(Release),
}

impl Row<'_> {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Record(record, _) => Key::Record(record.begun.id.clone()),
            Self::Before(release) => Key::Before(*release),
        }
    }

    pub(super) fn release(&self) -> Release {
        match self {
            Self::Record(_, plan) => plan.release,
            Self::Before(release) => *release,
        }
    }
}

/// The newest first; none without a ledger that knows of the service.
pub(super) fn rows<'a>(ctx: &Ctx<'a>) -> Vec<Row<'a>> {
    let (Some(c), Some(environment)) = (selected(ctx), ctx.environment()) else { return Vec::new() };
    let of_it = releases::of(ctx.world.records(environment), &c.service);
    let mut rows: Vec<_> = of_it.map(|(record, plan)| Row::Record(record, plan)).collect();
    if let Some(Row::Record(_, plan)) = rows.last() {
        let before = plan.of(&c.service).map_or(plan.before, |part| part.before);
        rows.push(Row::Before(before));
    }
    rows
}

/// Rows of heads.
pub(super) fn head(width: u16) -> u16 {
    u16::from(width > TABLE)
}

/// How many are in sight at once.
pub(super) fn fitting(area: Rect) -> u16 {
    (area.height.saturating_sub(head(area.width)) / LINES).max(1)
}

/// Columns of the table: where each begins, and its title.
const COLUMNS: [(u16, &str); 6] =
    [(0, "RELEASE"), (9, "STATE"), (25, "WHAT"), (50, "CAME"), (57, "TOOK"), (65, "BY")];

pub(super) fn draw(
    ctx: &Ctx<'_>,
    rows: &[Row<'_>],
    window: Range<usize>,
    chosen: Option<usize>,
    area: Rect,
    buf: &mut Buffer,
) {
    let is_table = area.width > TABLE;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if is_table {
        for (x, title) in COLUMNS {
            put(buf, inner.x + x, area.y, inner.width.saturating_sub(x), title, ctx.look.style(Role::Dim));
        }
    }
    let all = of_service(ctx);
    let mut y = area.y + head(area.width);
    for n in window {
        let height = LINES.min(area.bottom().saturating_sub(y));
        if height == 0 {
            return;
        }
        if chosen == Some(n) {
            draw_selected(buf, Rect { y, height, ..area }, ctx.look, true);
        }
        let line = Line::of(ctx, &rows[n], &all);
        let place = Rect { y, height, ..inner };
        if is_table {
            line.draw(ctx, place, buf);
        } else {
            line.draw_narrow(ctx, place, buf);
        }
        y += LINES;
    }
}

/// Containers of the service, kept ones too.
fn of_service<'a>(ctx: &Ctx<'a>) -> Vec<&'a Container> {
    let (Some(c), Some(environment)) = (selected(ctx), ctx.environment()) else { return Vec::new() };
    let all = ctx.world.containers(environment).into_iter();
    all.filter(|other| other.service == c.service && other.project == c.project).collect()
}

/// What is said of one.
struct Line {
    release: String,
    state: (&'static str, String, Role),
    what: String,
    came: String,
    took: String,
    who: String,
    /// Its digest, where it is, and why.
    about: Vec<(String, Role)>,
}

impl Line {
    fn of(ctx: &Ctx<'_>, row: &Row<'_>, all: &[&Container]) -> Self {
        let release = row.release();
        let of_it = containers_of(release, all);
        let is_live = of_it.iter().any(|c| c.state.is_up());
        let places = whereabouts(ctx, &of_it);
        let Row::Record(record, plan) = row else {
            let word = if is_live { "live" } else { "before" };
            let mark = if is_live { ctx.look.glyph("■", "#") } else { " " };
            return Self {
                release: release.to_string(),
                state: (mark, word.to_owned(), if is_live { Role::Ok } else { Role::Dim }),
                what: "what ran before".to_owned(),
                came: String::new(),
                took: String::new(),
                who: String::new(),
                about: vec![(places, Role::Dim)],
            };
        };
        let digest = plan.made_from().map(|digest| digest.get(..19).unwrap_or(digest).to_owned());
        let kept = of_it.first().map(|c| c.image_id.as_str()).map(|id| id.get(..19).unwrap_or(id).to_owned());
        let [open, close] = if ctx.look.is_ascii { ["\"", "\""] } else { ["“", "”"] };
        let why = record.begun.why.as_ref().map(|why| (format!("{open}{why}{close}"), Role::Text));
        let about = [digest.or(kept).map(|id| (id, Role::Faint)), Some((places, Role::Dim)), why];
        let end = record.end.as_ref().map_or(ctx.now.wall, |(at, _)| *at);
        Self {
            release: plan.release.to_string(),
            state: state(ctx, record, is_live),
            what: plan.about(),
            came: age(record.begun.at, ctx.now.wall),
            took: spent(end - record.begun.at),
            who: record.begun.who.name.clone(),
            about: about.into_iter().flatten().collect(),
        }
    }

    fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let look = ctx.look;
        let (mark, word, role) = &self.state;
        let room = |x: u16, width: u16| width.min(area.width.saturating_sub(x));
        put(buf, area.x, area.y, room(0, 8), &self.release, look.style(Role::Bright));
        put(buf, area.x + 9, area.y, 1, mark, look.style(*role));
        put(buf, area.x + 11, area.y, room(11, 13), word, look.style(*role));
        put(buf, area.x + 25, area.y, room(25, 24), &self.what, look.style(Role::Text));
        put(buf, area.x + 50, area.y, room(50, 6), &self.came, look.style(Role::Text));
        put(buf, area.x + 57, area.y, room(57, 7), &self.took, look.style(Role::Dim));
        put(buf, area.x + 65, area.y, area.width.saturating_sub(65), &self.who, look.style(Role::Text));
        self.draw_about(
            ctx,
            Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(2), ..area },
            buf,
        );
    }

    fn draw_narrow(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let look = ctx.look;
        let (mark, word, role) = &self.state;
        let right = format!("{} {}", self.came, self.who);
        let used = put(buf, area.x, area.y, 7, &self.release, look.style(Role::Bright));
        put(buf, area.x + used + 1, area.y, 1, mark, look.style(*role));
        let x = used + 3 + put(buf, area.x + used + 3, area.y, 11, word, look.style(*role)) + 1;
        let room = area.width.saturating_sub(x);
        put_right(buf, area.x + x, area.y, room, &cut(&right, usize::from(room)), look.style(Role::Dim));
        // Why it was made says most; what it is where nobody said.
        let why =
            self.about.iter().find(|(_, role)| *role == Role::Text).map_or(&self.what, |(text, _)| text);
        if area.height > 1 {
            put(buf, area.x + 2, area.y + 1, area.width.saturating_sub(2), why, look.style(Role::Dim));
        }
    }

    fn draw_about(&self, ctx: &Ctx<'_>, row: Rect, buf: &mut Buffer) {
        if row.height < LINES {
            return;
        }
        let mut x = row.x;
        for (text, role) in &self.about {
            x += put(buf, x, row.y, row.right().saturating_sub(x), text, ctx.look.style(*role)) + 2;
        }
    }
}

/// A mark and a word, and what they mean.
fn state(ctx: &Ctx<'_>, record: &Record, is_live: bool) -> (&'static str, String, Role) {
    let look = ctx.look;
    let story = Story::of(record, crate::panes::deployment::sign(ctx, record), ctx.now.wall);
    let stand = story.map_or(Stand::Unguarded, |story| Stand::of(&story, is_live));
    let (mark, role) = match stand {
        Stand::Runs => (look.glyph("▸", ">"), Role::Accent),
        Stand::Paused => ("=", Role::Warn),
        Stand::GoesBack => (look.glyph("↶", "<"), Role::Bad),
        Stand::Unguarded => ("?", Role::Bad),
        Stand::TakenBack => (look.glyph("↶", "<"), Role::Warn),
        Stand::Failed => (look.glyph("✗", "x"), Role::Bad),
        Stand::Live => (look.glyph("■", "#"), Role::Ok),
        Stand::Good => (look.glyph("✓", "+"), Role::Dim),
    };
    (mark, stand.word().to_owned(), role)
}

/// `live web1 web2`, `kept web1, gone web2`: where its containers are.
fn whereabouts(ctx: &Ctx<'_>, of_it: &[&Container]) -> String {
    let hosts = ctx.environment().map(|e| &e.hosts[..]).unwrap_or_default();
    let is_lost = |id: &HostId| ctx.world.hosts.get(id).is_none_or(|host| host.link != Link::Up);
    places(&presence(hosts, of_it, is_lost))
}
