//! Logs of one or several containers: follow, pause, search, filter; only visible lines are decoded.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer as Cells;
use ratatui::layout::Rect;

use super::{Answer, Ctx, PaneKind, Request};
use crate::action::Action;
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId};
use crate::logs::buffer::{Buffer, DEFAULT_LIMIT_BYTES};
use crate::logs::decode::Keys;
use crate::logs::line::{Level, SourceId};
use crate::logs::mask::Masks;
use crate::logs::matcher::Matcher;
use crate::logs::search::Direction;
use crate::logs::show::Show;
use crate::logs::view::{Filter, View};
use crate::msg::Progress;
use crate::sub::{Ask, Following, Generation, Sources, Sub};

mod border;
mod facts;
mod find;
mod follow;
mod moves;
mod preview;
pub mod row;
mod take;

pub use follow::Breadth;
use follow::Source;

/// What the configuration decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory for the lines of one view.
    pub buffer_bytes: usize,
    /// Lines to open with.
    pub lines: u32,
    /// Texts that are never shown, copied or written to a file.
    pub masks: Masks,
    /// Keys of JSON and logfmt lines that mean more than a field.
    pub keys: Keys,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            buffer_bytes: DEFAULT_LIMIT_BYTES,
            lines: 1000,
            masks: Masks::default(),
            keys: Keys::default(),
        }
    }
}

/// The pane.
#[derive(Default)]
pub struct LogsPane {
    /// What the configuration decides; takes hold with the next view.
    pub settings: Settings,
    /// Long lines are wrapped, not cut.
    pub is_wrapped: bool,
    generation: Generation,
    breadth: Breadth,
    // What the present view was made for.
    shown: Breadth,
    environment: Option<EnvironmentId>,
    selected: Option<ContainerKey>,
    left_out: usize,
    // The position is the number of the source; it only grows within a view.
    sources: Vec<Source>,
    wanted: Sources,
    buffer: Buffer,
    view: View,
    // Line under the cursor and the last line on the screen, by number; meaningless while following.
    cursor: i64,
    bottom: i64,
    height: usize,
    // Newer lines do not move the screen.
    is_held: bool,
    shift: usize,
    search: Option<Matcher>,
    // While a search or a filter is typed: what it was before.
    before: Option<preview::Before>,
    // The time range as it was typed.
    range: String,
    // Logs that cannot be read now, and why.
    failed: Vec<(ContainerKey, String)>,
    // The lines of the past have been told once.
    is_open: bool,
    // Nothing is before the first line, nothing was behind the last.
    has_start: bool,
    has_end: bool,
    // Showing a part of the log that what comes in now does not join on; so many lines came since.
    is_apart: bool,
    newer: u64,
    behind_ms: u64,
    // How many lines at the end of the log were looked at so far.
    tail: u32,
    // The same number of lines will bring older ones still.
    has_more: bool,
    // What the engine was asked for, and how far its answer is.
    ask: Option<Ask>,
    asks: u64,
    progress: Option<Progress>,
    // Lines still to move once the answer came.
    pending: i64,
}

impl LogsPane {
    /// With the values of the configuration; `level` is the least severe to show.
    pub fn configured(settings: Settings, level: Level, is_wrapped: bool, is_raw: bool) -> Self {
        let show = Show::new(settings.masks.clone(), settings.keys.clone(), is_raw);
        let view = View::new(Filter { min_level: level, ..Filter::default() }, show);
        Self { settings, is_wrapped, view, ..Self::default() }
    }

    /// The lines of the past have been told.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// With these settings, the lines, filter and place of another; it begins anew where it read one of those hosts.
    #[must_use]
    pub fn resuming(self, mut other: Self, anew: &BTreeSet<HostId>) -> Self {
        other.end_preview();
        let Settings { masks, keys, .. } = self.settings.clone();
        let show = Show::new(masks, keys, other.view.show().is_raw());
        let mut pane = Self { view: other.view.shown_by(show), settings: self.settings, ..other };
        if pane.sources.iter().any(|source| anew.contains(&source.key.host)) {
            // The next look at what there is makes a new view of it.
            pane.sources.clear();
            pane.environment = None;
        }
        pane
    }

