//! Order, patience and completeness of the merge.

use super::*;
use crate::logs::line::Head;
use proptest::prelude::*;

const MS: i64 = 1_000_000;

fn batch(source: u16, times: &[i64]) -> Batch {
    let mut batch = Batch::new();
    for at_ns in times {
        let head = Head { at_ns: *at_ns, source: SourceId(source), ..Head::default() };
        batch.push(format!("{source}:{at_ns}").as_bytes(), head);
    }
    batch
}

fn drain(merge: &mut Merge, now_ns: i64) -> Vec<i64> {
    let mut times = Vec::new();
    while let Some(batch) = merge.poll(now_ns) {
        times.extend(batch.iter().map(|line| line.at_ns));
    }
    times
}

fn two() -> Merge {
    let mut merge = Merge::new(MAX_WINDOW, 10_000);
    merge.add(SourceId(1));
    merge.add(SourceId(2));
    merge
}

#[test]
fn a_single_source_passes_at_once() {
    let mut merge = Merge::new(MAX_WINDOW, 10);
    merge.push(SourceId(1), batch(1, &[3, 1]), 0);
    assert_eq!(drain(&mut merge, 0), [3, 1]);
    assert_eq!(merge.next_deadline(), None);
}

#[test]
fn lines_wait_for_the_silent_source_but_not_longer_than_the_window() {
    let mut merge = two();
    merge.push(SourceId(1), batch(1, &[5]), 0);
    assert!(drain(&mut merge, 99 * MS).is_empty());
    assert_eq!(merge.next_deadline(), Some(100 * MS));
    merge.push(SourceId(2), batch(2, &[4]), 99 * MS);
    assert_eq!(drain(&mut merge, 99 * MS), [4]);
    assert_eq!(drain(&mut merge, 100 * MS), [5]);
}

#[test]
fn a_late_line_comes_after_what_was_shown() {
    let mut merge = two();
    merge.push(SourceId(1), batch(1, &[5]), 0);
    assert_eq!(drain(&mut merge, 100 * MS), [5]);
    merge.push(SourceId(2), batch(2, &[1]), 101 * MS);
    assert_eq!(drain(&mut merge, 201 * MS), [1]);
}

#[test]
fn lines_of_a_clock_that_is_ahead_stand_where_they_happened() {
    let mut merge = two();
    let mut ahead = batch(2, &[14]);
    ahead.take_off(10);
    merge.push(SourceId(1), batch(1, &[5]), 0);
    merge.push(SourceId(2), ahead, 0);
    assert_eq!(drain(&mut merge, 100 * MS), [4, 5]);
}

#[test]
fn beyond_the_line_limit_only_the_surplus_goes_early() {
    let mut merge = Merge::new(MAX_WINDOW, 2);
    merge.add(SourceId(2));
    merge.push(SourceId(1), batch(1, &[1, 2, 3, 4]), 0);
    assert_eq!(drain(&mut merge, 0), [1, 2]);
    assert_eq!(merge.pending_lines(), 2);
}

#[test]
fn nobody_waits_for_a_source_that_ended() {
    let mut merge = two();
    merge.push(SourceId(1), batch(1, &[5]), 0);
    merge.remove(SourceId(2));
    assert_eq!(drain(&mut merge, 0), [5]);
}

proptest! {
    #[test]
    fn in_window_lines_come_out_complete_and_in_order(
        mut times in proptest::collection::vec(proptest::collection::vec(0..1000_i64, 1..40), 2..5),
        cut in 1..10_usize,
        clocks in proptest::array::uniform5(-1_000_000..1_000_000_i64),
    ) {
        let mut merge = Merge::new(MAX_WINDOW, 100_000);
        for (source, own) in times.iter_mut().enumerate() {
            own.sort_unstable();
            merge.add(SourceId(source as u16));
        }
        let (mut shown, mut now) = (Vec::new(), 0);
        let rounds = times.iter().map(|own| own.len().div_ceil(cut)).max().unwrap();
        for round in 0..rounds {
            for (source, own) in times.iter().enumerate() {
                if let Some(part) = own.chunks(cut).nth(round) {
                    // As that host's clock stamps them.
                    let stamped: Vec<_> = part.iter().map(|at_ns| at_ns + clocks[source]).collect();
                    let mut batch = batch(source as u16, &stamped);
                    batch.take_off(clocks[source]);
                    merge.push(SourceId(source as u16), batch, now);
                }
            }
            now += MS;
            shown.extend(drain(&mut merge, now));
        }
        shown.extend(drain(&mut merge, now + 100 * MS));
        let mut wanted = times.concat();
        wanted.sort_unstable();
        prop_assert_eq!(shown, wanted);
        prop_assert_eq!(merge.pending_lines(), 0);
    }

    #[test]
    fn whatever_comes_each_line_goes_out_once_in_its_sources_order(
        pushes in proptest::collection::vec((0..4_u16, proptest::collection::vec(0..1000_i64, 1..9), 0..80_i64), 1..40),
        max_lines in 0..30_usize,
    ) {
        let mut merge = Merge::new(MAX_WINDOW, max_lines);
        let (mut shown, mut wanted, mut now) = (Vec::new(), vec![Vec::new(); 4], 0);
        for (source, times, wait) in pushes {
            merge.push(SourceId(source), batch(source, &times), now);
            wanted[source as usize].extend(times);
            now += wait * MS;
            while let Some(batch) = merge.poll(now) {
                shown.extend(batch.iter().map(|line| (line.source.0, line.at_ns)));
            }
        }
        while let Some(batch) = merge.poll(now + 100 * MS) {
            shown.extend(batch.iter().map(|line| (line.source.0, line.at_ns)));
        }
        for (source, wanted) in wanted.into_iter().enumerate() {
            let own: Vec<i64> = shown.iter().filter(|line| line.0 as usize == source).map(|line| line.1).collect();
            prop_assert_eq!(own, wanted);
        }
    }
}
