//! Waits until a replica is ready.

use async_trait::async_trait;
use std::time::Duration;
use tokio::time::{Instant, sleep};

use super::Run;
use super::act::Fault;
use crate::deploy::event::Said;
use crate::deploy::gate::{Gate, Seen, Verdict};
use crate::domain::container::{Container, Detail};
use crate::domain::deployment::{Replica, Step};

/// Between two looks at a replica, at first and later. Its probes have to be asked anyway, and an event alone tells nothing
/// of them.
const LOOK_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(250)];
const AT_FIRST: Duration = Duration::from_secs(5);

/// Asks a replica itself whether it is ready.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// What its probe of readiness says; `None` where none is configured.
    async fn probe(&self, container: &Container, detail: &Detail) -> Option<Result<(), String>>;

    /// The last lines that it printed, for whoever asks why it is not.
    async fn last_lines(&self, container: &Container) -> Vec<String>;
}

/// No probe is configured.
pub struct NoProbe;

#[async_trait]
impl Readiness for NoProbe {
    async fn probe(&self, _: &Container, _: &Detail) -> Option<Result<(), String>> {
        None
    }

    async fn last_lines(&self, _: &Container) -> Vec<String> {
        Vec::new()
    }
}

impl Run {
    pub(super) async fn gate(&self, step: &Step, replica: &Replica) -> Result<(), Fault> {
        let plan = &self.plan;
        let seconds = |s: u32| Duration::from_secs(s.into());
        let mut gate = Gate::new(seconds(plan.ready_within_s), seconds(plan.settle_s));
        let began = Instant::now();
        let (mut told, mut ended) = (String::new(), None);
        loop {
            if let Some(why) = self.turned_by(self.ears.back().as_ref()) {
                return Err(Fault::Never(why));
            }
            let seen = self.seen(step, replica, &mut ended).await?;
            match gate.judge(seen.as_ref(), began.elapsed()) {
                Verdict::Ready => return Ok(()),
                Verdict::Failed(why) => {
                    if let Some(container) = self.find(&step.host, replica).await? {
                        let lines = self.readiness.last_lines(&container).await;
                        (self.say)(Said::LastLines(step.clone(), lines));
                    }
                    return Err(Fault::Never(why));
                }
                Verdict::Wait(why) if why != told => {
                    told.clone_from(&why);
                    (self.say)(Said::Waits(step.clone(), why));
                }
                Verdict::Wait(_) => {}
            }
            sleep(LOOK_EVERY[usize::from(began.elapsed() > AT_FIRST)]).await;
        }
    }

    /// An engine forgets how a replica ended when it starts it again; `ended` does not.
    async fn seen(
        &self,
        step: &Step,
        replica: &Replica,
        ended: &mut Option<String>,
    ) -> Result<Option<Seen>, Fault> {
        let Some(container) = self.find(&step.host, replica).await? else { return Ok(None) };
        let detail = self.host(&step.host)?.detail(&container.key.id).await.map_err(Fault::of)?;
        let check = detail.checks.last().filter(|check| check.exit_code != 0);
        let last = check.map(|check| check.output.trim().to_owned()).filter(|text| !text.is_empty());
        let last = last.or_else(|| Some(detail.error.clone()).filter(|text| !text.is_empty()));
        if let Some(code) = detail.exit_code {
            let why = if detail.is_oom_killed { ", out of memory" } else { "" };
            *ended = Some(format!("the last time it ended with {code}{why}"));
        }
        let last = last.or_else(|| ended.clone().filter(|_| detail.restarts > 0));
        let probe =
            if container.state.is_up() { self.readiness.probe(&container, &detail).await } else { None };
        let (restarts, health) = (detail.restarts, container.health);
        Ok(Some(Seen { state: container.state, health, restarts, last, probe }))
    }
}
