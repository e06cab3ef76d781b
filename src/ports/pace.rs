//! When a host is tried again, as whoever reaches it keeps it.

use std::time::Instant;

/// The pace of tries: whoever wants the host before its time is told the last failure.
pub trait Pace: Send + Sync {
    /// When it may next be tried by itself; `None` where it may be tried now, or where somebody has to act first.
    fn next_try(&self) -> Option<Instant>;
}
