//! What may go wrong with a simulated engine, as data: calls that fail, hang or are slow, streams that are cut.

#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::ports::engine::{CALL_TIMEOUT, EngineError};

/// A call of the port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// Each of them.
    Any,
    /// [`crate::ports::engine::Engine::facts`], and so on by name.
    Facts,
    /// The list.
    Containers,
    /// Details of one.
    Detail,
    /// The whole inspection.
    Inspect,
    /// The stream of events.
    Events,
    /// One reading of counters.
    Usage,
    /// A log.
    Logs,
    /// Processes.
    Processes,
    /// Acts.
    Act,
    /// Execs and what belongs to them.
    Exec,
    /// What is kept on the disk, and its removal.
    Store,
    /// Files of ledgers.
    Ledger,
    /// What a container is made from.
    Spec,
    /// A container is made.
    Create,
    /// A container that does not run is removed.
    Discard,
    /// When it is started again, and the names by which others find it.
    Update,
    /// Images.
    Image,
    /// What a registry has, and pulls of it.
    Registry,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The call fails with this.
    Fail(EngineError),
    /// No answer: the call fails when its time is up.
    Hang,
    /// The answer comes this much later.
    Slow(Duration),
    /// A stream breaks after so many items; a call without a stream is not touched.
    Cut(usize),
}

/// One thing that goes wrong, and how often still; for ever where it is `None`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Rule {
    call: Call,
    fault: Fault,
    left: Option<usize>,
}

/// The faults of one engine; none at first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    /// Each such call goes wrong like this from now on, until [`Faults::clear`].
    pub fn set(&self, call: Call, fault: Fault) {
        self.add(call, fault, None);
    }

    /// The next `times` such calls go wrong like this.
    pub fn next(&self, times: usize, call: Call, fault: Fault) {
        self.add(call, fault, Some(times));
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn add(&self, call: Call, fault: Fault, left: Option<usize>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Rule { call, fault, left });
    }

    /// The first that holds for this call, counted.
    fn take(&self, call: Call, is_stream: bool) -> Option<Fault> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_meant = |rule: &&mut Rule| {
            let is_cut = matches!(rule.fault, Fault::Cut(_));
            (rule.call == call || rule.call == Call::Any) && rule.left != Some(0) && is_cut == is_stream
        };
        let rule = rules.iter_mut().find(is_meant)?;
        if let Some(left) = &mut rule.left {
            *left -= 1;
        }
        Some(rule.fault.clone())
    }

    /// Every call passes here first.
    pub(super) async fn pass(&self, call: Call, address: &str) -> Result<(), EngineError> {
        match self.take(call, false) {
            Some(Fault::Fail(error)) => Err(error),
            Some(Fault::Hang) => {
                tokio::time::sleep(CALL_TIMEOUT).await;
                let cause = format!("no answer within {} s", CALL_TIMEOUT.as_secs());
                Err(EngineError::Unreachable { address: address.to_owned(), cause, mend: None })
            }
            Some(Fault::Slow(by)) => {
                tokio::time::sleep(by).await;
                Ok(())
            }
            Some(Fault::Cut(_)) | None => Ok(()),
        }
    }

    /// Every stream passes here.
    pub(super) fn cut<T: Send + 'static>(
        &self,
        call: Call,
        what: &str,
        items: BoxStream<'static, Result<T, EngineError>>,
    ) -> BoxStream<'static, Result<T, EngineError>> {
        let Some(Fault::Cut(after)) = self.take(call, true) else { return items };
        let broken = EngineError::Broken { what: what.to_owned(), cause: "the stream was cut".to_owned() };
        items.take(after).chain(stream::iter([Err(broken)])).boxed()
    }
}
