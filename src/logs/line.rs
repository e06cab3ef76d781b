//! Log lines in batches: one byte arena and a row of small records, so that a line costs no allocation of its own.
//!
//! Never interprets the bytes: they are what the container printed and may hold anything.

use std::fmt;

/// Longest text kept of one line, in bytes; the rest is counted, see [`LineRef::cut_bytes`].
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Which of the streams merged into one pane a line came from; the pane owns the table behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(pub u16);

/// The file descriptor the container wrote to; a terminal (TTY) has only [`Stream::Stdout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stream {
    /// Descriptor 1.
    #[default]
    Stdout,
    /// Descriptor 2.
    Stderr,
}

/// Severity as the line itself states it, least severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// The line does not say.
    #[default]
    Unknown,
    /// Also "verbose".
    Trace,
    /// Also "dbg".
    Debug,
    /// Also "notice".
    Info,
    /// Also "warning".
    Warn,
    /// Also "err".
    Error,
    /// Also "critical", "panic", "alert", "emergency".
    Fatal,
}

impl Level {
    /// Lower-case name; empty for [`Level::Unknown`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Unknown => "",
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of yes/no facts about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

impl Flags {
    /// Nothing special.
    pub const NONE: Flags = Flags(0);
    /// The text was longer than [`MAX_LINE_BYTES`].
    pub const TRUNCATED: Flags = Flags(1);
    /// The engine's timestamp was missing or broken; `at_ns` is the previous line's.
    pub const NO_TIMESTAMP: Flags = Flags(2);
    /// Put in by the console, not printed by the container.
    pub const MARKER: Flags = Flags(4);

    /// Whether every flag of `other` is set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// Everything about a line but its text. 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Offset of the text in the batch's arena.
    pub start: u32,
    /// Length of the text kept, in bytes.
    pub len: u32,
    /// The engine's timestamp: ns since 1970, UTC.
    pub at_ns: i64,
    /// Where it came from.
    pub source: SourceId,
    /// Which descriptor.
    pub stream: Stream,
    /// Detected off the UI task by [`super::decode::level`].
    pub level: Level,
    /// See [`Flags`].
    pub flags: Flags,
}

/// What [`Batch::push`] needs to know besides the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// ns since 1970, UTC.
    pub at_ns: i64,
    /// Where it came from.
    pub source: SourceId,
    /// Which descriptor.
    pub stream: Stream,
    /// As detected.
    pub level: Level,
    /// `TRUNCATED` is added by `push` itself.
    pub flags: Flags,
    /// Bytes of the line that were already thrown away.
    pub cut_bytes: u64,
}

/// One line, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRef<'a> {
    /// As printed, without the line end; not safe to draw, see [`super::ansi::clean`].
    pub bytes: &'a [u8],
    /// ns since 1970, UTC.
    pub at_ns: i64,
    /// Where it came from.
    pub source: SourceId,
    /// Which descriptor.
    pub stream: Stream,
    /// As detected.
    pub level: Level,
    /// See [`Flags`].
    pub flags: Flags,
    /// Bytes of the line beyond [`MAX_LINE_BYTES`], not kept.
    pub cut_bytes: u64,
}

impl LineRef<'_> {
    /// Whether the console put it in.
    pub const fn is_marker(&self) -> bool {
        self.flags.has(Flags::MARKER)
    }

    /// Its head, for pushing it into another batch.
    pub const fn head(&self) -> Head {
        Head {
            at_ns: self.at_ns,
            source: self.source,
            stream: self.stream,
            level: self.level,
            flags: self.flags,
            cut_bytes: self.cut_bytes,
        }
    }
}

/// Lines in the order they are to be shown.
#[derive(Debug, Default)]
pub struct Batch {
    // Behind the text of a truncated line stand 8 more bytes: how much was cut (little endian).
    arena: Vec<u8>,
    metas: Vec<Meta>,
}

const CUT_BYTES: usize = 8;

const fn cost(text_bytes: usize, flags: Flags) -> usize {
    let cut = if flags.has(Flags::TRUNCATED) { CUT_BYTES } else { 0 };
    text_bytes + cut + size_of::<Meta>()
}

impl Batch {
    /// Empty, without an allocation.
    pub const fn new() -> Self {
        Self { arena: Vec::new(), metas: Vec::new() }
    }

    /// Empty, with room for `lines` lines of `bytes` bytes together.
    pub fn with_capacity(lines: usize, bytes: usize) -> Self {
        Self { arena: Vec::with_capacity(bytes), metas: Vec::with_capacity(lines) }
    }

    /// A batch of one line that the console itself has to say: a container exited, a gap, a restart.
    pub fn marker(source: SourceId, at_ns: i64, text: &str) -> Self {
        let mut batch = Self::with_capacity(1, text.len());
        let head = Head { at_ns, source, flags: Flags::MARKER, ..Head::default() };
        batch.push(text.as_bytes(), head);
        batch
    }

    /// As [`Batch::marker`], saying how grave it is.
    pub fn note(source: SourceId, at_ns: i64, text: &str, level: Level) -> Self {
        let mut batch = Self::marker(source, at_ns, text);
        batch.metas.iter_mut().for_each(|meta| meta.level = level);
        batch
    }

