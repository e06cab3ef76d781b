//! The engine itself: what it is, what it keeps on its disk, what uses what, and what could go.

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Ctx, Request};
use crate::action::Action;
use crate::domain::act::Change;
use crate::domain::ids::HostId;
use crate::domain::inventory::prune::Prune;
use crate::domain::inventory::{Inventory, Item, Kind};
use crate::ui::list::{Cursor, RowFilter};
use crate::world::Counted;

mod head;
mod rows;
#[cfg(test)]
mod tests;

/// Figures younger than this are not asked for again when the pane opens.
const FRESH_S: u64 = 60;

type Key = (Kind, Arc<str>);

/// The pane.
#[derive(Clone, Debug)]
pub struct EnginePane {
    host: Option<HostId>,
    kind: Kind,
    cursor: Cursor<Key>,
    marked: BTreeSet<Key>,
    filter: Option<RowFilter>,
    shown: usize,
}

impl Default for EnginePane {
    fn default() -> Self {
        Self {
            host: None,
            kind: Kind::Image,
            cursor: Cursor::default(),
            marked: BTreeSet::new(),
            filter: None,
            shown: 0,
        }
    }
}

impl EnginePane {
    /// The host it is about: the one that was chosen here, else that of the selected container, else the first.
    pub fn host(&self, ctx: &Ctx<'_>) -> Option<HostId> {
        let environment = ctx.scope.environment.as_ref().and_then(|id| ctx.world.environment(id))?;
        let is_here = |host: &&HostId| environment.hosts.contains(host);
        let selected = ctx.scope.container.as_ref().map(|key| &key.host);
        self.host.as_ref().filter(is_here).or(selected.filter(is_here)).or(environment.hosts.first()).cloned()
    }

    /// What stands right on the border: filter, marks, counts.
    pub fn summary(&self, ctx: &Ctx<'_>) -> String {
        let filter = self.filter.as_ref().map(|f| format!("/{}  ", f.text)).unwrap_or_default();
        let marked =
            if self.marked.is_empty() { String::new() } else { format!("{} marked  ", self.marked.len()) };
        let all = self.host(ctx).and_then(|h| inventory(ctx, &h).map(|all| all.of(self.kind).count()));
        match all {
            Some(all) => format!("{marked}{filter}{} of {all} {}", self.shown, self.kind.plural()),
            None => String::new(),
        }
    }

    /// Only rows that match are shown; `None` shows all.
    pub fn set_filter(&mut self, filter: Option<RowFilter>) {
        self.filter = filter;
    }

    /// Whether what is known of the host is too old to be shown without asking again.
    pub fn wants_count(&self, ctx: &Ctx<'_>) -> Option<HostId> {
        let host = self.host(ctx)?;
        let known = ctx.world.inventories.get(&host);
        let is_asked = known.is_some_and(|c| c.asked.is_some());
        let is_fresh = known
            .and_then(|c| c.last.as_ref())
            .is_some_and(|(at, _)| ctx.now.at.saturating_duration_since(*at).as_secs() < FRESH_S);
        (!is_asked && !is_fresh).then_some(host)
    }

