//! What a container printed, made safe for a terminal. Nothing that comes out of here can move a cursor, set a title,
//! change direction or hide.

use std::borrow::Cow;

/// The text without control sequences, control characters, bidi overrides and invisible characters.
/// Tabs become spaces to the next eighth column; other controls show as `·`. Borrowed where nothing had to change.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut cleaner = Cleaner { out: String::with_capacity(text.len()), column: 0 };
    let mut parser = vte::Parser::new();
    parser.advance(&mut cleaner, text.as_bytes());
    Cow::Owned(cleaner.out)
}

/// As [`plain`], of bytes that may be broken UTF-8: what is broken shows as U+FFFD.
pub fn plain_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => plain(text),
        Err(_) => Cow::Owned(plain(&String::from_utf8_lossy(bytes)).into_owned()),
    }
}

struct Cleaner {
    out: String,
    column: usize,
}

impl Cleaner {
    fn push(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }
}

impl vte::Perform for Cleaner {
    fn print(&mut self, c: char) {
        match c {
            // Bidi marks, embeddings, overrides and isolates; zero-width space and byte order mark.
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{feff}' | '\u{61c}' => {}
            '\u{2028}' | '\u{2029}' => self.push(' '),
            c if c.is_control() => self.push('·'),
            c => self.push(c),
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\t' => {
                for _ in 0..8 - self.column % 8 {
                    self.push(' ');
                }
            }
            b'\r' | b'\n' => self.push(' '),
            _ => self.push('·'),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_safe(c: char) -> bool {
        !c.is_control()
            && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    }

    #[test]
    fn escapes_that_act_on_a_terminal_vanish() {
        let hostile = [
            "\x1b]0;title\x07ok",
            "\x1b]52;c;aGVsbG8=\x1b\\ok",
            "\x1b[2J\x1b[H\x1b[31mok\x1b[0m",
            "\x1bP$q\"p\x1b\\ok",
            "\x1b(0ok\x1bc",
            "\u{9b}31mok",
            "\u{202e}ok\u{2066}",
        ];
        for text in hostile {
            let clean = plain(text);
            assert!(clean.contains("ok") && clean.chars().all(is_safe), "{text:?} became {clean:?}");
        }
    }

    #[test]
    fn tabs_become_spaces_and_other_controls_are_seen() {
        assert_eq!(plain("a\tb"), "a       b");
        assert_eq!(plain("a\0b"), "a·b");
        assert_eq!(plain_bytes(b"a\xffb"), "a\u{fffd}b");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_out(bytes: Vec<u8>) {
            prop_assert!(plain_bytes(&bytes).chars().all(is_safe));
        }

        #[test]
        fn no_text_around_escapes_is_dangerous(text in "[\\x00-\\x1f\\x7f-\\x9f\\[\\];0-9a-z\u{202e}]{0,60}") {
            prop_assert!(plain(&text).chars().all(is_safe));
        }
    }
}
