//! The palette: one line of input, and below what is typed whatever it may mean, the best first.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::input::Input;
use crate::action::Action;
use crate::config::keymap::{Chord, Code};
use crate::config::theme::Role;
use crate::domain::ids::{ContainerKey, EnvironmentId, HostId, ServiceId};
use crate::ui::frame;
use crate::ui::list::draw_selected;
use crate::ui::look::Look;
use crate::ui::text::{put, put_right};

/// What is behind a line of the palette.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Goal {
    /// Do it here.
    Action(Action),
    /// Run the operator's own program of that number.
    Own(usize),
    /// Do it to that container.
    Act(Action, ContainerKey),
    /// Show it.
    Environment(EnvironmentId),
    /// Show what runs there.
    Host(EnvironmentId, HostId),
    /// Show its containers.
    Service(EnvironmentId, ServiceId),
    /// Select it.
    Container(EnvironmentId, ContainerKey),
}

/// A line of the palette.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Where it leads.
    pub goal: Goal,
    /// What is searched, and what Tab completes to.
    pub name: String,
    /// What it is, in a few words.
    pub about: String,
    /// Its key, if it has one.
    pub key: String,
}

/// The view.
pub struct Palette {
    line: Input,
    found: Vec<Candidate>,
    selected: usize,
    top: usize,
}

/// What a key did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Closed, nothing is wanted.
    Closed,
    /// The text changed: find again.
    Changed,
    /// This is wanted, with what was typed behind the first word.
    Chosen(Goal, String),
    /// Nothing to do.
    Nothing,
}

impl Palette {
    /// Empty, offering these.
    pub fn new(found: Vec<Candidate>) -> Self {
        Self { line: Input::new(Action::Palette, ""), found, selected: 0, top: 0 }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.line.text()
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.line.paste(text);
    }

    /// What is offered for the text now, best first.
    pub fn offer(&mut self, found: Vec<Candidate>) {
        (self.found, self.selected, self.top) = (found, 0, 0);
    }

    /// Moves by that many lines.
    pub fn go(&mut self, by: isize, rows: u16) {
        let last = self.found.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        let rows = usize::from(rows).max(1);
        self.top = self.top.min(self.selected).max((self.selected + 1).saturating_sub(rows));
    }

    /// Takes a key; `rows` is how many lines are shown.
    pub fn key(&mut self, chord: Chord, rows: u16) -> Outcome {
        match chord.code {
            Code::Esc => return Outcome::Closed,
            Code::Up => self.go(-1, rows),
            Code::Down => self.go(1, rows),
            Code::PageUp => self.go(-(rows as isize), rows),
            Code::PageDown => self.go(rows as isize, rows),
            Code::Char('p') if chord.ctrl => self.go(-1, rows),
            Code::Char('n') if chord.ctrl => self.go(1, rows),
            Code::Tab => {
                let Some(candidate) = self.found.get(self.selected) else { return Outcome::Nothing };
                self.line = Input::new(Action::Palette, &format!("{} ", candidate.name));
                return Outcome::Changed;
            }
            Code::Enter => {
                let Some(candidate) = self.found.get(self.selected) else { return Outcome::Nothing };
                let behind = self.text().trim().split_once(' ').map_or("", |(_, rest)| rest.trim());
                return Outcome::Chosen(candidate.goal.clone(), behind.to_owned());
            }
            _ => {
                let before = self.text().to_owned();
                self.line.key(chord);
                return if self.text() == before { Outcome::Nothing } else { Outcome::Changed };
            }
        }
        Outcome::Nothing
    }

    /// Lines of the list on a screen of this height.
    pub fn rows(height: u16) -> u16 {
        height.saturating_sub(6).clamp(1, 14)
    }

