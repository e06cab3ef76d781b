//! What is written reads back; whatever else lies there is never taken for a piece.

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::super::{Begun, Ended, Outcome, Subject, Who};
use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

prop_compose! {
    fn begun()(
        number in any::<u32>(), roll in any::<u64>(), texts in proptest::array::uniform6(".{0,40}"),
        seconds in 0..4_000_000_000_i64, more in 0..9_usize, why in proptest::option::of(".{0,20}"),
    ) -> Begun {
        let [environment, name, act, host, service, from] = texts;
        Begun {
            number: RecordNumber(number),
            id: RecordId::new(roll),
            environment,
            at: at(seconds),
            who: Who { name, from: Some(from), ..Who::default() },
            act,
            on: vec![Subject { host, service, ..Subject::default() }],
            more,
            why,
        }
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    let outcome = prop_oneof![
        Just(Outcome::Done),
        any::<i64>().prop_map(Outcome::Status),
        ".{0,40}".prop_map(Outcome::Failed)
    ];
    let ended = (any::<u32>(), any::<u64>(), outcome).prop_map(|(number, roll, outcome)| {
        Piece::Ended(Ended { number: RecordNumber(number), id: RecordId::new(roll), at: at(1), outcome })
    });
    let head = any::<u32>().prop_map(|number| Piece::Head { number: RecordNumber(number) });
    prop_oneof![begun().prop_map(Piece::Begun), ended, head]
}

proptest! {
    #[test]
    fn a_piece_reads_back_as_it_was_written(piece in piece()) {
        prop_assert_eq!(read(&write(&piece)), Reading::Whole(Box::new(piece)));
    }

    #[test]
    fn a_piece_that_was_cut_off_anywhere_is_torn(piece in piece(), share in 0.0..1.0) {
        let bytes = write(&piece);
        let end = (bytes.len() as f64 * share) as usize;
        prop_assert_eq!(read(&bytes[..end]), Reading::Torn);
    }

    #[test]
    fn a_piece_with_one_other_byte_is_never_another_piece(piece in piece(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = write(&piece);
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        // Only the format is not under the checksum; of a newer one nothing is read.
        prop_assert!(matches!(read(&bytes), Reading::Torn | Reading::Newer(_)));
    }

    #[test]
    fn whatever_lies_there_is_no_piece(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(read(&bytes), Reading::Torn);
    }

    #[test]
    fn an_environment_of_any_name_is_one_directory_of_its_own(a in ".{1,20}", b in ".{1,20}") {
        let (one, other) = (directory(&EnvironmentId::new(a.as_str())), directory(&EnvironmentId::new(b.as_str())));
        prop_assert!(!one.contains('/') && !one.starts_with('.') && one.is_ascii());
        prop_assert_eq!(one == other, a == b);
    }
}

#[test]
fn a_whole_piece_of_a_newer_format_is_told_apart_from_a_torn_one() {
    let body = b"whatever comes then\n";
    let newer = |sum: &str| [format!("{WORD} 2 {sum}\n").as_bytes(), body].concat();
    assert_eq!(read(&newer(&checksum(body))), Reading::Newer(2));
    assert_eq!(read(&newer(&checksum(b"something else"))), Reading::Torn);
}

#[test]
fn the_bytes_of_a_record_are_these() {
    let begun = Begun {
        number: RecordNumber(42),
        id: RecordId::new(0xab),
        environment: "production".to_owned(),
        at: at(1_700_000_000),
        who: Who {
            name: "alice".to_owned(),
            login: "deploy".to_owned(),
            machine: "box".to_owned(),
            from: Some("10.0.0.7".to_owned()),
        },
        act: "stop".to_owned(),
        on: vec![Subject { host: "web1".to_owned(), name: "web-1".to_owned(), ..Subject::default() }],
        more: 0,
        why: None,
    };
    let piece = Piece::Begun(begun);
    assert_eq!(path(&EnvironmentId::new("a/.."), &piece), "a%2F%2E%2E/000042/00000000000000ab.begun");
    let text = String::from_utf8(write(&piece)).unwrap();
    assert_eq!(
        text,
        "pilothouse 1 SUM\n\
         {\"begun\":{\"number\":42,\"id\":\"00000000000000ab\",\"environment\":\"production\",\
         \"at\":\"2023-11-14T22:13:20Z\",\"who\":{\"name\":\"alice\",\"login\":\"deploy\",\"machine\":\"box\",\
         \"from\":\"10.0.0.7\"},\"act\":\"stop\",\"on\":[{\"host\":\"web1\",\"kind\":\"\",\"service\":\"\",\
         \"name\":\"web-1\",\"id\":\"\"}],\"more\":0,\"why\":null}}\n"
            .replace("SUM", &checksum(text.split_once('\n').unwrap().1.as_bytes()))
    );
}
