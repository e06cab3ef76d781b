//! The last lines of each container, in the order they came. Never prints them.

use std::collections::{HashMap, VecDeque};

use crate::logs::line::SourceId;

/// The newest lines of each source, until all is read.
pub(super) struct Newest {
    most: usize,
    // With their numbers in the order of all.
    of: HashMap<SourceId, VecDeque<(u64, Vec<u8>)>>,
    count: u64,
}

impl Newest {
    pub(super) fn new(most: u32) -> Self {
        Self { most: most as usize, of: HashMap::new(), count: 0 }
    }

    pub(super) fn push(&mut self, source: SourceId, printed: Vec<u8>) {
        let lines = self.of.entry(source).or_default();
        lines.push_back((self.count, printed));
        self.count += 1;
        if lines.len() > self.most {
            lines.pop_front();
        }
    }

    pub(super) fn in_order(self) -> Vec<Vec<u8>> {
        let mut all: Vec<_> = self.of.into_values().flatten().collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, printed)| printed).collect()
    }
}
