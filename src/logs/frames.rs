//! The engine's log stream into lines: frames of an 8-byte header and a payload, or the bare bytes of a terminal.
//!
//! Takes any chunking of the bytes and gives the same lines. Never allocates per line, never panics on what it is fed.

mod stamp;
#[cfg(test)]
mod tests;

use super::decode;
use super::line::{Batch, Flags, Head, Level, MAX_LINE_BYTES, SourceId, Stream};
use thiserror::Error;

/// A payload longer than this is taken for a broken stream: the engine splits lines at 16 KiB.
pub const MAX_FRAME_BYTES: u32 = 64 << 20;

// Engine, daemon/logger/copier.go: a line is cut into messages of 16 KiB, each stamped on its own.
const PARTIAL_BYTES: usize = 16 * 1024;

/// How the bytes are wrapped. Engine API, `GET /containers/{id}/logs`: framed unless the container has a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Stream type, 3 zero bytes, big-endian length, payload.
    Framed,
    /// Nothing but the text (`Config.Tty`).
    Raw,
}

/// The stream is not what the engine documents; reading on would show garbage as lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The first four bytes of a header name no stream.
    #[error("log stream is broken: {0:02x?} is no frame header; is the container's terminal setting stale?")]
    NoHeader([u8; 8]),
    /// The length is beyond [`MAX_FRAME_BYTES`].
    #[error("log stream is broken: frame header {0:02x?} announces {1} bytes")]
    TooLong([u8; 8], u32),
}

/// Turns one container's log stream into lines. The stream must have been asked for with `timestamps=1`.
#[derive(Debug)]
pub struct Demux {
    form: Form,
    source: SourceId,
    sides: [Side; 3],
    current: usize,
    header: [u8; 8],
    header_len: usize,
    left: usize,
    last_ns: i64,
    failed: Option<FrameError>,
}

/// What one of the streams has of a line that is not finished yet.
#[derive(Debug, Default)]
struct Side {
    line: Vec<u8>,
    is_open: bool,
    // Where the current frame's bytes begin in `line`, while its timestamp is still among them.
    stamp_at: Option<usize>,
    at_ns: Option<i64>,
    cut_bytes: u64,
    level: Level,
}

const STDOUT: usize = 0;
const STDERR: usize = 1;
// Engine, pkg/stdcopy: stream type 3 carries the daemon's own error message.
const SYSTEM: usize = 2;

impl Demux {
    /// For one stream, from its first byte.
    pub fn new(source: SourceId, form: Form) -> Self {
        let mut sides = <[Side; 3]>::default();
        for side in &mut sides {
            side.stamp_at = Some(0);
        }
        Self {
            form,
            source,
            sides,
            current: STDOUT,
            header: [0; 8],
            header_len: 0,
            left: 0,
            last_ns: 0,
            failed: None,
        }
    }

