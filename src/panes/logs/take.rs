//! What is taken out of a log view: a line to the clipboard, lines to a file, a correlation id to follow.

use super::LogsPane;
use crate::action::Action;
use crate::effect::Effect;
use crate::logs::decode::Kind;
use crate::logs::line::LineRef;
use crate::logs::mask::MASK;
use crate::logs::view::Filter;
use crate::logs::{ansi, decode};
use crate::panes::{Answer, Request};

impl LogsPane {
    pub(super) fn take(&mut self, action: Action) -> Answer {
        let last = self.view.len(&self.buffer).saturating_sub(1);
        let shown = self.view.nth(&self.buffer, last).unwrap_or(0);
        let number = if self.is_held { self.cursor } else { shown };
        let Some(line) = self.buffer.line(number) else { return Answer::Refused("there is no line") };
        match action {
            Action::Copy => {
                let text = self.shown(&line);
                Answer::Done(vec![Request::Effect(Effect::Copy(text)), Request::Say("line copied".into())])
            }
            Action::Export => Answer::Done(vec![Request::Prompt(action, self.file_name())]),
            _ => {
                let Some(id) = decode::decode(line.bytes).correlation().map(str::to_owned) else {
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

    /// As it may leave the console: safe to draw, secrets masked.
    pub(super) fn shown(&self, line: &LineRef<'_>) -> String {
        let masks = &self.settings.masks;
        let masked = masks.apply(&ansi::shown(line.bytes)).into_owned();
        // What is written with escapes is found only once they are resolved; then the rest is given so, too.
        if masks.is_empty() || !line.bytes.contains(&b'\\') {
            return masked;
        }
        let decoded = decode::decode(line.bytes);
        let parts = std::iter::once((None, &decoded.message))
            .chain(decoded.fields.iter().map(|(key, value)| (Some(key), value)));
        let parts: Vec<_> = parts.map(|(key, value)| (key, value, masks.apply(value))).collect();
        let is_hidden = |found: &str, value: &str| found != value && masked.matches(MASK).count() == 0;
        if decoded.kind == Kind::Plain || !parts.iter().any(|(_, value, found)| is_hidden(found, value)) {
            return masked;
        }
        let text = parts.iter().map(|(key, _, found)| match key {
            Some(key) => format!("{key}={found}"),
            None => found.to_string(),
        });
        text.collect::<Vec<_>>().join(" ")
    }

    /// Everything shown, as text: time, container, line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in (0..self.view.len(&self.buffer)).filter_map(|k| self.view.get(&self.buffer, k)) {
            let at = chrono::DateTime::from_timestamp_nanos(line.at_ns).to_rfc3339();
            let name = ansi::plain(self.source(line.source));
            text += &format!("{at} {name} {}\n", self.shown(&line));
        }
        text
    }
}
