//! Nothing lost, nothing doubled, however a stream breaks or a page overlaps.

use super::*;
use crate::logs::line::Head;
use proptest::prelude::*;

fn batch(lines: &[(i64, &str)]) -> Batch {
    let mut batch = Batch::new();
    for (at_ns, text) in lines {
        batch.push(text.as_bytes(), Head { at_ns: *at_ns, source: SourceId(1), ..Head::default() });
    }
    batch
}

fn texts(batch: &Batch) -> Vec<String> {
    batch.iter().map(|line| String::from_utf8_lossy(line.bytes).into_owned()).collect()
}

#[test]
fn after_a_reconnect_lines_seen_before_are_dropped_as_often_as_they_were_seen() {
    let mut dedup = Dedup::new();
    dedup.pass(&mut batch(&[(1, "a"), (2, "b"), (2, "b"), (2, "c")]));
    assert_eq!(dedup.since_ns(), Some(2 - SLACK_NS));
    dedup.resume();
    let mut again = batch(&[(1, "a"), (2, "b"), (2, "b"), (2, "c"), (2, "b"), (3, "b")]);
    assert_eq!(dedup.pass(&mut again), 4);
    assert_eq!(texts(&again), ["b", "b"]);
}

#[test]
fn without_a_reconnect_equal_lines_are_kept() {
    let mut dedup = Dedup::new();
    let mut twice = batch(&[(1, "a"), (1, "a")]);
    assert_eq!(dedup.pass(&mut twice), 0);
    assert_eq!(twice.len(), 2);
}

#[test]
fn a_second_reconnect_knows_the_lines_that_came_between() {
    let mut dedup = Dedup::new();
    dedup.pass(&mut batch(&[(2, "b")]));
    dedup.resume();
    dedup.pass(&mut batch(&[(2, "b"), (2, "new")]));
    dedup.resume();
    let mut again = batch(&[(2, "b"), (2, "new"), (2, "newer")]);
    dedup.pass(&mut again);
    assert_eq!(texts(&again), ["newer"]);
}

#[test]
fn a_line_stamped_before_the_last_one_but_written_after_it_is_new() {
    let mut dedup = Dedup::new();
    dedup.pass(&mut batch(&[(5, "a")]));
    dedup.resume();
    let mut again = batch(&[(5, "a"), (4, "late"), (6, "b")]);
    dedup.pass(&mut again);
    assert_eq!(texts(&again), ["late", "b"]);
}

#[test]
fn lines_from_before_the_first_one_told_never_come_behind_it() {
    let mut dedup = Dedup::new();
    dedup.pass(&mut batch(&[(10, "first told"), (11, "second")]));
    dedup.resume();
    let mut again = batch(&[(8, "x"), (9, "y"), (10, "first told"), (11, "second"), (12, "third")]);
    dedup.pass(&mut again);
    assert!(dedup.has_met());
    assert_eq!(texts(&again), ["third"]);
    dedup.begin_at(20);
    dedup.pass(&mut batch(&[(20, "after what was left out")]));
    dedup.resume();
    let mut again = batch(&[(12, "third"), (15, "left out"), (20, "after what was left out"), (21, "new")]);
    dedup.pass(&mut again);
    assert_eq!(texts(&again), ["new"]);
}

#[test]
fn a_stream_that_does_not_reach_back_to_the_seam_is_known() {
    let mut dedup = Dedup::new();
    dedup.pass(&mut batch(&[(5, "a")]));
    dedup.resume();
    dedup.pass(&mut batch(&[(5 + 2 * SLACK_NS, "much later")]));
    assert!(!dedup.has_met());
    dedup.resume();
    dedup.pass(&mut batch(&[(5 + 2 * SLACK_NS, "much later")]));
    assert!(dedup.has_met());
}

fn log() -> impl Strategy<Value = Vec<(i64, u8)>> {
    // Times go up by 0 to 30 ms and now and then jump back a little, as two streams of one container do.
    proptest::collection::vec((0..30_i64, 0..3_u8, 0..10_i64), 1..120).prop_map(|steps| {
        let mut now = 1_000_000_000;
        let mut lines = Vec::new();
        for (step, text, back) in steps {
            now += step * 1_000_000;
            lines.push((now - back * 1_000_000, text));
        }
        lines
    })
}

fn of(lines: &[(i64, u8)]) -> Batch {
    let texts: Vec<_> = lines.iter().map(|(at, text)| (*at, text.to_string())).collect();
    batch(&texts.iter().map(|(at, text)| (*at, text.as_str())).collect::<Vec<_>>())
}

fn heads(batch: &Batch) -> Vec<(i64, u8)> {
    batch.iter().map(|line| (line.at_ns, line.bytes[0] - b'0')).collect()
}

proptest! {
    #[test]
    fn wherever_a_stream_breaks_each_line_comes_once_and_in_order(log in log(), cuts in proptest::collection::vec(0..120_usize, 0..5)) {
        let mut dedup = Dedup::new();
        let (mut shown, mut read_to) = (Vec::new(), 0);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(log.len())).collect();
        cuts.push(log.len());
        for cut in cuts {
            let since = dedup.since_ns().unwrap_or(0);
            // The engine gives what is stamped at or after `since`, in the order of the file.
            let written: Vec<_> = log[..cut.max(read_to)].iter().copied().filter(|(at, _)| *at >= since).collect();
            read_to = cut.max(read_to);
            dedup.resume();
            let mut answer = of(&written);
            dedup.pass(&mut answer);
            shown.extend(heads(&answer));
        }
        prop_assert_eq!(shown, log);
    }

    #[test]
    fn wherever_a_page_overlaps_each_line_is_held_once(log in log(), cut in 0..120_usize) {
        let cut = cut.min(log.len());
        let held = of(&log[cut..]);
        let edge = held.metas().iter().map(|meta| meta.at_ns).min().unwrap_or(i64::MAX);
        let until = edge.saturating_add(2 * SLACK_NS);
        let mut page = of(&log.iter().copied().filter(|(at, _)| *at <= until).collect::<Vec<_>>());
        Seam::of(held.iter().filter(|line| line.at_ns <= until)).drop_held(&mut page);
        let mut all = heads(&page);
        all.extend(heads(&held));
        let (mut all, mut wanted) = (all, log);
        all.sort_unstable();
        wanted.sort_unstable();
        prop_assert_eq!(all, wanted);
    }
}
