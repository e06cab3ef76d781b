//! What stands on the border of the logs pane and in its last row: whose lines, how they are shown, what is not shown.

use ratatui::buffer::Buffer as Cells;
use ratatui::layout::Rect;

use super::{Breadth, LogsPane};
use crate::action::Action;
use crate::config::theme::Role;
use crate::logs::line::Level;
use crate::panes::Ctx;
use crate::sub::Wanted;
use crate::ui::look::Look;
use crate::ui::text::put;

impl LogsPane {
    /// What stands on the border: whose logs, and how they are shown.
    pub fn subject(&self, look: &Look) -> String {
        let count = |what: &str| match self.wanted.len() {
            1 => format!("{what} (1 container)"),
            n if self.left_out > 0 => format!("{what} ({n} of {} containers)", n + self.left_out),
            n => format!("{what} ({n} containers)"),
        };
        let whose = match (&self.breadth, self.sources.as_slice()) {
            (Breadth::One, []) => return "nothing selected".to_owned(),
            (Breadth::Service(_, service), _) => count(service.as_str()),
            (Breadth::Environment, _) => count(self.environment.as_ref().map_or("", |id| id.as_str())),
            (Breadth::Marked(_), many) => format!("{} marked containers", many.len()),
            (Breadth::One, [one, ..]) => one.name.clone(),
        };
        let mode = match (&self.ask.as_ref().map(|ask| &ask.wanted), !self.is_held) {
            (Some(Wanted::Seek(_)), _) => "searching".to_owned(),
            (Some(_), _) => "reading".to_owned(),
            (None, true) => "following".to_owned(),
            (None, false) if self.is_apart && self.has_start => "start of the log".to_owned(),
            (None, false) => "paused".to_owned(),
        };
        let mut parts = vec![whose, mode];
        let filter = self.view.filter();
        if filter.min_level != Level::Unknown {
            parts.push(format!("level {} {}", look.glyph("≥", ">="), filter.min_level.as_str()));
        }
        parts.extend(self.patterns());
        parts.extend((!self.range.is_empty()).then(|| format!("@{}", self.range)));
        parts.extend(self.search.iter().map(|m| format!("/{}", m.pattern())));
        parts.join(look.glyph(" · ", " - "))
    }

    fn patterns(&self) -> impl Iterator<Item = String> {
        let filter = self.view.filter();
        let include = filter.include.iter().map(|m| format!("&{}", m.pattern()));
        let exclude = filter.exclude.iter().map(|m| format!("&!{}", m.pattern()));
        include.chain(exclude).chain(filter.correlation.iter().map(|id| format!("id {id}")))
    }

    /// What is in force of what that prompt sets.
    pub fn in_force(&self, action: Action) -> Option<String> {
        match action {
            Action::Search => self.search.as_ref().map(|m| format!("/{}", m.pattern())),
            Action::FilterLines => self.patterns().next(),
            Action::TimeRange => Some(format!("@{}", self.range)).filter(|_| !self.range.is_empty()),
            _ => None,
        }
    }

    /// What stands right on the border: counts, and what is not shown.
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.behind_ms > 0 && !self.is_apart {
            parts.push(format!("{}.{} s behind", self.behind_ms / 1000, self.behind_ms % 1000 / 100));
        }
        let held = self.buffer.len();
        let shown = self.view.len(&self.buffer);
        if shown == held {
            parts.push(format!("{} lines", grouped(held as u64)));
        } else {
            parts.push(format!("{} of {} lines", grouped(shown as u64), grouped(held as u64)));
        }
        let dropped = self.buffer.dropped();
        if dropped > 0 {
            parts.push(format!("{} dropped", grouped(dropped)));
        }
        let below = shown.saturating_sub(self.view.index_of(&self.buffer, self.bottom) + 1);
        if self.is_held && below > 0 {
            parts.push(format!("{} below", grouped(below as u64)));
        }
        parts.join("   ")
    }

    /// The last row where something is missing: what, and how to get there. Gives the area that is left.
    pub(super) fn draw_foot(&self, ctx: &Ctx<'_>, area: Rect, cells: &mut Cells) -> Rect {
        let failed = self.failed.first().filter(|_| !self.view.is_empty(&self.buffer));
        let progress = self.ask.is_some();
        if !self.is_apart && failed.is_none() && !progress || area.height < 2 {
            return area;
        }
        let rule = ctx.look.glyph("──", "--");
        let (text, role) = if progress {
            (self.doing(ctx.look), Role::Accent)
        } else if let Some((_, why)) = failed {
            (why.clone(), Role::Bad)
        } else {
            (self.missing(), Role::Warn)
        };
        let y = area.bottom() - 1;
        let text = format!("{rule} {text} {rule}");
        put(cells, area.x + 1, y, area.width.saturating_sub(2), &text, ctx.look.style(role));
        Rect { height: area.height - 1, ..area }
    }

    fn missing(&self) -> String {
        match (self.has_end, self.newer) {
            (true, 0) => "the end when it was read; G follows".to_owned(),
            (true, newer) => format!("{} newer lines came since; G follows", grouped(newer)),
            (false, 0) => "more lines follow; Down reads on, G follows the newest".to_owned(),
            (false, newer) => format!(
                "more lines follow, {} of them new; Down reads on, G follows the newest",
                grouped(newer)
            ),
        }
    }

    fn doing(&self, look: &Look) -> String {
        let what = match self.ask.as_ref().map(|ask| &ask.wanted) {
            Some(Wanted::Seek(seek)) => format!("searching {}", seek.pattern),
            Some(Wanted::Older { .. }) => "reading older lines".to_owned(),
            Some(Wanted::Newer { .. }) => "reading newer lines".to_owned(),
            Some(Wanted::First) => "reading the start".to_owned(),
            Some(Wanted::Between { .. }) => format!("reading {}", self.range),
            None => String::new(),
        };
        match self.progress {
            Some(progress) => {
                let at = chrono::DateTime::from_timestamp_nanos(progress.at_ns);
                let lines = grouped(progress.lines);
                format!("{what}: {lines} lines, up to {}; Esc stops", look.day_clock(at))
            }
            None => format!("{what}; Esc stops"),
        }
    }
}

/// `12,482`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
