//! What a simulated container uses: curves that waver a little, and the counters that follow from them.

use std::f64::consts::TAU;

use super::clock::{Ns, SECOND, nanos};
use super::dice;
use super::scenario::Curve;
use crate::config::units::ByteSize;

/// Periods of the two waves on every curve, in seconds, and their height as a share of its value.
const WAVES: [(f64, f64); 2] = [(7.3, 0.18), (41.0, 0.1)];

/// A curve in plain numbers, from the moment it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    began: Ns,
    from: f64,
    to: f64,
    over_s: f64,
    seed: u64,
}

impl Course {
    pub(super) fn of_number(curve: Curve<f64>, began: Ns, seed: u64) -> Self {
        let (from, to, over_s) = match curve {
            Curve::Flat(value) => (value, value, 0.0),
            Curve::Ramp { from, to, over } => (from, to, over.get().as_secs_f64()),
        };
        Self { began, from, to, over_s, seed }
    }

    pub(super) fn of_bytes(curve: Curve<ByteSize>, began: Ns, seed: u64) -> Self {
        let number = |size: ByteSize| size.bytes() as f64;
        let curve = match curve {
            Curve::Flat(size) => Curve::Flat(number(size)),
            Curve::Ramp { from, to, over } => Curve::Ramp { from: number(from), to: number(to), over },
        };
        Self::of_number(curve, began, seed)
    }

    /// The value at a time, without waves.
    pub(super) fn level(&self, at: Ns) -> f64 {
        let seconds = (at - self.began) as f64 / SECOND as f64;
        if seconds >= self.over_s {
            return self.to;
        }
        self.from + (self.to - self.from) * (seconds / self.over_s).max(0.0)
    }

    /// The value at a time, times the seconds from the beginning to then.
    pub(super) fn sum(&self, at: Ns) -> f64 {
        let seconds = ((at - self.began) as f64 / SECOND as f64).max(0.0);
        let rising = seconds.min(self.over_s);
        let slope = if self.over_s > 0.0 { (self.to - self.from) / self.over_s } else { 0.0 };
        let level = self.from * rising + slope * rising * rising / 2.0 + self.to * (seconds - rising);
        // The waves are as high as the lower end allows, so that a counter never goes back.
        let base = self.from.min(self.to);
        let waves = WAVES.iter().zip(1..).map(|((period_s, height), place)| {
            let (speed, phase) = (TAU / period_s, TAU * dice::share(self.seed, place));
            base * height / speed * (phase.cos() - (speed * seconds + phase).cos())
        });
        level + waves.sum::<f64>()
    }
}

/// Counters of one run of a container up to the moment its behaviour last changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) cpu_ns: f64,
    pub(super) received: f64,
    pub(super) sent: f64,
}

/// The courses since the behaviour last changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Courses {
    pub(super) cpu: Course,
    pub(super) memory: Course,
    pub(super) received: Course,
    pub(super) sent: Course,
}

impl Courses {
    /// For a mood that began at `began`.
    pub(super) fn new(mood: &super::scenario::Mood, began: Ns, seed: u64) -> Self {
        let bytes = |size: Option<ByteSize>| Curve::Flat(size.map_or(0.0, |s| s.bytes() as f64));
        Self {
            cpu: Course::of_number(mood.cpu, began, seed),
            memory: Course::of_bytes(mood.memory, began, seed ^ 1),
            received: Course::of_number(bytes(mood.receives), began, seed ^ 2),
            sent: Course::of_number(bytes(mood.sends), began, seed ^ 3),
        }
    }

    /// `before` plus what was used since.
    pub(super) fn counters(&self, before: Counters, at: Ns) -> Counters {
        Counters {
            // A percent of one processor is 10 ms a second.
            cpu_ns: before.cpu_ns + self.cpu.sum(at) * 1e7,
            received: before.received + self.received.sum(at),
            sent: before.sent + self.sent.sum(at),
        }
    }

    /// Nothing was used for that long.
    pub(super) fn shift(&mut self, by: Ns) {
        for course in [&mut self.cpu, &mut self.memory, &mut self.received, &mut self.sent] {
            course.began += by;
        }
    }

    /// Memory in use, wavering by 2 %.
    pub(super) fn memory_bytes(&self, at: Ns) -> u64 {
        let step = at.div_euclid(3 * SECOND) as u64;
        let waver = 0.99 + 0.02 * dice::share(self.memory.seed, step);
        (self.memory.level(at) * waver) as u64
    }
}

/// A period as scenario time.
pub(super) fn time(period: crate::config::units::Period) -> Ns {
    nanos(period.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::units::Period;

    #[test]
    fn a_counter_never_goes_back_and_a_ramp_ends_at_its_end() {
        let over = Period::from_ms(10_000);
        let course = Course::of_number(Curve::Ramp { from: 2.0, to: 90.0, over }, 0, 7);
        let sums: Vec<_> = (0..200).map(|i| course.sum(i * SECOND / 4)).collect();
        assert!(sums.is_sorted(), "{sums:?}");
        assert!((course.level(20 * SECOND) - 90.0).abs() < 0.01);
    }
}
