//! What a deployment says, line by line as it happens, and its end as an exit status.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Say;
use crate::cli::failure::Failure;
use crate::cli::out::{Out, Tone};
use crate::domain::deployment::Plan;
use crate::domain::environment::Environment;
use crate::jobs::deploy::{End, Halt, Said};

/// Prints it.
pub(super) struct Teller {
    out: Out,
    say: Say,
    said: UnboundedReceiver<Said>,
}

#[derive(Serialize)]
struct Row<'a> {
    event: &'static str,
    step: Option<String>,
    text: &'a str,
    outcome: Option<&'static str>,
}

impl Teller {
    pub(super) fn new(is_json: bool) -> Self {
        let (to, said) = unbounded_channel();
        // Nobody listens any more once the command has ended.
        let say: Say = Arc::new(move |one| drop(to.send(one)));
        Self { out: Out::new(is_json), say, said }
    }

    pub(super) fn say(&self) -> Say {
        Arc::clone(&self.say)
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
        self.out.flush()
    }

    /// There was nothing to go on with.
    pub(super) fn nothing(&mut self, environment: &Environment) -> Result<(), Failure> {
        let text = format!("nothing was cut off in {}", environment.id);
        self.row("end", None, &text, Some("done"), Tone::Plain)
    }

    /// Tells all of it until it ends.
    pub(super) async fn follow(&mut self, run: impl Future<Output = End>) -> Result<u8, Failure> {
        tokio::pin!(run);
        let end = loop {
            tokio::select! {
                biased;
                Some(said) = self.said.recv() => self.tell(said)?,
                end = &mut run => break end,
            }
        };
        while let Ok(said) = self.said.try_recv() {
            self.tell(said)?;
        }
        match end {
            End::Done => {
                self.row("end", None, "done", Some("done"), Tone::Good)?;
                Ok(0)
            }
            End::Undone(why) => {
                self.row("end", None, &format!("taken back: {why}"), Some("undone"), Tone::Bad)?;
                Ok(4)
            }
            End::Halted(halt) => {
                let text =
                    format!("stopped where it is: {halt}; `pilothouse resume` or `undo` go on from here");
                self.row("end", None, &text, Some("halted"), Tone::Bad)?;
                Ok(if matches!(halt, Halt::Lock(_)) { 5 } else { 1 })
            }
        }
    }

    fn tell(&mut self, said: Said) -> Result<(), Failure> {
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
            let text = crate::logs::ansi::plain(text);
            let text = self.out.paint(tone, &text);
            match step {
                Some(step) => self.out.safe(&format!("{}: {text}\n", crate::logs::ansi::plain(&step)))?,
                None => self.out.safe(&format!("{text}\n"))?,
            }
        }
        self.out.flush()
    }
}
