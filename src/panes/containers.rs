//! Containers grouped by service: what runs, how it is, what it uses.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{Answer, Ctx, PaneKind, Request, condition};
use crate::action::Action;
use crate::domain::act::ContainerAct;
use crate::domain::container::{Container, Standing, State};
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::ui::list::{Cursor, RowFilter};
use crate::world::Link;

pub mod columns;
mod empty;
pub mod words;

/// In which order containers stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// By service, then name.
    #[default]
    Service,
    /// Worst first.
    Standing,
    /// Busiest processor first.
    Cpu,
    /// Most memory first.
    Memory,
}

impl Order {
    /// What the pane's border says.
    pub fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Standing => "worst first",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Service => Self::Standing,
            Self::Standing => Self::Cpu,
            Self::Cpu => Self::Memory,
            Self::Memory => Self::Service,
        }
    }
}

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct ContainersPane {
    cursor: Cursor<ContainerKey>,
    marked: BTreeSet<ContainerKey>,
    order: Order,
    filter: Option<RowFilter>,
    /// Somebody chose what is selected, or everything there is was seen once: nothing moves it any more.
    is_settled: bool,
    /// What the selection is of.
    environment: Option<EnvironmentId>,
    visible: Vec<ContainerKey>,
    shown: usize,
    all: usize,
}

impl ContainersPane {
    /// What stands right on the border: filter, order, counts.
    pub fn summary(&self) -> String {
        let filter = self.filter.as_ref().map(|p| format!("/{}  ", p.text)).unwrap_or_default();
        let marked =
            if self.marked.is_empty() { String::new() } else { format!("{} marked  ", self.marked.len()) };
        let order = match self.order {
            Order::Service => String::new(),
            order => format!("sort {}  ", order.word()),
        };
        format!("{marked}{filter}{order}{} of {}", self.shown, self.all)
    }

    /// Only rows that match are shown; `None` shows all.
    pub fn set_filter(&mut self, filter: Option<RowFilter>) {
        self.filter = filter;
    }

    /// Selects that one; a filter that hides it goes.
    pub fn show(&mut self, key: &ContainerKey, environment: &Option<EnvironmentId>) {
        self.filter = None;
        self.is_settled = true;
        self.environment.clone_from(environment);
        self.cursor.selected = Some(key.clone());
    }

    /// Marks nothing any more: what was marked may stand in another environment.
    pub fn unmark(&mut self) {
        self.marked.clear();
    }

