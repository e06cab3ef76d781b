//! A piece of a ledger as bytes: a head line with format and checksum, then JSON. What was torn is never taken for a
//! piece, and what a newer console wrote is never guessed at.
//!
//! ```text
//! pilothouse 1 <sha256 of the rest, 64 hexadecimal digits>
//! {"begun":{"number":42,…}}
//! ```
//!
//! The head line keeps this shape in every format to come.

use std::fmt::Write;

use super::{Piece, RecordId, RecordNumber};
use crate::domain::checksum::checksum;
use crate::domain::deployment::{Heading, Note, Phase};
use crate::domain::ids::EnvironmentId;

/// The format that is written, and the newest that is understood.
pub const FORMAT: u32 = 1;
/// Larger files are none of ours.
pub const MOST_BYTES: usize = 1 << 20;

const WORD: &str = "pilothouse";

/// What a file turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// A piece, whole.
    Whole(Box<Piece>),
    /// Whole, and of this newer format.
    Newer(u32),
    /// Cut off, changed, or never one of ours.
    Torn,
}

/// The bytes of a piece.
pub fn write(piece: &Piece) -> Vec<u8> {
    // Its maps have texts as keys and its numbers are whole: JSON has a form for each.
    let mut body = serde_json::to_vec(piece).unwrap_or_default();
    body.push(b'\n');
    let mut bytes = format!("{WORD} {FORMAT} {}\n", checksum(&body)).into_bytes();
    bytes.append(&mut body);
    bytes
}

/// Reads a file.
pub fn read(bytes: &[u8]) -> Reading {
    let Some((format, body)) = checked(bytes) else { return Reading::Torn };
    if format > FORMAT {
        return Reading::Newer(format);
    }
    serde_json::from_slice(body).map_or(Reading::Torn, |piece| Reading::Whole(Box::new(piece)))
}

/// Format and body of a file whose checksum is right.
fn checked(bytes: &[u8]) -> Option<(u32, &[u8])> {
    if bytes.len() > MOST_BYTES {
        return None;
    }
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let (head, body) = (std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]);
    let mut words = head.split(' ');
    let (word, format, sum) = (words.next()?, words.next()?, words.next()?);
    let format: u32 = format.parse().ok().filter(|format| *format > 0)?;
    let is_whole = word == WORD && words.next().is_none() && sum == checksum(body);
    is_whole.then_some((format, body))
}

/// Directory of an environment's ledger, one part of a path whatever its name holds.
pub fn directory(environment: &EnvironmentId) -> String {
    let mut out = String::new();
    for byte in environment.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => out.push(byte as char),
            // Writing to a string never fails.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

/// Directory of all pieces of one number, below that of its environment.
pub fn place(environment: &EnvironmentId, number: RecordNumber) -> String {
    format!("{}/{:06}", directory(environment), number.0)
}

/// Where a piece lies.
pub fn path(environment: &EnvironmentId, piece: &Piece) -> String {
    let of =
        |number, id: &RecordId, kind: &str| format!("{}/{}.{kind}", place(environment, number), id.as_str());
    match piece {
        Piece::Begun(begun) => of(begun.number, &begun.id, "begun"),
        Piece::Ended(ended) => of(ended.number, &ended.id, "ended"),
        Piece::Planned { number, id, .. } => of(*number, id, "planned"),
        Piece::Noted(note) => of(note.number, &note.id, &kind(note)),
        Piece::Withdrawn { number, id } => of(*number, id, "withdrawn"),
        Piece::Head { .. } => format!("{}/head", directory(environment)),
    }
}

/// What the file of a line of a journal ends with: in the order in which they are written.
pub fn kind(note: &Note) -> String {
    let heading = match note.heading {
        Heading::Forward => "forward",
        Heading::Back => "back",
    };
    let phase = match &note.phase {
        Phase::Intent => "intent",
        Phase::Done => "done",
        Phase::Failed(_) => "failed",
        Phase::Stopped(_) => "stopped",
        Phase::Printed(_) => "printed",
        Phase::TakenUp(by) => return format!("{:06}-taken-{}", note.epoch, by.as_str()),
        Phase::Asked(request) => {
            return format!("{:06}-asked-{:06}-{}", note.epoch, request.turn, request.id.as_str());
        }
    };
    format!("{:06}-{heading}-{:06}-{phase}", note.epoch, note.step)
}

/// Whether what lies there is a line of a journal.
pub fn is_journal(path: &str) -> bool {
    ![".begun", ".ended", ".planned", ".withdrawn", "/head"].iter().any(|kind| path.ends_with(kind))
}

/// Whether what lies there asks something of whoever is at work.
pub fn is_request(path: &str) -> bool {
    path.contains("-asked-")
}

#[cfg(test)]
mod tests;
