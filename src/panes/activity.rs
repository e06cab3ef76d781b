//! What this console did and what failed, and what the ledger of the environment says that others did; newest first.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Ctx};
use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::ledger::{Begun, Outcome, Record};
use crate::ui::text::{put, wrapped};
use crate::world::Deed;

/// Longest text of one line of the list, in rows; and where somebody reads it.
const MOST_ROWS: (usize, usize) = (9, 30);

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct ActivityPane {
    /// Lines scrolled past, counted from the newest.
    top: usize,
    height: usize,
}

impl ActivityPane {
    /// Scrolls.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let last = lines(ctx).len().saturating_sub(1);
        let page = (self.height / 2).max(1);
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top + 1,
            Action::PageUp | Action::HalfUp => self.top.saturating_sub(page),
            Action::PageDown | Action::HalfDown => self.top + page,
            Action::Top => 0,
            Action::Bottom => last,
            _ => return Answer::Unknown,
        }
        .min(last);
        Answer::Done(Vec::new())
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, height: u16) {
        self.height = usize::from(height);
    }

    /// Draws the newest that fit, long texts over several rows.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let look = ctx.look;
        let lines = lines(ctx);
        if lines.is_empty() {
            let text = "nothing done yet";
            put(buf, area.x + 1, area.y, area.width.saturating_sub(1), text, look.style(Role::Dim));
        }
        let mut y = area.y;
        for line in lines.iter().skip(self.top) {
            if y >= area.bottom() {
                return;
            }
            y += draw_line(ctx, line, Rect { y, height: area.bottom() - y, ..area }, buf);
        }
    }
}

/// One entry of the list.
struct Line {
    at: DateTime<Utc>,
    text: String,
    is_failure: bool,
    role: Role,
}

impl Line {
    fn of_deed(deed: &Deed) -> Self {
        let text = match &deed.record {
            Some((number, _)) => format!("{}  {number}", deed.text),
            None => deed.text.clone(),
        };
        let role = if deed.is_failure { Role::Bad } else { Role::Text };
        Self { at: deed.at, text, is_failure: deed.is_failure, role }
    }

    fn of_record(record: &Record, has_hosts: bool) -> Self {
        let Begun { number, who, act, why, .. } = &record.begun;
        let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let (objects, outcome) = (record.objects(has_hosts), record.outcome());
        let is_failure = matches!(record.end, Some((_, Outcome::Failed(_))));
        let text = format!("{number} {who}: {act} {objects}: {outcome}{why}");
        Self { at: record.begun.at, text, is_failure, role: Role::Text }
    }
}

/// The newest first. What this console did and recorded stands there once.
fn lines(ctx: &Ctx<'_>) -> Vec<Line> {
    let own: BTreeSet<_> =
        ctx.world.activity.iter().filter_map(|deed| Some(&deed.record.as_ref()?.1)).collect();
    let records = ctx.environment().map(|environment| ctx.world.records(environment)).unwrap_or_default();
    let others = records.iter().filter(|record| !own.contains(&record.begun.id));
    let mut lines: Vec<_> = others.map(|record| Line::of_record(record, ctx.has_hosts())).collect();
    lines.extend(ctx.world.activity.iter().map(Line::of_deed));
    // Those of one time stay in their order.
    lines.sort_by_key(|line| line.at);
    lines.reverse();
    lines
}

/// Gives the rows it took.
fn draw_line(ctx: &Ctx<'_>, line: &Line, area: Rect, buf: &mut Buffer) -> u16 {
    let look = ctx.look;
    put(buf, area.x + 1, area.y, 8, &look.clock(line.at), look.style(Role::Faint));
    let mark = if line.is_failure { "!" } else { " " };
    put(buf, area.x + 10, area.y, 1, mark, look.style(if line.is_failure { Role::Bad } else { line.role }));
    let role = line.role;
    // In a narrow column the text goes on below the time.
    let (x, first) = if area.width < 50 { (area.x + 3, 9) } else { (area.x + 12, 0) };
    let width = area.right().saturating_sub(x + 1);
    let most = if ctx.is_focused { MOST_ROWS.1 } else { MOST_ROWS.0 };
    let lines = wrapped(&line.text, usize::from(width), first, most);
    for (i, row) in (0..area.height).zip(&lines) {
        let indent = if i == 0 { first as u16 } else { 0 };
        put(buf, x + indent, area.y + i, width.saturating_sub(indent), row, look.style(role));
    }
    lines.len().max(1) as u16
}
