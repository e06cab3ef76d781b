//! The deployment of the environment, whoever runs it: what, by whom, each step as it stands, what it waits for, what failed.
//! The one that is not over, else the last one, or an earlier one that somebody opened.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Ctx};
use crate::action::Action;
use crate::config::theme::Role;
use crate::deploy::event::Event;
use crate::deploy::story::{Standing, State, Story, latest};
use crate::domain::deployment::{Heading, Plan};
use crate::domain::health::took;
use crate::domain::ledger::{Outcome, Record, RecordId};
use crate::effect::JobId;
use crate::ui::scroll::Scroll;
use crate::ui::text::{age, put, put_right};

mod heard;
mod rows;

use heard::Heard;
use rows::{Row, rows};

/// Rows above the steps: what it is, who, the bar, a blank.
const HEAD: u16 = 4;

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct DeploymentPane {
    scroll: Scroll,
    /// Somebody scrolled: it does not go on with the step that is at work.
    is_held: bool,
    /// An earlier one that somebody opened.
    opened: Option<RecordId>,
    /// The last that this console ordered.
    heard: Option<Heard>,
}

/// That deployment with its steps.
pub struct Shown<'a> {
    /// Its record.
    pub record: &'a Record,
    /// Its plan.
    pub plan: &'a Plan,
    /// How it stands.
    pub story: Story,
}

/// The one that is not over, else the last one, of the environment on the screen.
pub fn last<'a>(ctx: &Ctx<'a>) -> Option<Shown<'a>> {
    shown(ctx, latest(ctx.world.records(ctx.environment()?))?)
}

/// As a record tells it.
fn shown<'a>(ctx: &Ctx<'a>, record: &'a Record) -> Option<Shown<'a>> {
    let (plan, story) = (record.plan.as_deref()?, Story::of(record, sign(ctx, record), ctx.now.wall)?);
    Some(Shown { record, plan, story })
}

/// The last sign of whoever holds its environment.
pub fn sign(ctx: &Ctx<'_>, record: &Record) -> Option<chrono::DateTime<chrono::Utc>> {
    ctx.world.ledgers.sign(&crate::domain::ids::EnvironmentId::new(record.begun.environment.as_str()))
}

/// `3 of 7 steps`, and how it stands, in words; with what that means.
pub fn standing(ctx: &Ctx<'_>, shown: &Shown<'_>) -> (String, Role) {
    let (now, look) = (ctx.now.wall, ctx.look);
    let spent = |to: chrono::DateTime<chrono::Utc>| spent(to - shown.record.begun.at);
    match &shown.story.state {
        State::Runs if shown.story.paused.is_some() => {
            let told =
                crate::logs::ansi::plain(shown.story.paused.as_deref().unwrap_or_default()).into_owned();
            (told, Role::Warn)
        }
        State::Runs if shown.story.asked_back.is_some() => {
            (format!("turning back {}", spent(now)), Role::Warn)
        }
        State::Runs if shown.story.heading == Heading::Back => {
            (format!("going back {}", spent(now)), Role::Warn)
        }
        State::Runs => (format!("running {}", spent(now)), Role::Accent),
        State::Unguarded(since) => (format!("unguarded since {}", look.since(*since, now)), Role::Bad),
        State::Ended(at, Outcome::Done) => (format!("done in {}", spent(*at)), Role::Ok),
        State::Ended(at, Outcome::Undone(_)) => (format!("taken back after {}", spent(*at)), Role::Warn),
        State::Ended(at, Outcome::Failed(_)) => (format!("failed after {}", spent(*at)), Role::Bad),
        State::Ended(_, Outcome::Status(status)) => (format!("ended with {status}"), Role::Text),
    }
}