    /// Appends the lines that `chunk` completes to `out`. After an error every further call gives the same error.
    pub fn feed(&mut self, mut chunk: &[u8], out: &mut Batch) -> Result<(), FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.form == Form::Raw {
            self.payload(chunk, out);
            return Ok(());
        }
        while !chunk.is_empty() {
            if self.left == 0 && !self.take_header(&mut chunk)? {
                return Ok(());
            }
            let (payload, rest) = chunk.split_at(chunk.len().min(self.left));
            self.left -= payload.len();
            chunk = rest;
            self.payload(payload, out);
            if self.left == 0 {
                self.end_frame();
            }
        }
        Ok(())
    }

    /// Emits what has no line end yet: when the stream ended, or the container stopped.
    pub fn finish(&mut self, out: &mut Batch) {
        for side in [STDOUT, STDERR, SYSTEM] {
            if self.sides[side].is_open {
                self.current = side;
                self.emit_open(out);
            }
        }
    }

    /// Whether the stream stands in the middle of a frame: one that ends there was cut off.
    pub fn is_in_frame(&self) -> bool {
        self.left > 0 || self.header_len > 0
    }

    /// True once a header is complete and valid.
    fn take_header(&mut self, chunk: &mut &[u8]) -> Result<bool, FrameError> {
        let taken = chunk.len().min(8 - self.header_len);
        self.header[self.header_len..self.header_len + taken].copy_from_slice(&chunk[..taken]);
        self.header_len += taken;
        *chunk = &chunk[taken..];
        if self.header_len < 8 {
            return Ok(false);
        }
        self.header_len = 0;
        let [kind, zero @ .., a, b, c, d] = self.header;
        let length = u32::from_be_bytes([a, b, c, d]);
        self.current = match (kind, zero) {
            // Engine API, attach: type 0 is stdin "written on stdout".
            (0 | 1, [0, 0, 0]) => STDOUT,
            (2, [0, 0, 0]) => STDERR,
            (3, [0, 0, 0]) => SYSTEM,
            _ => return self.fail(FrameError::NoHeader(self.header)),
        };
        if length > MAX_FRAME_BYTES {
            return self.fail(FrameError::TooLong(self.header, length));
        }
        self.left = length as usize;
        let side = &mut self.sides[self.current];
        side.stamp_at = Some(side.line.len());
        Ok(true)
    }

    fn fail(&mut self, error: FrameError) -> Result<bool, FrameError> {
        self.failed = Some(error);
        Err(error)
    }

    fn payload(&mut self, mut bytes: &[u8], out: &mut Batch) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (text, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.sides[self.current].is_open || text.len() > PARTIAL_BYTES {
                self.append(text);
                self.emit_open(out);
            } else {
                // The common case: a whole line in one chunk goes straight into the arena.
                let (at_ns, text) = match stamp::parse(text) {
                    Some((at_ns, length)) => (Some(at_ns), &text[length..]),
                    None => (None, text),
                };
                self.emit(text, at_ns, 0, out);
            }
        }
        if !bytes.is_empty() {
            self.append(bytes);
        }
    }

    /// The frame is over: whatever waits for more of a timestamp will get no more.
    fn end_frame(&mut self) {
        let side = &mut self.sides[self.current];
        if side.is_open {
            side.take_stamp();
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        let side = &mut self.sides[self.current];
        match self.form {
            Form::Framed => side.append(bytes),
            Form::Raw => side.append_raw(bytes),
        }
    }

    fn emit_open(&mut self, out: &mut Batch) {
        let side = &mut self.sides[self.current];
        side.take_stamp();
        let mut line = std::mem::take(&mut side.line);
        let (at_ns, cut_bytes) = (side.at_ns.take(), std::mem::take(&mut side.cut_bytes));
        side.is_open = false;
        self.emit(&line, at_ns, cut_bytes, out);
        line.clear();
        // A line of 1 MiB must not hold its memory for the rest of the stream.
        line.shrink_to(4 * PARTIAL_BYTES);
        let side = &mut self.sides[self.current];
        side.line = line;
        side.stamp_at = Some(0);
    }

    fn emit(&mut self, text: &[u8], at_ns: Option<i64>, cut_bytes: u64, out: &mut Batch) {
        let text = match text {
            [head @ .., b'\r'] if cut_bytes == 0 => head,
            _ => text,
        };
        let side = &mut self.sides[self.current];
        side.level = match decode::level(text) {
            // The rest of a stack trace belongs to the line that began it.
            Level::Unknown if decode::is_continuation(text) => side.level,
            level => level,
        };
        let mut flags = if self.current == SYSTEM { Flags::MARKER } else { Flags::NONE };
        if at_ns.is_none() {
            flags = flags.with(Flags::NO_TIMESTAMP);
        }
        self.last_ns = at_ns.unwrap_or(self.last_ns);
        let stream = if self.current == STDOUT { Stream::Stdout } else { Stream::Stderr };
        let level = if self.current == SYSTEM { Level::Error } else { side.level };
        out.push(text, Head { at_ns: self.last_ns, source: self.source, stream, level, flags, cut_bytes });
    }
}

impl Side {
    fn append(&mut self, mut bytes: &[u8]) {
        self.is_open = true;
        if let Some(start) = self.stamp_at {
            // Wait for the whole timestamp, however the chunks are cut.
            let missing = (start + stamp::LONGEST).saturating_sub(self.line.len());
            let (head, rest) = bytes.split_at(missing.min(bytes.len()));
            self.line.extend_from_slice(head);
            bytes = rest;
            if head.len() == missing {
                self.take_stamp();
            }
        }
        let kept = bytes.len().min(MAX_LINE_BYTES.saturating_sub(self.line.len()));
        self.line.extend_from_slice(&bytes[..kept]);
        self.cut_bytes += (bytes.len() - kept) as u64;
    }

    /// Without frames, the seams of a split line are known only by their distance: every 16 KiB of text.
    fn append_raw(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let to_seam = match self.stamp_at {
                Some(start) => (start + stamp::LONGEST).saturating_sub(self.line.len()).max(1),
                None => PARTIAL_BYTES - self.text_bytes() % PARTIAL_BYTES,
            };
            let (head, rest) = bytes.split_at(to_seam.min(bytes.len()));
            self.append(head);
            bytes = rest;
            if self.stamp_at.is_none()
                && self.text_bytes().is_multiple_of(PARTIAL_BYTES)
                && self.text_bytes() > 0
            {
                // Beyond the cap nothing is kept, so there is nothing to strip a timestamp from.
                self.stamp_at =
                    (self.cut_bytes == 0 && self.line.len() < MAX_LINE_BYTES).then_some(self.line.len());
            }
        }
    }

    fn text_bytes(&self) -> usize {
        self.line.len() + self.cut_bytes as usize
    }

    /// Takes the timestamp off the current frame's bytes; the first one is the line's.
    fn take_stamp(&mut self) {
        let Some(start) = self.stamp_at.take() else { return };
        if let Some((at_ns, length)) = stamp::parse(&self.line[start..]) {
            self.line.drain(start..start + length);
            if start == 0 && self.at_ns.is_none() {
                self.at_ns = Some(at_ns);
            }
        }
        if self.line.len() > MAX_LINE_BYTES {
            self.cut_bytes += (self.line.len() - MAX_LINE_BYTES) as u64;
            self.line.truncate(MAX_LINE_BYTES);
        }
    }
}
