//! The dialog on the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{Choice, Field, Goal, Rollout, Stage};
use crate::config::theme::Role;
use crate::domain::deployment::Plan;
use crate::domain::environment::Class;
use crate::domain::grade::Grade;
use crate::overlays::confirm::dialog_as;
use crate::ui::list::draw_selected;
use crate::ui::look::Look;
use crate::ui::text::{put, put_right, wrapped};

/// Widest dialog.
const WIDTH: u16 = 110;
/// Room for what takes a step back.
const UNDO: u16 = 18;
/// Room for the name of a host.
const HOST: u16 = 12;

/// Where the keys go, if they are typed somewhere.
type Cursor = Option<(u16, u16)>;

impl Rollout {
    fn title(&self) -> String {
        let service = &self.subject.service;
        match self.goal {
            Goal::Deploy => format!("Deploy {service}"),
            Goal::Rollback => format!("Roll back {service}"),
            Goal::Scale => format!("Scale {service}"),
            Goal::Resume => format!("Go on with {service}"),
            Goal::Promote => format!("Promote {service}"),
        }
    }

    /// Draws it over the middle of `area`; gives where the cursor stands.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) -> Cursor {
        let width = WIDTH.min(area.width.saturating_sub(2)).max(area.width.min(60));
        let wanted = match &self.stage {
            Stage::Asked(_) => self.shown().len().min(10) as u16 + 8,
            Stage::Planning(_) => 7,
            Stage::Refused(reasons) => {
                let rows = reasons.iter().map(|r| wrapped(r, usize::from(width.max(7) - 6), 0, 4).len());
                rows.sum::<usize>() as u16 + 7
            }
            Stage::Planned(plan, _) => plan.steps.len() as u16 + 11 + self.remarks(plan).len() as u16,
        };
        let height = wanted.min(area.height);
        let border = match self.subject.environment.class {
            Class::Production => Role::BorderProduction,
            _ => Role::BorderFocus,
        };
        let environment = self.subject.environment.id.to_string();
        let inner = dialog_as(buf, area, (width, height), [&self.title(), &environment], look, border);
        let inner = Rect { x: inner.x + 2, width: inner.width.saturating_sub(4), ..inner };
        if inner.height == 0 || inner.width < 10 {
            return None;
        }
        let y = inner.y + u16::from(inner.height > 8);
        pair(look, buf, Rect { y, height: 1, ..inner }, "live", &self.subject.live);
        let below = Rect { y: y + 1, height: inner.bottom().saturating_sub(y + 1), ..inner };
        match &self.stage {
            Stage::Asked(wrong) => self.draw_asked(wrong.as_deref(), look, below, buf),
            Stage::Planning(_) => {
                let dots = look.glyph("…", "...");
                let text = format!("asking the hosts{dots}");
                put(buf, below.x, below.y + 1, below.width, &text, look.style(Role::Dim));
                None
            }
            Stage::Refused(reasons) => {
                draw_refused(reasons, look, below, buf);
                None
            }
            Stage::Planned(plan, grade) => self.draw_plan(plan, grade, look, below, buf),
        }
    }

    fn draw_asked(&self, wrong: Option<&str>, look: &Look, area: Rect, buf: &mut Buffer) -> Cursor {
        let (label, hint) = match self.goal {
            Goal::Deploy => ("image", "Enter plans it; nothing is done yet"),
            Goal::Rollback => ("back to", "Enter plans it; nothing is done yet"),
            Goal::Scale | Goal::Resume | Goal::Promote => {
                ("replicas", "on all hosts together; Enter plans it, nothing is done yet")
            }
        };
        let x = area.x + 9;
        let room = area.right().saturating_sub(x);
        put(buf, area.x, area.y, 9, label, look.style(Role::Dim));
        let cursor = (self.goal != Goal::Rollback).then(|| {
            put(buf, x, area.y, room, self.text(), look.style(Role::Bright));
            let before: String = self.text().chars().take(self.line.cursor().1).collect();
            ((x + before.width() as u16).min(area.right()), area.y)
        });
        let shown = self.shown();
        let list = Rect { y: area.y + u16::from(cursor.is_some()) + 1, ..area };
        let rows = usize::from(area.bottom().saturating_sub(list.y + 2));
        let top = self.picked.map_or(0, |picked| (picked + 1).saturating_sub(rows));
        for (n, choice) in shown.iter().enumerate().skip(top).take(rows) {
            let row = Rect { y: list.y + (n - top) as u16, height: 1, ..list };
            draw_choice(choice, self.picked == Some(n), look, row, buf);
        }
        if shown.is_empty() && self.goal == Goal::Rollback {
            let text = "no earlier release is kept: there is nothing to go back to";
            put(buf, list.x, list.y, list.width, text, look.style(Role::Warn));
        }
        let last = area.bottom().saturating_sub(1);
        let (text, role) = wrong.map_or((hint, Role::Dim), |wrong| (wrong, Role::Bad));
        put(buf, area.x, last, area.width, text, look.style(role));
        cursor
    }

    fn draw_plan(&self, plan: &Plan, grade: &Grade, look: &Look, area: Rect, buf: &mut Buffer) -> Cursor {
        let s = if plan.replicas == 1 { "" } else { "s" };
        let to = format!("{}  {}  {} replica{s}", plan.release, plan.image, plan.replicas);
        pair(look, buf, Rect { height: 1, ..area }, "then", &to);
        let remarks = self.remarks(plan);
        // Below the steps: a blank, remarks, a blank, the note, what to press, and where it was scrolled to.
        let below = remarks.len() as u16 + 4;
        let head = area.y + 2;
        let steps =
            Rect { y: head + 1, height: area.bottom().saturating_sub(head + 1 + below).max(1), ..area };
        draw_steps(plan, self.top, look, steps, buf);
        for (y, (text, is_warning)) in (steps.bottom() + 1..).zip(&remarks) {
            let (mark, role) =
                if *is_warning { ("!", Role::Warn) } else { (look.glyph("✓", "+"), Role::Dim) };
            put(buf, area.x, y, 1, mark, look.style(role));
            put(buf, area.x + 2, y, area.width.saturating_sub(2), text, look.style(role));
        }
        let last = area.bottom().saturating_sub(1);
        let note = self.draw_note(look, Rect { y: last.saturating_sub(1), height: 1, ..area }, buf);
        let row = Rect { y: last, height: 1, ..area };
        let typed = match grade {
            Grade::None | Grade::Yes => {
                let used = put(buf, row.x, row.y, row.width, "y", look.style(Role::Key));
                let text = " does it   Esc or Enter cancels, nothing happens";
                put(buf, row.x + used, row.y, row.width - used, text, look.style(Role::Dim));
                None
            }
            Grade::Name(name) => Some(self.draw_name(name, look, row, buf)),
        };
        if self.field == Field::Note { Some(note) } else { typed }
    }

    fn draw_note(&self, look: &Look, row: Rect, buf: &mut Buffer) -> (u16, u16) {
        put(buf, row.x, row.y, 5, "why", look.style(Role::Dim));
        let cursor = self.note.cursor();
        let (line, column) = (cursor.0, cursor.1);
        let x = row.x + 5;
        let room = row.width.saturating_sub(5);
        let text = self.note.lines().join(" ");
        if text.is_empty() && self.field != Field::Note {
            let (text, role) = if self.verdict.never_ran.is_some() {
                ("Tab writes why, for the ledger: nothing is done without", Role::Warn)
            } else {
                ("Tab writes a note for the ledger", Role::Faint)
            };
            put(buf, x, row.y, room, text, look.style(role));
            return (x, row.y);
        }
        let before: usize = self.note.lines().iter().take(line).map(|line| line.chars().count() + 1).sum();
        let before: String = text.chars().take(before + column).collect();
        // The end of a long note is what is being typed.
        let skipped = before.width().saturating_sub(usize::from(room.saturating_sub(2)));
        put(buf, x, row.y, room, &crate::ui::text::skip(&text, skipped), look.style(Role::Bright));
        (x + (before.width() - skipped) as u16, row.y)
    }

    fn draw_name(&self, name: &str, look: &Look, row: Rect, buf: &mut Buffer) -> (u16, u16) {
        let mut x = row.x;
        for (text, role) in [
            ("type ", Role::Dim),
            (name, Role::BadStrong),
            (" to confirm  ", Role::Dim),
            (self.typed.as_str(), Role::Bright),
        ] {
            x += put(buf, x, row.y, row.right().saturating_sub(x), text, look.style(role));
        }
        (x.min(row.right()), row.y)
    }
}

