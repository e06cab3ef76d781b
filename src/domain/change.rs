//! What changed, and when: the engine's events, an inspection's facts and our own probes in one list.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::event::EngineEvent;
use super::ids::{ContainerKey, HostId, ServiceId};
use super::probe::ProbeKind;

/// Something that happened to a container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// When, by the clock of whoever saw it.
    pub at: DateTime<Utc>,
    /// To which container.
    pub key: ContainerKey,
    /// Its name then.
    pub name: Arc<str>,
    /// Its service.
    pub service: ServiceId,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Asked for from this console: by whom, and what.
    Asked(String, &'static str),
    /// Made, of this release.
    Created(String),
    /// Started.
    Started,
    /// Ended with this code, if it is known.
    Ended(Option<i64>),
    /// A process was killed for want of memory.
    OutOfMemory,
    /// Stopped and started by somebody.
    Restarted,
    /// Frozen.
    Paused,
    /// Let go on.
    Unpaused,
    /// Taken away.
    Removed,
    /// The engine's check turned: passes, or why not is in its log.
    Check(bool),
    /// A probe turned: well (`None`), or the reason.
    Probe(ProbeKind, Option<String>),
    /// A dependency turned: well (`None`), or the reason.
    Dependency(String, Option<String>),
}

impl What {
    /// What an engine's event about a container says; `None` for what changes nothing.
    pub fn of(event: &EngineEvent) -> Option<Self> {
        Some(match event.action.as_str() {
            "create" => {
                let image = event.more.split(' ').find_map(|word| word.strip_prefix("image="));
                Self::Created(image.map(super::container::release_of).unwrap_or_default().to_owned())
            }
            "start" => Self::Started,
            "die" => Self::Ended(event.exit_code),
            "oom" => Self::OutOfMemory,
            "restart" => Self::Restarted,
            "pause" => Self::Paused,
            "unpause" => Self::Unpaused,
            "destroy" => Self::Removed,
            "health_status: healthy" => Self::Check(true),
            "health_status: unhealthy" => Self::Check(false),
            _ => return None,
        })
    }

    /// Somebody may have to look.
    pub fn is_bad(&self) -> bool {
        match self {
            Self::OutOfMemory
            | Self::Check(false)
            | Self::Probe(_, Some(_))
            | Self::Dependency(_, Some(_)) => true,
            Self::Ended(code) => code.is_none_or(|code| code != 0 && code != 143),
            _ => false,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Asked(who, what) => format!("{what} by {who}"),
            Self::Created(release) if release.is_empty() => "created".to_owned(),
            Self::Created(release) => format!("created, {release}"),
            Self::Started => "started".to_owned(),
            Self::Ended(Some(code)) => format!("exited {code}"),
            Self::Ended(None) => "exited".to_owned(),
            Self::OutOfMemory => "OOM killed".to_owned(),
            Self::Restarted => "restarted".to_owned(),
            Self::Paused => "paused".to_owned(),
            Self::Unpaused => "resumed".to_owned(),
            Self::Removed => "removed".to_owned(),
            Self::Check(true) => "healthy again".to_owned(),
            Self::Check(false) => "unhealthy".to_owned(),
            Self::Probe(kind, None) => format!("{} ok again", kind.word()),
            Self::Probe(kind, Some(why)) => format!("{} {why}", kind.word()),
            Self::Dependency(name, None) => format!("{name} ok again"),
            Self::Dependency(name, Some(why)) => format!("{name} {why}"),
        }
    }

    /// Two of the same topic about one container are one line: only the last word counts, with how often.
    fn is_same_topic(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Probe(one, _), Self::Probe(other, _)) => one == other,
            (Self::Dependency(one, _), Self::Dependency(other, _)) => one == other,
            (Self::Check(_), Self::Check(_)) | (Self::Ended(_), Self::Ended(_)) => true,
            (one, other) => one == other,
        }
    }
}

/// A line of the list: one change, or several of the same kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub at: DateTime<Utc>,
    /// Which container.
    pub name: Arc<str>,
    /// On which host.
    pub host: HostId,
    /// Its service.
    pub service: ServiceId,
    /// What happened, in words: `OOM killed 7x, up again`.
    pub text: String,
    /// Somebody may have to look.
    pub is_bad: bool,
}

