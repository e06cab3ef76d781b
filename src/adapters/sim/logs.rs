//! What simulated containers print: made from the scenario when it is read, never kept.
//!
//! A line belongs to a stretch of time and its place in it, so that any part of a log of days can be made by itself
//! and is always the same.

use chrono::{DateTime, Utc};

use super::clock::{Ns, SECOND};
use super::container::SimContainer;
use super::dice;
use super::scenario::{Kind, LineSpec};
use super::usage::time;

/// One printed line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Line {
    pub(super) at: Ns,
    pub(super) is_stderr: bool,
    pub(super) text: String,
}

/// Lines from `from` on and before `to`, in order.
pub(super) fn between(
    container: &SimContainer,
    kind: &Kind,
    from: Ns,
    to: Ns,
    wall: &dyn Fn(Ns) -> DateTime<Utc>,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for span in &container.spans {
        let (from, to) = (from.max(span.from), to.min(span.to.unwrap_or(Ns::MAX)));
        let Some(mood) = kind.moods.get(&span.mood).filter(|_| from < to) else { continue };
        for (spec, number) in mood.lines.iter().zip(1..) {
            let seed = dice::roll(container.seed, number);
            let every = time(spec.every).max(1_000_000);
            let mut slot = from.div_euclid(every);
            while slot * every < to {
                let within = (dice::share(seed, slot as u64) * every as f64) as Ns;
                let at = slot * every + within;
                if (from..to).contains(&at) {
                    lines.push(written(spec, at, dice::roll(seed ^ 5, slot as u64), wall));
                }
                slot += 1;
            }
        }
    }
    for said in container.said.iter().filter(|said| (from..to).contains(&said.at)) {
        let text = filled(&said.text, said.at, dice::roll(container.seed, said.at as u64), wall);
        lines.push(Line { text, ..said.clone() });
    }
    lines.sort_by_key(|line| line.at);
    lines
}

fn written(spec: &LineSpec, at: Ns, seed: u64, wall: &dyn Fn(Ns) -> DateTime<Utc>) -> Line {
    Line { at, is_stderr: spec.stderr, text: filled(&spec.text, at, seed, wall) }
}

/// The text with every `<…>` filled in.
fn filled(template: &str, at: Ns, seed: u64, wall: &dyn Fn(Ns) -> DateTime<Utc>) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let (mut rest, mut place) = (template, 0);
    while let Some((before, after)) = rest.split_once('<') {
        out += before;
        let Some((field, tail)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        place += 1;
        let number = dice::roll(seed, place);
        match field {
            "time" => out += &wall(at).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            "id" => out += &request_id(at, number),
            field => match range(field) {
                Some((least, most)) => out += &(least + number % (most - least + 1)).to_string(),
                None => {
                    let words: Vec<_> = field.split('|').collect();
                    out += words[number as usize % words.len()];
                }
            },
        }
        rest = tail;
    }
    out + rest
}

/// One of three per two seconds, the same in every service: what one request is called on its way.
fn request_id(at: Ns, number: u64) -> String {
    let moment = at.div_euclid(2 * SECOND) as u64;
    format!("{:06x}", dice::roll(moment, number % 3) & 0xff_ffff)
}

fn range(field: &str) -> Option<(u64, u64)> {
    let (least, most) = field.split_once('-')?;
    let (least, most) = (least.parse().ok()?, most.parse().ok()?);
    (least <= most).then_some((least, most))
}

/// When the next line is due after `from`; looks a few seconds ahead at most.
pub(super) fn next_after(container: &SimContainer, kind: &Kind, from: Ns) -> Option<Ns> {
    let wall = |_| DateTime::UNIX_EPOCH;
    let ahead = [SECOND / 2, 5 * SECOND, 30 * SECOND];
    ahead.iter().find_map(|far| between(container, kind, from, from + far, &wall).first().map(|l| l.at))
}

/// The last `count` lines before `to`.
pub(super) fn last(
    container: &SimContainer,
    kind: &Kind,
    count: usize,
    to: Ns,
    wall: &dyn Fn(Ns) -> DateTime<Utc>,
) -> Vec<Line> {
    let start = container.first_line_at().unwrap_or(to);
    let mut blocks = Vec::new();
    let (mut end, mut length, mut found) = (to, 10 * SECOND, 0);
    while found < count && end > start {
        let from = (end - length).max(start);
        let block = between(container, kind, from, end, wall);
        found += block.len();
        blocks.push(block);
        end = from;
        length = (length * 2).min(3600 * SECOND);
    }
    let mut lines: Vec<_> = blocks.into_iter().rev().flatten().collect();
    lines.drain(..lines.len().saturating_sub(count));
    lines
}

/// The line as the engine would send it, so that it is read by the same code: a frame, or bare on a terminal.
// Engine API 1.41, POST /containers/{id}/attach: stream type, three zero bytes, big-endian length.
pub(super) fn wire(line: &Line, is_tty: bool, at: DateTime<Utc>, out: &mut Vec<u8>) {
    let stamp = at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
    let text = format!("{stamp} {}\n", line.text);
    if !is_tty {
        out.extend([1 + u8::from(line.is_stderr), 0, 0, 0]);
        out.extend((text.len() as u32).to_be_bytes());
    }
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_and_the_same_moment_has_the_same_ids_everywhere() {
        let wall = |at| DateTime::from_timestamp_nanos(at);
        let text = filled("<time> <id> <5-5> <a|a> < <", 0, 1, &wall);
        assert!(text.starts_with("1970-01-01T00:00:00.000Z ") && text.ends_with(" 5 a < <"), "{text}");
        let ids = |seed| (0..40).map(|i| request_id(SECOND, dice::roll(seed, i))).collect::<Vec<_>>();
        assert!(ids(1).iter().any(|id| ids(2).contains(id)));
    }
}
