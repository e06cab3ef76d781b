//! Hostile and ordinary text, and that nothing dangerous ever comes out.

use super::*;
use proptest::prelude::*;

fn text(line: &[u8]) -> String {
    clean(line).iter().map(|span| span.text.as_ref()).collect()
}

#[test]
fn plain_ascii_is_borrowed() {
    assert!(matches!(clean(b"hello")[0].text, Cow::Borrowed("hello")));
    assert!(matches!(plain("grüße"), Cow::Borrowed(_)));
}

#[test]
fn colours_survive_as_values() {
    let spans = clean(b"\x1b[1;31mred\x1b[0m \x1b[38;5;200mx\x1b[48;2;1;2;3my\x1b[38:2::4:5:6mz");
    assert_eq!(spans[0].sgr, Sgr { fg: Some(Colour::Indexed(1)), bold: true, ..Sgr::default() });
    assert_eq!(spans[1].sgr, Sgr::default());
    assert_eq!(spans[2].sgr.fg, Some(Colour::Indexed(200)));
    assert_eq!(spans[3].sgr.bg, Some(Colour::Rgb(1, 2, 3)));
    assert_eq!(spans[4].sgr.fg, Some(Colour::Rgb(4, 5, 6)));
}

#[test]
fn everything_that_acts_on_a_terminal_is_dropped() {
    for (hostile, shown) in [
        (&b"a\x1b]52;c;aGk=\x07b"[..], "ab"),
        (b"a\x1b]0;title\x1b\\b", "ab"),
        (b"a\x1b[2J\x1b[10;10Hb", "ab"),
        (b"a\x1bP$qm\x1b\\b", "ab"),
        (b"a\x1b[\x1b[31mb", "ab"),
        (b"a\x1b[?1049hb\x1bc", "ab"),
        (b"a\xc2\x9b31mb", "a31mb"),
        (b"a\x9b31mb", "a\u{fffd}31mb"),
        ("a\u{202e}b\u{2066}\u{200b}\u{feff}c".as_bytes(), "abc"),
    ] {
        assert_eq!(text(hostile), shown, "{hostile:?}");
    }
}

#[test]
fn controls_become_visible_and_tabs_become_columns() {
    assert_eq!(text(b"a\0b\x08c\x7f"), "a·b·c·");
    assert_eq!(text(b"ab\tc"), "ab      c");
    assert_eq!(text(b"50%\r100%\r"), "50%·100%");
    assert_eq!(plain("a\r\nb\nc"), "a↵b↵c");
}

#[test]
fn a_picture_is_as_wide_as_its_characters_are_to_any_terminal() {
    use unicode_width::UnicodeWidthStr;
    for text in ["👩\u{200d}🚀", "❤\u{fe0f}", "👍🏽", "1\u{fe0f}\u{20e3}", "⌚\u{fe0e}", "🇩🇪"]
    {
        let shown = plain(text);
        assert_eq!(shown.width(), shown.chars().map(columns).sum::<usize>(), "{text} became {shown}");
    }
}

#[test]
fn text_in_the_colour_of_its_background_stays_legible() {
    assert_eq!(clean(b"\x1b[31;41msecret")[0].sgr.bg, None);
}

#[test]
fn plain_has_no_styles() {
    assert_eq!(plain("\u{1b}[31mx\u{1b}[0m"), "x");
}

fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() && !matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'))
        && text.chars().all(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..8),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        proptest::sample::select(vec![
            "\x1b", "\x1b[", "\x1b]52;", "\x1bP", "\u{9b}", "\u{202e}", "31m", "\x07", "\x7f", "\t"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_that_comes_out_can_act_on_a_terminal(bytes in hostile()) {
        prop_assert!(is_harmless(&text(&bytes)));
        prop_assert!(is_harmless(&plain(&String::from_utf8_lossy(&bytes))));
        prop_assert_eq!(text(&bytes), shown(&bytes));
    }
}
