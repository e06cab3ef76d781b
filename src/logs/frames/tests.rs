//! Frames in any chunking give the same lines; broken ones are errors, not panics.

use proptest::prelude::*;

use super::*;

const STAMP: &str = "2026-01-02T03:04:05.000000006Z ";

fn frame(kind: u8, text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
    bytes.extend_from_slice(text);
    bytes
}

fn lines(form: Form, chunks: &[&[u8]]) -> Vec<(Stream, i64, Vec<u8>)> {
    let (mut demux, mut out) = (Demux::new(SourceId(0), form), Batch::new());
    for chunk in chunks {
        demux.feed(chunk, &mut out).unwrap();
    }
    demux.finish(&mut out);
    out.iter().map(|l| (l.stream, l.at_ns, l.bytes.to_vec())).collect()
}

#[test]
fn both_streams_are_told_apart_and_the_stamp_is_taken_off() {
    let bytes = [frame(1, format!("{STAMP}out\n").as_bytes()), frame(2, format!("{STAMP}err\n").as_bytes())];
    let found = lines(Form::Framed, &[&bytes.concat()]);
    let at = 1_767_323_045_000_000_006;
    assert_eq!(found, [(Stream::Stdout, at, b"out".to_vec()), (Stream::Stderr, at, b"err".to_vec())]);
}

#[test]
fn a_line_split_at_16_kib_is_whole_again() {
    let parts = [vec![b'a'; 16384], vec![b'b'; 16384], b"c\n".to_vec()];
    let bytes: Vec<u8> = parts.iter().flat_map(|p| frame(1, &[STAMP.as_bytes(), p].concat())).collect();
    let found = lines(Form::Framed, &[&bytes]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2.len(), 32769);
    assert!(found[0].2.ends_with(b"bc"));
}

#[test]
fn nul_bytes_and_broken_utf8_stay_data() {
    let text = [STAMP.as_bytes(), b"a\0b\xff\n"].concat();
    assert_eq!(lines(Form::Framed, &[&frame(1, &text)])[0].2, b"a\0b\xff");
}

#[test]
fn a_terminal_has_no_frames() {
    let found = lines(Form::Raw, &[format!("{STAMP}hello\r\n").as_bytes()]);
    assert_eq!(found[0].2, b"hello");
}

#[test]
fn a_broken_header_is_an_error_that_stays() {
    let (mut demux, mut out) = (Demux::new(SourceId(0), Form::Framed), Batch::new());
    for _ in 0..2 {
        assert!(matches!(demux.feed(b"HTTP/1.1", &mut out), Err(FrameError::NoHeader(_))));
    }
    let mut demux = Demux::new(SourceId(0), Form::Framed);
    assert!(matches!(demux.feed(&[1, 0, 0, 0, 255, 0, 0, 0], &mut out), Err(FrameError::TooLong(..))));
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_lines(
        texts in prop::collection::vec((1..3_u8, "[a-z\n]{0,40}", any::<bool>()), 0..8),
        cuts in prop::collection::vec(1..20_usize, 1..40),
    ) {
        let bytes: Vec<u8> = texts
            .iter()
            .flat_map(|(kind, text, has_end)| {
                let end = if *has_end { "\n" } else { "" };
                frame(*kind, format!("{STAMP}{text}{end}").as_bytes())
            })
            .collect();
        let mut chunks = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        prop_assert_eq!(lines(Form::Framed, &chunks), lines(Form::Framed, &[&bytes]));
    }

    #[test]
    fn no_bytes_panic(chunks in prop::collection::vec(any::<Vec<u8>>(), 0..8), is_raw: bool) {
        let form = if is_raw { Form::Raw } else { Form::Framed };
        let (mut demux, mut out) = (Demux::new(SourceId(0), form), Batch::new());
        for chunk in &chunks {
            if demux.feed(chunk, &mut out).is_err() {
                break;
            }
        }
        demux.finish(&mut out);
    }
}
