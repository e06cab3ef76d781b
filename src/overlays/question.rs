//! A question with a key for each answer; Esc, Enter and `n` mean that nothing is done. What was typed before somebody can
//! have read it answers nothing: its keys mean other things in the panes, and behind `x` the first words for the shell.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::confirm::dialog;
use super::rollout::Goal;
use crate::config::theme::Role;
use crate::domain::act::Change;
use crate::domain::deployment::Release;
use crate::domain::environment::Class;
use crate::domain::ids::{ContainerKey, EnvironmentId};
use crate::ui::look::Look;
use crate::ui::text::{put, wrapped};

/// What an answer brings about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Then {
    /// Show values that are masked.
    Unmask,
    /// Run the operator's own program of that number.
    Run(usize),
    /// Open a shell in this container.
    Shell(ContainerKey),
    /// Take the deployment back that is open.
    TakeBack,
    /// Go on with the deployment that was cut off.
    GoOn,
    /// Say what an environment is, then go on with what was wanted.
    Classify(EnvironmentId, Class, Wish),
    /// Leave it unclassified while this console runs, and go on with what was wanted.
    Leave(EnvironmentId, Wish),
}

/// What somebody wants that may change something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// This change.
    Change(Change),
    /// A shell in this container: whatever is done in it.
    Shell(ContainerKey),
    /// A deployment of the selected service, to that release if one is named.
    Rollout(Goal, Option<Release>),
}

/// One answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Its key.
    pub key: char,
    /// What it means.
    pub label: String,
    /// What it brings about.
    pub then: Then,
}

/// The question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// What it is about, and where.
    pub title: [String; 2],
    /// What is asked, each wrapped.
    pub lines: Vec<String>,
    /// The answers.
    pub choices: Vec<Choice>,
    /// From when on keys are answers; `None` until it was drawn.
    from: Option<Instant>,
    /// Keys that came too early.
    early: usize,
}

/// From the drawing, and from each key that came too early, to the first that is an answer.
const QUIET: Duration = Duration::from_millis(400);

impl Question {
    /// Not drawn yet.
    pub fn new(title: [String; 2], lines: Vec<String>, choices: Vec<Choice>) -> Self {
        Self { title, lines, choices, from: None, early: 0 }
    }

    /// It is on the screen, or something else lies over it.
    pub fn drawn(&mut self, is_seen: bool, now: Instant) {
        self.from = if is_seen { self.from.or(Some(now + QUIET)) } else { None };
    }

    /// Whether a key that is pressed now is an answer.
    pub fn is_open(&self, now: Instant) -> bool {
        self.from.is_some_and(|from| from <= now)
    }

    /// Takes note of a key; whether it is an answer. Whoever goes on typing has not read the question.
    pub fn takes_key(&mut self, now: Instant) -> bool {
        let is_open = self.is_open(now);
        if !is_open {
            self.early += 1;
            self.from = self.from.map(|_| now + QUIET);
        }
        is_open
    }

    fn hint(&self, now: Instant) -> String {
        let keys = if self.early == 1 { "1 key".to_owned() } else { format!("{} keys", self.early) };
        match (self.is_open(now), self.early) {
            (true, 0) => "Esc or Enter cancels, nothing happens".to_owned(),
            (true, _) => {
                format!("{keys} typed before this: no answer   Esc or Enter cancels, nothing happens")
            }
            (false, 0) => "read first: keys are taken in a moment".to_owned(),
            (false, _) => format!("{keys} typed before this: no answer"),
        }
    }

    /// The answer of that key.
    pub fn answer(&self, key: char) -> Option<&Then> {
        self.choices.iter().find(|choice| choice.key == key).map(|choice| &choice.then)
    }

    /// Draws it over the middle of `area`.
    pub fn draw(&self, look: &Look, area: Rect, now: Instant, buf: &mut Buffer) {
        let width = 70.min(area.width);
        let room = usize::from(width.saturating_sub(6));
        let lines: Vec<_> = self.lines.iter().flat_map(|line| wrapped(line, room, 0, 6)).collect();
        let height = (lines.len() + self.choices.len()) as u16 + 6;
        let parts = [self.title[0].as_str(), self.title[1].as_str()];
        let inner = dialog(buf, area, (width, height), parts, look);
        let mut y = inner.y + 1;
        // On a short screen the answers matter more than the words before them.
        let tail = self.choices.len() as u16 + 2;
        let most = inner.bottom().saturating_sub(tail + y);
        for line in lines.iter().take(usize::from(most)) {
            put(buf, inner.x + 2, y, inner.width.saturating_sub(4), line, look.style(Role::Text));
            y += 1;
        }
        y += u16::from(y + tail < inner.bottom());
        for choice in &self.choices {
            if y < inner.bottom() {
                let (key, text) =
                    if self.is_open(now) { (Role::Key, Role::Text) } else { (Role::Dim, Role::Dim) };
                put(buf, inner.x + 2, y, 1, &choice.key.to_string(), look.style(key));
                put(buf, inner.x + 5, y, inner.width.saturating_sub(7), &choice.label, look.style(text));
                y += 1;
            }
        }
        if y < inner.bottom() {
            put(
                buf,
                inner.x + 2,
                inner.bottom() - 1,
                inner.width.saturating_sub(4),
                &self.hint(now),
                look.style(Role::Dim),
            );
        }
    }
}
