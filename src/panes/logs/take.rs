//! What is taken out of a log view: a line to the clipboard, lines to a file, a correlation id to follow.

use super::LogsPane;
use crate::action::Action;
use crate::effect::Effect;
use crate::logs::ansi;
use crate::logs::view::Filter;
use crate::panes::{Answer, Request};

impl LogsPane {
    pub(super) fn take(&mut self, action: Action) -> Answer {
        let last = self.view.len(&self.buffer).saturating_sub(1);
        let shown = self.view.nth(&self.buffer, last).unwrap_or(0);
        let number = if self.is_held { self.cursor } else { shown };
        let Some(line) = self.buffer.line(number) else { return Answer::Refused("there is no line") };
        match action {
            Action::Copy => {
                let text = self.view.show().text(line.bytes).into_owned();
                Answer::Done(vec![Request::Effect(Effect::Copy(text)), Request::Say("line copied".into())])
            }
            Action::Export => Answer::Done(vec![Request::Prompt(action, self.file_name())]),
            _ => {
                let Some(id) = self.view.show().correlation(line.bytes) else {
                    return Answer::Refused("this line has no correlation id");
                };
                let filter = Filter { correlation: Some(id), ..Filter::default() };
                self.refilter(filter);
                Answer::Done(Vec::new())
            }
        }
    }

    fn file_name(&self) -> String {
        let name = match self.sources.as_slice() {
            [one] => one.name.as_str(),
            _ => "merged",
        };
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        format!("{}.log", name.chars().map(safe).collect::<String>().trim_start_matches('.'))
    }

    /// Everything shown, as text: time, container, line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in (0..self.view.len(&self.buffer)).filter_map(|k| self.view.get(&self.buffer, k)) {
            let at = chrono::DateTime::from_timestamp_nanos(line.at_ns).to_rfc3339();
            let name = ansi::plain(self.source(line.source));
            text += &format!("{at} {name} {}\n", self.view.show().text(line.bytes));
        }
        text
    }
}
