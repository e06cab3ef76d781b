//! What the columns of the containers pane say in words.

use crate::config::theme::Role;
use crate::domain::container::{Container, Standing, State};
use crate::panes::{Ctx, condition};
use crate::ui::text::age;
use crate::world::health::Condition;

/// Room for what is said in one column where there is none for two.
pub(super) const STATE_AND_HEALTH: u16 = 18;

/// State with its reason: `exited 137 OOM`, `restarting (7)`.
pub fn state_text(c: &Container) -> String {
    let detail = c.detail.as_ref();
    let oom = if detail.is_some_and(|d| d.is_oom_killed) { " OOM" } else { "" };
    match &c.state {
        State::Exited(Some(code)) => format!("exited {code}{oom}"),
        State::Exited(None) => format!("exited{oom}"),
        State::Restarting => {
            let count = detail.map(|d| format!(" ({})", d.restarts)).unwrap_or_default();
            let code = detail.and_then(|d| d.exit_code).map(|code| format!(" {code}")).unwrap_or_default();
            format!("restarting{count}{code}{oom}")
        }
        state => state.word().to_owned(),
    }
}

pub(super) fn state_role(c: &Container) -> Role {
    match (&c.state, c.standing()) {
        (State::Running, _) => Role::Text,
        (_, Standing::Bad) => Role::Bad,
        (_, Standing::Warn) => Role::Warn,
        _ => Role::Dim,
    }
}

/// Where there is room for one word only: health for what runs, else the state.
pub(super) fn short_state(ctx: &Ctx<'_>, c: &Container) -> (String, Role) {
    match ctx.condition(c) {
        Some(Condition::Unchecked) => ("running, no check".to_owned(), Role::Dim),
        Some(condition) => condition::words(&condition, ctx.now.wall),
        None if c.state == State::Restarting => {
            (again(&end_text(c), c.detail.as_ref().map(|d| d.restarts)), state_role(c))
        }
        None => (state_text(c), state_role(c)),
    }
}

/// Why it is started again and how often, shorter where that would not fit the column.
fn again(end: &str, restarts: Option<u32>) -> String {
    let Some(restarts) = restarts else { return end.to_owned() };
    let text = format!("{end}, restart {restarts}");
    if text.len() > usize::from(STATE_AND_HEALTH) { format!("{end}, {restarts}x") } else { text }
}

/// State alone, where the reason has a column of its own: `restarting (7)`, `exited 5`.
pub(super) fn state_word(c: &Container) -> String {
    match (&c.state, &c.detail) {
        (State::Restarting, Some(detail)) => format!("restarting ({})", detail.restarts),
        (State::Exited(Some(code)), _) => format!("exited {code}"),
        (state, _) => state.word().to_owned(),
    }
}

/// Why it does not run: `OOM 137`, `exit 1`, `OOM`; nothing where it ended as it should, or its state has the code.
pub(super) fn end_text(c: &Container) -> String {
    let Some(detail) = &c.detail else { return String::new() };
    let code = detail.exit_code.filter(|_| c.state == State::Restarting);
    match (detail.is_oom_killed, code) {
        (true, Some(code)) => format!("OOM {code}"),
        (true, None) if !c.state.is_up() => "OOM killed".to_owned(),
        (false, Some(code)) => format!("exit {code}"),
        _ => String::new(),
    }
}

/// Started again and again, and just now it runs, and is unhealthy: the column of its health says that.
pub(super) fn is_looping(ctx: &Ctx<'_>, c: &Container) -> bool {
    let is_loop = |id| ctx.world.restart_loop(id, c, ctx.now.wall).is_some();
    matches!(ctx.condition(c), Some(Condition::Unhealthy(_)))
        && ctx.scope.environment.as_ref().is_some_and(is_loop)
}

pub(super) fn restarts(c: &Container) -> u32 {
    c.detail.as_ref().map_or(0, |detail| detail.restarts)
}

/// The name of an image without its tag, which is the release, and without its digest.
pub(super) fn image(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((name, tag)) if name != "sha256" && !tag.contains('/') => name,
        _ => name,
    }
}

pub(super) fn up(ctx: &Ctx<'_>, c: &Container) -> String {
    let detail = c.detail.as_ref();
    let since =
        if c.state.is_up() { detail.and_then(|d| d.started) } else { detail.and_then(|d| d.finished) };
    since.map(|at| age(at, ctx.now.wall)).unwrap_or_default()
}

pub(super) fn ports(c: &Container) -> String {
    let published = c.ports.iter().filter_map(|p| p.published.as_ref().map(|(_, port)| port.to_string()));
    let published: Vec<_> = published.collect();
    if published.is_empty() {
        c.ports.iter().map(|p| format!("({})", p.inside)).collect::<Vec<_>>().join(" ")
    } else {
        published.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_restarts_is_never_cut_off() {
        let shown = [7, 11, 12_345].map(|restarts| again("OOM 137", Some(restarts)));
        assert_eq!(shown, ["OOM 137, restart 7", "OOM 137, 11x", "OOM 137, 12345x"]);
        assert!(shown.iter().all(|text| text.len() <= usize::from(STATE_AND_HEALTH)), "{shown:?}");
    }
}