/// Changes of one container that belong together.
struct Group<'a> {
    first: DateTime<Utc>,
    at: DateTime<Utc>,
    change: &'a Change,
    count: u32,
    is_started_again: bool,
}

/// The engine reports one end in several events; they are this close.
const TOGETHER: TimeDelta = TimeDelta::seconds(5);
/// A start so soon after making it goes without saying; so does one after an end.
const SOON: TimeDelta = TimeDelta::seconds(60);
/// The same again within this time is counted, not repeated.
const REPEATS: TimeDelta = TimeDelta::minutes(15);

/// The newest `most` lines, oldest first. `changes` come in order of time. What concerns `service` goes before what
/// happened elsewhere; of elsewhere only what is bad or new is told.
pub fn lines<'a>(changes: impl Iterator<Item = &'a Change>, service: &ServiceId, most: usize) -> Vec<Line> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for change in changes {
        add(&mut groups, change);
    }
    let (own, others): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|group| group.change.service == *service);
    let told = |group: &Group<'_>| {
        group.change.what.is_bad() || matches!(group.change.what, What::Created(_) | What::Asked(..))
    };
    let own = own.into_iter().rev().take(most);
    let own: Vec<_> = own.collect();
    let room = most - own.len();
    let others = others.into_iter().filter(told).rev().take(room);
    let mut lines: Vec<_> = own.into_iter().chain(others).map(|group| line(&group)).collect();
    lines.reverse();
    lines.sort_by_key(|line| line.at);
    lines
}

fn add<'a>(groups: &mut Vec<Group<'a>>, change: &'a Change) {
    let fresh = Group { first: change.at, at: change.at, change, count: 1, is_started_again: false };
    let recent = groups.iter_mut().rev().take(40).filter(|group| group.change.key == change.key);
    let mut recent = recent.filter(|group| change.at - group.at <= REPEATS);
    if let What::Asked(..) = change.what {
        groups.push(fresh);
        return;
    }
    let is_health = matches!(change.what, What::Check(_) | What::Probe(..) | What::Dependency(..));
    if is_health {
        match recent.find(|group| group.change.what.is_same_topic(&change.what)) {
            Some(group) => {
                group.count += u32::from(change.what.is_bad());
                (group.at, group.change) = (change.at, change);
            }
            // It began well: nothing changed.
            None if change.what == What::Check(true) => {}
            None => groups.push(fresh),
        }
        return;
    }
    let Some(last) = recent.find(|group| is_life(&group.change.what)) else {
        groups.push(fresh);
        return;
    };
    let apart = change.at - last.at;
    match (&last.change.what, &change.what) {
        (What::OutOfMemory, What::Ended(_)) if apart <= TOGETHER => {}
        (What::OutOfMemory, What::OutOfMemory) if apart <= TOGETHER && !last.is_started_again => {}
        (What::Ended(_), What::OutOfMemory) if apart <= TOGETHER && !last.is_started_again => {
            last.change = change;
        }
        (What::Ended(_) | What::OutOfMemory, What::Started) => last.is_started_again = true,
        (What::Created(_), What::Started) if apart <= SOON => {}
        (What::Started, What::Started) if apart <= TOGETHER => {}
        (What::Ended(_) | What::Started, What::Restarted) if apart <= SOON => {
            (last.change, last.at, last.is_started_again) = (change, change.at, false);
        }
        (one, other) if one.is_same_topic(other) => {
            last.count += 1;
            (last.change, last.at, last.is_started_again) = (change, change.at, false);
        }
        _ => groups.push(fresh),
    }
}

fn is_life(what: &What) -> bool {
    !matches!(what, What::Check(_) | What::Probe(..) | What::Dependency(..) | What::Asked(..))
}

