//! What stands on the border of the logs pane: whose lines, how they are shown, and what is not shown.

use super::LogsPane;
use crate::logs::line::Level;

impl LogsPane {
    /// What stands on the border: whose logs, and how they are shown.
    pub fn subject(&self) -> String {
        let whose = match self.sources.as_slice() {
            [] => return "nothing selected".to_owned(),
            [(_, name)] => name.clone(),
            many => format!("{} containers", many.len()),
        };
        let mode = if self.is_apart {
            "start of the log"
        } else if self.is_following {
            "following"
        } else {
            "paused"
        };
        let mut parts = vec![whose, mode.to_owned()];
        let filter = self.view.filter();
        if filter.min_level != Level::Unknown {
            parts.push(format!("level>={}", filter.min_level.as_str()));
        }
        parts.extend(filter.include.iter().map(|m| format!("&{}", m.pattern())));
        parts.extend(filter.exclude.iter().map(|m| format!("&!{}", m.pattern())));
        parts.extend(filter.correlation.iter().map(|id| format!("id {id}")));
        parts.join("  ")
    }

    /// What stands right on the border: counts, and what is not shown.
    pub fn summary(&self) -> String {
        let held = self.buffer.len();
        let shown = self.view.len(&self.buffer);
        let count = if shown == held { format!("{held} lines") } else { format!("{shown} of {held} lines") };
        let dropped = self.buffer.dropped();
        let dropped = if dropped > 0 { format!("  {dropped} dropped") } else { String::new() };
        let below = shown.saturating_sub(self.view.index_of(&self.buffer, self.bottom) + 1);
        let below = if self.is_following || below == 0 { String::new() } else { format!("  {below} below") };
        format!("{count}{dropped}{below}")
    }
}
