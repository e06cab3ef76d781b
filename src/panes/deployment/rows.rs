//! The rows below the head: steps, what the one at work waits for, and why it went back.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::heard::Heard;
use super::{Shown, spent};
use crate::config::theme::Role;
use crate::deploy::story::{Line, Standing, State};
use crate::domain::container::Container;
use crate::domain::deployment::{Act, Heading, Step};
use crate::domain::ledger::Outcome;
use crate::panes::{Ctx, condition};
use crate::ui::text::{put, put_right, wrapped};

/// Longest text of what failed, in rows.
const MOST_ROWS: usize = 6;
/// Room for the name of a host.
const HOST: u16 = 14;

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Row {
    /// A step, by its place among the lines of the story.
    Step {
        /// Which.
        at: usize,
        /// It is at work, or comes next.
        is_current: bool,
    },
    /// Words.
    Text(String, Role),
    /// Nothing.
    Blank,
}

/// All of them, in a pane of that width.
pub(super) fn rows(ctx: &Ctx<'_>, shown: &Shown<'_>, heard: Option<&Heard>, width: u16) -> Vec<Row> {
    let story = &shown.story;
    let room = usize::from(width.saturating_sub(6)).max(1);
    let wrap = |text: &str, role| {
        wrapped(text, room, 0, MOST_ROWS).into_iter().map(move |line| Row::Text(line, role))
    };
    let current = story.current().filter(|_| story.is_open());
    let (mut rows, mut heading) = (Vec::new(), Heading::Forward);
    for (at, line) in story.lines.iter().enumerate() {
        if line.heading != heading {
            heading = line.heading;
            rows.push(Row::Blank);
            let why = story.failure.as_deref().unwrap_or("it was wanted");
            rows.extend(wrap(&format!("it went back: {why}"), Role::Bad));
            let printed = heard.map(|heard| &heard.last_lines[..]).unwrap_or_default();
            if !printed.is_empty() {
                rows.push(Row::Text("the last it printed:".to_owned(), Role::Dim));
                rows.extend(printed.iter().flat_map(|line| wrap(line, Role::Text)));
            }
        }
        let is_current = current == Some(at);
        rows.push(Row::Step { at, is_current });
        if is_current {
            let told =
                heard.and_then(|heard| heard.waits(&line.step)).map(|why| (why.to_owned(), Role::Warn));
            let waits = told.or_else(|| waits(ctx, line));
            rows.extend(waits.into_iter().flat_map(|(text, role)| wrap(&text, role)));
        }
    }
    let end = match &story.state {
        State::Runs => match &story.asked_back {
            Some(asked) if story.heading == Heading::Forward => (asked.clone(), Role::Warn),
            _ => return rows,
        },
        State::Ended(_, Outcome::Done) => return rows,
        State::Unguarded(_) => {
            ("whoever runs it is not heard of any more; what is done stays as it is, and the old release serves what it serves"
                .to_owned(), Role::Warn)
        }
        // Said where it turned.
        State::Ended(_, Outcome::Undone(_)) if heading == Heading::Back => return rows,
        State::Ended(_, outcome) => (outcome.to_string(), Role::Text),
    };
    rows.push(Row::Blank);
    rows.extend(wrap(&end.0, end.1));
    rows
}

/// What a step waits for, as far as can be seen from here.
fn waits(ctx: &Ctx<'_>, line: &Line) -> Option<(String, Role)> {
    let Act::Gate(replica) = &line.step.act else { return None };
    if !matches!(line.standing, Standing::Runs(_)) {
        return None;
    }
    let c = there(ctx, &line.step, &replica.name)?;
    let (words, role) = condition::of(ctx, c);
    let words = if words.is_empty() { (c.state.word().to_owned(), Role::Warn) } else { (words, role) };
    let check = c.detail.as_ref().and_then(|detail| detail.checks.last());
    let said = check.filter(|check| check.exit_code != 0).map(|check| format!(": {}", check.output.trim()));
    let (word, role) = words;
    Some((format!("{} is {word}{}", replica.name, said.unwrap_or_default()), role))
}

fn there<'a>(ctx: &Ctx<'a>, step: &Step, name: &str) -> Option<&'a Container> {
    let list = ctx.world.hosts.get(&step.host)?.containers.as_ref()?;
    list.iter().find(|c| *c.name == *name)
}

impl Row {
    pub(super) fn draw(&self, ctx: &Ctx<'_>, shown: &Shown<'_>, row: Rect, buf: &mut Buffer) {
        let look = ctx.look;
        match self {
            Self::Blank => {}
            Self::Text(text, role) => {
                put(buf, row.x + 4, row.y, row.width.saturating_sub(4), text, look.style(*role));
            }
            Self::Step { at, is_current } => {
                draw_step(ctx, shown, &shown.story.lines[*at], *is_current, row, buf);
            }
        }
    }
}

fn draw_step(ctx: &Ctx<'_>, shown: &Shown<'_>, line: &Line, is_current: bool, row: Rect, buf: &mut Buffer) {
    let look = ctx.look;
    let is_at_work = is_current && shown.story.state == State::Runs;
    let (mark, mark_role, role) = match &line.standing {
        Standing::Done(_) => (look.glyph("✓", "+"), Role::Ok, Role::Text),
        Standing::Failed(_) => (look.glyph("✗", "x"), Role::Bad, Role::Bright),
        Standing::Runs(_) if is_at_work => (look.glyph("▸", ">"), Role::Accent, Role::Bright),
        // Nobody can tell whether it is done.
        Standing::Runs(_) => ("?", Role::Warn, Role::Bright),
        Standing::Ahead => (look.glyph("·", "."), Role::Faint, Role::Dim),
    };
    let time = match &line.standing {
        Standing::Done(took) => took.map(spent).unwrap_or_default(),
        Standing::Failed(_) => "failed".to_owned(),
        Standing::Runs(since) if is_at_work => match &line.step.act {
            Act::Gate(_) => format!("{} of {}s", spent(ctx.now.wall - *since), shown.plan.ready_within_s),
            _ => spent(ctx.now.wall - *since),
        },
        Standing::Runs(_) => "not known".to_owned(),
        Standing::Ahead => String::new(),
    };
    let time_role = match &line.standing {
        Standing::Failed(_) => Role::Bad,
        Standing::Runs(_) => Role::Text,
        _ => Role::Dim,
    };
    put(buf, row.x, row.y, 1, mark, look.style(mark_role));
    let right = 12;
    let host = if ctx.has_hosts() { HOST } else { 0 };
    let width = row.width.saturating_sub(2 + right + host);
    put(buf, row.x + 2, row.y, width, &line.step.act.to_string(), look.style(role));
    let x = row.x + 2 + width + 1;
    put(buf, x, row.y, host.saturating_sub(2), line.step.host.as_str(), look.style(Role::Dim));
    put_right(buf, row.x, row.y, row.width, &time, look.style(time_role));
}
