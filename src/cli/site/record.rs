//! What a command did, in the ledger of its environment.

use super::Site;
use crate::cli::failure::Failure;
use crate::cli::out::remark;
use crate::domain::environment::Environment;
use crate::domain::ledger::{Intent, Outcome, Subject};
use crate::jobs::ledger::{Book, Place};
use crate::jobs::record::{self, Recorded, Recording};
use crate::runtime::who::who;

impl Site {
    /// The ledger of an environment whose hosts were asked, on those that answered.
    pub fn book(&self, environment: &Environment) -> Book {
        let answering = environment.hosts.iter().filter(|host| !self.lost.contains(*host));
        let places = answering.filter_map(|host| {
            let facts = self.world.hosts.get(host)?.engine.as_ref()?;
            let route = self.routes.get(host)?;
            let (engine_id, copy) = (facts.id.clone(), route.copy());
            Some(Place { host: host.clone(), engine_id, engine: route.engine(), copy })
        });
        Book::new(environment.id.clone(), places.collect())
    }

    /// Begins the record of what is about to be done in an environment whose hosts were asked.
    ///
    /// # Errors
    /// This console must not change anything there.
    pub async fn record(
        &self,
        environment: &Environment,
        act: String,
        on: Vec<Subject>,
    ) -> Result<Recording, Failure> {
        let who = who(self.config.operator.as_deref());
        let intent = Intent { environment: environment.id.clone(), act, on, why: None };
        record::begin(self.book(environment), who, intent).await.map_err(|newer| {
            Failure::Failed(format!("{} is read-only here: {newer}; nothing was done", environment.id))
        })
    }
}

/// Ends a record, and says where it is not.
pub async fn end(recording: Recording, outcome: Outcome) {
    let Recorded { trouble, .. } = recording.end(outcome).await;
    if let Some(trouble) = trouble {
        remark(&format!("pilothouse: {trouble}"));
    }
}
