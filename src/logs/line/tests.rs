//! Lines and batches keep what they were given, and count what they cut.

use super::*;

#[test]
fn a_meta_is_24_bytes() {
    assert_eq!(size_of::<Meta>(), 24);
}

#[test]
fn a_line_beyond_the_cap_is_cut_and_the_rest_counted() {
    let mut batch = Batch::new();
    batch.push(&vec![b'x'; MAX_LINE_BYTES + 7], Head::default());
    batch.push(b"next", Head::default());
    let long = batch.get(0).unwrap();
    assert_eq!((long.bytes.len(), long.cut_bytes), (MAX_LINE_BYTES, 7));
    assert!(long.flags.has(Flags::TRUNCATED));
    assert_eq!(batch.get(1).unwrap().bytes, b"next");
}

#[test]
fn around_a_line_there_are_lines_on_both_sides_within_the_room() {
    let mut batch = Batch::new();
    for number in 0..100 {
        batch.push(&[number; 10], Head::default());
    }
    for index in [0, 3, 50, 97, 99] {
        let (kept, place) = batch.around(index, 34 * 11);
        assert_eq!(kept.get(place).unwrap().bytes[0] as usize, index);
        assert!((10..=11).contains(&kept.len()), "{index}: {}", kept.len());
    }
    let (kept, place) = batch.around(50, 34 * 11);
    assert!(place >= 4 && kept.len() - place >= 4);
    assert_eq!(batch.around(50, usize::MAX).0.len(), 100);
    assert_eq!(batch.around(50, 0).0.len(), 1);
}

#[test]
fn a_marker_says_that_it_is_one() {
    let batch = Batch::marker(SourceId(3), 5, "3.2 s skipped");
    let line = batch.get(0).unwrap();
    assert!(line.is_marker());
    assert_eq!((line.bytes, line.at_ns, line.source), (&b"3.2 s skipped"[..], 5, SourceId(3)));
}
