//! The kept-up index against filtering everything anew.

use super::*;
use crate::logs::line::{Batch, Head, SourceId};
use proptest::prelude::*;

fn batch(words: &[u8]) -> Batch {
    let mut batch = Batch::new();
    for word in words {
        let level = if word % 3 == 0 { Level::Error } else { Level::Debug };
        batch.push(
            format!("line {word}").as_bytes(),
            Head { at_ns: i64::from(*word), level, ..Head::default() },
        );
    }
    batch
}

fn naive(filter: &Filter, buffer: &Buffer) -> Vec<i64> {
    let passes = |no: &i64| filter.passes(&buffer.line(*no).unwrap(), &Show::default());
    (buffer.first_no()..buffer.end_no()).filter(passes).collect()
}

fn shown(view: &View, buffer: &Buffer) -> Vec<i64> {
    (0..view.len(buffer)).map(|index| view.nth(buffer, index).unwrap()).collect()
}

#[test]
fn markers_pass_all_but_the_time_range() {
    let marker = Batch::marker(SourceId(0), 5, "exited");
    let line = marker.get(0).unwrap();
    let filter = Filter { min_level: Level::Fatal, correlation: Some("x".into()), ..Filter::default() };
    assert!(filter.passes(&line, &Show::default()));
    assert!(!Filter { since_ns: Some(6), ..filter }.passes(&line, &Show::default()));
}

#[test]
fn a_correlation_id_must_stand_alone() {
    assert!(has_word(br#"{"id":"ab-1"}"#, b"ab-1"));
    assert!(!has_word(b"ab-12 xab-1", b"ab-1"));
}

#[test]
fn a_line_without_a_level_counts_as_info() {
    let mut batch = Batch::new();
    batch.push(b"listening", Head::default());
    let line = batch.get(0).unwrap();
    assert!(Filter { min_level: Level::Info, ..Filter::default() }.passes(&line, &Show::default()));
    assert!(!Filter { min_level: Level::Warn, ..Filter::default() }.passes(&line, &Show::default()));
}

proptest! {
    #[test]
    fn it_shows_what_filtering_anew_would_show(
        steps in proptest::collection::vec((0..5_u8, proptest::collection::vec(any::<u8>(), 1..30)), 1..40),
        limit in 400..5000_usize, by in 0..4_u8,
    ) {
        let one = || vec![Matcher::new("1").unwrap()];
        let filter = match by {
            0 => Filter::default(),
            1 => Filter { min_level: Level::Warn, ..Filter::default() },
            2 => Filter { include: one(), since_ns: Some(20), until_ns: Some(200), ..Filter::default() },
            _ => Filter { exclude: one(), ..Filter::default() },
        };
        let (mut buffer, mut view) = (Buffer::new(limit), View::new(filter.clone(), Show::default()));
        for (step, words) in steps {
            match step {
                0 | 1 => buffer.push(batch(&words)),
                2 => drop(buffer.prepend(&batch(&words))),
                3 => {
                    while !view.sync_within(&buffer, 7) {}
                    prop_assert_eq!(shown(&view, &buffer), naive(&filter, &buffer));
                }
                _ => {
                    view.sync(&buffer);
                    prop_assert_eq!(shown(&view, &buffer), naive(&filter, &buffer));
                }
            }
        }
        view.sync(&buffer);
        prop_assert_eq!(shown(&view, &buffer), naive(&filter, &buffer));
        for (index, no) in naive(&filter, &buffer).into_iter().enumerate() {
            prop_assert_eq!(view.index_of(&buffer, no), index);
        }
    }
}
