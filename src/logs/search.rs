//! Going to the next line that matches, in what a view shows or in batches straight from the engine.
//!
//! Never wraps round and never scans beyond what it is given: the caller decides both.

#[cfg(test)]
mod tests;

pub use super::matcher::{Matcher, PatternError};

use super::buffer::Buffer;
use super::line::Batch;
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
    let is_hit = |index: &usize| view.get(buffer, *index).is_some_and(|line| matcher.is_match(line.bytes));
    let found = match direction {
        Direction::Forward => {
            (view.index_of(buffer, from_no.saturating_add(1))..view.len(buffer)).find(is_hit)
        }
        Direction::Backward => (0..view.index_of(buffer, from_no)).rev().find(is_hit),
    };
    view.nth(buffer, found?)
}

/// Indexes of the lines of a batch that match, for a search over all of a log as it streams by.
pub fn hits_in_batch<'a>(matcher: &'a Matcher, batch: &'a Batch) -> impl Iterator<Item = usize> + 'a {
    batch.iter().enumerate().filter(|(_, line)| matcher.is_match(line.bytes)).map(|(index, _)| index)
}
