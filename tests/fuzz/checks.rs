//! What must hold for any bytes at all; run by the fuzz targets and, over the kept corpus, by the ordinary tests.
//!
//! Never looks at what the bytes mean.

use pilothouse::logs::frames::{Demux, Form};
use pilothouse::logs::line::{Batch, SourceId};
use pilothouse::logs::{ansi, decode};

fn assert_harmless(text: &str) {
    let is_harmless = |c: char| {
        let is_bidi =
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        !c.is_control() && !is_bidi && !matches!(c, '\u{200b}' | '\u{feff}')
    };
    assert!(text.chars().all(is_harmless), "would reach the terminal: {text:?}");
}

/// Cleaned text holds no control, and the plain form shows the same text as the coloured one.
pub fn ansi(data: &[u8]) {
    let text: String = ansi::clean(data).iter().map(|span| span.text.as_ref()).collect();
    assert_harmless(&text);
    assert_eq!(text, ansi::shown(data));
}

/// Whatever a line is taken for, nothing panics and every part of it is harmless.
pub fn json_logfmt(data: &[u8]) {
    decode::level(data);
    let decoded = decode::decode(data);
    assert_harmless(&decoded.message);
    assert_harmless(decoded.time.as_deref().unwrap_or_default());
    for (key, value) in &decoded.fields {
        assert_harmless(key);
        assert_harmless(value);
    }
    if let Some(id) = decoded.correlation() {
        assert_harmless(id);
    }
}

/// The lines do not depend on how the bytes were cut into chunks; the first byte picks the cut.
pub fn frames(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    for form in [Form::Framed, Form::Raw] {
        let whole = lines(form, std::iter::once(bytes));
        assert_eq!(whole, lines(form, bytes.chunks(usize::from(*size).max(1))));
    }
}

fn lines<'a>(form: Form, chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<(Vec<u8>, i64)>, bool) {
    let (mut demux, mut out) = (Demux::new(SourceId(0), form), Batch::new());
    let mut is_broken = false;
    for chunk in chunks {
        is_broken |= demux.feed(chunk, &mut out).is_err();
    }
    demux.finish(&mut out);
    (out.iter().map(|line| (line.bytes.to_vec(), line.at_ns)).collect(), is_broken)
}
