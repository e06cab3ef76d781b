//! What the engines of the environment say that happens, newest first. Bounded; what does not match is not shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Ctx, Request};
use crate::action::Action;
use crate::config::theme::Role;
use crate::domain::event::EngineEvent;
use crate::domain::ids::HostId;
use crate::ui::list::RowFilter;
use crate::ui::text::put;

/// A check that runs every few seconds is an event every time: not shown until somebody asks.
const QUIET: &str = "!exec_";

/// The pane.
#[derive(Clone, Debug)]
pub struct EventsPane {
    filter: Option<RowFilter>,
    /// The event shown on top, if the operator scrolled: it stays there while new ones come.
    held: Option<(HostId, EngineEvent)>,
    height: usize,
    shown: usize,
}

impl Default for EventsPane {
    fn default() -> Self {
        Self { filter: RowFilter::new(QUIET).ok(), held: None, height: 1, shown: 0 }
    }
}

impl EventsPane {
    /// What stands right on the border.
    pub fn summary(&self) -> String {
        let filter = self.filter.as_ref().map(|f| format!("/{}  ", f.text)).unwrap_or_default();
        let state = if self.held.is_some() { "paused" } else { "live" };
        format!("{filter}{state}  {} events", self.shown)
    }

    /// Only rows that match are shown; `None` shows all.
    pub fn set_filter(&mut self, filter: Option<RowFilter>) {
        self.filter = filter;
        self.held = None;
    }

    fn rows<'a>(&self, ctx: &Ctx<'a>) -> Vec<&'a (HostId, EngineEvent)> {
        let hosts = ctx.environment().map(|e| &e.hosts[..]).unwrap_or_default();
        let wants = |(host, event): &&(HostId, EngineEvent)| {
            hosts.contains(host) && self.filter.as_ref().is_none_or(|f| f.wants(&searched(host, event)))
        };
        ctx.world.events.newest().filter(wants).collect()
    }

    fn top(&self, rows: &[&(HostId, EngineEvent)]) -> usize {
        let Some(held) = &self.held else { return 0 };
        rows.iter().position(|row| *row == held).unwrap_or(0)
    }

    /// Scrolls; at the newest it follows.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let rows = self.rows(ctx);
        let (top, page) = (self.top(&rows), self.height.saturating_sub(1).max(1));
        let to = match action {
            Action::Up => top.saturating_sub(1),
            Action::Down => top + 1,
            Action::PageUp => top.saturating_sub(page),
            Action::PageDown => top + page,
            Action::HalfUp => top.saturating_sub(page / 2),
            Action::HalfDown => top + page / 2,
            Action::Top => 0,
            Action::Bottom => rows.len(),
            Action::Filter => {
                let text = self.filter.as_ref().map(|f| f.text.clone()).unwrap_or_default();
                return Answer::Done(vec![Request::Prompt(Action::Filter, text)]);
            }
            Action::Back if self.filter.is_some() => {
                self.set_filter(None);
                return Answer::Done(Vec::new());
            }
            _ => return Answer::Unknown,
        };
        let to = to.min(rows.len().saturating_sub(self.height));
        self.held = rows.get(to).filter(|_| to > 0).map(|row| (*row).clone());
        Answer::Done(Vec::new())
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, height: u16, ctx: &Ctx<'_>) {
        self.height = usize::from(height.saturating_sub(1)).max(1);
        self.shown = self.rows(ctx).len();
    }

    /// Draws the newest, or those from where the operator scrolled to.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let look = ctx.look;
        if area.is_empty() {
            return;
        }
        let has_hosts = ctx.environment().is_some_and(|e| e.hosts.len() > 1);
        let columns = Columns::of(area, has_hosts);
        columns.put(buf, area.y, ["TIME", "HOST", "KIND", "EVENT", "NAME", ""], [look.style(Role::Dim); 6]);
        let rows = self.rows(ctx);
        if rows.is_empty() && area.height > 1 {
            let text = match &self.filter {
                Some(filter) if filter.text != QUIET => "no event matches the filter; Esc clears it",
                _ => "nothing happened in the last hour",
            };
            put(buf, area.x + 1, area.y + 1, area.width.saturating_sub(1), text, look.style(Role::Dim));
        }
        for (y, (host, event)) in (area.y + 1..area.bottom()).zip(rows.iter().skip(self.top(&rows))) {
            let role = role(event);
            let roles = [Role::Faint, Role::Dim, Role::Dim, role, Role::Text, Role::Dim];
            let name = if event.name.is_empty() { short(&event.id) } else { &event.name };
            let clock = look.log_clock(event.at_ns);
            let texts = [&*clock, host.as_str(), &event.kind, shown(&event.action), name, &event.more];
            columns.put(buf, y, texts, roles.map(|role| look.style(role)));
        }
    }
}

struct Columns {
    x: u16,
    widths: [u16; 6],
}

impl Columns {
    fn of(area: Rect, has_hosts: bool) -> Self {
        let host = if has_hosts { 9 } else { 0 };
        let fixed = 12 + host + 9 + 6;
        let left = area.width.saturating_sub(fixed);
        let (action, name) = (left * 3 / 10, left * 35 / 100);
        Self { x: area.x + 1, widths: [12, host, 9, action, name, left.saturating_sub(action + name)] }
    }

    fn put(&self, buf: &mut Buffer, y: u16, texts: [&str; 6], styles: [ratatui::style::Style; 6]) {
        let mut x = self.x;
        for ((text, width), style) in texts.into_iter().zip(self.widths).zip(styles) {
            if width > 0 {
                put(buf, x, y, width, text, style);
                x += width + 1;
            }
        }
    }
}

fn short(id: &str) -> &str {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    digits.get(..12).unwrap_or(digits)
}

/// What a check found says enough by itself, and its first word would be all that is seen of it on 80 columns.
fn shown(action: &str) -> &str {
    action.strip_prefix("health_status: ").unwrap_or(action)
}

/// Red needs a human: an end with an error, a kill by the kernel, a check that fails.
fn role(event: &EngineEvent) -> Role {
    match event.action.as_str() {
        "oom" => Role::Bad,
        "die" if event.exit_code.is_some_and(|code| code != 0 && code != 143) => Role::Bad,
        action if action.starts_with("health_status") && action.ends_with("unhealthy") => Role::Bad,
        action if action.starts_with("exec_") => Role::Faint,
        "kill" | "destroy" | "delete" | "prune" => Role::Warn,
        _ => Role::Text,
    }
}

fn searched(host: &HostId, event: &EngineEvent) -> String {
    format!("{host} {} {} {} {} {}", event.kind, event.action, event.name, event.id, event.more)
}