fn pair(look: &Look, buf: &mut Buffer, row: Rect, label: &str, text: &str) {
    put(buf, row.x, row.y, 6, label, look.style(Role::Dim));
    put(buf, row.x + 9, row.y, row.width.saturating_sub(9), text, look.style(Role::Text));
}

fn draw_choice(choice: &Choice, is_picked: bool, look: &Look, row: Rect, buf: &mut Buffer) {
    let over = Rect { x: row.x.saturating_sub(1), width: row.width + 2, ..row };
    if is_picked {
        draw_selected(buf, over, look, true);
    }
    let about = (choice.about.width() as u16).min(row.width * 2 / 3);
    let role = if is_picked { Role::Bright } else { Role::Text };
    put(buf, row.x + 1, row.y, row.width.saturating_sub(about + 3), &choice.value, look.style(role));
    put_right(
        buf,
        row.x,
        row.y,
        row.width,
        &crate::ui::text::cut(&choice.about, usize::from(about)),
        look.style(Role::Dim),
    );
}

fn draw_refused(reasons: &[String], look: &Look, area: Rect, buf: &mut Buffer) {
    let mut y = area.y + 1;
    for reason in reasons {
        for (n, line) in wrapped(reason, usize::from(area.width.saturating_sub(2)), 0, 4).iter().enumerate() {
            if y + 2 < area.bottom() {
                let mark = if n == 0 { look.glyph("✗", "x") } else { " " };
                put(buf, area.x, y, 1, mark, look.style(Role::Bad));
                put(buf, area.x + 2, y, area.width.saturating_sub(2), line, look.style(Role::Text));
                y += 1;
            }
        }
    }
    let text = "nothing was done";
    put(buf, area.x, area.bottom().saturating_sub(1), area.width, text, look.style(Role::Dim));
}

