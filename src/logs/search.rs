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

/// Number of the nearest visible line that matches, beyond line `from_no`, which itself is not looked at.
pub fn next(
    view: &View,
    buffer: &Buffer,
    matcher: &Matcher,
    from_no: i64,
    direction: Direction,
) -> Option<i64> {
    let show = view.show();
    let is_hit = |index: &usize| view.get(buffer, *index).is_some_and(|line| show.is_hit(matcher, &line));
    let found = match direction {
        Direction::Forward => {
            (view.index_of(buffer, from_no.saturating_add(1))..view.len(buffer)).find(is_hit)
        }
        Direction::Backward => (0..view.index_of(buffer, from_no)).rev().find(is_hit),
    };
    view.nth(buffer, found?)
}
