//! The streams we want alive. They follow from the state; the runtime keeps exactly these.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId};
use crate::domain::probe::Target;
use crate::domain::traffic::FrontId;
use crate::logs::line::{LineRef, SourceId};
use crate::logs::matcher::Matcher;
use crate::logs::show::Show;
use crate::logs::view::Filter;

/// Number of a log view; a new view has a higher one, so late lines of the old are known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Generation(pub u64);

/// One stream from the outside, keyed by what it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sub {
    /// The link to a host: its list, its events, its details.
    Host(HostId),
    /// Space, load and memory of a host.
    Load(HostId),
    /// Counters of these containers, sampled every few seconds. At most one of these; its containers may change.
    Usage(Vec<ContainerKey>),
    /// Counters of the selected container as the engine reads them. At most one of these.
    Live(ContainerKey),
    /// This question to this container, again and again.
    Health(Target),
    /// What a balancer does, every second; the container it runs in, and how that is called.
    Traffic(FrontId, ContainerId, Arc<str>),
    /// The results of a container's HEALTHCHECK, as they come.
    Checks(ContainerKey),
    /// The merged log of these containers. Within one generation sources may join; the stream goes on.
    Logs(Generation, Following),
    /// Lines out of the past of a view, read once; ends by itself, and at once when it is not wanted any more.
    History(Generation, Ask),
    /// The ledger of an environment on these hosts, each with whether it answers; read once. The number is another one
    /// when it has to be read again.
    Ledger(EnvironmentId, Vec<(HostId, bool)>, u64),
    /// All events of a host's engine.
    Events(HostId),
    /// Time.
    Tick(Duration),
}

impl Sub {
    /// The one host that it reads; `None` where it reads several or none.
    pub fn host(&self) -> Option<&HostId> {
        match self {
            Self::Host(host) | Self::Load(host) | Self::Events(host) => Some(host),
            Self::Live(key) | Self::Checks(key) => Some(&key.host),
            Self::Health(target) => Some(&target.key.host),
            Self::Traffic(front, ..) => Some(&front.host),
            Self::Usage(_) | Self::Logs(..) | Self::History(..) | Self::Ledger(..) | Self::Tick(_) => None,
        }
    }
}

/// Containers whose lines go into one view, each with the number of its source.
pub type Sources = Arc<[(SourceId, ContainerKey)]>;

/// What a log view lives on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Following {
    /// Whose lines.
    pub sources: Sources,
    /// How many lines of the past to open with, over all sources.
    pub lines: u32,
}

/// A question about the past of a log. Two are the same when their numbers are.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Counted up by the pane; the answer carries it.
    pub number: u64,
    /// Whose lines.
    pub sources: Sources,
    /// Which lines.
    pub wanted: Wanted,
    /// The answer is at most about this long, in bytes.
    pub most_bytes: usize,
}

/// Which lines of the past.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The first ones.
    First,
    /// The last ones before this, by looking at so many at the end of each log; more when that is not enough. Those
    /// shortly after `before_ns` come too, so that nothing between is missed.
    Older {
        /// ns since 1970.
        before_ns: i64,
        /// Lines to look at in each source.
        tail: u32,
    },
    /// Those after this; those shortly before it come too.
    Newer {
        /// ns since 1970.
        after_ns: i64,
    },
    /// Those from the one until before the other.
    Between {
        /// ns since 1970.
        since_ns: i64,
        /// ns since 1970; none reads to the end.
        until_ns: Option<i64>,
    },
    /// The surroundings of a line that matches, before or after a time.
    Seek(Box<Seek>),
}

/// What is asked of every line of a search.
#[derive(Clone)]
pub struct LineTest(Arc<dyn Fn(&LineRef<'_>) -> bool + Send + Sync>);

impl LineTest {
    /// A line passes when it matches and passes the filter, in the way it is shown.
    pub fn new(matcher: Matcher, filter: Filter, show: Show) -> Self {
        Self(Arc::new(move |line| show.is_hit(&matcher, line) && filter.passes(line, &show)))
    }

    /// Whether the line passes.
    pub fn passes(&self, line: &LineRef<'_>) -> bool {
        (self.0)(line)
    }
}

impl fmt::Debug for LineTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineTest")
    }
}

/// A search through a whole log.
#[derive(Clone, Debug)]
pub struct Seek {
    /// What is searched for, as typed.
    pub pattern: String,
    /// Whether a line is a hit.
    pub is_hit: LineTest,
    /// The last hit before this is wanted, else the first after `after_ns`.
    pub before_ns: Option<i64>,
    /// The first hit after this is wanted.
    pub after_ns: Option<i64>,
    /// Where none is near before the time, the first of the log will do: it is found sooner than the nearest.
    pub takes_first: bool,
}

impl PartialEq for Ask {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Ask {}

impl PartialOrd for Ask {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ask {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}
