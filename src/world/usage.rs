//! What containers used lately: the newest rates and their history.

use chrono::{DateTime, Utc};

use crate::domain::series::{Point, Series};
use crate::domain::usage::{Sample, Usage};

/// Counters change more slowly than this.
const TOO_NEAR_NS: u64 = 300_000_000;

/// The newest rates of a container and the history of what it used.
#[derive(Clone, Debug)]
pub struct UsageHistory {
    last: Sample,
    /// Rates between the last two samples.
    pub usage: Option<Usage>,
    /// Processor share in percent.
    pub cpu: Series,
    /// Memory in bytes.
    pub memory: Series,
}

impl UsageHistory {
    pub(super) fn new(sample: Sample) -> Self {
        Self { last: sample, usage: None, cpu: Series::default(), memory: Series::default() }
    }

    /// Takes in a later reading, seen at that time by our own clock. One that was read at the same time as the last, or
    /// a little before it, says nothing new: the selected row is read in two ways, and a rate over so short a time is 0.
    pub(super) fn sampled(&mut self, sample: Sample, at: DateTime<Utc>) {
        if sample.at_ns.abs_diff(self.last.at_ns) < TOO_NEAR_NS && sample.cpu_ns >= self.last.cpu_ns {
            return;
        }
        self.usage = sample.since(&self.last);
        if let Some(usage) = self.usage {
            self.cpu.push(Point { at, value: usage.cpu_percent, is_bad: false });
            self.memory.push(Point { at, value: usage.memory_bytes as f32, is_bad: false });
        }
        self.last = sample;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ContainerId, ContainerKey, HostId};

    fn sample(ms: i64, cpu_ms: u64) -> Sample {
        Sample {
            key: ContainerKey { host: HostId::new("h"), id: ContainerId::new("c") },
            at_ns: ms * 1_000_000,
            cpu_ns: cpu_ms * 1_000_000,
            memory_bytes: 1,
            memory_limit_bytes: None,
            received_bytes: cpu_ms,
            sent_bytes: 0,
        }
    }

    #[test]
    fn a_reading_of_nearly_the_same_time_leaves_the_rates_as_they_are() {
        let mut history = UsageHistory::new(sample(1000, 100));
        history.sampled(sample(2000, 600), DateTime::default());
        let rates = history.usage;
        assert!(rates.is_some_and(|usage| (usage.cpu_percent - 50.0).abs() < 0.1));
        for ms in [1990, 2000, 2004] {
            history.sampled(sample(ms, 600), DateTime::default());
            assert_eq!(history.usage, rates, "{ms}");
        }
        history.sampled(sample(2001, 0), DateTime::default());
        assert_eq!(history.usage, None, "it was started again");
    }
}
