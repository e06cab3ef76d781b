//! What the checks of a rotating log find, leave out and mark.

use super::*;
use crate::logs::line::{Head, Stream};
use proptest::prelude::*;

const FILE: u64 = 64 << 10;
const US: i64 = 1_000;
const PER_FILE: usize = 500;

/// Lines by number, 10 µs apart, 70 bytes each.
fn lines(numbers: impl IntoIterator<Item = usize>) -> Batch {
    let mut batch = Batch::new();
    for number in numbers {
        let text = format!("{number:070}");
        batch.push(text.as_bytes(), Head { at_ns: at(number), ..Head::default() });
    }
    batch
}

fn at(number: usize) -> i64 {
    1_000_000_000_000 + number as i64 * 10 * US
}

fn numbers(batch: &Batch) -> Vec<usize> {
    batch.iter().map(|line| std::str::from_utf8(line.bytes).unwrap().parse().unwrap()).collect()
}

/// What is told in the end where a gap is answered from all lines still in the files.
fn told(watch: &mut Watch, batch: Batch, files: &[usize]) -> (Vec<usize>, usize, bool) {
    let (mut told, mut asked, mut met) = (Vec::new(), 0, true);
    let mut rest = batch;
    loop {
        let taken = watch.take(rest);
        told.extend(numbers(&taken.lines));
        let Some((gap, left)) = taken.gap else { return (told, asked, met) };
        asked += 1;
        let mut from_ns = gap.since_ns;
        loop {
            let wanted = files.iter().copied().filter(|n| at(*n) >= from_ns && at(*n) < gap.until_ns);
            let found = watch.take(lines(wanted));
            met &= found.has_met || from_ns > gap.since_ns || asked > 1;
            told.extend(numbers(&found.lines));
            // Files that were rotated while they were read are read anew.
            let Some((inner, _)) = found.gap else { break };
            (from_ns, asked) = (inner.since_ns, asked + 1);
        }
        watch.filled();
        rest = left;
    }
}

#[test]
fn a_file_that_was_left_out_is_asked_for_and_told_in_its_place() {
    let mut watch = Watch::new(FILE, at(0));
    let all: Vec<_> = (0..3 * PER_FILE).collect();
    let (first, ..) = told(&mut watch, lines(0..PER_FILE), &all);
    let (second, asked, met) = told(&mut watch, lines(2 * PER_FILE..3 * PER_FILE), &all);
    assert_eq!((asked, met), (1, true));
    assert_eq!([first, second].concat(), all);
}

#[test]
fn what_is_not_in_the_files_any_more_is_known_to_be_lost() {
    let mut watch = Watch::new(FILE, at(0));
    told(&mut watch, lines(0..PER_FILE), &[]);
    let left: Vec<_> = (8000..8000 + PER_FILE).collect();
    let (second, asked, met) = told(&mut watch, lines(8250..8000 + PER_FILE), &left);
    assert!(asked > 0 && !met);
    assert_eq!(second, left);
}

#[test]
fn a_file_that_is_told_twice_is_told_once() {
    let mut watch = Watch::new(FILE, at(0));
    let all: Vec<_> = (0..9000).collect();
    let (first, ..) = told(&mut watch, lines(0..8000), &all);
    let (second, asked, _) = told(&mut watch, lines(500..9000), &all);
    assert_eq!(asked, 0);
    assert_eq!([first, second].concat(), all);
}

#[test]
fn a_slow_log_with_pauses_is_never_asked_for() {
    let mut watch = Watch::new(FILE, at(0));
    for number in 0..2000_usize {
        let mut batch = Batch::new();
        let pause_ns = number as i64 * 200_000_000 + (number as i64 % 7) * 30_000_000;
        let text = format!("{number:070}");
        batch.push(text.as_bytes(), Head { at_ns: at(0) + pause_ns, ..Head::default() });
        assert!(watch.take(batch).gap.is_none(), "{number}");
    }
}

#[test]
fn what_was_read_of_the_past_is_never_asked_for() {
    let mut watch = Watch::new(FILE, at(1_000_000));
    told(&mut watch, lines(0..PER_FILE), &[]);
    assert!(watch.take(lines(40_000..41_000)).gap.is_none());
}

proptest! {
    #[test]
    fn however_files_are_left_out_or_repeated_every_line_is_told_once_and_in_order(
        steps in prop::collection::vec((0_usize..4, 0_usize..3), 1..12),
    ) {
        let mut watch = Watch::new(FILE, at(0));
        let all: Vec<_> = (0..PER_FILE * 64).collect();
        let (mut file, mut seen) = (0, Vec::new());
        for (skip, back) in steps {
            // A follower that never went ahead by a file has told all before.
            file = (file + skip).saturating_sub(back);
            let batch = lines(file * PER_FILE..(file + 1) * PER_FILE);
            seen.extend(told(&mut watch, batch, &all).0);
            file += 1;
        }
        let first = *seen.first().unwrap_or(&0);
        let last = *seen.last().unwrap_or(&0);
        prop_assert_eq!(seen, (first..=last).collect::<Vec<_>>());
    }
}

#[test]
fn lines_of_a_file_that_was_passed_by_are_not_told_behind_newer_ones() {
    let mut watch = Watch::new(FILE, at(0));
    told(&mut watch, lines(0..PER_FILE), &[]);
    // The file between is just being renamed, and in no answer.
    let (second, asked, _) = told(&mut watch, lines(2 * PER_FILE..3 * PER_FILE), &[]);
    assert!(asked > 0);
    assert_eq!(second, (2 * PER_FILE..3 * PER_FILE).collect::<Vec<_>>());
    let taken = watch.take(lines(PER_FILE + 200..4 * PER_FILE));
    assert_eq!(numbers(&taken.lines), (3 * PER_FILE..4 * PER_FILE).collect::<Vec<_>>());
    assert!(taken.has_late && taken.gap.is_none());
}

#[test]
fn another_stream_may_be_overtaken() {
    let mut watch = Watch::new(FILE, at(0));
    told(&mut watch, lines(0..PER_FILE), &[]);
    let mut late = Batch::new();
    let at_ns = at(PER_FILE - 2) + US;
    late.push(b"late", Head { at_ns, stream: Stream::Stderr, ..Head::default() });
    let taken = watch.take(late);
    assert!(taken.lines.len() == 1 && !taken.has_late);
}
