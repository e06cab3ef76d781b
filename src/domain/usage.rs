//! What a container uses: cumulative samples, and the rates between two of them.

use super::ids::ContainerKey;

/// One reading of a container's counters.
// Engine API 1.41, GET /containers/{id}/stats: cpu and network are cumulative, memory is momentary.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    /// Whose counters they are.
    pub key: ContainerKey,
    /// When the engine read them, in ns since 1970.
    pub at_ns: i64,
    /// Processor time used since start, in ns over all processors.
    pub cpu_ns: u64,
    /// Memory in use without the page cache, in bytes.
    pub memory_bytes: u64,
    /// The memory limit in bytes, if one is set below the machine's memory.
    pub memory_limit_bytes: Option<u64>,
    /// Bytes received since start.
    pub received_bytes: u64,
    /// Bytes sent since start.
    pub sent_bytes: u64,
}

/// Rates between two samples.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Usage {
    /// Share of one processor in percent; 200 means two processors are busy.
    pub cpu_percent: f32,
    /// Memory in use, in bytes.
    pub memory_bytes: u64,
    /// The limit, if there is one.
    pub memory_limit_bytes: Option<u64>,
    /// Bytes received per second.
    pub received_per_s: f32,
    /// Bytes sent per second.
    pub sent_per_s: f32,
}

impl Sample {
    /// Rates from `earlier` to this; `None` when no time passed or a counter went back (the container restarted).
    pub fn since(&self, earlier: &Self) -> Option<Usage> {
        let ns = self.at_ns.checked_sub(earlier.at_ns).filter(|ns| *ns > 0)?;
        let cpu = self.cpu_ns.checked_sub(earlier.cpu_ns)?;
        let seconds = ns as f32 / 1e9;
        Some(Usage {
            cpu_percent: cpu as f32 * 100.0 / ns as f32,
            memory_bytes: self.memory_bytes,
            memory_limit_bytes: self.memory_limit_bytes,
            received_per_s: self.received_bytes.checked_sub(earlier.received_bytes)? as f32 / seconds,
            sent_per_s: self.sent_bytes.checked_sub(earlier.sent_bytes)? as f32 / seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ContainerId, HostId};

    fn sample(at_ns: i64, cpu_ns: u64) -> Sample {
        let key = ContainerKey { host: HostId::new("h"), id: ContainerId::new("c") };
        let (received_bytes, sent_bytes) = (0, 0);
        Sample { key, at_ns, cpu_ns, memory_bytes: 1, memory_limit_bytes: None, received_bytes, sent_bytes }
    }

    #[test]
    fn half_a_processor_is_fifty_percent() {
        let usage = sample(2_000_000_000, 500_000_000).since(&sample(1_000_000_000, 0)).unwrap();
        assert!((usage.cpu_percent - 50.0).abs() < 0.01);
    }

    #[test]
    fn a_counter_that_went_back_gives_no_rate() {
        assert_eq!(sample(2, 1).since(&sample(1, 9)), None);
        assert_eq!(sample(1, 1).since(&sample(1, 1)), None);
    }
}