    fn rows<'a>(&self, ctx: &Ctx<'a>) -> Vec<&'a Container> {
        let Some(environment) = ctx.scope.environment.as_ref().and_then(|id| ctx.world.environment(id))
        else {
            return Vec::new();
        };
        let mut rows = ctx.world.containers(environment);
        if let Some(filter) = &self.filter {
            rows.retain(|c| filter.wants(&searched(ctx, c)));
        }
        let usage = |c: &Container| ctx.world.usage.get(&c.key).and_then(|u| u.usage);
        match self.order {
            Order::Service => {}
            Order::Standing => rows.sort_by_key(|c| ctx.standing(c)),
            // A tenth of a percent is noise, and rows must not jump for noise.
            Order::Cpu => rows.sort_by_key(|c| std::cmp::Reverse(usage(c).map(|u| u.cpu_percent as i64))),
            Order::Memory => rows.sort_by_key(|c| std::cmp::Reverse(usage(c).map(|u| u.memory_bytes >> 20))),
        }
        rows
    }

    /// Containers on the screen that run, as they were when the room was last taken in: those whose usage is wanted.
    pub fn visible(&self) -> &[ContainerKey] {
        &self.visible
    }

    /// Marked ones, else the selected one.
    fn targets(&self) -> Vec<ContainerKey> {
        if self.marked.is_empty() {
            self.cursor.selected.clone().into_iter().collect()
        } else {
            self.marked.iter().cloned().collect()
        }
    }

    /// Why an action of this pane does nothing now.
    pub fn refusal(&self, action: Action, ctx: &Ctx<'_>) -> Option<&'static str> {
        let needs_one =
            action == Action::Enter || action.entry().context == crate::action::Context::Containers;
        if !needs_one || action == Action::Sort {
            return None;
        }
        let Some(key) = &self.cursor.selected else { return Some("no container is selected") };
        let state = ctx.world.container(key).map(|c| &c.state);
        let is_up = state.is_some_and(State::is_up);
        match action {
            // An engine starts nothing in it.
            Action::Shell if state == Some(&State::Paused) => Some("the container is paused"),
            Action::Processes | Action::Shell if !is_up => Some("the container does not run"),
            Action::PauseContainer | Action::Kill if !is_up && self.marked.is_empty() => {
                Some("the container does not run")
            }
            _ => None,
        }
    }

    /// Moves, marks, sorts, and asks for what is to be done to the container.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let keys: Vec<_> = self.rows(ctx).iter().map(|c| c.key.clone()).collect();
        if self.cursor.act(action, &keys) {
            self.is_settled = true;
            return self.selected();
        }
        let act = |act| Answer::Done(vec![Request::Act(act, self.targets())]);
        let Some(key) = self.cursor.selected.clone() else {
            return match action {
                Action::Filter => self.prompt(),
                _ => Answer::Unknown,
            };
        };
        let state = ctx.world.container(&key).map(|c| c.state.clone());
        let is_up = state.as_ref().is_some_and(State::is_up);
        match action {
            Action::Mark => {
                if !self.marked.remove(&key) {
                    self.marked.insert(key);
                }
                self.cursor.act(Action::Down, &keys);
                self.selected()
            }
            Action::Sort => {
                self.order = self.order.next();
                Answer::Done(Vec::new())
            }
            Action::Filter => self.prompt(),
            Action::Back if self.filter.is_some() || !self.marked.is_empty() => {
                self.filter = None;
                self.marked.clear();
                Answer::Done(Vec::new())
            }
            Action::Tail => Answer::Done(vec![Request::Tail(self.targets()), Request::Focus(PaneKind::Logs)]),
            Action::Enter => Answer::Done(vec![Request::Focus(PaneKind::Logs)]),
            Action::Inspect => Answer::Done(vec![Request::Inspect(key)]),
            Action::Processes => Answer::Done(vec![Request::Processes(key)]),
            Action::Shell => Answer::Done(vec![Request::Shell(key)]),
            Action::Restart => act(ContainerAct::Restart),
            Action::StopStart if is_up || state == Some(State::Restarting) => act(ContainerAct::Stop),
            Action::StopStart => act(ContainerAct::Start),
            Action::PauseContainer if state == Some(State::Paused) => act(ContainerAct::Unpause),
            Action::PauseContainer => act(ContainerAct::Pause),
            Action::Kill => act(ContainerAct::Kill),
            Action::Remove => act(ContainerAct::Remove),
            _ => Answer::Unknown,
        }
    }

    /// A click on that row of the pane.
    pub fn click(&mut self, row: u16, ctx: &Ctx<'_>) -> Vec<Request> {
        let keys: Vec<_> = self.rows(ctx).iter().map(|c| c.key.clone()).collect();
        self.is_settled = true;
        // The first row is the head.
        let is_hit = row.checked_sub(1).is_some_and(|row| self.cursor.click(usize::from(row), &keys));
        is_hit.then(|| Request::SelectContainer(self.cursor.selected.clone())).into_iter().collect()
    }

    fn prompt(&self) -> Answer {
        let text = self.filter.as_ref().map(|p| p.text.clone()).unwrap_or_default();
        Answer::Done(vec![Request::Prompt(Action::Filter, text)])
    }

    fn selected(&self) -> Answer {
        Answer::Done(vec![Request::SelectContainer(self.cursor.selected.clone())])
    }

    /// Takes in the rows as they stand and the room there is; tells which container is selected now.
    pub fn fit(&mut self, height: u16, ctx: &Ctx<'_>) -> Option<ContainerKey> {
        self.settle(ctx);
        let rows = self.rows(ctx);
        let keys: Vec<_> = rows.iter().map(|c| c.key.clone()).collect();
        self.marked.retain(|key| ctx.world.container(key).is_some());
        self.shown = keys.len();
        let environment = ctx.scope.environment.as_ref().and_then(|id| ctx.world.environment(id));
        self.all = environment.map_or(0, |e| ctx.world.containers(e).len());
        self.cursor.fit(&keys, usize::from(height.saturating_sub(1)));
        let shown = rows[self.cursor.window(rows.len())].iter().filter(|c| c.state == State::Running);
        self.visible = shown.map(|c| c.key.clone()).collect();
        self.visible.sort();
        self.cursor.selected.clone()
    }

    /// What all other panes are about while the list has no room, as long as nobody chose it.
    pub fn choose(&mut self, ctx: &Ctx<'_>) -> Option<ContainerKey> {
        let is_chosen = self.is_settled && self.environment == ctx.scope.environment;
        self.settle(ctx);
        self.cursor.selected.clone().filter(|_| !is_chosen)
    }

    /// In an environment that was just opened the worst container is selected, until all its hosts have told what they
    /// run or somebody chooses another.
    fn settle(&mut self, ctx: &Ctx<'_>) {
        if self.environment != ctx.scope.environment {
            self.environment.clone_from(&ctx.scope.environment);
            self.is_settled = false;
            self.cursor = Cursor::default();
        }
        if self.is_settled {
            return;
        }
        let hosts = ctx.environment().map(|e| &e.hosts[..]).unwrap_or_default();
        let is_asked = |id| {
            let host = ctx.world.hosts.get(id);
            host.is_some_and(|h| h.containers.is_none() && !matches!(h.link, Link::Lost { .. }))
        };
        let rows = self.rows(ctx);
        let worst = rows.iter().min_by_key(|c| ctx.standing(c));
        let worst = worst.filter(|c| ctx.standing(c) == Standing::Bad).or(rows.first());
        self.cursor.selected = worst.map(|c| c.key.clone());
        self.is_settled = !rows.is_empty() && !hosts.iter().any(is_asked);
    }

    /// What columns have to hold for all rows there are, so that none moves when the list is scrolled or filtered.
    fn content(ctx: &Ctx<'_>, host: u16) -> columns::Content {
        let all = ctx.environment().map(|e| ctx.world.containers(e)).unwrap_or_default();
        let name = all.iter().map(|c| c.name.width().min(99) as u16).max().unwrap_or(0);
        let limit = |c: &&Container| c.detail.as_ref().is_some_and(|d| d.memory_limit_bytes.is_some());
        let has_slots = ctx.environment().is_some_and(|e| !ctx.world.fronts(e).is_empty());
        columns::Content { host, name, has_limits: all.iter().any(limit), has_slots }
    }

    /// Draws head and rows.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let rows = self.rows(ctx);
        if rows.is_empty() {
            empty::draw(ctx, area, buf, self.filter.is_some());
            return;
        }
        let hosts = ctx.environment().map(|e| &e.hosts[..]).unwrap_or_default();
        let widest = hosts.iter().map(|h| h.as_str().chars().count() as u16).max();
        let host = widest.filter(|_| hosts.len() > 1).map_or(0, |widest| widest + 1);
        let layout = columns::layout(area.width, Self::content(ctx, host));
        columns::draw_head(ctx, &layout, area, buf);
        let window = self.cursor.window(rows.len());
        let mut service = None;
        for (y, row) in (area.y + 1..area.bottom()).zip(&rows[window]) {
            let line = Rect { y, height: 1, ..area };
            let is_repeated = self.order == Order::Service && service == Some(&row.service);
            service = Some(&row.service);
            let is_selected = self.cursor.selected.as_ref() == Some(&row.key);
            let mark = columns::Mark { is_selected, is_marked: self.marked.contains(&row.key), is_repeated };
            columns::draw_row(ctx, &layout, row, mark, line, buf);
        }
    }
}

/// What a filter looks at: everything a row shows as text.
fn searched(ctx: &Ctx<'_>, c: &Container) -> String {
    format!(
        "{} {} {} {} {} {}",
        c.service,
        c.name,
        c.key.host,
        c.image,
        c.state.word(),
        condition::of(ctx, c).0
    )
}
