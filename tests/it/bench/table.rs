//! The table: a row a figure, a column a program, medians, and the ratio of ours to the best peer.

use std::collections::BTreeMap;

/// All figures so far.
#[derive(Default)]
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<String>,
    cells: BTreeMap<(usize, &'static str), Vec<f64>>,
}

/// The column of what no console can beat: curl, the docker client, no console at all.
pub const FLOOR: &str = "floor";

impl Table {
    pub fn new(columns: impl IntoIterator<Item = &'static str>) -> Self {
        Self { columns: columns.into_iter().chain([FLOOR]).collect(), ..Self::default() }
    }

    /// One reading of a figure; infinite where it did not come in time.
    pub fn add(&mut self, row: &str, column: &'static str, value: f64) {
        let index = self.rows.iter().position(|known| known == row).unwrap_or_else(|| {
            self.rows.push(row.to_owned());
            self.rows.len() - 1
        });
        self.cells.entry((index, column)).or_default().push(value);
    }

    fn median(&self, row: usize, column: &str) -> Option<f64> {
        let (_, values) = self.cells.iter().find(|((r, c), _)| *r == row && *c == column)?;
        let mut values: Vec<_> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        (!values.is_empty()).then(|| {
            if values.len() % 2 == 1 {
                values[middle]
            } else {
                f64::midpoint(values[middle - 1], values[middle])
            }
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn print(&self) {
        self.print_from(0);
    }

    /// The rows from that one on.
    pub fn print_from(&self, first: usize) {
        print!("\n{:<52}", "medians of interleaved runs");
        self.columns.iter().for_each(|column| print!("{column:>12}"));
        println!("{:>12}{:>12}", "best peer x", "floor x");
        for (index, row) in self.rows.iter().enumerate().skip(first) {
            print!("{row:<52}");
            for column in &self.columns {
                print!("{:>12}", self.median(index, column).map_or("-".to_owned(), shown));
            }
            let ours = self.median(index, self.columns[0]);
            let peers = self.columns[1..].iter().filter(|column| **column != FLOOR);
            let best = peers.filter_map(|column| self.median(index, column)).min_by(f64::total_cmp);
            for other in [best, self.median(index, FLOOR)] {
                let ratio = ours
                    .zip(other)
                    .filter(|(ours, other)| ours.is_finite() && other.is_finite() && *other > 0.0)
                    .map(|(ours, other)| ours / other);
                print!("{:>12}", ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")));
            }
            println!();
        }
    }
}

fn shown(value: f64) -> String {
    if value.is_infinite() {
        return "never".to_owned();
    }
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The middle and the 95th of a hundred; NaN of nothing.
pub fn spread(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied();
    (at(0.5).unwrap_or(f64::NAN), at(0.95).unwrap_or(f64::NAN))
}
