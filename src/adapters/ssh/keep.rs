//! The one connection of a host: made when somebody needs it, by one try at a time, at the pace that failures allow.
//!
//! Whoever asks while a try runs waits for the same one; whoever asks before the next is due gets the last failure. So
//! no host is hammered, however many streams want it back, and no second factor is pushed twice.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::connect::{ConnectError, Connected, Connector};
use super::destination::Destination;
use super::trail::Trail;
use crate::domain::backoff::Backoff;
use crate::domain::checkup::Step;
use crate::ports::pace::roll;
use crate::ports::prompt::Nobody;

/// Longest wait between two tries; a connection that held that long counts as a success.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotConnected {
    /// It was tried just now.
    #[error("{error}")]
    Failed {
        /// What came back.
        error: Arc<ConnectError>,
        /// The command that mends it.
        mend: Option<String>,
    },
    /// It is not tried before its time, or before somebody looked.
    #[error("{why}")]
    Resting {
        /// What came back the last time.
        why: String,
        /// The command that mends it.
        mend: Option<String>,
        /// Trying again by itself cannot help.
        needs_person: bool,
    },
}

impl NotConnected {
    /// Trying again by itself cannot help.
    pub fn needs_person(&self) -> bool {
        match self {
            Self::Failed { error, .. } => error.needs_person(),
            Self::Resting { needs_person, .. } => *needs_person,
        }
    }

    /// The command that mends it.
    pub fn mend(&self) -> Option<&str> {
        match self {
            Self::Failed { mend, .. } | Self::Resting { mend, .. } => mend.as_deref(),
        }
    }
}

type Try = Shared<BoxFuture<'static, Result<Arc<Connected>, NotConnected>>>;

struct Failure {
    why: String,
    mend: Option<String>,
    needs_person: bool,
    next: Instant,
}

struct State {
    connected: Option<(Arc<Connected>, Instant)>,
    trying: Option<Try>,
    failure: Option<Failure>,
    /// What the last try found.
    trail: Trail,
    backoff: Backoff,
}

/// Keeps the connection of one host.
pub(super) struct Keeper {
    to: Destination,
    connector: Connector,
    state: Arc<Mutex<State>>,
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// A connection that is gone is a failure that was not told yet; one that held is tried again after the short wait.
    fn notice_end(&mut self, host: &Destination) {
        let Some((gone, since)) = self.connected.take_if(|(connected, _)| connected.link.is_gone()) else {
            return;
        };
        if since.elapsed() > LONGEST_WAIT {
            self.backoff.reset();
        }
        let why = format!("{host}: {}", gone.link.why_ended());
        self.fail(why, None, false);
    }

    fn fail(&mut self, why: String, mend: Option<String>, needs_person: bool) {
        let next = Instant::now() + self.backoff.after_failure(roll());
        self.failure = Some(Failure { why, mend, needs_person, next });
    }
}

impl Keeper {
    pub(super) fn new(to: Destination, connector: Connector) -> Self {
        let (connected, trying, failure, trail) = (None, None, None, Trail::default());
        let state = State { connected, trying, failure, trail, backoff: Backoff::up_to(LONGEST_WAIT) };
        Self { to, connector, state: Arc::new(Mutex::new(state)) }
    }

    /// What `ssh -F` would take.
    pub(super) fn config(&self) -> Option<&Path> {
        self.connector.config.as_deref()
    }

    /// The connection, made if there is none and it is time. A try goes on where whoever asked for it leaves: a person
    /// may be answering.
    pub(super) async fn connected(&self) -> Result<Arc<Connected>, NotConnected> {
        self.live_or_try()?.await
    }

    fn live_or_try(&self) -> Result<Try, NotConnected> {
        let mut state = locked(&self.state);
        if let Some(trying) = &state.trying {
            return Ok(trying.clone());
        }
        state.notice_end(&self.to);
        if let Some((connected, _)) = &state.connected {
            return Ok(futures_util::future::ready(Ok(Arc::clone(connected))).boxed().shared());
        }
        // Somebody who wants it now goes before its time.
        if let Some(failure) = state.failure.as_ref().filter(|_| !self.connector.prompter.is_there())
            && (failure.needs_person || Instant::now() < failure.next)
        {
            let (why, mend) = (failure.why.clone(), failure.mend.clone());
            return Err(NotConnected::Resting { why, mend, needs_person: failure.needs_person });
        }
        state.trail = Trail::default();
        let trying = self.begin(state.trail.clone());
        state.trying = Some(trying.clone());
        Ok(trying)
    }

    fn begin(&self, trail: Trail) -> Try {
        let (to, connector, state) = (self.to.clone(), self.connector.clone(), Arc::clone(&self.state));
        let task = tokio::spawn(async move {
            let result = connector.connect_noting(&to, &trail).await;
            // Before anybody can ask for the next: one wish is one try.
            connector.prompter.leave();
            let mut state = locked(&state);
            state.trying = None;
            match result {
                Ok(connected) => {
                    let connected = Arc::new(connected);
                    state.failure = None;
                    state.connected = Some((Arc::clone(&connected), Instant::now()));
                    Ok(connected)
                }
                Err(error) => {
                    let mend = trail.steps().pop().and_then(|last| last.mend);
                    state.fail(error.to_string(), mend.clone(), error.needs_person());
                    Err(NotConnected::Failed { error: Arc::new(error), mend })
                }
            }
        });
        let host = self.to.to_string();
        let ended = move |result: Result<_, tokio::task::JoinError>| {
            result.unwrap_or_else(|error| {
                let cause = std::io::Error::other(error);
                let error = Arc::new(ConnectError::Machine { host, cause });
                Err(NotConnected::Failed { error, mend: None })
            })
        };
        task.map(ended).boxed().shared()
    }

    /// One more connection beside the first, with methods that ask nobody.
    pub(super) async fn another(&self) -> Result<Connected, ConnectError> {
        let quiet = Connector { prompter: Arc::new(Nobody), ..self.connector.clone() };
        quiet.connect(&self.to).await
    }

    /// What each step of the last try found.
    pub(super) fn steps(&self) -> Vec<Step> {
        locked(&self.state).trail.steps()
    }

    /// When something last came over the connection; `None` while there is none.
    pub(super) fn heard(&self) -> Option<Instant> {
        let state = locked(&self.state);
        let (connected, since) =
            state.connected.as_ref().filter(|(connected, _)| !connected.link.is_gone())?;
        Some(connected.link.heard().unwrap_or(*since))
    }

    /// When it is tried again by itself; `None` while it is up, may be tried now, or needs a person.
    pub(super) fn next_try(&self) -> Option<Instant> {
        let mut state = locked(&self.state);
        state.notice_end(&self.to);
        let failure = state.failure.as_ref().filter(|failure| !failure.needs_person)?;
        Some(failure.next)
    }
}
