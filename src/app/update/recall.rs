//! Lines of input: what they open with, and what was entered in this run, for Up and Down.

use crate::action::Action;
use crate::app::model::Model;
use crate::config::theme::Role;
use crate::overlays::input::Input;

/// Most entries that are kept of one kind.
const MOST_ENTRIES: usize = 100;

impl Model {
    /// Opens a line with a text to begin from.
    pub(in crate::app) fn prompt(&mut self, action: Action, text: &str) {
        let entered = self.entered.get(&action).cloned().unwrap_or_default();
        let mut input = Input::new(action, text).recalling(entered);
        if self.reading.is_none() {
            let what = if action == Action::Search { "repeats" } else { "ends" };
            let pattern = self.logs.in_force(action);
            input.said = pattern.map(|pattern| (format!("Enter {what} {pattern}"), Role::Dim));
            if matches!(action, Action::Search | Action::FilterLines) {
                input = input.offering(self.searches.clone());
            }
        }
        self.input = Some(input);
    }

    /// Keeps what was entered, each text once, the newest last.
    pub(in crate::app) fn keep_entered(&mut self, action: Action, text: &str) {
        let is_recalled =
            matches!(action, Action::Search | Action::FilterLines | Action::TimeRange | Action::Filter);
        if text.is_empty() || !is_recalled {
            return;
        }
        let entered = self.entered.entry(action).or_default();
        entered.retain(|other| other != text);
        entered.push(text.to_owned());
        let too_many = entered.len().saturating_sub(MOST_ENTRIES);
        entered.drain(..too_many);
    }
}
