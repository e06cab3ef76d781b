//! The condition of a container in a few words, as lists and the health pane say it.

use chrono::{DateTime, Utc};

use super::Ctx;
use crate::config::theme::Role;
use crate::domain::container::{Container, Standing, State};
use crate::domain::environment::Environment;
use crate::domain::health::took;
use crate::domain::ids::HostId;
use crate::ui::text::age;
use crate::world::health::{Condition, Trouble};

impl<'a> Ctx<'a> {
    /// A container's name, with its host where another one of the environment is called so.
    pub fn called(&self, name: &str, host: &HostId) -> String {
        let all =
            self.environment().map(|environment| self.world.containers(environment)).unwrap_or_default();
        let is_shared = all.iter().filter(|c| *c.name == *name).count() > 1;
        if is_shared { format!("{host}/{name}") } else { name.to_owned() }
    }

    /// Whether it has several hosts: a container's name is that of one host only.
    pub fn has_hosts(&self) -> bool {
        self.environment().is_some_and(|environment| environment.hosts.len() > 1)
    }

    /// The environment on the screen.
    pub fn environment(&self) -> Option<&'a Environment> {
        self.scope.environment.as_ref().and_then(|id| self.world.environment(id))
    }

    /// How a container of the environment on the screen is; `None` for one that does not run.
    pub fn condition(&self, c: &Container) -> Option<Condition> {
        let environment = self.scope.environment.as_ref().filter(|_| c.state == State::Running)?;
        Some(self.world.condition(environment, c, self.now))
    }

    /// How bad it stands.
    pub fn standing(&self, c: &Container) -> Standing {
        let environment = self.scope.environment.as_ref();
        environment.map_or_else(|| c.standing(), |id| self.world.standing(id, c, self.now))
    }
}

/// `ok 3ms`, `unhealthy 3m`, `starting 12s`, `no check`; with what it means.
pub fn words(condition: &Condition, now: DateTime<Utc>) -> (String, Role) {
    let since = |word: &str, since: Option<DateTime<Utc>>, is_exact: bool| match since {
        Some(at) if is_exact => format!("{word} {}", age(at, now)),
        Some(at) => format!("{word} {}+", age(at, now)),
        None => word.to_owned(),
    };
    let trouble = |word: &str, trouble: &Trouble| since(word, trouble.since, trouble.is_exact);
    match condition {
        Condition::Unchecked => ("no check".to_owned(), Role::Faint),
        Condition::Asking => ("asking".to_owned(), Role::Dim),
        Condition::NotAsked(_) => ("not probed".to_owned(), Role::Warn),
        Condition::Ok(None) => ("ok".to_owned(), Role::Ok),
        Condition::Ok(Some(time)) => (format!("ok {}", took(*time)), Role::Ok),
        Condition::Starting(at) => (since("starting", *at, true), Role::Warn),
        Condition::Failing(t) => (trouble("failing", t), Role::Warn),
        Condition::Unhealthy(t) => (trouble("unhealthy", t), Role::Bad),
        Condition::Looping(count) => (format!("{count} restarts"), Role::Bad),
    }
}

/// The words for a container; nothing for one that does not run.
pub fn of(ctx: &Ctx<'_>, c: &Container) -> (String, Role) {
    ctx.condition(c).map_or((String::new(), Role::Faint), |condition| words(&condition, ctx.now.wall))
}
