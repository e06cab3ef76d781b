//! Logs of one or several containers: follow, pause, search, filter; only visible lines are decoded.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer as Cells;
use ratatui::layout::Rect;

use super::{Answer, Ctx, PaneKind, Request};
use crate::action::Action;
use crate::domain::ids::ContainerKey;
use crate::effect::Effect;
use crate::logs::buffer::Buffer;
use crate::logs::line::{Level, SourceId};
use crate::logs::matcher::{Matcher, PatternError};
use crate::logs::search::{self, Direction};
use crate::logs::view::{Filter, View};
use crate::logs::{ansi, decode};
use crate::msg::LogFact;
use crate::sub::{Generation, Sub};

mod border;
pub mod row;

const BUFFER_BYTES: usize = 12 << 20;
/// How many times more lines are asked for with each page back.
const PAGE_BACK_GROWTH: u32 = 4;

/// The pane.
pub struct LogsPane {
    /// Number of the present view.
    pub generation: Generation,
    sources: Vec<(ContainerKey, String)>,
    buffer: Buffer,
    view: View,
    // Line under the cursor and the last line on the screen, by number; meaningless while following.
    cursor: i64,
    bottom: i64,
    height: usize,
    is_following: bool,
    is_wrapped: bool,
    is_raw: bool,
    shift: usize,
    search: Option<Matcher>,
    error: Option<String>,
    asked: u32,
    has_start: bool,
    // Showing the start of the log: what comes in now does not join on.
    is_apart: bool,
    is_waiting: bool,
}

impl Default for LogsPane {
    fn default() -> Self {
        Self {
            generation: Generation(0),
            sources: Vec::new(),
            buffer: Buffer::new(BUFFER_BYTES),
            view: View::new(Filter::default()),
            cursor: 0,
            bottom: 0,
            height: 1,
            is_following: true,
            is_wrapped: false,
            is_raw: false,
            shift: 0,
            search: None,
            error: None,
            asked: 1000,
            has_start: false,
            is_apart: false,
            is_waiting: true,
        }
    }
}

impl LogsPane {
    /// Follows these from now on; lines of the former view are forgotten, filter and search stay.
    pub fn open(&mut self, sources: Vec<(ContainerKey, String)>) {
        if self.sources.iter().map(|(k, _)| k).eq(sources.iter().map(|(k, _)| k)) && !self.is_apart {
            return;
        }
        self.generation.0 += 1;
        self.sources = sources;
        self.reset();
    }

    fn reset(&mut self) {
        self.buffer = Buffer::new(BUFFER_BYTES);
        self.view = View::new(self.view.filter().clone());
        (self.is_following, self.is_apart, self.has_start, self.is_waiting) = (true, false, false, true);
        (self.asked, self.shift, self.error) = (1000, 0, None);
    }

    /// The streams this view lives on.
    pub fn subs(&self) -> BTreeSet<Sub> {
        if self.sources.is_empty() {
            return BTreeSet::new();
        }
        let keys = self.sources.iter().map(|(key, _)| key.clone()).collect();
        BTreeSet::from([Sub::Logs(self.generation, keys)])
    }

    /// Newer lines do not move the screen.
    pub fn is_paused(&self) -> bool {
        !self.is_following
    }

    /// Takes in news of the view of that generation; older ones are dropped.
    pub fn fact(&mut self, generation: Generation, fact: LogFact) {
        if generation != self.generation {
            return;
        }
        self.is_waiting = false;
        match fact {
            LogFact::Lines(_) if self.is_apart => {}
            LogFact::Lines(batch) => self.buffer.push(batch),
            LogFact::Older(batch) => {
                self.has_start = batch.is_empty();
                self.buffer.prepend(&batch);
            }
            LogFact::First(batch) => {
                self.buffer = Buffer::new(BUFFER_BYTES);
                self.view = View::new(self.view.filter().clone());
                self.buffer.push(batch);
                (self.is_apart, self.has_start, self.is_following) = (true, true, false);
                (self.cursor, self.bottom) = (self.buffer.first_no(), self.buffer.first_no());
            }
            LogFact::Failed(key, why) => {
                let name = self.sources.iter().find(|(k, _)| *k == key).map_or("", |(_, n)| n);
                self.error = Some(format!("{name}: {why}"));
            }
        }
        self.view.sync(&self.buffer);
    }

