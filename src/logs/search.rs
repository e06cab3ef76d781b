//! Going to the next line that matches in what a view shows.
//!
//! Never wraps round and never scans beyond what it is given: the caller decides both.

#[cfg(test)]
mod tests;

pub use super::matcher::{Matcher, PatternError};

use super::buffer::Buffer;
use super::view::View;

/// Which way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards newer lines.
    Forward,
    /// Towards older lines.
    Backward,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nearest {
    /// The line of that number.
    Line(i64),
    /// No line that way matches.
    Nothing,
    /// None of those that were looked at matches, and there are more.
    Unknown,
}

/// The nearest visible line that matches, beyond line `from_no`, which itself is not looked at; of no more than
/// `most_lines`.
pub fn next(
    view: &View,
    buffer: &Buffer,
    matcher: &Matcher,
    from_no: i64,
    direction: Direction,
    most_lines: usize,
) -> Nearest {
    let show = view.show();
    let is_hit = |index: &usize| view.get(buffer, *index).is_some_and(|line| show.is_hit(matcher, &line));
    let (found, count) = match direction {
        Direction::Forward => {
            let all = view.index_of(buffer, from_no.saturating_add(1))..view.len(buffer);
            (all.clone().take(most_lines).find(is_hit), all.len())
        }
        Direction::Backward => {
            let all = 0..view.index_of(buffer, from_no);
            (all.clone().rev().take(most_lines).find(is_hit), all.len())
        }
    };
    match found.and_then(|index| view.nth(buffer, index)) {
        Some(number) => Nearest::Line(number),
        None if count > most_lines => Nearest::Unknown,
        None => Nearest::Nothing,
    }
}
