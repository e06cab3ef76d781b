//! What the doctor prints: a line a step, or an object a step, and the worst of them.

use std::time::Duration;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::cli::failure::Failure;
use crate::cli::out::{Out, Tone};
use crate::domain::checkup::{Stage, Step, Verdict};
use crate::logs::ansi;
use crate::ui::text::wrapped;

/// Columns before what was found: verdict and step.
const INDENT: usize = 27;
/// Least columns for what was found, however narrow the terminal is.
const LEAST: usize = 20;
/// Before the command that mends it.
const TRY: &str = "try: ";
/// Lines of one step at most.
const MOST_LINES: usize = 40;

#[derive(Serialize)]
struct Row<'a> {
    host: Option<&'a str>,
    via: Option<&'a str>,
    step: &'static str,
    verdict: &'static str,
    found: &'a str,
    mend: Option<&'a str>,
    took_ms: Option<u64>,
}

/// Prints steps and remembers the worst.
pub(super) struct Report {
    out: Out,
    host: Option<String>,
    via: Option<String>,
    /// A step was bad.
    pub(super) is_bad: bool,
}

impl Report {
    pub(super) fn new(is_json: bool) -> Self {
        Self { out: Out::new(is_json), host: None, via: None, is_bad: false }
    }

    /// From here on it is about this host; `None` is this machine.
    pub(super) fn begin(&mut self, host: Option<&str>) -> Result<(), Failure> {
        (self.host, self.via) = (host.map(str::to_owned), None);
        if self.out.is_json {
            return Ok(());
        }
        let head = self.out.paint(Tone::Bright, &ansi::plain(host.unwrap_or("this machine")));
        self.out.safe(&format!("{head}\n"))
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<(), Failure> {
        self.is_bad |= step.verdict == Verdict::Bad;
        if self.out.is_json {
            return self.out.json(&Row {
                host: self.host.as_deref(),
                via: step.via.as_deref(),
                step: step.stage.word(),
                verdict: step.verdict.word(),
                found: &step.found,
                mend: step.mend.as_deref(),
                took_ms: step.took.and_then(|took| took.as_millis().try_into().ok()),
            });
        }
        if step.via != self.via {
            let to = step.via.as_deref().map_or_else(
                || format!("then {}", self.host.as_deref().unwrap_or_default()),
                |hop| format!("through {hop}"),
            );
            let to = self.out.paint(Tone::Dim, &ansi::plain(&to));
            self.out.safe(&format!("  {to}\n"))?;
            self.via.clone_from(&step.via);
        }
        self.line(step.verdict, step.stage.word(), &step.found, step.took)?;
        match &step.mend {
            Some(mend) => {
                let room =
                    self.out.width().map_or(usize::MAX, |width| width.saturating_sub(INDENT + TRY.len()));
                let lines =
                    pieces(&ansi::plain(mend), room).join(&format!("\n{:1$}", "", INDENT + TRY.len()));
                self.out.safe(&format!("{:INDENT$}{TRY}{lines}\n", ""))
            }
            None => Ok(()),
        }
    }

    /// What lies behind a step that was bad.
    pub(super) fn not_reached(&mut self, stages: &[Stage]) -> Result<(), Failure> {
        const WHY: &str = "not reached";
        if self.out.is_json {
            return stages.iter().try_for_each(|stage| self.step(&Step::unknown(*stage, WHY)));
        }
        let words: Vec<_> = stages.iter().map(|stage| stage.word()).collect();
        if words.is_empty() { Ok(()) } else { self.line(Verdict::Unknown, WHY, &words.join(", "), None) }
    }

    fn line(
        &mut self,
        verdict: Verdict,
        step: &str,
        found: &str,
        took: Option<Duration>,
    ) -> Result<(), Failure> {
        let tone = match verdict {
            Verdict::Ok => Tone::Good,
            Verdict::Warn => Tone::Soon,
            Verdict::Bad => Tone::Bad,
            Verdict::Unknown => Tone::Dim,
        };
        let took = took.filter(|took| took.as_millis() > 0).map(|took| format!("({})", time(took)));
        let text = took.iter().fold(found.to_owned(), |text, took| format!("{text} {took}"));
        let mut lines = match self.out.width() {
            Some(width) => wrapped(&text, width.saturating_sub(INDENT).max(LEAST), 0, MOST_LINES),
            None => vec![ansi::plain(&text).into_owned()],
        };
        if let (Some(last), Some(took)) = (lines.last_mut(), took)
            && let Some(rest) = last.strip_suffix(&took)
        {
            *last = format!("{rest}{}", self.out.paint(Tone::Dim, &took));
        }
        let word = self.out.paint(tone, &format!("{:<7}", verdict.word()));
        let text = lines.join(&format!("\n{:INDENT$}", ""));
        self.out.safe(&format!("  {word}  {step:<14}  {text}\n"))
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush()
    }
}

/// Broken only between sentence and command, and only where it does not fit: a command stays in one piece, to be copied.
fn pieces(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    let mut rest = text;
    while !rest.is_empty() {
        let ends = [rest.find("; "), rest.find(": "), rest.find(", ")];
        let end = ends.into_iter().flatten().min().map_or(rest.len(), |at| at + 2);
        let (piece, after) = rest.split_at(end);
        rest = after;
        match lines.last_mut() {
            Some(line) if line.is_empty() || (line.width() + piece.trim_end().width()) <= room => {
                line.push_str(piece);
            }
            _ => lines.push(piece.to_owned()),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn time(took: Duration) -> String {
    match took.as_millis() {
        ms @ 0..1_000 => format!("{ms} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_never_broken_and_a_sentence_before_it_only_where_it_must_be() {
        let mend = "ask its owner; only if it was made anew: ssh-keygen -f /home/op/known_hosts -R web1";
        assert_eq!(pieces(mend, 200), [mend]);
        assert_eq!(
            pieces(mend, 48),
            ["ask its owner; only if it was made anew:", "ssh-keygen -f /home/op/known_hosts -R web1"]
        );
        assert_eq!(pieces("ssh-keygen -f /home/op/known_hosts", 5), ["ssh-keygen -f /home/op/known_hosts"]);
    }
}
