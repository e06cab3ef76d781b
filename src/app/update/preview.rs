//! A filter or a search shows what it finds while it is typed; left by Esc, all is as it was before.

use crate::action::Action;
use crate::app::model::Model;
use crate::config::theme::Role;
use crate::panes::PaneKind;
use crate::ui::list::RowFilter;

impl Model {
    /// The text of the line changed.
    pub(in crate::app) fn preview(&mut self) {
        let Some(input) = &self.input else { return };
        let (action, text) = (input.action, input.text().to_owned());
        let found = match action {
            Action::Filter => self.filter_rows(&text).map(|()| self.found()),
            Action::Search if self.reading.is_none() => {
                self.logs.preview_search(&text).map_err(|why| why.to_string())
            }
            Action::FilterLines => self.logs.preview_filter(&text).map_err(|why| why.to_string()),
            _ => return,
        };
        // What was found before stays until the pattern is whole.
        let said = found.map_or_else(|why| (why, Role::Warn), |found| (found, Role::Dim));
        if let Some(input) = &mut self.input {
            input.said = Some(said);
        }
    }

    /// The line was left without Enter.
    pub(in crate::app) fn leave_input(&mut self) {
        let Some(input) = self.input.take() else { return };
        self.logs.end_preview();
        if input.action == Action::Filter && input.text() != input.before() {
            // It was in force before, so it can be again.
            drop(self.filter_rows(input.before()));
        }
    }

    /// Only rows that match are shown in the focused list; an empty text shows all. Errors: why the pattern is none.
    pub(in crate::app) fn filter_rows(&mut self, text: &str) -> Result<(), String> {
        let filter = (!text.is_empty()).then(|| RowFilter::new(text)).transpose();
        let filter = filter.map_err(|why| why.to_string())?;
        match self.focus {
            PaneKind::Engine => self.engine.set_filter(filter),
            PaneKind::Events => self.events.set_filter(filter),
            _ => self.containers.set_filter(filter),
        }
        Ok(())
    }

    fn found(&mut self) -> String {
        self.fit();
        match self.focus {
            PaneKind::Events => self.events.summary(),
            PaneKind::Engine => self.engine.summary(&self.ctx(PaneKind::Engine)),
            _ => self.containers.summary(),
        }
    }
}
