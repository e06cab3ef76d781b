//! The last lines that went by, in whole batches: moved in, never copied until they are asked for.

use std::collections::VecDeque;

use crate::logs::line::Batch;

/// Keeps at least the last lines or bytes it was made for, and at most a batch more.
#[derive(Default)]
pub(super) struct Ring {
    batches: VecDeque<Batch>,
    lines: usize,
    bytes: usize,
    most_lines: usize,
    most_bytes: usize,
}

impl Ring {
    /// Bounded by both.
    pub fn new(most_lines: usize, most_bytes: usize) -> Self {
        Self { most_lines, most_bytes, ..Self::default() }
    }

    /// Takes the newest lines; says whether older ones fell out.
    pub fn push(&mut self, batch: Batch) -> bool {
        self.lines += batch.len();
        self.bytes += batch.held_bytes();
        self.batches.push_back(batch);
        let mut has_dropped = false;
        while let Some(front) = self.batches.front()
            && self.batches.len() > 1
            && (self.lines - front.len() >= self.most_lines || self.bytes > self.most_bytes)
        {
            self.lines -= front.len();
            self.bytes -= front.held_bytes();
            self.batches.pop_front();
            has_dropped = true;
        }
        has_dropped
    }

    /// The last `lines` of them in one batch.
    pub fn last(&self, lines: usize) -> Batch {
        let mut skip = self.lines.saturating_sub(lines);
        let mut all = Batch::new();
        for batch in &self.batches {
            all.append_from(batch, skip.min(batch.len()));
            skip = skip.saturating_sub(batch.len());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::line::Head;

    #[test]
    fn the_last_lines_are_kept_and_no_more_than_a_batch_beyond() {
        let mut ring = Ring::new(5, usize::MAX);
        let mut number = 0_u32;
        for _ in 0..10 {
            let mut batch = Batch::new();
            for _ in 0..3 {
                batch.push(number.to_string().as_bytes(), Head::default());
                number += 1;
            }
            ring.push(batch);
        }
        let kept = ring.last(5);
        let texts: Vec<_> =
            kept.iter().map(|line| String::from_utf8_lossy(line.bytes).into_owned()).collect();
        assert_eq!(texts, ["25", "26", "27", "28", "29"]);
        assert!(ring.lines < 5 + 3);
    }
}
