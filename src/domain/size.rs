//! Counts of bytes as people read them.

/// `88M`, `1.1G`: powers of 1024 in at most four characters.
pub fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "K", "M", "G", "T"] {
        if value < 999.5 {
            return if value < 9.95 && unit != "B" {
                format!("{value:.1}{unit}")
            } else {
                format!("{value:.0}{unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.0}P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_take_at_most_four_characters() {
        let expected = [(0, "0B"), (999, "999B"), (1023, "1.0K"), (88 << 20, "88M"), (1_181_116_006, "1.1G")];
        for (count, text) in expected {
            assert_eq!(bytes(count), text);
        }
        assert!((0..64).all(|bits| bytes(1 << bits).len() <= 5));
    }
}