/// A line each: what, where, and what takes it back.
fn draw_steps(plan: &Plan, top: usize, look: &Look, area: Rect, buf: &mut Buffer) {
    let hosts = if plan.hosts().len() > 1 || area.width > 80 { HOST } else { 0 };
    let width = area.width.saturating_sub(UNDO + hosts + 3);
    let columns = [area.x + 3, area.x + 3 + width, area.x + area.width - UNDO];
    let head = area.y.saturating_sub(1);
    let rows = usize::from(area.height);
    let top = top.min(plan.steps.len().saturating_sub(rows));
    let shown = top..(top + rows).min(plan.steps.len());
    let title = if shown.len() < plan.steps.len() {
        format!("STEPS {} to {} of {}, arrows scroll", shown.start + 1, shown.end, plan.steps.len())
    } else {
        "STEPS".to_owned()
    };
    put(buf, area.x, head, width + 3, &title, look.style(Role::Dim));
    put(buf, columns[2], head, UNDO, "UNDO", look.style(Role::Dim));
    for (y, n) in (area.y..area.bottom()).zip(shown) {
        let step = &plan.steps[n];
        put_right(buf, area.x, y, 2, &(n + 1).to_string(), look.style(Role::Accent));
        let act = step.act.to_string();
        // The image stands above: a name that is cut says less.
        let is_long = act.width() > usize::from(width.saturating_sub(1));
        let act = act.split(" from ").next().filter(|_| is_long).unwrap_or(&act);
        put(buf, columns[0], y, width.saturating_sub(1), act, look.style(Role::Text));
        put(buf, columns[1], y, hosts.saturating_sub(1), step.host.as_str(), look.style(Role::Dim));
        put(buf, columns[2], y, UNDO, step.act.way_back(), look.style(Role::Dim));
    }
}
