//! Questions of hosts on their way to the screen, and the answers back. Whoever asks waits on a thread of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::sync::mpsc::Sender;

use super::terminal_prompts;
use crate::domain::ids::HostId;
use crate::domain::prompt::{PromptId, Question, Secret};
use crate::jobs::route::Gate;
use crate::msg::Msg;
use crate::ports::prompt::Prompter;

/// The host itself hangs up after two minutes (LoginGraceTime).
const PATIENCE: Duration = Duration::from_secs(110);

/// Questions that wait for their answers.
#[derive(Default)]
pub struct Prompts {
    // Set once the console runs, or by a command with a terminal; until then, and in scripts, there is nobody to ask.
    place: OnceLock<Place>,
    next: AtomicU64,
    waiting: Mutex<BTreeMap<PromptId, SyncSender<Option<Secret>>>>,
    /// For looking only: an answer that was wrong is not asked for again, and a key that is taken is not recorded.
    is_once: bool,
}

/// Where questions go.
enum Place {
    Console(Sender<Msg>),
    Terminal,
}

impl Prompts {
    /// From now on questions go to this console.
    pub fn show_on(&self, out: Sender<Msg>) {
        // A second console in one process does not exist.
        let _ = self.place.set(Place::Console(out));
    }

    /// For a command: questions go to its terminal, where it has one.
    pub fn of_command() -> Self {
        let prompts = Self::default();
        if terminal_prompts::is_there() {
            // Nothing was set before.
            let _ = prompts.place.set(Place::Terminal);
        }
        prompts
    }

    /// For looking only: nothing is asked twice, and no key is recorded.
    #[must_use]
    pub fn once(self) -> Self {
        Self { is_once: true, ..self }
    }

    /// Hands an answer on; too late or twice does nothing.
    pub fn answer(&self, id: PromptId, answer: Option<Secret>) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(waiting) = waiting {
            // Whoever asked gave up meanwhile.
            let _ = waiting.send(answer);
        }
    }
}

/// From the first secret on: no core file, and no other process of this login reads our memory, as with `ssh-agent`. Not
/// before, because it also takes `/dev/stdin` and the like away from whoever is not root.
fn keep_out_of_cores() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::debug!(%error, "a crash may write what was typed into a core file");
    }
}

/// Asks for one host, while its gate is open.
pub struct HostPrompter {
    /// Whose questions.
    pub host: HostId,
    /// Where they wait.
    pub prompts: Arc<Prompts>,
    /// Whether anybody may be asked now.
    pub gate: Arc<Gate>,
}

impl Prompter for HostPrompter {
    fn ask(&self, question: &Question) -> Option<Secret> {
        let place = self.prompts.place.get().filter(|_| self.gate.may_ask())?;
        if self.prompts.is_once && question.is_again() {
            return None;
        }
        keep_out_of_cores();
        let out = match place {
            Place::Console(out) => out,
            Place::Terminal => {
                let answer = terminal_prompts::ask(question, PATIENCE);
                if answer.is_none() {
                    self.gate.close();
                }
                return answer;
            }
        };
        let id = PromptId(self.prompts.next.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = sync_channel(1);
        self.prompts.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, answer);
        out.blocking_send(Msg::Asked(id, self.host.clone(), question.clone())).ok()?;
        let answer = answered.recv_timeout(PATIENCE).ok().flatten();
        self.prompts.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if answer.is_none() {
            // Declined once is declined: the rest of the way asks nothing more.
            self.gate.close();
            // The console is gone only when the program ends.
            let _ = out.blocking_send(Msg::Unasked(id));
        }
        answer
    }

    fn is_there(&self) -> bool {
        self.prompts.place.get().is_some() && self.gate.may_ask()
    }

    fn remembers(&self) -> bool {
        !self.prompts.is_once
    }

    fn leave(&self) {
        self.gate.close();
    }
}