    /// Sets the search and goes to the nearest hit above. Errors: [`PatternError`].
    pub fn set_search(&mut self, text: &str) -> Result<Option<String>, PatternError> {
        self.search = if text.is_empty() { None } else { Some(Matcher::new(text)?) };
        Ok(if self.search.is_some() { self.hit(Direction::Backward, true) } else { None })
    }

    /// Shows only lines that match; with a leading `!` those that do not; an empty text shows all again.
    pub fn set_filter(&mut self, text: &str) -> Result<(), PatternError> {
        let mut filter = self.view.filter().clone();
        (filter.include, filter.exclude, filter.correlation) = (Vec::new(), Vec::new(), None);
        match text.strip_prefix('!') {
            Some("") => {}
            Some(pattern) => filter.exclude.push(Matcher::new(pattern)?),
            None if text.is_empty() => {}
            None => filter.include.push(Matcher::new(text)?),
        }
        self.refilter(filter);
        Ok(())
    }

    fn refilter(&mut self, filter: Filter) {
        self.view = View::new(filter);
        self.view.sync(&self.buffer);
    }

    fn hit(&mut self, direction: Direction, is_here_allowed: bool) -> Option<String> {
        let matcher = self.search.as_ref()?;
        let step = match direction {
            Direction::Forward => 1,
            Direction::Backward => -1,
        };
        let here = if self.is_following { self.buffer.end_no() - 1 } else { self.cursor };
        let from = if is_here_allowed { here } else { here + step };
        match search::next(&self.view, &self.buffer, matcher, from, direction) {
            Some(number) => {
                self.is_following = false;
                self.cursor = number;
                None
            }
            None => Some(format!("no further hit for {}", matcher.pattern())),
        }
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
    pub fn act(&mut self, action: Action, _ctx: &Ctx<'_>) -> Answer {
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
            Action::Follow if self.is_following => self.pause(),
            Action::Follow => self.follow(),
            Action::Left => self.shift = self.shift.saturating_sub(16),
            Action::Right => self.shift += 16,
            Action::Wrap => self.is_wrapped = !self.is_wrapped,
            Action::Json => self.is_raw = !self.is_raw,
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
            Action::Search => return prompt(action, self.search.as_ref().map_or("", Matcher::pattern)),
            Action::FilterLines => {
                let filter = self.view.filter();
                let include = filter.include.first().map(|m| m.pattern().to_owned());
                let exclude = filter.exclude.first().map(|m| format!("!{}", m.pattern()));
                return prompt(action, &include.or(exclude).unwrap_or_default());
            }
            Action::NextHit => return say(self.hit(Direction::Forward, false)),
            Action::PreviousHit => return say(self.hit(Direction::Backward, false)),
            Action::Copy | Action::Export | Action::Correlate => return self.take(action),
            Action::Back if !self.view.filter().is_empty() => self.refilter(Filter::default()),
            Action::Back if self.search.is_some() => self.search = None,
            Action::Back => return Answer::Done(vec![Request::Focus(PaneKind::Containers)]),
            _ => return Answer::Unknown,
        }
        Answer::Done(Vec::new())
    }

    fn take(&mut self, action: Action) -> Answer {
        let number = if self.is_following { self.buffer.end_no() - 1 } else { self.cursor };
        let Some(line) = self.buffer.line(number) else { return Answer::Refused("there is no line") };
        match action {
            Action::Copy => {
                let text = ansi::shown(line.bytes).into_owned();
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
        let name = self.sources.first().map_or("all", |(_, name)| name.as_str());
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        format!("{}.log", name.chars().map(safe).collect::<String>().trim_start_matches('.'))
    }

    /// Everything shown, as text: time, container, line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in (0..self.view.len(&self.buffer)).filter_map(|k| self.view.get(&self.buffer, k)) {
            let at = chrono::DateTime::from_timestamp_nanos(line.at_ns).to_rfc3339();
            text += &format!("{at} {} {}\n", self.source(line.source), ansi::shown(line.bytes));
        }
        text
    }

