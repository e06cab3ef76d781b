//! The search against looking at every line.

use super::*;
use crate::logs::line::{Batch, Head};
use crate::logs::show::Show;
use crate::logs::view::Filter;
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_nearest_hit_is_found_both_ways(lines in proptest::collection::vec("[a-d]{0,3}", 1..60), from in -5..70_i64, hides in any::<bool>()) {
        let (mut buffer, mut batch) = (Buffer::default(), Batch::new());
        for line in &lines {
            batch.push(line.as_bytes(), Head::default());
        }
        buffer.push(batch);
        let exclude = if hides { vec![Matcher::new("d").unwrap()] } else { Vec::new() };
        let mut view = View::new(Filter { exclude, ..Filter::default() }, Show::default());
        view.sync(&buffer);
        let matcher = Matcher::new("ab|c").unwrap();
        let is_hit = |no: &i64| {
            let line = &lines[*no as usize];
            (line.contains("ab") || line.contains('c')) && !(hides && line.contains('d'))
        };
        let hits: Vec<i64> = (0..lines.len() as i64).filter(is_hit).collect();
        let all = |found: Option<i64>| found.map_or(Nearest::Nothing, Nearest::Line);
        let forward = all(hits.iter().copied().find(|no| *no > from));
        let backward = all(hits.iter().copied().rev().find(|no| *no < from));
        let next = |direction, most| next(&view, &buffer, &matcher, from, direction, most);
        prop_assert_eq!(next(Direction::Forward, usize::MAX), forward);
        prop_assert_eq!(next(Direction::Backward, usize::MAX), backward);
        for (direction, wanted) in [(Direction::Forward, forward), (Direction::Backward, backward)] {
            let few = next(direction, 5);
            prop_assert!(few == wanted || few == Nearest::Unknown, "{few:?} {wanted:?}");
        }
    }
}
