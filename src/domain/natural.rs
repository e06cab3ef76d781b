//! The order of names in every list: `web-2` before `web-10`.

use std::cmp::Ordering;

/// Compares names, runs of digits by their number. Names that differ only in zeros before it are told apart as texts,
/// so that only the same name is equal.
pub fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        let (Some(a), Some(b)) = (left.first(), right.first()) else {
            return left.len().cmp(&right.len()).then_with(|| one.cmp(other));
        };
        let order = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (a, b) = (number(&mut left), number(&mut right));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            (left, right) = (&left[1..], &right[1..]);
            a.cmp(b)
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The digits at the front without the zeros before them, of any length; takes them off.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().position(|c| *c != b'0').unwrap_or(digits.len());
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
        let mut names = names.to_vec();
        names.sort_by(|a, b| natural(a, b));
        names
    }

    #[test]
    fn runs_of_digits_are_numbers() {
        let names = ["web-1", "web-2", "web-10", "web-10-a", "web-10-b", "web-100"];
        assert_eq!(sorted(&["web-100", "web-10-b", "web-2", "web-10-a", "web-10", "web-1"]), names);
        assert_eq!(sorted(&["v1.10.0", "v1.9.3", "v1.9.12"]), ["v1.9.3", "v1.9.12", "v1.10.0"]);
    }

    #[test]
    fn a_number_of_any_length_is_compared() {
        let (less, more) = (format!("a{}", "9".repeat(40)), format!("a1{}", "0".repeat(40)));
        assert_eq!(natural(&less, &more), Ordering::Less);
    }

    #[test]
    fn only_the_same_name_is_equal() {
        assert_eq!(natural("a1", "a1"), Ordering::Equal);
        assert_ne!(natural("a1", "a01"), Ordering::Equal);
        assert_eq!(natural("a1", "a01"), natural("a01", "a1").reverse());
        assert_eq!(sorted(&["a01-2", "a1-1", "a1-10"]), ["a1-1", "a01-2", "a1-10"]);
    }

    #[test]
    fn names_without_digits_stand_as_texts_do() {
        assert_eq!(sorted(&["b", "", "é", "ab", "a"]), ["", "a", "ab", "b", "é"]);
        assert_eq!(sorted(&["a", "1", "-"]), ["-", "1", "a"]);
    }
}
