//! Whether a reader keeps up with its log, and when to leave what it cannot.
//!
//! Needs no clock that agrees with the engine's: the smallest age a line ever had on arrival counts as level.

use std::time::Duration;

/// Small pieces are read at most this often: a screen shows no more.
pub(super) const FRAME: Duration = Duration::from_millis(16);
/// And at most this often when they come late: an engine in a flood gives small pieces too.
const HURRIED_FRAME: Duration = Duration::from_millis(1);
/// A read that waited this long had nothing left to read.
const WAITED: Duration = Duration::from_millis(32);
/// A read that brought less than both of these took all there was: a Unix socket holds only some 270 short lines.
const FULL_BYTES: usize = 16 << 10;
const FULL_LINES: usize = 160;
/// A reader that is nearer than this has time.
const NEAR_MS: i64 = 100;
/// From this on the distance is told.
const TOLD_MS: i64 = 250;
/// A flood that leaves a reader so many ms behind while it read so many bytes without a pause is passed over up to now.
/// Much is read before little is left out, unless it takes long: an engine on a busy machine gives some 3 MB a second.
const TOO_FAR: [(i64, usize); 2] = [(BEHIND_MS, 4 << 20), (800, 1 << 20)];
/// Up to here a small piece may be all there was.
const BEHIND_MS: i64 = 400;

/// What each line costs on the way beside its text: frame header and time.
const LINE_BYTES: usize = 40;

/// What a read means for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Read on.
    On,
    /// Read on, and tell that it is so many ms behind.
    Behind(u64),
    /// Leave the rest and start from the end.
    Skip,
}

/// Whether a read took all there was.
pub(super) fn is_all(lines: usize, bytes: usize) -> bool {
    lines < FULL_LINES && bytes < FULL_BYTES
}

/// One stream's pace.
#[derive(Debug)]
pub(super) struct Pace {
    past_lines: u32,
    is_live: bool,
    level_ns: Option<i64>,
    behind_ms: i64,
    backlog_bytes: usize,
    told_ms: u64,
}

impl Pace {
    /// Of a stream that begins with at most this many lines of the past.
    pub fn new(past_lines: u32) -> Self {
        Self { past_lines, is_live: false, level_ns: None, behind_ms: 0, backlog_bytes: 0, told_ms: 0 }
    }

    /// The past is told; what comes is new.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// How long lines may gather before the next read.
    pub fn frame(&self) -> Duration {
        if self.behind_ms < NEAR_MS { FRAME } else { HURRIED_FRAME }
    }

    /// Takes in a read: how much it brought, how long it waited, how old its last line is.
    pub fn read(&mut self, lines: usize, bytes: usize, waited: Duration, age_ns: i64) -> Step {
        self.is_live |= waited > WAITED || self.past_lines == 0;
        self.past_lines = self.past_lines.saturating_sub(lines as u32);
        if !self.is_live {
            return Step::On;
        }
        let level_ns = self.level_ns.map_or(age_ns, |level| level.min(age_ns));
        self.level_ns = Some(level_ns);
        let behind_ms = (age_ns - level_ns) / 1_000_000;
        self.behind_ms = behind_ms;
        // An engine that is itself behind its file hands out old lines in small pieces: that is no level.
        let is_level = waited > WAITED || is_all(lines, bytes) && behind_ms <= BEHIND_MS;
        self.backlog_bytes = if is_level { 0 } else { self.backlog_bytes + bytes + lines * LINE_BYTES };
        if TOO_FAR.iter().any(|(ms, bytes)| behind_ms > *ms && self.backlog_bytes > *bytes) {
            return Step::Skip;
        }
        let told_ms = if behind_ms < TOLD_MS { 0 } else { behind_ms as u64 / 100 * 100 };
        if std::mem::replace(&mut self.told_ms, told_ms) == told_ms {
            Step::On
        } else {
            Step::Behind(told_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;
    const NO_WAIT: Duration = Duration::ZERO;
    const FULL: usize = 64 << 10;

    #[test]
    fn the_past_is_never_skipped_however_long_its_lines_are() {
        let mut pace = Pace::new(1000);
        for _ in 0..1000 {
            assert_eq!(pace.read(1, 100_000, NO_WAIT, 3600 * 1000 * MS), Step::On);
        }
    }

    #[test]
    fn a_clock_that_is_wrong_by_an_hour_is_no_distance() {
        let mut pace = Pace::new(0);
        for _ in 0..200 {
            assert_eq!(pace.read(500, FULL, NO_WAIT, 3600 * 1000 * MS), Step::On);
        }
    }

    #[test]
    fn a_distance_is_told_when_it_grows_and_when_it_is_gone() {
        let mut pace = Pace::new(0);
        assert_eq!(pace.read(500, FULL, NO_WAIT, 0), Step::On);
        assert_eq!(pace.read(500, FULL, NO_WAIT, 330 * MS), Step::Behind(300));
        assert_eq!(pace.read(500, FULL, NO_WAIT, 340 * MS), Step::On);
        assert_eq!(pace.read(5, 600, NO_WAIT, 40 * MS), Step::Behind(0));
    }

    #[test]
    fn a_reader_that_is_late_reads_on_although_it_gets_small_pieces() {
        let mut pace = Pace::new(0);
        pace.read(500, FULL, NO_WAIT, 0);
        assert_eq!(pace.frame(), FRAME);
        pace.read(3, 200, NO_WAIT, 300 * MS);
        assert_eq!(pace.frame(), HURRIED_FRAME);
        pace.read(3, 200, NO_WAIT, 10 * MS);
        assert_eq!(pace.frame(), FRAME);
    }

    #[test]
    fn a_flood_that_the_engine_itself_cannot_read_in_time_is_left_too() {
        let mut pace = Pace::new(0);
        pace.read(500, FULL, NO_WAIT, 0);
        // Lines of some six characters.
        let steps: Vec<_> = (0..1000).map(|_| pace.read(100, 600, NO_WAIT, 5000 * MS)).collect();
        assert!(steps.contains(&Step::Skip));
    }

    #[test]
    fn a_flood_is_left_only_when_it_is_large_and_late() {
        let mut pace = Pace::new(0);
        pace.read(500, FULL, NO_WAIT, 0);
        let step = |pace: &mut Pace, age_ms: i64| pace.read(500, FULL, NO_WAIT, age_ms * MS);
        let steps: Vec<_> = (0..70).map(|_| step(&mut pace, 200)).collect();
        assert!(!steps.contains(&Step::Skip));
        assert_eq!(step(&mut pace, 600), Step::Skip);
        let mut slow = Pace::new(0);
        slow.read(500, FULL, NO_WAIT, 0);
        let steps: Vec<_> = (0..14).map(|_| step(&mut slow, 900)).collect();
        assert!(!steps[..10].contains(&Step::Skip) && steps.contains(&Step::Skip));
        let mut small = Pace::new(0);
        small.read(500, FULL, NO_WAIT, 0);
        assert_ne!(step(&mut small, 600), Step::Skip);
    }
}
