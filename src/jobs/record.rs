//! An act with its record: the ledger is looked at before, written beside, closed behind it. A ledger that does not
//! answer keeps nobody from acting; that the act is not recorded is told then.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::ledger::{Book, Entry, LedgerError, Opened};
use crate::domain::ids::HostId;
use crate::domain::ledger::{Intent, Outcome, Record, Who};
use crate::ports::engine::EngineError;

/// So long an act waits for its ledger to say that it may be written to.
const PATIENCE: Duration = Duration::from_secs(2);
/// So long whoever acted waits for the record, once the act is over.
const WRITTEN_WITHIN: Duration = Duration::from_secs(20);

/// A record that is being written.
pub struct Recording {
    book: Book,
    act: String,
    begun: JoinHandle<Result<Entry, LedgerError>>,
}

/// What came of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// It, as it stands on at least one host.
    pub record: Option<Record>,
    /// Why it is not in the ledger, or not on all hosts.
    pub trouble: Option<String>,
}

/// Begins the record of what is about to be done.
///
/// # Errors
/// [`LedgerError::Newer`]: this console must not change anything there.
pub async fn begin(book: Book, who: Who, intent: Intent) -> Result<Recording, LedgerError> {
    let act = intent.act.clone();
    let opened = match timeout(PATIENCE, book.open()).await {
        Ok(Err(newer @ LedgerError::Newer(..))) => return Err(newer),
        answer => answer.ok(),
    };
    let begun = tokio::spawn(write(book.clone(), opened, who, intent));
    Ok(Recording { book, act, begun })
}

async fn write(
    book: Book,
    opened: Option<Result<Opened, LedgerError>>,
    who: Who,
    intent: Intent,
) -> Result<Entry, LedgerError> {
    let opened = match opened {
        Some(opened) => opened?,
        None => book.open().await?,
    };
    book.begin(opened, who, intent).await
}

impl Recording {
    /// The act is over.
    pub async fn end(self, outcome: Outcome) -> Recorded {
        let act = self.act;
        let whole = async {
            let entry = match self.begun.await {
                Ok(Ok(entry)) => entry,
                Ok(Err(error)) => return Recorded::nowhere(&act, &error),
                Err(error) => return Recorded::nowhere(&act, &error),
            };
            let (record, missed) = self.book.end(&entry, outcome).await;
            let missed = [entry.missed.as_slice(), missed.as_slice()].concat();
            if entry.is_behind && missed.is_empty() {
                let heard = self.book.read().await;
                return Recorded::of(record, &self.book.catch_up(&heard.ledger).await);
            }
            Recorded::of(record, &missed)
        };
        let late = format!("no answer within {} s", WRITTEN_WITHIN.as_secs());
        timeout(WRITTEN_WITHIN, whole).await.unwrap_or_else(|_| Recorded::nowhere(&act, &late))
    }
}

impl Recorded {
    fn nowhere(act: &str, why: &dyn std::fmt::Display) -> Self {
        Self { record: None, trouble: Some(format!("{act} is not recorded in the ledger: {why}")) }
    }

    fn of(record: Record, missed: &[(HostId, EngineError)]) -> Self {
        let told: Vec<_> = missed.iter().map(|(host, error)| format!("{host}: {error}")).collect();
        let trouble = (!told.is_empty()).then(|| {
            let number = record.begun.number;
            format!(
                "record {number} is not on every host; what is missing is added later: {}",
                told.join("; ")
            )
        });
        Self { record: Some(record), trouble }
    }
}
