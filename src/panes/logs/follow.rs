//! Whose lines a view shows: a container, what was marked, a service, or the environment; new ones join by themselves.

use std::sync::Arc;

use super::LogsPane;
use crate::domain::container::Container;
use crate::domain::ids::{ContainerKey, ServiceId};
use crate::logs::line::SourceId;
use crate::panes::{Ctx, Scope};
use crate::sub::Sources;
use crate::world::World;

/// Most containers followed at once; those that run first, then the newest.
const MOST_SOURCES: usize = 100;
/// More sources than this in one view, most of them long gone, are a reason to begin anew.
const MOST_EVER: usize = 4_000;

/// How wide a view is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Breadth {
    /// The container on the screen's mind; another selection is another view.
    #[default]
    One,
    /// These, until something else is asked for.
    Marked(Vec<ContainerKey>),
    /// Every container of a service of that project, also those still to come.
    Service(Option<Arc<str>>, ServiceId),
    /// Every container of the environment, also those still to come.
    Environment,
}

/// Where the lines of one container come from.
pub(super) struct Source {
    pub key: ContainerKey,
    pub name: String,
}

impl LogsPane {
    /// The selection is another: a view of one goes with it, a service's when it is left.
    pub fn select(&mut self, key: ContainerKey, ctx: &Ctx<'_>) {
        let stays = match &self.breadth {
            Breadth::One => false,
            Breadth::Service(project, service) => {
                ctx.world.container(&key).is_some_and(|c| c.service == *service && c.project == *project)
            }
            Breadth::Marked(_) | Breadth::Environment => self.environment == ctx.scope.environment,
        };
        self.selected = Some(key);
        if !stays {
            self.breadth = Breadth::One;
        }
        self.refresh(ctx);
    }

    /// Follows these: one as the selection, several as a set.
    pub fn tail(&mut self, keys: Vec<ContainerKey>, ctx: &Ctx<'_>) {
        self.breadth = match <[ContainerKey; 1]>::try_from(keys) {
            Ok([key]) => {
                self.selected = Some(key);
                Breadth::One
            }
            Err(keys) => Breadth::Marked(keys),
        };
        self.refresh(ctx);
    }

    /// From a container to its service, to the environment, and back.
    pub(super) fn widen(&mut self, ctx: &Ctx<'_>) -> &'static str {
        let container = self.selected.as_ref().and_then(|key| ctx.world.container(key));
        let (breadth, said) = match (&self.breadth, container) {
            (Breadth::One | Breadth::Marked(_), Some(c)) => {
                (Breadth::Service(c.project.clone(), c.service.clone()), "following the whole service")
            }
            (Breadth::Environment, _) => (Breadth::One, "following the one container"),
            _ => (Breadth::Environment, "following the whole environment"),
        };
        self.breadth = breadth;
        self.refresh(ctx);
        said
    }

    /// Takes in which containers there are now.
    pub fn refresh(&mut self, ctx: &Ctx<'_>) {
        let members = self.members(ctx.world, ctx.scope);
        let is_other = self.shown != self.breadth
            || self.environment != ctx.scope.environment
            || (matches!(self.breadth, Breadth::One)
                && self.sources.first().map(|s| &s.key) != members.first().map(|(key, _)| key))
            || self.sources.len() > MOST_EVER && !self.is_held;
        if is_other {
            self.shown = self.breadth.clone();
            self.environment.clone_from(&ctx.scope.environment);
            self.begin(members);
        } else if members.len() != self.wanted.len() || members.iter().any(|(key, _)| !self.is_wanted(key)) {
            self.join(&members);
        }
    }

    /// A new view: lines of the former one are forgotten, filter and search stay.
    fn begin(&mut self, members: Vec<(ContainerKey, String)>) {
        self.end_preview();
        self.generation.0 += 1;
        self.sources = members.into_iter().map(|(key, name)| Source { key, name }).collect();
        self.wanted = self.numbered(|_| true);
        self.reset();
    }

    fn is_wanted(&self, key: &ContainerKey) -> bool {
        self.wanted.iter().any(|(_, wanted)| wanted == key)
    }

    /// Takes in who came and who is gone: a log that is gone cannot be asked for its past any more.
    fn join(&mut self, members: &[(ContainerKey, String)]) {
        for (key, name) in members {
            if !self.sources.iter().any(|source| source.key == *key) {
                self.sources.push(Source { key: key.clone(), name: name.clone() });
            }
        }
        // Those that are gone are read to their end all the same.
        self.wanted = self.numbered(|key| members.iter().any(|(member, _)| member == key));
    }

    fn numbered(&self, is_wanted: impl Fn(&ContainerKey) -> bool) -> Sources {
        let numbered = self.sources.iter().enumerate().filter(|(_, source)| is_wanted(&source.key));
        let numbered: Vec<_> =
            numbered.map(|(number, source)| (SourceId(number as u16), source.key.clone())).collect();
        Arc::from(numbered)
    }

    fn members(&mut self, world: &World, scope: &Scope) -> Vec<(ContainerKey, String)> {
        let name = |key: &ContainerKey| {
            world.container(key).map_or_else(|| key.id.short().to_owned(), |c| c.name.to_string())
        };
        let wanted = |c: &&Container| match &self.breadth {
            Breadth::Service(project, service) => c.service == *service && c.project == *project,
            _ => true,
        };
        let mut members: Vec<&Container> = match &self.breadth {
            Breadth::One => return self.selected.iter().map(|key| (key.clone(), name(key))).collect(),
            Breadth::Marked(keys) => return keys.iter().map(|key| (key.clone(), name(key))).collect(),
            Breadth::Service(..) | Breadth::Environment => {
                let environment = scope.environment.as_ref().and_then(|id| world.environment(id));
                environment
                    .map(|e| world.containers(e))
                    .unwrap_or_default()
                    .into_iter()
                    .filter(wanted)
                    .collect()
            }
        };
        self.left_out = members.len().saturating_sub(MOST_SOURCES);
        if self.left_out > 0 {
            members.sort_by_key(|c| (!c.state.is_up(), std::cmp::Reverse(c.created)));
            members.truncate(MOST_SOURCES);
        }
        let has_hosts = members.windows(2).any(|pair| pair[0].key.host != pair[1].key.host);
        let named = |c: &&Container| {
            let name = if has_hosts { format!("{}/{}", c.key.host, c.name) } else { c.name.to_string() };
            (c.key.clone(), name)
        };
        members.iter().map(named).collect()
    }
}
