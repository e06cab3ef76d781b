//! Host patterns of an inventory: `web[01:20].example:2222`, expanded as Ansible does, but never without end.

use super::MOST_HOSTS;
use crate::config::problem::quote;

/// The names a pattern stands for, and the port behind it.
pub(super) fn expand(pattern: &str) -> Result<(Vec<String>, Option<u16>), String> {
    let (name, port) = split_port(pattern)?;
    if name.is_empty() {
        return Err(format!("{} names no host", quote(pattern)));
    }
    let mut names = Vec::new();
    unroll(name, String::new(), &mut names)?;
    Ok((names, port))
}

/// `NAME:PORT` and `[NAME]:PORT`; what has more colons is an address of its own, or a range.
fn split_port(pattern: &str) -> Result<(&str, Option<u16>), String> {
    let Some((name, digits)) = pattern.rsplit_once(':') else { return Ok((pattern, None)) };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_bracketed = bare.is_some_and(|bare| bare.contains(':') && !bare.contains(['[', ']']));
    let outside = name.split('[').enumerate().all(|(i, part)| {
        let part = if i == 0 { part } else { part.split_once(']').map_or(":", |(_, after)| after) };
        !part.contains(':')
    });
    if digits.is_empty() && outside {
        return Err(format!("{} ends in `:`; a port follows it", quote(pattern)));
    }
    if !is_number || !(is_bracketed || outside) {
        return Ok((pattern, None));
    }
    let port = digits.parse().ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| format!("{digits} is no port; it is between 1 and 65535"))?;
    Ok((if is_bracketed { bare.unwrap_or(name) } else { name }, Some(port)))
}

/// Takes the first range of `rest` apart, and what is behind it for each of its values.
fn unroll(rest: &str, head: String, names: &mut Vec<String>) -> Result<(), String> {
    let Some((before, behind)) = rest.split_once('[') else {
        if names.len() >= MOST_HOSTS {
            return Err(format!("more than {MOST_HOSTS} hosts"));
        }
        names.push(head + rest);
        return Ok(());
    };
    let (range, tail) = behind.split_once(']').ok_or_else(|| format!("{} has no `]`", quote(rest)))?;
    let values =
        values(range).map_err(|why| format!("range `[{}]`: {why}", crate::config::problem::shown(range)))?;
    for value in values {
        unroll(tail, format!("{head}{before}{value}"), names)?;
    }
    Ok(())
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn values(range: &str) -> Result<Vec<String>, String> {
    let bounds: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match bounds.as_slice() {
        [begin, end] => (*begin, *end, 1),
        [begin, end, step] => {
            let step = step.parse::<usize>().ok().filter(|step| *step > 0);
            (*begin, *end, step.ok_or("its step is no number from 1 on")?)
        }
        _ => return Err("write `[begin:end]` or `[begin:end:step]`".to_owned()),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err("it has no end".to_owned());
    }
    let has_zeros = begin.len() > 1 && begin.starts_with('0');
    if has_zeros && begin.len() != end.len() {
        return Err("with leading zeros both ends are equally long".to_owned());
    }
    let letter = |text: &str| if text.len() == 1 { LETTERS.find(text) } else { None };
    if let (Some(first), Some(last)) = (letter(begin), letter(end)) {
        if first > last {
            return Err("it ends before it begins".to_owned());
        }
        return Ok(LETTERS[first..=last].chars().step_by(step).map(String::from).collect());
    }
    let number =
        |text: &str| text.parse::<u64>().map_err(|_| "its ends are two numbers, or two letters".to_owned());
    let (first, last) = (number(begin)?, number(end)?);
    if first > last {
        return Err("it ends before it begins".to_owned());
    }
    if (last - first) / step as u64 >= MOST_HOSTS as u64 {
        return Err(format!("more than {MOST_HOSTS} hosts"));
    }
    let width = if has_zeros { begin.len() } else { 0 };
    Ok((first..=last).step_by(step).map(|n| format!("{n:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(pattern: &str) -> String {
        expand(pattern).map_or_else(|why| why, |(names, _)| names.join(" "))
    }

    #[test]
    fn ranges_count_as_ansible_counts() {
        assert_eq!(names("web[01:03].x"), "web01.x web02.x web03.x");
        assert_eq!(names("db-[a:c]"), "db-a db-b db-c");
        assert_eq!(names("n[1:10:4]"), "n1 n5 n9");
        assert_eq!(names("r[1:2]n[a:b]"), "r1na r1nb r2na r2nb");
        assert_eq!(names("n[:2]"), "n0 n1 n2");
        assert_eq!(names("n[y:B]"), "ny nz nA nB");
        assert_eq!(names("plain"), "plain");
    }

    #[test]
    fn a_port_is_taken_off_names_but_not_off_addresses() {
        assert_eq!(
            expand("web[1:2]:2222").unwrap(),
            (vec!["web1".to_owned(), "web2".to_owned()], Some(2222))
        );
        assert_eq!(expand("web:22").unwrap(), (vec!["web".to_owned()], Some(22)));
        assert_eq!(expand("2001:db8::1").unwrap(), (vec!["2001:db8::1".to_owned()], None));
        assert_eq!(expand("[2001:db8::1]:22").unwrap(), (vec!["2001:db8::1".to_owned()], Some(22)));
    }

    #[test]
    fn what_is_no_range_is_named() {
        for (pattern, why) in [
            ("w[1:1000000000]", "more than 10000 hosts"),
            ("w[1:100][1:101]", "more than 10000 hosts"),
            ("w[3:1]", "ends before it begins"),
            ("w[c:a]", "ends before it begins"),
            ("w[01:100]", "equally long"),
            ("w[1:]", "has no end"),
            ("w[1:3:0]", "step"),
            ("w[1]", "write `[begin:end]`"),
            ("w[1:b]", "two numbers, or two letters"),
            ("w[1:2", "has no `]`"),
            ("w:99999", "is no port"),
            ("w:", "ends in `:`"),
        ] {
            assert!(names(pattern).contains(why), "{pattern}: {}", names(pattern));
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics_or_explodes(pattern in "[a-c\\[\\]:0-9é]{0,24}|\\PC{0,24}") {
            if let Ok((names, _)) = expand(&pattern) {
                prop_assert!(names.len() <= MOST_HOSTS);
            }
        }
    }
}
