//! What several hosts have, put together whatever is missing, torn or contradictory on each.

use chrono::DateTime;
use proptest::prelude::*;

use super::super::Who;
use super::super::form::{path, write};
use super::super::{Outcome, Subject};
use super::*;
use crate::domain::ids::EnvironmentId;

fn here() -> EnvironmentId {
    EnvironmentId::new("production")
}

fn host(name: &str) -> HostId {
    HostId::new(name)
}

fn begun(number: u32, roll: u64) -> Piece {
    Piece::Begun(Begun {
        number: RecordNumber(number),
        id: RecordId::new(roll),
        environment: "production".to_owned(),
        at: DateTime::from_timestamp(i64::from(number), 0).unwrap(),
        who: Who { name: "alice".to_owned(), ..Who::default() },
        act: "stop".to_owned(),
        on: vec![Subject::default()],
        more: 0,
        why: None,
    })
}

fn ended(number: u32, roll: u64) -> Piece {
    let at = DateTime::from_timestamp(i64::from(number) + 1, 0).unwrap();
    let (number, id) = (RecordNumber(number), RecordId::new(roll));
    Piece::Ended(Ended { number, id, at, outcome: Outcome::Done })
}

fn file(piece: &Piece) -> File {
    File { path: path(&here(), piece), bytes: write(piece) }
}

fn numbers(ledger: &Ledger) -> Vec<u32> {
    ledger.records.iter().map(|record| record.begun.number.0).collect()
}

fn of_one_host(files: Vec<File>) -> Ledger {
    union(&[(host("web1"), files)])
}

#[test]
fn a_record_has_the_end_that_another_host_has() {
    let ledger = union(&[(host("web1"), vec![file(&begun(1, 7))]), (host("web2"), vec![file(&ended(1, 7))])]);
    assert_eq!(ledger.records[0].end.as_ref().map(|(_, outcome)| outcome), Some(&Outcome::Done));
}

#[test]
fn what_a_host_lacks_is_told_and_handed_out_for_it() {
    let all = vec![file(&begun(1, 7)), file(&ended(1, 7))];
    let ledger = union(&[(host("web1"), all.clone()), (host("web2"), vec![all[0].clone()])]);
    assert_eq!(ledger.findings, [Finding::Behind(host("web2"), 1)]);
    assert_eq!(ledger.missing, BTreeMap::from([(host("web2"), vec![all[1].clone()])]));
}

#[test]
fn a_torn_file_is_left_out_and_leaves_no_gap() {
    let mut torn = file(&begun(2, 8));
    torn.bytes.truncate(60);
    let ledger = of_one_host(vec![file(&begun(1, 7)), torn.clone(), file(&begun(3, 9))]);
    assert_eq!(numbers(&ledger), [1, 3]);
    assert_eq!(ledger.findings, [Finding::Torn(host("web1"), torn.path)]);
}

#[test]
fn a_torn_file_is_mended_by_a_host_that_has_it_whole() {
    let whole = file(&begun(1, 7));
    let torn = File { bytes: whole.bytes[..60].to_vec(), ..whole.clone() };
    let ledger = union(&[(host("web1"), vec![torn]), (host("web2"), vec![whole.clone()])]);
    assert_eq!(ledger.missing, BTreeMap::from([(host("web1"), vec![whole])]));
}

#[test]
fn numbers_that_nobody_has_are_a_gap() {
    let ledger = of_one_host(vec![file(&begun(2, 7)), file(&begun(6, 8))]);
    let gap = |first, last| Finding::Gap(RecordNumber(first), RecordNumber(last));
    assert_eq!(ledger.findings, [gap(1, 1), gap(3, 5)]);
}

#[test]
fn the_last_of_all_numbers_is_no_loop_over_all_of_them() {
    let ledger = of_one_host(vec![file(&begun(u32::MAX, 7))]);
    assert_eq!(ledger.last, Some(RecordNumber(u32::MAX)));
    assert_eq!(ledger.last.and_then(RecordNumber::next), None);
}

