//! What containers used lately: the newest rates and their history.

use chrono::{DateTime, Utc};

use crate::domain::series::{Point, Series};
use crate::domain::usage::{Sample, Usage};

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

    /// Takes in a later reading, seen at that time by our own clock.
    pub(super) fn sampled(&mut self, sample: Sample, at: DateTime<Utc>) {
        self.usage = sample.since(&self.last);
        if let Some(usage) = self.usage {
            self.cpu.push(Point { at, value: usage.cpu_percent, is_bad: false });
            self.memory.push(Point { at, value: usage.memory_bytes as f32, is_bad: false });
        }
        self.last = sample;
    }
}
