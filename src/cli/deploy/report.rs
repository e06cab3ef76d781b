//! What a deployment says, line by line as it happens, and its end as an exit status.

use serde::Serialize;
use tokio::time::Instant;

use super::watching::{Waiting, late};
use crate::cli::failure::Failure;
use crate::cli::out::{Out, Tone, remark};
use crate::deploy::event::{Ending, Event, Said};
use crate::deploy::promote::Judged;
use crate::domain::deployment::Plan;
use crate::domain::environment::Environment;
use crate::logs::ansi::plain;
use crate::runtime::worker::Started;

/// Prints it.
pub(super) struct Teller {
    out: Out,
    environment: String,
}

#[derive(Serialize)]
struct Row<'a> {
    event: &'static str,
    step: Option<String>,
    text: &'a str,
    outcome: Option<&'static str>,
}

impl Teller {
    pub(super) fn new(is_json: bool, environment: &Environment) -> Self {
        Self { out: Out::new(is_json), environment: environment.id.to_string() }
    }

    /// What will be done.
    pub(super) fn plan(&mut self, plan: &Plan) -> Result<(), Failure> {
        self.row("plan", None, &plan.title(), None, Tone::Bright)?;
        for step in &plan.steps {
            let text = step.to_string();
            if self.out.is_json {
                self.row("plan", Some(text.clone()), &text, None, Tone::Plain)?;
            } else {
                self.out.line(&format!("  {text}"))?;
            }
        }
        for text in plan.changes() {
            self.row("differs", None, text.trim(), None, Tone::Dim)?;
        }
        self.out.flush()
    }

    /// How the environment that it is promoted from configures it, and this one: the names of its keys.
    pub(super) fn compared(&mut self, judged: &Judged, environment: &Environment) -> Result<(), Failure> {
        let Some((before, _, comparison)) = &judged.verdict.from else { return Ok(()) };
        if !self.out.is_json {
            let text = comparison.title(before, &environment.id);
            self.row("compared", None, &text, None, Tone::Bright)?;
        }
        for (key, word) in comparison.rows(before, &environment.id) {
            let tone = if word == "equal" { Tone::Dim } else { Tone::Soon };
            if self.out.is_json {
                self.row("compared", Some(key.to_owned()), &word, None, tone)?;
            } else {
                self.out.safe(&format!("  {}: {}\n", plain(key), self.out.paint(tone, &word)))?;
            }
        }
        self.out.flush()
    }

    /// A reason why there is no plan; whoever reads words finds all of them in the error.
    pub(super) fn refused(&mut self, reason: &str) -> Result<(), Failure> {
        if self.out.is_json { self.row("refused", None, reason, None, Tone::Bad) } else { Ok(()) }
    }

    /// There is nothing of that kind.
    pub(super) fn nothing(&mut self, what: &str) -> Result<(), Failure> {
        let text = format!("{what} in {}", self.environment);
        self.row("end", None, &text, Some("done"), Tone::Plain)
    }

    /// What comes of what was asked.
    pub(super) fn asked(&mut self, text: &str) -> Result<(), Failure> {
        self.row("asked", None, text, None, Tone::Plain)
    }

