//! When a host is tried again, as whoever reaches it keeps it.

use std::hash::BuildHasher;
use std::time::Instant;

/// The pace of tries: whoever wants the host before its time is told the last failure.
pub trait Pace: Send + Sync {
    /// When it may next be tried by itself; `None` where it may be tried now, or where somebody has to act first.
    fn next_try(&self) -> Option<Instant>;
}

/// Another number each time, for what must not happen at once or bear one name. No secret.
pub fn roll() -> u64 {
    std::hash::RandomState::new().hash_one(0)
}