    fn items<'a>(&self, ctx: &Ctx<'a>) -> Vec<&'a Item> {
        let Some(all) = self.host(ctx).and_then(|host| inventory(ctx, &host)) else { return Vec::new() };
        let wants = |item: &&Item| self.filter.as_ref().is_none_or(|f| f.wants(&rows::searched(item)));
        all.of(self.kind).filter(wants).collect()
    }

    /// Moves, marks, changes the kind, and asks for what is to be removed.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let items = self.items(ctx);
        let keys: Vec<Key> = items.iter().map(|i| key(i)).collect();
        if self.cursor.act(action, &keys) {
            return Answer::Done(Vec::new());
        }
        let selected = items.into_iter().find(|i| Some(key(i)) == self.cursor.selected);
        match action {
            Action::Left => self.turn(Kind::ALL.len() - 1),
            Action::Right => self.turn(1),
            Action::NextHost => self.next_host(ctx),
            Action::Filter => {
                let text = self.filter.as_ref().map(|f| f.text.clone()).unwrap_or_default();
                Answer::Done(vec![Request::Prompt(Action::Filter, text)])
            }
            Action::Back if self.filter.is_some() || !self.marked.is_empty() => {
                self.filter = None;
                self.marked.clear();
                Answer::Done(Vec::new())
            }
            Action::Refresh => Answer::Done(self.host(ctx).map(Request::Count).into_iter().collect()),
            Action::Enter => match selected {
                Some(item) => Answer::Done(vec![rows::read(ctx, item)]),
                None => Answer::Refused("nothing is selected"),
            },
            Action::MarkItem => match selected {
                Some(item) => self.mark(item, &keys),
                None => Answer::Refused("nothing is selected"),
            },
            Action::RemoveItem => self.remove(ctx, selected),
            Action::Prune => self.prune(ctx, false),
            Action::PruneAll => self.prune(ctx, true),
            _ => Answer::Unknown,
        }
    }

    fn turn(&mut self, by: usize) -> Answer {
        let here = Kind::ALL.iter().position(|k| *k == self.kind).unwrap_or(0);
        self.kind = Kind::ALL[(here + by) % Kind::ALL.len()];
        self.cursor = Cursor::default();
        Answer::Done(Vec::new())
    }

    fn next_host(&mut self, ctx: &Ctx<'_>) -> Answer {
        let environment = ctx.scope.environment.as_ref().and_then(|id| ctx.world.environment(id));
        let hosts = environment.map(|e| &e.hosts[..]).unwrap_or_default();
        let Some(here) = self.host(ctx).and_then(|host| hosts.iter().position(|h| *h == host)) else {
            return Answer::Refused("no host is known");
        };
        if hosts.len() < 2 {
            return Answer::Refused("the environment has one host");
        }
        self.host = Some(hosts[(here + 1) % hosts.len()].clone());
        self.cursor = Cursor::default();
        self.marked.clear();
        Answer::Done(self.wants_count(ctx).map(Request::Count).into_iter().collect())
    }

    fn mark(&mut self, item: &Item, keys: &[Key]) -> Answer {
        if self.marked.remove(&key(item)) {
            self.cursor.act(Action::Down, keys);
        } else if let Some(why) = why_kept(item) {
            return say(item, &why);
        } else {
            self.marked.insert(key(item));
            self.cursor.act(Action::Down, keys);
        }
        Answer::Done(Vec::new())
    }

    fn remove(&self, ctx: &Ctx<'_>, selected: Option<&Item>) -> Answer {
        let Some(host) = self.host(ctx) else { return Answer::Refused("no host is known") };
        let Some(all) = inventory(ctx, &host) else {
            return Answer::Refused("the engine has not answered yet");
        };
        let marked: Vec<Item> =
            self.marked.iter().filter_map(|(kind, id)| all.find(*kind, id)).cloned().collect();
        if !marked.is_empty() {
            return Answer::Done(vec![Request::Change(Change::Discard(host, marked))]);
        }
        match selected {
            None => Answer::Refused("nothing is selected"),
            Some(item) => match why_kept(item) {
                Some(why) => say(item, &why),
                None => Answer::Done(vec![Request::Change(Change::Discard(host, vec![item.clone()]))]),
            },
        }
    }

    /// The careful prune of a kind, or all that nothing uses.
    fn prune(&self, ctx: &Ctx<'_>, is_all: bool) -> Answer {
        let Some(host) = self.host(ctx) else { return Answer::Refused("no host is known") };
        let Some(all) = inventory(ctx, &host) else {
            return Answer::Refused("the engine has not answered yet");
        };
        let prune = match self.kind {
            Kind::Image if !is_all => Prune::DanglingImages,
            Kind::Volume if !is_all => Prune::AnonymousVolumes,
            kind => Prune::all_of(kind),
        };
        let items: Vec<Item> = all.prune(prune).into_iter().cloned().collect();
        if items.is_empty() {
            let more = all.prune(Prune::all_of(self.kind)).len();
            let hint = if more > 0 {
                format!("; {more} {} in all", Prune::all_of(self.kind).words())
            } else {
                String::new()
            };
            return Answer::Done(vec![Request::Say(format!("there are no {}{hint}", prune.words()))]);
        }
        Answer::Done(vec![Request::Change(Change::Discard(host, items))])
    }

    /// Takes in the room there is.
    pub fn fit(&mut self, area: Rect, ctx: &Ctx<'_>) {
        let keys: Vec<Key> = self.items(ctx).iter().map(|i| key(i)).collect();
        self.shown = keys.len();
        if let Some(all) = self.host(ctx).and_then(|host| inventory(ctx, &host)) {
            self.marked.retain(|(kind, id)| all.find(*kind, id).is_some_and(|i| why_kept(i).is_none()));
        }
        let rows = area.height.saturating_sub(head::height(area.width) + 1);
        self.cursor.fit(&keys, usize::from(rows));
    }

    /// Draws head, totals and the list of the chosen kind.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let Some(host) = self.host(ctx) else { return };
        let used = head::draw(ctx, &host, self.kind, area, buf).min(area.height);
        let list = Rect { y: area.y + used, height: area.height - used, ..area };
        if inventory(ctx, &host).is_some() {
            let items = self.items(ctx);
            let view =
                rows::View { items: &items, cursor: &self.cursor, marked: &self.marked, kind: self.kind };
            rows::draw(ctx, &view, self.filter.is_some(), list, buf);
        }
    }
}

fn counted<'a>(ctx: &Ctx<'a>, host: &HostId) -> Option<&'a Counted> {
    ctx.world.inventories.get(host)
}

fn inventory<'a>(ctx: &Ctx<'a>, host: &HostId) -> Option<&'a Inventory> {
    counted(ctx, host)?.last.as_ref().map(|(_, inventory)| &**inventory)
}

fn key(item: &Item) -> Key {
    (item.kind, Arc::clone(&item.id))
}

/// Why this one cannot be removed by itself.
fn why_kept(item: &Item) -> Option<String> {
    match item.kind {
        Kind::Cache => Some("the engine removes build cache only as a whole".to_owned()),
        _ => item.why_kept(),
    }
}

fn say(item: &Item, why: &str) -> Answer {
    Answer::Done(vec![Request::Say(format!("{} {} stays: {why}", item.kind.noun(), item.name()))])
}