    /// Tells all of it until it ends; gives the exit status. Whoever interrupts it leaves the deployment as it is.
    pub(super) async fn follow(
        &mut self,
        mut started: Started,
        plan: Option<&Plan>,
        waiting: Waiting,
    ) -> Result<u8, Failure> {
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        let deadline = waiting.timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let event = tokio::select! {
                biased;
                event = started.next() => event,
                caught = &mut interrupted => {
                    caught?;
                    remark(&self.goes_on(started.pid));
                    return Err(Failure::Interrupted);
                }
                () = late(deadline) => {
                    remark(&self.goes_on(started.pid));
                    return Ok(7);
                }
            };
            match event {
                Some(Event::Begun(number)) => {
                    plan.map_or(Ok(()), |plan| self.plan(plan))?;
                    if waiting.no_wait {
                        let environment = &self.environment;
                        let text = format!("{number} was begun; `pilothouse watch {environment}` follows it");
                        return self.row("begun", None, &text, None, Tone::Plain).map(|()| 0);
                    }
                }
                Some(Event::NotBegun { status, why }) => {
                    return Err(match status {
                        2 => Failure::Usage(why),
                        5 => Failure::Locked(why),
                        6 => Failure::Unreachable(why),
                        _ => Failure::Failed(why),
                    });
                }
                Some(Event::Nothing) => return self.nothing("nothing was cut off").map(|()| 0),
                Some(Event::Said(said)) => self.tell(said)?,
                Some(Event::Ended(ending)) => return self.end(&ending),
                None => return Err(Failure::Failed(self.lost(started.pid))),
            }
        }
    }

    fn goes_on(&self, pid: u32) -> String {
        let environment = &self.environment;
        format!(
            "pilothouse: the deployment goes on without this command, in process {pid}; \
             `pilothouse watch {environment}` follows it, `pilothouse abort {environment}` takes it back"
        )
    }

    fn lost(&self, pid: u32) -> String {
        let environment = &self.environment;
        format!(
            "process {pid}, which did it, ended without telling how; `pilothouse resume {environment}` or \
             `undo {environment}` go on from where it was, worker.log tells more where `config paths` says"
        )
    }

    /// How it ended; gives the exit status.
    pub(super) fn end(&mut self, ending: &Ending) -> Result<u8, Failure> {
        let (text, outcome, tone) = match ending {
            Ending::Done => ("done".to_owned(), "done", Tone::Good),
            Ending::Undone(why) => (format!("taken back: {why}"), "undone", Tone::Bad),
            Ending::Halted { why, .. } => (
                format!("stopped where it is: {why}; `pilothouse resume` or `undo` go on from here"),
                "halted",
                Tone::Bad,
            ),
        };
        self.row("end", None, &text, Some(outcome), tone)?;
        Ok(super::status(ending))
    }

    pub(super) fn tell(&mut self, said: Said) -> Result<(), Failure> {
        match said {
            Said::Begins(step) if self.out.is_json => {
                self.row("begins", Some(step.to_string()), "begins", None, Tone::Dim)
            }
            // What is done is told; a line for each beginning would say everything twice.
            Said::Begins(_) => Ok(()),
            Said::Done(step) => self.row("done", Some(step.to_string()), "done", None, Tone::Good),
            Said::Waits(step, why) => self.row("waits", Some(step.to_string()), &why, None, Tone::Dim),
            Said::LastLines(step, lines) => {
                let text = lines.join("\n");
                if self.out.is_json {
                    return self.row("last_lines", Some(step.to_string()), &text, None, Tone::Plain);
                }
                self.out.line(&format!("the last it printed, {step}:"))?;
                lines.iter().try_for_each(|line| self.out.line(&format!("    {line}")))
            }
            Said::Again(step, why, wait) => {
                let text = format!("{why}; again in {} s", wait.as_secs());
                self.row("again", Some(step.to_string()), &text, None, Tone::Soon)
            }
            Said::Turns(why) => self.row("turns", None, &format!("it goes back: {why}"), None, Tone::Bad),
            Said::Paused(why) => self.row("paused", None, &why, None, Tone::Soon),
            Said::GoesOn => self.row("goes_on", None, "it goes on", None, Tone::Plain),
            Said::Asked(what) => self.row("asked", None, &what, None, Tone::Soon),
            Said::TakenUp => self.row("taken_up", None, "another one goes on with it", None, Tone::Soon),
            Said::Trouble(why) => self.row("trouble", None, &why, None, Tone::Soon),
        }?;
        self.out.flush()
    }

    fn row(
        &mut self,
        event: &'static str,
        step: Option<String>,
        text: &str,
        outcome: Option<&'static str>,
        tone: Tone,
    ) -> Result<(), Failure> {
        if self.out.is_json {
            self.out.json(&Row { event, step, text, outcome })?;
        } else {
            let text = plain(text);
            let text = self.out.paint(tone, &text);
            match step {
                Some(step) => self.out.safe(&format!("{}: {text}\n", plain(&step)))?,
                None => self.out.safe(&format!("{text}\n"))?,
            }
        }
        self.out.flush()
    }
}