    fn source(&self, id: SourceId) -> &str {
        self.sources.get(usize::from(id.0)).map_or("", |(_, name)| name)
    }

    fn pause(&mut self) {
        self.is_following = false;
        let last = self.view.len(&self.buffer).saturating_sub(1);
        self.cursor = self.view.nth(&self.buffer, last).unwrap_or(0);
        self.bottom = self.cursor;
    }

    fn follow(&mut self) {
        if self.is_apart {
            self.generation.0 += 1;
            self.reset();
        }
        self.is_following = true;
    }

    fn go(&mut self, by: i64) -> Answer {
        if self.is_following && by > 0 {
            return Answer::Done(Vec::new());
        }
        if self.is_following {
            self.pause();
        }
        let here = self.view.index_of(&self.buffer, self.cursor) as i64;
        let last = self.view.len(&self.buffer) as i64 - 1;
        let to = (here + by).clamp(0, last.max(0));
        self.cursor = self.view.nth(&self.buffer, to as usize).unwrap_or(0);
        if here + by < 0 { self.older() } else { Answer::Done(Vec::new()) }
    }

    fn older(&mut self) -> Answer {
        let ([(key, _)], Some(oldest), false) =
            (self.sources.as_slice(), self.buffer.oldest_ns(), self.has_start)
        else {
            return Answer::Done(Vec::new());
        };
        if self.is_waiting {
            return Answer::Done(Vec::new());
        }
        self.is_waiting = true;
        self.asked = self.asked.saturating_mul(PAGE_BACK_GROWTH);
        Answer::Done(vec![Request::Effect(Effect::Older(self.generation, key.clone(), oldest, self.asked))])
    }

    fn top(&mut self) -> Answer {
        if self.is_following {
            self.pause();
        }
        self.cursor = self.view.nth(&self.buffer, 0).unwrap_or(0);
        match self.sources.as_slice() {
            [(key, _)] if !self.has_start => {
                Answer::Done(vec![Request::Effect(Effect::First(self.generation, key.clone()))])
            }
            _ => Answer::Done(Vec::new()),
        }
    }

    /// Takes in the room there is: the cursor stays on the screen.
    pub fn fit(&mut self, height: u16) {
        self.height = usize::from(height).max(1);
        let len = self.view.len(&self.buffer);
        let last = len.saturating_sub(1);
        if self.is_following {
            self.bottom = self.view.nth(&self.buffer, last).unwrap_or(0);
            return;
        }
        let cursor = self.view.index_of(&self.buffer, self.cursor).min(last);
        self.cursor = self.view.nth(&self.buffer, cursor).unwrap_or(0);
        let bottom = self.view.index_of(&self.buffer, self.bottom).min(last);
        let bottom = bottom.clamp(cursor, (cursor + self.height - 1).min(last).max(cursor));
        let bottom = bottom.max((self.height - 1).min(last));
        self.bottom = self.view.nth(&self.buffer, bottom).unwrap_or(0);
    }

    /// Draws from the last line upwards.
    pub fn draw(&self, ctx: &Ctx<'_>, area: Rect, cells: &mut Cells) {
        if self.view.is_empty(&self.buffer) {
            row::draw_empty(ctx, self, area, cells);
            return;
        }
        let mut below = area.bottom();
        let mut index = self.view.index_of(&self.buffer, self.bottom) + 1;
        while index > 0 && below > area.top() {
            index -= 1;
            let Some(line) = self.view.get(&self.buffer, index) else { break };
            let is_cursor = !self.is_following && self.view.nth(&self.buffer, index) == Some(self.cursor);
            let text = row::compose(ctx, self, &line);
            let rows = if self.is_wrapped { row::rows(&text, area.width) } else { 1 };
            let top = below.saturating_sub(rows).max(area.top());
            row::draw(ctx, self, &text, Rect { y: top, height: below - top, ..area }, cells, is_cursor);
            below = top;
        }
    }
}

fn prompt(action: Action, text: &str) -> Answer {
    Answer::Done(vec![Request::Prompt(action, text.to_owned())])
}

fn say(text: Option<String>) -> Answer {
    Answer::Done(text.map(Request::Say).into_iter().collect())
}