#[test]
fn two_records_of_one_number_are_both_shown_and_told() {
    let ledger = union(&[(host("web1"), vec![file(&begun(1, 7))]), (host("web2"), vec![file(&begun(1, 8))])]);
    assert_eq!(numbers(&ledger), [1, 1]);
    let ids = vec![RecordId::new(7), RecordId::new(8)];
    assert!(ledger.findings.contains(&Finding::Shared(RecordNumber(1), ids)), "{:?}", ledger.findings);
}

#[test]
fn what_lost_its_number_is_no_record_and_no_gap() {
    let lost = Piece::Withdrawn { number: RecordNumber(1), id: RecordId::new(7) };
    let ledger = of_one_host(vec![file(&begun(1, 7)), file(&lost), file(&begun(2, 7))]);
    assert_eq!((numbers(&ledger), ledger.findings), (vec![2], vec![]));
}

#[test]
fn a_record_that_moved_on_when_a_host_was_lost_is_one_record() {
    let ledger = union(&[
        (host("web1"), vec![file(&begun(1, 7))]),
        (host("web2"), vec![file(&begun(2, 7)), file(&ended(2, 7))]),
    ]);
    assert_eq!(numbers(&ledger), [2]);
}

#[test]
fn a_piece_that_says_something_else_elsewhere_is_told() {
    let (one, Piece::Begun(other)) = (file(&begun(1, 7)), begun(1, 7)) else { unreachable!() };
    let other = Begun { act: "start".to_owned(), ..other };
    let other = File { bytes: write(&Piece::Begun(other)), ..one.clone() };
    let ledger = union(&[(host("web1"), vec![one.clone()]), (host("web2"), vec![other])]);
    assert_eq!(ledger.findings, [Finding::Differs(host("web2"), one.path)]);
}

#[test]
fn a_piece_under_a_foreign_name_does_not_count() {
    let foreign = File { path: "production/000009/00000000000000ff.begun".to_owned(), ..file(&begun(1, 7)) };
    let ledger = of_one_host(vec![foreign.clone()]);
    assert!(ledger.records.is_empty());
    assert!(ledger.findings.contains(&Finding::Torn(host("web1"), foreign.path)));
}

#[test]
fn a_newer_format_is_told_with_its_number() {
    let text = String::from_utf8(write(&begun(1, 7))).unwrap().replacen("pilothouse 1", "pilothouse 3", 1);
    let newer = File { bytes: text.into_bytes(), ..file(&begun(1, 7)) };
    assert_eq!(of_one_host(vec![newer]).newer, Some(3));
}

proptest! {
    /// Whoever holds which part: nothing is lost, and once each host got what it lacked they all say the same.
    #[test]
    fn hosts_that_were_down_at_times_are_level_once_they_caught_up(
        held in proptest::collection::vec((0..3_usize, any::<bool>(), any::<bool>()), 1..20)
    ) {
        let mut hosts: Vec<(HostId, Vec<File>)> = (0..3).map(|n| (host(&format!("web{n}")), Vec::new())).collect();
        for (number, (first, also_next, has_end)) in (1..).zip(&held) {
            let roll = u64::from(number);
            let pieces = [Some(begun(number, roll)), has_end.then(|| ended(number, roll))];
            for piece in pieces.into_iter().flatten() {
                hosts[*first].1.push(file(&piece));
                if *also_next {
                    hosts[(first + 1) % 3].1.push(file(&piece));
                }
            }
        }
        let before = union(&hosts);
        prop_assert_eq!(numbers(&before), (1..=held.len() as u32).collect::<Vec<_>>());
        for (name, files) in &mut hosts {
            files.extend(before.missing.get(name).cloned().unwrap_or_default());
        }
        let after = union(&hosts);
        prop_assert_eq!((&after.records, &after.findings), (&before.records, &vec![]));
    }

    #[test]
    fn whatever_files_there_are_none_is_taken_for_a_record(
        files in proptest::collection::vec(("[a-z0-9/.]{0,30}", proptest::collection::vec(any::<u8>(), 0..60)), 0..10)
    ) {
        let files = files.into_iter().map(|(path, bytes)| File { path, bytes }).collect();
        prop_assert_eq!(numbers(&of_one_host(files)), Vec::<u32>::new());
    }
}
