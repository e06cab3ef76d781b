//! The releases of the selected container's service: its history in the ledger, whoever made it, each with what became of it
//! and where it still is; without a ledger what runs says of itself.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Answer, Ctx, Request};
use crate::action::Action;
use crate::domain::container::Container;
use crate::domain::deployment::Release;
use crate::domain::ids::{EnvironmentId, ServiceId};
use crate::domain::ledger::RecordId;
use crate::overlays::rollout::Goal;
use crate::ui::list::Cursor;

mod history;
mod running;

use history::{Row, rows};

/// From this width on a release is a line of a table.
const TABLE: u16 = 70;

/// What a row is about.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Key {
    /// A record of the ledger.
    Record(RecordId),
    /// What ran before the first of them.
    Before(Release),
}

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct ReleasesPane {
    cursor: Cursor<Key>,
    /// The service that it was about.
    about: Option<(EnvironmentId, ServiceId)>,
}

fn selected<'a>(ctx: &Ctx<'a>) -> Option<&'a Container> {
    ctx.scope.container.as_ref().and_then(|key| ctx.world.container(key))
}

impl ReleasesPane {
    /// Moves; opens the deployment of a release; goes back to it.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let rows = rows(ctx);
        let keys: Vec<_> = rows.iter().map(Row::key).collect();
        let chosen = rows.get(self.cursor.index());
        match (action, chosen) {
            (Action::Enter, Some(Row::Record(record, _))) => {
                Answer::Done(vec![Request::Deployment(record.begun.id.clone())])
            }
            (Action::Rollback, Some(row)) => {
                Answer::Done(vec![Request::Rollout(Goal::Rollback, Some(row.release()))])
            }
            _ if self.cursor.act(action, &keys) => Answer::Done(Vec::new()),
            _ => Answer::Unknown,
        }
    }

    /// Selects what is in that row of the pane.
    pub fn click(&mut self, row: u16, area: Rect, ctx: &Ctx<'_>) {
        let keys: Vec<_> = rows(ctx).iter().map(Row::key).collect();
        if let Some(row) = row.checked_sub(history::head(area.width)) {
            self.cursor.click(usize::from(row / history::LINES), &keys);
        }
    }

    /// Takes in the room there is; another service begins at its newest release.
    pub fn fit(&mut self, area: Rect, ctx: &Ctx<'_>) {
        let about = selected(ctx).zip(ctx.scope.environment.as_ref());
        let about = about.map(|(c, environment)| (environment.clone(), c.service.clone()));
        if self.about != about {
            *self = Self { about, ..Self::default() };
        }
        let keys: Vec<_> = rows(ctx).iter().map(Row::key).collect();
        self.cursor.fit(&keys, usize::from(history::fitting(area)));
    }

    /// What stands right on the border.
    pub fn summary(&self, ctx: &Ctx<'_>) -> String {
        let rows = rows(ctx);
        if rows.is_empty() {
            return running::summary(ctx);
        }
        format!("{} of {}", self.cursor.index() + 1, rows.len())
    }

    /// Draws what is in sight.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, buf: &mut Buffer) {
        let rows = rows(ctx);
        if rows.is_empty() {
            return running::draw(ctx, area, buf);
        }
        let window = self.cursor.window(rows.len());
        let selected = ctx.is_focused.then(|| self.cursor.index());
        history::draw(ctx, &rows, window, selected, area, buf);
    }
}