    /// Draws the line into `foot` and the list above it; gives where the cursor stands.
    pub fn draw(&self, look: &Look, foot: Rect, buf: &mut Buffer) -> (u16, u16) {
        let rows = Self::rows(foot.bottom()).min(self.found.len().max(1) as u16).min(foot.y);
        let area = Rect { y: foot.y - rows, height: rows, ..foot };
        for y in area.y.saturating_sub(1)..area.bottom() {
            for x in area.left()..area.right() {
                buf[(x, y)].reset();
            }
            buf.set_style(Rect { y, height: 1, ..area }, look.style(Role::Raised));
        }
        if area.y > 0 {
            frame::line(buf, Rect { y: area.y - 1, height: 1, ..area }, look, Role::BorderFocus);
        }
        if self.found.is_empty() {
            put(buf, area.x + 2, area.y, area.width, "nothing is called that", look.style(Role::Dim));
        }
        for (i, candidate) in self.found.iter().enumerate().skip(self.top).take(usize::from(rows)) {
            let row = Rect { y: area.y + (i - self.top) as u16, height: 1, ..area };
            draw_candidate(candidate, row, look, buf, i == self.selected);
        }
        let cursor = self.line.draw(look, foot, buf);
        let count = format!("{} found ", self.found.len());
        let right = foot.right().saturating_sub(count.len() as u16);
        if cursor.0 + 2 < right {
            put_right(buf, foot.x, foot.y, foot.width, &count, look.style(Role::Dim));
        }
        cursor
    }
}

fn draw_candidate(candidate: &Candidate, row: Rect, look: &Look, buf: &mut Buffer, is_selected: bool) {
    if is_selected {
        draw_selected(buf, row, look, true);
    }
    let name = look.style(if is_selected { Role::Bright } else { Role::Text });
    let width = (row.width / 3).clamp(16, 32).min(row.width);
    put(buf, row.x + 2, row.y, width, &candidate.name, name);
    let key = row.width.saturating_sub(1);
    put_right(buf, row.x, row.y, key, &candidate.key, look.style(Role::Key));
    let room = row.width.saturating_sub(width + 5 + candidate.key.len() as u16);
    put(buf, row.x + width + 3, row.y, room, &candidate.about, look.style(Role::Dim));
}

/// Those that `text` may mean, best first; all in their order where it is empty.
pub fn best(text: &str, mut all: Vec<Candidate>) -> Vec<Candidate> {
    let text = text.trim();
    if text.is_empty() {
        return all;
    }
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut chars = Vec::new();
    let mut score = |haystack: &str| pattern.score(Utf32Str::new(haystack, &mut chars), &mut matcher);
    let mut found: Vec<_> = all
        .drain(..)
        .filter_map(|candidate| {
            // A name is what people type; words of the explanation are a help for who does not know it.
            // A container has two: its own, and the one with its host, as it is printed.
            let with_host = match &candidate.goal {
                Goal::Container(_, key) => format!("{}/{}", key.host, candidate.name),
                _ => String::new(),
            };
            let by_name = score(&candidate.name).max(score(&with_host)).map(|s| s * 4);
            let is_exact = [&candidate.name, &with_host].iter().any(|name| name.eq_ignore_ascii_case(text));
            let exact = u32::from(is_exact) * 10_000;
            let found = by_name.max(score(&candidate.about))?;
            Some((found + exact, candidate))
        })
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ContainerId;

    fn candidate(name: &str, about: &str) -> Candidate {
        Candidate {
            goal: Goal::Environment(EnvironmentId::new(name)),
            name: name.into(),
            about: about.into(),
            key: String::new(),
        }
    }

    #[test]
    fn a_name_beats_an_explanation_and_an_exact_name_beats_all() {
        let all = vec![
            candidate("restart", "stop and start it"),
            candidate("stop-all", "end them"),
            candidate("stop", "end it"),
        ];
        let names = |text| best(text, all.clone()).into_iter().map(|c| c.name).collect::<Vec<_>>();
        assert_eq!(names("stop"), ["stop", "stop-all", "restart"]);
        assert_eq!(names(""), ["restart", "stop-all", "stop"]);
        assert!(names("zzz").is_empty());
    }

    #[test]
    fn a_container_is_found_by_its_name_with_its_host() {
        let on = |host: &str| {
            let key = ContainerKey { host: HostId::new(host), id: ContainerId::new("c") };
            Candidate { goal: Goal::Container(EnvironmentId::new("e"), key), ..candidate("web-1", host) }
        };
        let found = best("web2/web-1", vec![on("web1"), on("web2")]);
        assert_eq!(found.iter().map(|c| &*c.about).collect::<Vec<_>>(), ["web2"]);
    }

    #[test]
    fn letters_left_out_are_forgiven() {
        let all = vec![candidate("web-42-blue-1", ""), candidate("worker-12-1", "")];
        assert_eq!(best("wb2", all)[0].name, "web-42-blue-1");
    }
}