    /// Appends a line. Text beyond [`MAX_LINE_BYTES`], or beyond the 4 GiB a batch can address, is cut and counted.
    pub fn push(&mut self, text: &[u8], head: Head) {
        let room = (u32::MAX as usize - CUT_BYTES).saturating_sub(self.arena.len());
        let kept = &text[..text.len().min(MAX_LINE_BYTES).min(room)];
        let cut_bytes = head.cut_bytes + (text.len() - kept.len()) as u64;
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(kept);
        let mut flags = head.flags;
        if cut_bytes > 0 {
            self.arena.extend_from_slice(&cut_bytes.to_le_bytes());
            flags = flags.with(Flags::TRUNCATED);
        }
        self.metas.push(Meta {
            start,
            len: kept.len() as u32,
            at_ns: head.at_ns,
            source: head.source,
            stream: head.stream,
            level: head.level,
            flags,
        });
    }

    /// Copies the lines of `other` from index `from` on to the end of this one.
    pub fn append_from(&mut self, other: &Batch, from: usize) {
        self.metas.reserve(other.metas.len().saturating_sub(from));
        for line in other.iter().skip(from) {
            self.push(line.bytes, line.head());
        }
    }

    /// Copies lines of `other` from its first on, as many as fit into `budget` bytes together with those held, and at
    /// least one. Gives how many.
    pub fn append_within(&mut self, other: &Batch, budget: usize) -> usize {
        let mut held = self.arena.len() + self.metas.len() * size_of::<Meta>();
        for (count, line) in other.iter().enumerate() {
            held += cost(line.bytes.len(), line.flags);
            if count > 0 && held > budget {
                return count;
            }
            self.push(line.bytes, line.head());
        }
        other.len()
    }

    /// The lines around one of them, half of `budget` on each side or more where the other has less; and its new place.
    pub fn around(&self, index: usize, budget: usize) -> (Batch, usize) {
        let costs = |meta: &Meta| cost(meta.len as usize, meta.flags);
        let whole: usize = self.metas.iter().map(costs).sum();
        let behind: usize = self.metas.iter().skip(index + 1).map(costs).sum();
        let (mut from, mut left) = (0, whole.saturating_sub(budget.min(whole)));
        // What is too much goes from the front first, as long as half the room before the line stays.
        let least_before = budget.saturating_sub(behind.min(budget / 2));
        let mut before = whole - behind;
        while from < index && left > 0 && before > least_before {
            let gone = costs(&self.metas[from]);
            (from, before, left) = (from + 1, before - gone, left.saturating_sub(gone));
        }
        let mut kept = Batch::new();
        let mut rest = budget;
        for line in self.iter().skip(from) {
            let needed = cost(line.bytes.len(), line.flags);
            if kept.len() > index - from && needed > rest {
                break;
            }
            rest = rest.saturating_sub(needed);
            kept.push(line.bytes, line.head());
        }
        (kept, index - from)
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.metas.len()
    }

    /// No line at all.
    pub fn is_empty(&self) -> bool {
        self.metas.is_empty()
    }

    /// Says of all lines that they came from `source`.
    pub fn set_source(&mut self, source: SourceId) {
        for meta in &mut self.metas {
            meta.source = source;
        }
    }

    /// The records, in order.
    pub fn metas(&self) -> &[Meta] {
        &self.metas
    }

    /// For changing timestamps and sources in place; `start` and `len` must stay.
    /// Takes off what the clock of whoever stamped the lines is ahead.
    pub fn take_off(&mut self, ahead_ns: i64) {
        if ahead_ns != 0 {
            for meta in &mut self.metas {
                meta.at_ns = meta.at_ns.saturating_sub(ahead_ns);
            }
        }
    }

    /// The `index`-th line.
    pub fn get(&self, index: usize) -> Option<LineRef<'_>> {
        self.metas.get(index).map(|meta| self.line(meta))
    }

    /// First to last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = LineRef<'_>> + ExactSizeIterator {
        self.metas.iter().map(|meta| self.line(meta))
    }

    /// Drops the lines for which `keep` says no. Their text stays in the arena: for the few lines of a reconnect.
    pub fn retain(&mut self, mut keep: impl FnMut(LineRef<'_>) -> bool) {
        let mut metas = std::mem::take(&mut self.metas);
        metas.retain(|meta| keep(self.line(meta)));
        self.metas = metas;
    }

    /// Bytes of memory held, spare capacity included.
    pub fn held_bytes(&self) -> usize {
        self.arena.capacity() + self.metas.capacity() * size_of::<Meta>()
    }

    /// Gives spare capacity back.
    pub fn shrink(&mut self) {
        self.arena.shrink_to_fit();
        self.metas.shrink_to_fit();
    }

    /// Forgets the lines and keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.metas.clear();
    }

    /// Bytes of text (and cut counts) in use.
    pub fn text_bytes(&self) -> usize {
        self.arena.len()
    }

    /// What the last lines cost that fit into `budget` bytes, as the index of the first of them.
    pub(crate) fn tail_within(&self, budget: usize) -> usize {
        let mut left = budget;
        let mut first = self.len();
        for meta in self.metas.iter().rev() {
            let cost = cost(meta.len as usize, meta.flags);
            if cost > left {
                break;
            }
            left -= cost;
            first -= 1;
        }
        first
    }

    fn line(&self, meta: &Meta) -> LineRef<'_> {
        let start = meta.start as usize;
        let end = start + meta.len as usize;
        let cut_bytes = if meta.flags.has(Flags::TRUNCATED) {
            self.arena[end..].first_chunk().copied().map_or(0, u64::from_le_bytes)
        } else {
            0
        };
        LineRef {
            bytes: &self.arena[start..end],
            at_ns: meta.at_ns,
            source: meta.source,
            stream: meta.stream,
            level: meta.level,
            flags: meta.flags,
            cut_bytes,
        }
    }
}

#[cfg(test)]
mod tests;
