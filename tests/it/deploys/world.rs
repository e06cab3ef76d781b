//! A world of hosts with containers that become ready after a while, on tokio's paused clock. It counts the calls that are
//! made to it, does to one of them what a schedule says, and notes whatever must never be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pilothouse::domain::container::State;
use pilothouse::ports::lock::{Lock, Sign};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

mod host;

/// What a container of a good image needs to be ready.
const READY_AFTER: Duration = Duration::from_secs(2);

/// What happens to one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Whoever made it is killed before it has an effect.
    KilledBefore,
    /// Whoever made it is killed once it had its effect.
    KilledAfter,
    /// It has no effect, and nobody answers.
    Fails,
    /// It has its effect, and the answer is lost.
    AnswerLost,
    /// It has its effect, and the answer comes after a minute: whoever made it slept.
    Sleeps,
    /// It is refused.
    Refused,
    /// The engine says that it is done, and it is not.
    Lies,
    /// It stops something: whoever made it is killed, and the engine takes some seconds for it all the same.
    Late,
    /// Somebody else has waited for it.
    IsSeen,
    /// Somebody clears away whatever is stopped, the locks too.
    Pruned,
}

#[derive(Clone, Debug)]
struct Made {
    name: String,
    image: String,
    labels: BTreeMap<String, String>,
    state: State,
    since: Instant,
    restart: String,
    is_found: bool,
    is_sick: bool,
    born: u64,
}

/// So long a command takes that is run once.
const ERRAND: Duration = Duration::from_secs(1);

impl Made {
    fn is_errand(&self) -> bool {
        self.labels.contains_key("pilothouse.errand")
    }

    /// As an engine tells it: what is run once ends by itself, badly where its image is a bad one.
    fn state(&self) -> State {
        match self.state {
            State::Running if self.is_errand() && self.since.elapsed() >= ERRAND => {
                State::Exited(Some(i64::from(self.image.contains("bad"))))
            }
            ref state => state.clone(),
        }
    }

    fn is_ready(&self) -> bool {
        self.state.is_up()
            && !self.is_sick
            && !self.image.contains("bad")
            && self.since.elapsed() >= READY_AFTER
    }

    /// Others find it, and it answers.
    fn serves(&self) -> bool {
        self.is_found && self.is_ready()
    }
}

#[derive(Default)]
struct Inside {
    made: BTreeMap<(String, String), Made>,
    files: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// By host: what was pulled from the registry.
    pulled: BTreeSet<(String, String)>,
    locks: BTreeMap<String, Lock>,
    signs: BTreeMap<String, Sign>,
    written: watch::Sender<()>,
    wrongs: Vec<String>,
    born: u64,
    calls: u64,
    changes: u64,
    faults: BTreeMap<u64, Fault>,
    is_strict: bool,
}

/// All hosts.
#[derive(Default)]
pub struct World {
    inside: Mutex<Inside>,
    /// Somebody was killed.
    pub killed: Notify,
    /// Somebody sleeps.
    pub asleep: Notify,
    /// The call that somebody waited for is made.
    pub seen: Notify,
}

/// One of them.
pub struct Host {
    pub world: Arc<World>,
    pub name: &'static str,
}

/// What stands on a host, without what differs from run to run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Row {
    pub host: String,
    pub name: String,
    pub image: String,
    pub is_up: bool,
    pub restart: String,
    pub is_found: bool,
}

impl World {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// A container that is there before anything happens.
    pub fn add(&self, host: &str, name: &str, image: &str, release: Option<u32>, is_up: bool) {
        let mut labels = BTreeMap::from([("com.docker.compose.service".to_owned(), "web".to_owned())]);
        if let Some(release) = release {
            labels.insert("pilothouse.release".to_owned(), format!("v{release}"));
        }
        let inside = &mut *self.inside();
        inside.born += 1;
        let (state, restart) =
            if is_up { (State::Running, "always") } else { (State::Exited(Some(0)), "no") };
        let made = Made {
            name: name.to_owned(),
            image: image.to_owned(),
            labels,
            state,
            since: Instant::now() - READY_AFTER,
            restart: restart.to_owned(),
            is_found: true,
            is_sick: false,
            born: inside.born,
        };
        inside.made.insert((host.to_owned(), format!("{:064x}", inside.born)), made);
    }

    /// What happens to the calls with these numbers, counted from now on.
    pub fn next(&self, faults: &[(u64, Fault)]) {
        let inside = &mut *self.inside();
        inside.calls = 0;
        inside.faults = faults.iter().copied().collect();
    }

    /// From now on some replica has to serve at every instant.
    pub fn be_strict(&self) {
        self.inside().is_strict = true;
    }

    pub fn calls(&self) -> u64 {
        self.inside().calls
    }

    /// How often anything was changed but the ledger.
    pub fn changes(&self) -> u64 {
        self.inside().changes
    }

    pub fn wrongs(&self) -> Vec<String> {
        self.inside().wrongs.clone()
    }

    pub fn locks(&self) -> usize {
        self.inside().locks.len()
    }

    /// Whatever runs with this image is not ready any more.
    pub fn sicken(&self, image: &str) {
        self.inside()
            .made
            .values_mut()
            .filter(|made| made.image == image)
            .for_each(|made| made.is_sick = true);
    }

    pub fn rows(&self) -> Vec<Row> {
        let inside = self.inside();
        let row = |((host, _), made): (&(String, String), &Made)| Row {
            host: host.clone(),
            name: made.name.clone(),
            image: made.image.clone(),
            is_up: made.state().is_up(),
            restart: made.restart.clone(),
            is_found: made.is_found,
        };
        let mut rows: Vec<_> = inside.made.iter().map(row).collect();
        rows.sort();
        rows
    }
}

impl Inside {
    /// Whether the next call is late; it counts then.
    fn is_late(&mut self) -> bool {
        let is_late = self.faults.get(&self.calls) == Some(&Fault::Late);
        self.calls += u64::from(is_late);
        is_late
    }

    fn stop(&mut self, key: &(String, String)) {
        let served = self.made.values().any(Made::serves);
        if let Some(made) = self.made.get_mut(key) {
            made.state = State::Exited(Some(0));
        }
        self.check(served, "what was stopped long before");
    }

    fn check(&mut self, served: bool, what: &str) {
        if self.is_strict && served && !self.made.values().any(Made::serves) {
            self.wrongs.push(format!("nobody serves any more after: {what}"));
        }
    }
}
