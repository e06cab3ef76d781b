//! Framing: shapes the engine sends, shapes it must not send, and any chunking of both.

use super::*;
use proptest::prelude::*;

const T1: &str = "1970-01-01T00:00:00.000000001Z ";
const T2: &str = "1970-01-01T00:00:00.000000002Z ";

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    bytes.extend((payload.len() as u32).to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn stamped(kind: u8, stamp: &str, text: &[u8]) -> Vec<u8> {
    frame(kind, &[stamp.as_bytes(), text].concat())
}

type Seen = (Vec<u8>, i64, Stream, Level, Flags, u64);

fn run(form: Form, chunks: &[&[u8]]) -> (Vec<Seen>, Option<FrameError>) {
    let (mut demux, mut out) = (Demux::new(SourceId(1), form), Batch::new());
    let error = chunks.iter().find_map(|chunk| demux.feed(chunk, &mut out).err());
    demux.finish(&mut out);
    let seen = |line: crate::logs::line::LineRef<'_>| {
        (line.bytes.to_vec(), line.at_ns, line.stream, line.level, line.flags, line.cut_bytes)
    };
    (out.iter().map(seen).collect(), error)
}

fn texts(form: Form, bytes: &[u8]) -> Vec<(Vec<u8>, i64)> {
    run(form, &[bytes]).0.into_iter().map(|line| (line.0, line.1)).collect()
}

#[test]
fn frames_of_both_streams_become_lines_with_the_engines_time() {
    let bytes = [stamped(1, T1, b"one\n"), stamped(2, T2, b"ERROR two\r\n")].concat();
    let (lines, _) = run(Form::Framed, &[&bytes]);
    assert_eq!(lines[0], (b"one".to_vec(), 1, Stream::Stdout, Level::Unknown, Flags::NONE, 0));
    assert_eq!(lines[1], (b"ERROR two".to_vec(), 2, Stream::Stderr, Level::Error, Flags::NONE, 0));
}

#[test]
fn a_stream_that_stands_inside_a_frame_says_so() {
    let whole = stamped(1, T1, b"one\n");
    for end in 0..=whole.len() {
        let (mut demux, mut out) = (Demux::new(SourceId(1), Form::Framed), Batch::new());
        demux.feed(&whole[..end], &mut out).unwrap();
        assert_eq!(demux.is_in_frame(), end != 0 && end != whole.len(), "{end}");
    }
}

#[test]
fn partials_of_16_kib_are_joined_without_their_inner_timestamps() {
    let part = vec![b'x'; PARTIAL_BYTES];
    let framed = [
        stamped(1, T1, &part),
        stamped(2, T2, b"between\n"),
        stamped(1, T2, &part),
        stamped(1, T2, b"end\n"),
    ]
    .concat();
    let lines = texts(Form::Framed, &framed);
    assert_eq!(lines[0].0, b"between");
    assert_eq!((lines[1].0.len(), lines[1].1), (2 * PARTIAL_BYTES + 3, 1));
    let raw = [T1.as_bytes(), &part, T2.as_bytes(), &part, T2.as_bytes(), b"end\r\n"].concat();
    let lines = texts(Form::Raw, &raw);
    assert_eq!((lines[0].0.len(), lines[0].1), (2 * PARTIAL_BYTES + 3, 1));
}

#[test]
fn a_missing_timestamp_inherits_the_one_before_and_says_so() {
    let bytes = [stamped(1, T2, b"a\n"), frame(1, b"b\n")].concat();
    let (lines, _) = run(Form::Framed, &[&bytes]);
    assert_eq!((lines[1].1, lines[1].4), (2, Flags::NO_TIMESTAMP));
}

#[test]
fn nul_bytes_and_broken_utf8_are_kept() {
    let lines = texts(Form::Framed, &stamped(1, T1, b"a\0b\xff\xfe\n"));
    assert_eq!(lines, [(b"a\0b\xff\xfe".to_vec(), 1)]);
}

#[test]
fn an_endless_line_is_capped_and_the_rest_counted() {
    let part = vec![b'x'; PARTIAL_BYTES];
    let mut bytes: Vec<u8> = (0..70).flat_map(|_| stamped(1, T1, &part)).collect();
    bytes.extend(stamped(1, T2, b"\n"));
    let (lines, _) = run(Form::Framed, &[&bytes]);
    assert_eq!(lines[0].0.len(), MAX_LINE_BYTES);
    assert_eq!(lines[0].5, 6 * PARTIAL_BYTES as u64);
    assert!(lines[0].4.has(Flags::TRUNCATED));
}

#[test]
fn a_line_of_100_000_characters_is_whole() {
    let text = "ä".repeat(100_000) + "\n";
    let lines = texts(Form::Framed, &stamped(1, T1, text.as_bytes()));
    assert_eq!(lines[0].0.len(), 200_000);
}

#[test]
fn a_header_that_is_none_is_an_error_that_names_its_bytes() {
    let (lines, error) = run(Form::Framed, &[&stamped(1, T1, b"ok\n"), b"2026-01-"]);
    assert_eq!(lines.len(), 1);
    assert!(error.unwrap().to_string().contains("[32, 30, 32, 36, 2d, 30, 31, 2d]"));
    let (_, error) = run(Form::Framed, &[&[1, 0, 0, 0, 4, 0, 0, 1]]);
    assert_eq!(error, Some(FrameError::TooLong([1, 0, 0, 0, 4, 0, 0, 1], (64 << 20) + 1)));
}

#[test]
fn the_engines_own_error_is_a_marker() {
    let (lines, _) = run(Form::Framed, &[&frame(3, b"daemon broke\n")]);
    assert!(lines[0].4.has(Flags::MARKER));
    assert_eq!(lines[0].3, Level::Error);
}

#[test]
fn a_stack_frame_has_the_level_of_its_error() {
    for frame in [&b"\tat x.y\n"[..], b"at x.y\n", b"Caused by: z\n", b"Traceback (most recent call last):\n"]
    {
        let bytes =
            [stamped(2, T1, b"ERROR boom\n"), stamped(2, T1, frame), stamped(2, T1, b"next\n")].concat();
        let levels: Vec<_> = run(Form::Framed, &[&bytes]).0.into_iter().map(|line| line.3).collect();
        assert_eq!(levels, [Level::Error, Level::Error, Level::Unknown]);
    }
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(b"INFO hi\n".to_vec()),
        Just(vec![b'x'; PARTIAL_BYTES]),
        Just(vec![b'\n'; 3]),
    ];
    let stamp = prop_oneof![Just(""), Just(T1), Just(T2), Just("1970-01-01T02:00:00.5+02:00 ")];
    let one = (1..4_u8, stamp, text).prop_map(|(kind, stamp, text)| stamped(kind, stamp, &text));
    proptest::collection::vec(one, 0..12).prop_map(|frames| frames.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_chunking_gives_the_same_lines(
        bytes in stream(), sizes in proptest::collection::vec(1..50_usize, 1..20), raw in any::<bool>(),
    ) {
        let form = if raw { Form::Raw } else { Form::Framed };
        let (mut rest, mut chunks, mut sizes) = (&bytes[..], Vec::new(), sizes.into_iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().unwrap();
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert_eq!(run(form, &chunks), run(form, &[&bytes]));
    }

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        run(Form::Framed, &[&bytes]);
        run(Form::Raw, &[&bytes]);
    }
}