    /// Number of the present view.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The streams this view lives on.
    pub fn subs(&self) -> BTreeSet<Sub> {
        if self.sources.is_empty() {
            return BTreeSet::new();
        }
        let following = Following { sources: self.wanted.clone(), lines: self.settings.lines };
        let mut subs = BTreeSet::from([Sub::Logs(self.generation, following)]);
        subs.extend(self.ask.iter().map(|ask| Sub::History(self.generation, ask.clone())));
        subs
    }

    /// Newer lines do not move the screen.
    pub fn is_paused(&self) -> bool {
        self.is_held
    }

    /// Why an action of this pane does nothing now.
    pub fn refusal(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::NextHit | Action::PreviousHit if self.search.is_none() => {
                Some("nothing is searched for; / searches")
            }
            Action::Copy | Action::Export | Action::Correlate if self.view.is_empty(&self.buffer) => {
                Some("there is no line")
            }
            _ => None,
        }
    }

    /// Moves, pauses, searches, filters.
    pub fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Answer {
        let page = self.height.saturating_sub(1).max(1) as i64;
        match action {
            Action::Up => return self.go(-1),
            Action::Down => return self.go(1),
            Action::PageUp => return self.go(-page),
            Action::PageDown => return self.go(page),
            Action::HalfUp => return self.go(-(page / 2).max(1)),
            Action::HalfDown => return self.go((page / 2).max(1)),
            Action::Top => return self.top(),
            Action::Bottom => self.follow(),
            Action::Follow if !self.is_held => self.pause(),
            Action::Follow => self.follow(),
            Action::Left => self.shift = self.shift.saturating_sub(16),
            Action::Right => self.shift += 16,
            Action::Wrap => self.is_wrapped = !self.is_wrapped,
            Action::Json => self.toggle_raw(),
            Action::Wider => return say(Some(self.widen(ctx).to_owned())),
            Action::Level => {
                let mut filter = self.view.filter().clone();
                filter.min_level = match filter.min_level {
                    Level::Unknown => Level::Info,
                    Level::Info => Level::Warn,
                    Level::Warn => Level::Error,
                    _ => Level::Unknown,
                };
                self.refilter(filter);
            }
            // Empty: Enter repeats the last search, and ends a filter or a range; nothing has to be rubbed out first.
            Action::Search | Action::FilterLines | Action::TimeRange => {
                return Answer::Done(vec![Request::Prompt(action, String::new())]);
            }
            Action::NextHit => return say(self.next_hit(Direction::Forward)),
            Action::PreviousHit => return say(self.next_hit(Direction::Backward)),
            Action::Copy | Action::Export | Action::Correlate => return self.take(action),
            Action::Back if self.ask.is_some() => {
                (self.ask, self.progress, self.pending) = (None, None, 0);
                return say(Some("stopped".to_owned()));
            }
            Action::Back if !self.view.filter().is_empty() => {
                self.range.clear();
                self.refilter(Filter::default());
            }
            Action::Back if self.search.is_some() => self.search = None,
            Action::Back => return Answer::Done(vec![Request::Focus(PaneKind::Containers)]),
            _ => return Answer::Unknown,
        }
        Answer::Done(Vec::new())
    }

    fn source(&self, id: SourceId) -> &str {
        self.sources.get(usize::from(id.0)).map_or("", |source| source.name.as_str())
    }

    /// Draws from the last line upwards.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, cells: &mut Cells) {
        let area = self.draw_foot(ctx, area, cells);
        if self.view.is_empty(&self.buffer) {
            row::draw_empty(ctx, self, area, cells);
            return;
        }
        let columns = row::Columns::of(self, area.width);
        let mut below = area.bottom();
        let mut index = self.view.index_of(&self.buffer, self.bottom) + 1;
        while index > 0 && below > area.top() {
            index -= 1;
            let Some(line) = self.view.get(&self.buffer, index) else { break };
            let is_cursor = self.is_held && self.view.nth(&self.buffer, index) == Some(self.cursor);
            let text = row::compose(ctx, self, columns, &line);
            let rows = if self.is_wrapped { row::rows(&text, area.width) } else { 1 };
            let top = below.saturating_sub(rows).max(area.top());
            row::draw(ctx, self, &text, Rect { y: top, height: below - top, ..area }, cells, is_cursor);
            below = top;
        }
    }
}

fn say(text: Option<String>) -> Answer {
    Answer::Done(text.map(Request::Say).into_iter().collect())
}
