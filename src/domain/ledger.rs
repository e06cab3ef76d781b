//! The ledger: what was done in an environment, by whom, when, why and how it ended. Only ever added to.
//!
//! A record is what its pieces say: one that it was begun, one that it ended. Each piece is a file of its own on each
//! host, [`form`] has its bytes, and [`union`] makes one ledger of what several hosts have.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::deployment::{Note, Plan};
use super::ids::{ContainerKey, EnvironmentId, HostId};
use super::inventory::Item;

pub mod form;
pub mod union;

/// Name of the container that leads to the ledgers of a host. It is never started, and no service of anybody's.
pub const HOLDER: &str = "pilothouse-ledger";
/// Most things of an act that are named in its record; the others are counted.
pub const MOST_SUBJECTS: usize = 64;
/// Longest text in a record, in characters.
pub const MOST_TEXT: usize = 1000;

/// Which record of its environment: from 1 on, without gaps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordNumber(pub u32);

impl RecordNumber {
    /// The one behind it; `None` where numbers are used up.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for RecordNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Tells records apart that bear one number because two engines could not hear of each other. 16 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(String);

impl RecordId {
    /// From a number that is another one each time.
    pub fn new(roll: u64) -> Self {
        Self(format!("{roll:016x}"))
    }

    /// Reads its digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_one.then(|| Self(text.to_owned()))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who did it, as far as that can be told apart.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Who {
    /// The configured operator, else the login.
    pub name: String,
    /// The login.
    pub login: String,
    /// The machine it was done from.
    pub machine: String,
    /// Where its SSH client is, for a login that several share.
    pub from: Option<String>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let place = if self.login.is_empty() || self.login == self.name {
            self.machine.clone()
        } else {
            format!("{}@{}", self.login, self.machine)
        };
        match &self.from {
            Some(from) => write!(f, " ({place} from {from})"),
            None => write!(f, " ({place})"),
        }
    }
}

/// One thing that was acted upon.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// On which host, by the name it has on the console that acted.
    pub host: String,
    /// `container`, `image`, `volume`, …
    pub kind: String,
    /// Its service, where it has one.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The engine's id of it.
    pub id: String,
}

impl Subject {
    /// A container.
    pub fn container(key: &ContainerKey, name: &str, service: &str) -> Self {
        Self {
            host: key.host.as_str().to_owned(),
            kind: "container".to_owned(),
            service: service.to_owned(),
            name: name.to_owned(),
            id: key.id.as_str().to_owned(),
        }
    }

    /// Something an engine keeps.
    pub fn item(host: &HostId, item: &Item) -> Self {
        Self {
            host: host.as_str().to_owned(),
            kind: item.kind.noun().to_owned(),
            service: String::new(),
            name: item.name().to_owned(),
            id: item.id.to_string(),
        }
    }
}

/// What a program that is run is called in a record: not with its arguments, which may be secret.
pub fn program(verb: &str, argv: &[String]) -> String {
    let name = argv.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program));
    match argv.len().saturating_sub(1) {
        0 => format!("{verb} {name}"),
        1 => format!("{verb} {name} (1 argument)"),
        n => format!("{verb} {name} ({n} arguments)"),
    }
}

/// What somebody is about to do, before it has a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intent {
    /// Where it counts.
    pub environment: EnvironmentId,
    /// What, as [`Begun::act`].
    pub act: String,
    /// To what.
    pub on: Vec<Subject>,
    /// What for.
    pub why: Option<String>,
}

/// Something is about to be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// Which record.
    pub number: RecordNumber,
    /// And which of that number.
    pub id: RecordId,
    /// Where.
    pub environment: String,
    /// When, by the clock of who acted.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: Who,
    /// What, in a word or a few: `stop`, `exec psql (3 arguments)`.
    pub act: String,
    /// To what; at most [`MOST_SUBJECTS`].
    pub on: Vec<Subject>,
    /// To how many more.
    #[serde(default)]
    pub more: usize,
    /// What for, where somebody said it.
    #[serde(default)]
    pub why: Option<String>,
}

/// What was begun is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// Which record.
    pub number: RecordNumber,
    /// And which of that number.
    pub id: RecordId,
    /// When, by the clock of who acted.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Outcome {
    /// Of several tries: done where none failed.
    pub fn of(failures: &[String]) -> Self {
        if failures.is_empty() { Self::Done } else { Self::Failed(failures.join("; ")) }
    }
}

/// What came of an act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What was asked for.
    Done,
    /// A program ran, and ended so.
    Status(i64),
    /// It was taken back; why.
    Undone(String),
    /// Not, or not all; why.
    Failed(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Status(status) => write!(f, "ended with {status}"),
            Self::Undone(why) => write!(f, "taken back: {why}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// What one file of a ledger says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// A record was begun.
    Begun(Begun),
    /// It ended.
    Ended(Ended),
    /// It is a deployment: what it will do.
    Planned {
        /// The number.
        number: RecordNumber,
        /// Which of that number.
        id: RecordId,
        /// Its steps.
        plan: Box<Plan>,
    },
    /// A line of its journal.
    Noted(Note),
    /// It lost its number to another one, and is written again under the next.
    Withdrawn {
        /// The number.
        number: RecordNumber,
        /// Which lost it.
        id: RecordId,
    },
    /// Where to look for the newest record. A hint: the records count.
    Head {
        /// The newest when it was written.
        number: RecordNumber,
    },
}

/// One record as its pieces tell it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// What was begun.
    pub begun: Begun,
    /// When and how it ended; `None` where nobody wrote that down: it goes on, or whoever acted was cut off.
    pub end: Option<(DateTime<Utc>, Outcome)>,
    /// What it is to do, where it is a deployment.
    pub plan: Option<Box<Plan>>,
    /// The journal of that: by epoch, then in the order of the steps.
    pub notes: Vec<Note>,
}

impl Record {
    /// How it ended, in words.
    pub fn outcome(&self) -> String {
        match &self.end {
            Some((_, outcome)) => outcome.to_string(),
            None => "no end recorded".to_owned(),
        }
    }

    /// What was acted upon: `web-1, web-2 and 3 more`; where there are several hosts, each with its own.
    pub fn objects(&self, has_hosts: bool) -> String {
        let name = |on: &Subject| {
            if has_hosts && !on.host.is_empty() {
                format!("{}/{}", on.host, on.name)
            } else {
                on.name.clone()
            }
        };
        let named: Vec<_> = self.begun.on.iter().take(3).map(name).collect();
        let rest = self.begun.on.len().saturating_sub(3) + self.begun.more;
        let named = named.join(", ");
        if rest == 0 { named } else { format!("{named} and {rest} more") }
    }
}

/// A text that fits into a record.
pub fn bounded(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