fn line(group: &Group<'_>) -> Line {
    let mut text = group.change.what.text();
    if group.count > 1 {
        text += &format!(" {}x", group.count);
    }
    if group.is_started_again {
        text += ", up again";
    }
    Line {
        first: group.first,
        at: group.at,
        name: Arc::clone(&group.change.name),
        host: group.change.key.host.clone(),
        service: group.change.service.clone(),
        text,
        is_bad: group.change.what.is_bad(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ContainerId;

    fn change(second: i64, name: &str, what: What) -> Change {
        Change {
            at: DateTime::from_timestamp(second, 0).unwrap(),
            key: ContainerKey { host: HostId::new("h"), id: ContainerId::new(name) },
            name: name.into(),
            service: ServiceId::new(name.split('-').next().unwrap()),
            what,
        }
    }

    fn told(changes: &[Change], most: usize) -> Vec<String> {
        let lines = lines(changes.iter(), &ServiceId::new("api"), most);
        lines.into_iter().map(|l| format!("{} {} {}", l.at.timestamp(), l.name, l.text)).collect()
    }

    #[test]
    fn a_restart_loop_is_one_line_that_counts() {
        let mut changes = Vec::new();
        for n in 0..7 {
            changes.push(change(n * 10, "api-1", What::OutOfMemory));
            changes.push(change(n * 10 + 1, "api-1", What::Ended(Some(137))));
            changes.push(change(n * 10 + 2, "api-1", What::Started));
        }
        assert_eq!(told(&changes, 5), ["60 api-1 OOM killed 7x, up again"]);
    }

    #[test]
    fn a_restart_by_somebody_is_not_an_end() {
        let changes = [
            change(0, "api-1", What::Ended(Some(137))),
            change(1, "api-1", What::Started),
            change(1, "api-1", What::Restarted),
        ];
        assert_eq!(told(&changes, 5), ["1 api-1 restarted"]);
    }

    #[test]
    fn what_somebody_asked_for_stands_before_what_came_of_it() {
        let changes = [
            change(0, "api-1", What::Asked("alice@web1".to_owned(), "restart")),
            change(1, "api-1", What::Ended(Some(137))),
            change(2, "api-1", What::Started),
            change(2, "api-1", What::Restarted),
            change(3, "db-1", What::Asked("alice@web1".to_owned(), "stop")),
        ];
        let wanted = ["0 api-1 restart by alice@web1", "2 api-1 restarted", "3 db-1 stop by alice@web1"];
        assert_eq!(told(&changes, 9), wanted);
    }

    #[test]
    fn made_and_started_is_one_thing() {
        let changes =
            [change(0, "api-1", What::Created("1.4.0".to_owned())), change(1, "api-1", What::Started)];
        assert_eq!(told(&changes, 5), ["0 api-1 created, 1.4.0"]);
    }

    #[test]
    fn a_probe_that_turns_again_and_again_is_one_line() {
        let bad = || Some("503".to_owned());
        let changes = [
            change(0, "api-1", What::Probe(ProbeKind::Ready, bad())),
            change(5, "api-1", What::Probe(ProbeKind::Ready, None)),
            change(9, "api-1", What::Probe(ProbeKind::Ready, bad())),
            change(9, "api-1", What::Dependency("database".to_owned(), Some("timeout".to_owned()))),
        ];
        assert_eq!(told(&changes, 5), ["9 api-1 ready 503 2x", "9 api-1 database timeout"]);
    }

    #[test]
    fn the_service_comes_before_what_happened_elsewhere() {
        let changes = [
            change(0, "api-1", What::Restarted),
            change(1, "db-1", What::OutOfMemory),
            change(2, "web-1", What::Started),
            change(3, "web-1", What::Created("2".to_owned())),
        ];
        assert_eq!(told(&changes, 1), ["0 api-1 restarted"]);
        assert_eq!(told(&changes, 2), ["0 api-1 restarted", "3 web-1 created, 2"]);
        assert_eq!(told(&changes, 9).len(), 3, "an ordinary start elsewhere is no news");
    }

    #[test]
    fn a_check_that_passes_from_the_start_is_no_news() {
        assert_eq!(told(&[change(0, "api-1", What::Check(true))], 5), [""; 0]);
        let turned = [change(0, "api-1", What::Check(false)), change(9, "api-1", What::Check(true))];
        assert_eq!(told(&turned, 5), ["9 api-1 healthy again"]);
    }
}
