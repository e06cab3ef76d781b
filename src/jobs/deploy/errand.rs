//! Runs a command once, in its container, to its end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Run;
use super::act::Fault;
use crate::deploy::event::Said;
use crate::domain::act::ContainerAct;
use crate::domain::container::State;
use crate::domain::deployment::errand::Errand;
use crate::domain::deployment::{Act, Replica, Step};

/// Between two looks at whether it ended.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Run {
    /// Started once: whoever takes a deployment up finds it running, or how it ended.
    pub(super) async fn errand(&self, step: &Step, replica: &Replica, errand: &Errand) -> Result<(), Fault> {
        let host = &step.host;
        let found = self.there(host, replica).await?;
        if found.state == State::Created {
            self.sure(host).await?;
            self.host(host)?.act(&found.key.id, ContainerAct::Start).await.map_err(Fault::of)?;
        }
        let limit = Duration::from_secs(errand.within_s.into());
        let began = Instant::now();
        let mut is_told = false;
        loop {
            match self.there(host, replica).await?.state {
                State::Exited(Some(0)) => return Ok(()),
                State::Exited(code) => {
                    let code = code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
                    return Err(Fault::Never(format!("it ended with status {code}")));
                }
                State::Created => return Err(Fault::Never("it was started and is not".to_owned())),
                State::Dead | State::Removing | State::Other(_) => {
                    return Err(Fault::Never("it was removed".to_owned()));
                }
                State::Running | State::Paused | State::Restarting => {}
            }
            if began.elapsed() >= limit {
                return Err(Fault::Never(format!("it did not end within {} s", limit.as_secs())));
            }
            if !is_told {
                (self.say)(Said::Waits(step.clone(), "it runs".to_owned()));
                is_told = true;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// What an errand printed last; nothing of any other step.
    pub(super) async fn printed(&self, step: &Step) -> Vec<String> {
        let Act::Run(replica, _) = &step.act else { return Vec::new() };
        match self.find(&step.host, replica).await {
            Ok(Some(container)) => self.readiness.last_lines(&container).await,
            // How it ended is told; this is welcome besides.
            Ok(None) | Err(_) => Vec::new(),
        }
    }
}
