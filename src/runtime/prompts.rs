//! Questions of hosts on their way to the screen, and the answers back. Whoever asks waits on a thread of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::Sender;

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
    // Set once the console runs; until then, and in scripts, there is nobody to ask.
    out: OnceLock<Sender<Msg>>,
    next: AtomicU64,
    waiting: Mutex<BTreeMap<PromptId, SyncSender<Option<Secret>>>>,
}

impl Prompts {
    /// From now on questions go to this console.
    pub fn show_on(&self, out: Sender<Msg>) {
        // A second console in one process does not exist.
        let _ = self.out.set(out);
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
        let out = self.prompts.out.get().filter(|_| self.gate.may_ask())?;
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
        self.prompts.out.get().is_some() && self.gate.may_ask()
    }

    fn leave(&self) {
        self.gate.close();
    }
}
