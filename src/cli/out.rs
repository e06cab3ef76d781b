//! What a command prints: text made safe, JSON one object a line, remarks on standard error. Never a control
//! character of somebody else's, in a pipe as on a terminal; colours of its own on a terminal only.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::failure::Failure;
use crate::logs::ansi;

/// What a word means; colour is only ever added to a word that says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// The thing itself.
    Bright,
    /// Heads, units, what is not pressing.
    Dim,
    /// Proven well.
    Good,
    /// May soon need somebody.
    Soon,
    /// Needs somebody.
    Bad,
}

impl Tone {
    /// The text in its colour.
    pub fn paint(self, text: &str) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Bright => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Soon => "33",
            Self::Bad => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Where a command prints to.
pub struct Out {
    to: io::BufWriter<io::Stdout>,
    /// Data is asked for as JSON.
    pub is_json: bool,
    /// Somebody looks at it.
    pub is_terminal: bool,
    /// Colours are shown.
    pub has_colour: bool,
}

impl Out {
    /// Standard output.
    pub fn new(is_json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let has_colour =
            is_terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { to: io::BufWriter::with_capacity(64 << 10, io::stdout()), is_json, is_terminal, has_colour }
    }

    /// Columns of the terminal, or what `COLUMNS` says of it; `None` in a pipe, where nothing is ever cut.
    pub fn width(&self) -> Option<usize> {
        if !self.is_terminal {
            return None;
        }
        let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let size = || crossterm::terminal::size().ok().map(|(width, _)| width);
        set.or_else(size).filter(|width| *width > 0).map(usize::from)
    }

    /// A line, made safe.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.safe(&format!("{}\n", ansi::plain(text)))
    }

    /// Text that is safe already: made of our own words and of what [`ansi`] cleaned.
    pub fn safe(&mut self, text: &str) -> Result<(), Failure> {
        written(self.to.write_all(text.as_bytes()))
    }

    /// Bytes as they are: what a container printed, where the operator asked for just that.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        written(self.to.write_all(bytes))
    }

    /// One object on a line of its own.
    pub fn json(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        let line = json_line(object)?;
        self.safe(&line)
    }

    /// In its colour, where colours are shown.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if self.has_colour { tone.paint(text) } else { text.to_owned() }
    }

    /// Hands everything over.
    pub fn flush(&mut self) -> Result<(), Failure> {
        written(self.to.flush())
    }
}

/// A reader that left is no failure of ours; anything else leaves somebody with half of what was asked for.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    result.map_err(|error| match Failure::from(error) {
        Failure::Io(error) => {
            Failure::Failed(format!("standard output: {error}; what was written is not all"))
        }
        other => other,
    })
}

/// One object as a line.
pub fn json_line(object: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(object).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(format!("{}\n", escaped(&text)))
}

/// JSON text in which every character that could act on a terminal is written as an escape.
///
/// Beside its line breaks JSON has such characters in strings only, so that the value stays the same.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && ansi::acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A remark for the operator on standard error, made safe line by line. Never part of the data.
pub fn remark(text: &str) {
    tracing::warn!("{text}");
    let lines: Vec<_> = text.lines().map(ansi::plain).collect();
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_reads_back_as_the_same_value() {
        let hostile = "a\u{1b}[2J\u{9b}31m\u{202e}\u{7f}\u{e0041}\u{2028}é\n";
        let text = escaped(&serde_json::to_string(hostile).unwrap());
        assert!(text.chars().all(|c| !ansi::acts(c)), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