/// `0.3s`, `14s`, `2m10s`.
pub fn spent(time: TimeDelta) -> String {
    let time = time.to_std().unwrap_or_default();
    match time.as_secs() {
        0..10 => took(time),
        seconds @ 10..60 => format!("{seconds}s"),
        seconds if seconds < 3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

impl DeploymentPane {
    /// Shows an earlier one until somebody leaves it.
    pub fn open(&mut self, record: RecordId) {
        self.follow();
        self.opened = Some(record);
    }

    /// Shows what goes on.
    pub fn follow(&mut self) {
        (self.scroll, self.is_held, self.opened) = (Scroll::default(), false, None);
    }

    /// Something was ordered, and is told of under that job.
    pub fn starting(&mut self, job: JobId, title: String) {
        self.follow();
        self.heard = Some(Heard::new(job, title));
    }

    /// What was ordered under that job.
    pub fn title_of(&self, job: JobId) -> Option<String> {
        self.heard.as_ref().filter(|heard| heard.is_of(job)).map(|heard| heard.title.clone())
    }

    /// News of what was ordered.
    pub fn hear(&mut self, job: JobId, event: Event) {
        if let Some(heard) = self.heard.as_mut().filter(|heard| heard.is_of(job))
            && !heard.hear(event)
        {
            self.heard = None;
        }
    }

    /// What was ordered and does not stand in the ledger that was read.
    fn awaited(&self, ctx: &Ctx<'_>) -> Option<&str> {
        let heard = self.heard.as_ref().filter(|_| self.opened.is_none())?;
        let is_read = heard.number.is_some_and(|number| {
            ctx.environment().is_some_and(|e| ctx.world.records(e).iter().any(|r| r.begun.number == number))
        });
        (!is_read).then_some(heard.title.as_str())
    }

    /// What is heard of that one.
    fn heard_of(&self, shown: &Shown<'_>) -> Option<&Heard> {
        self.heard.as_ref().filter(|heard| heard.number == Some(shown.record.begun.number))
    }

    /// What is shown.
    fn of<'a>(&self, ctx: &Ctx<'a>) -> Option<Shown<'a>> {
        if self.awaited(ctx).is_some() {
            return None;
        }
        let opened = self.opened.as_ref().and_then(|id| {
            let mut records = ctx.world.records(ctx.environment()?).iter();
            shown(ctx, records.find(|record| record.begun.id == *id)?)
        });
        opened.or_else(|| last(ctx))
    }

    /// Scrolls, or leaves an earlier one.
    pub fn act(&mut self, action: Action) -> Answer {
        if action == Action::Back && (self.opened.is_some() || self.is_held) {
            self.follow();
        } else if self.scroll.act(action) {
            self.is_held = true;
        } else {
            return Answer::Unknown;
        }
        Answer::Done(Vec::new())
    }

    /// Takes in the room there is; the step that is at work stays in sight.
    pub fn fit(&mut self, area: Rect, ctx: &Ctx<'_>) {
        let Some(shown) = self.of(ctx) else { return };
        let rows = rows(ctx, &shown, self.heard_of(&shown), area.width);
        let height = usize::from(area.height.saturating_sub(HEAD)).max(1);
        self.scroll.fit(rows.len(), height, 1);
        if !self.is_held {
            let is_failed = |row: &Row| match row {
                Row::Step { at, .. } => matches!(shown.story.lines[*at].standing, Standing::Failed(_)),
                Row::Text(..) | Row::Blank => false,
            };
            if let Some(failed) = rows.iter().position(is_failed).filter(|_| !shown.story.is_open()) {
                // What failed, and why, with what was done right before.
                return self.scroll.go(failed.saturating_sub(2));
            }
            let at_work = rows.iter().position(|row| matches!(row, Row::Step { is_current: true, .. }));
            // With what it waits for below it; at the end of one that is over stands how it ended.
            let last = at_work.map_or(rows.len(), |row| row + 3);
            self.scroll.go(last.saturating_sub(height));
        }
    }

    /// What stands on the border: what it is about; how far it is.
    pub fn title(&self, ctx: &Ctx<'_>) -> (String, String) {
        let Some(shown) = self.of(ctx) else { return (String::new(), String::new()) };
        let (done, all) = shown.story.count();
        let back = if shown.story.heading == Heading::Back { " back" } else { "" };
        let rest = self.scroll.window().end;
        let below = rows(ctx, &shown, self.heard_of(&shown), u16::MAX).len().saturating_sub(rest);
        let more = if ctx.is_focused && self.is_held && below > 0 { "  scrolled, Esc follows" } else { "" };
        (shown.plan.subject(), format!("{done} of {all} steps{back}{more}"))
    }

    /// Draws it.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let look = ctx.look;
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let Some(shown) = self.of(ctx) else {
            let dots = look.glyph("…", "...");
            let text = self.awaited(ctx).map(|title| format!("{title}: beginning{dots}"));
            let text = text.as_deref().unwrap_or("nothing was deployed in this environment yet; d deploys");
            put(buf, area.x, area.y, area.width, text, look.style(Role::Dim));
            return;
        };
        draw_head(ctx, &shown, area, buf);
        let all = rows(ctx, &shown, self.heard_of(&shown), area.width + 2);
        let from = self.scroll.top().min(all.len());
        for (y, row) in (area.y + HEAD..area.bottom()).zip(&all[from..]) {
            row.draw(ctx, &shown, Rect { y, height: 1, ..area }, buf);
        }
    }
}

/// What it is and how it stands; who, when and why; how far it is.
fn draw_head(ctx: &Ctx<'_>, shown: &Shown<'_>, area: Rect, buf: &mut Buffer) {
    let (look, Shown { record, plan, story }) = (ctx.look, shown);
    let (words, role) = standing(ctx, shown);
    if area.height == 0 {
        return;
    }
    let room = area.width.saturating_sub(words.chars().count() as u16 + 2);
    let x = area.x + put(buf, area.x, area.y, room, &plan.subject(), look.style(Role::Bright)) + 2;
    let text = plan.what();
    put(buf, x, area.y, room.saturating_sub(x - area.x), &text, look.style(Role::Text));
    put_right(buf, area.x, area.y, area.width, &words, look.style(role));
    let begun = &record.begun;
    let [open, close] = if look.is_ascii { ["\"", "\""] } else { ["“", "”"] };
    let why = begun.why.as_ref().map(|why| format!("  {open}{why}{close}"));
    let ago = format!("{} ago", age(begun.at, ctx.now.wall));
    let text = format!("by {}, {ago}  {}{}", begun.who, begun.number, why.unwrap_or_default());
    if area.height > 1 {
        put(buf, area.x, area.y + 1, area.width, &text, look.style(Role::Dim));
    }
    if area.height > 2 {
        let (done, all) = story.count();
        let filled = usize::from(area.width) * done / all.max(1);
        let role = if story.is_open() { role } else { Role::Faint };
        for x in 0..area.width {
            let (glyph, role) = if usize::from(x) < filled {
                (look.glyph("━", "="), role)
            } else {
                (look.glyph("─", "-"), Role::Border)
            };
            put(buf, area.x + x, area.y + 2, 1, glyph, look.style(role));
        }
    }
}
