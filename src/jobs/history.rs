//! Answers to questions about the past of a view: one answer each, read from the engine and bounded in bytes.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use self::merged::{Log, Merged};
use self::ring::Ring;
use self::seek::Teller;
use super::route::Route;
use crate::domain::ids::ContainerKey;
use crate::logs::dedup::SLACK_NS;
use crate::logs::line::{Batch, SourceId};
use crate::msg::{LogFact, Msg, Page, Progress};
use crate::ports::engine::{EngineError, LogRequest};
use crate::sub::{Ask, Generation, Wanted};

mod merged;
mod ring;
mod seek;

/// Lines of the first page: enough for any screen, soon read.
const FIRST_LINES: usize = 1_000;
/// How many times more lines are looked at when those of the end were not enough.
const GROWTH: u32 = 4;
/// Going on from the middle of a log the engine reads it from the start; its end is tried first.
const NEAR_LINES: u32 = 64_000;

/// Answers, then ends. The answer carries the question's number; whoever asked something else meanwhile drops it.
pub async fn history(
    generation: Generation,
    ask: Ask,
    logs: Vec<(SourceId, ContainerKey, Arc<Route>)>,
    out: Sender<Msg>,
) {
    let logs: Vec<_> = logs.into_iter().map(|(source, key, route)| Log { source, key, route }).collect();
    let mut teller = Teller::new(generation, ask.number, out.clone());
    let answer = match &ask.wanted {
        Wanted::First => first(&logs, ask.most_bytes).await,
        Wanted::Older { before_ns, tail } => {
            older(&logs, *before_ns, *tail, ask.most_bytes, &mut teller).await
        }
        Wanted::Newer { after_ns } => newer(&logs, *after_ns, ask.most_bytes, &mut teller).await,
        Wanted::Between { since_ns, until_ns } => {
            let request =
                LogRequest { since_ns: Some(*since_ns), until_ns: *until_ns, ..LogRequest::default() };
            let mut merged = match Merged::open(&logs, request).await {
                Ok(merged) => merged,
                Err(error) => return say(generation, ask.number, Err(error), &out).await,
            };
            collect(&mut merged, Batch::new(), i64::MIN, ask.most_bytes, &mut teller).await
        }
        Wanted::Seek(wanted) => seek::seek(&logs, wanted, &mut teller).await,
    };
    say(generation, ask.number, answer, &out).await;
}

async fn say(generation: Generation, number: u64, answer: Result<Page, EngineError>, out: &Sender<Msg>) {
    let fact = match answer {
        Ok(page) => LogFact::Page(number, page),
        Err(error) => LogFact::Unanswered(number, error.to_string()),
    };
    // The console ends when nobody listens any more.
    let _ = out.send(Msg::Log(generation, fact)).await;
}

/// Read from the start, then the connections are closed.
async fn first(logs: &[Log], most_bytes: usize) -> Result<Page, EngineError> {
    let mut merged = Merged::open(logs, LogRequest::default()).await?;
    let mut page = Page { has_start: true, has_end: true, ..Page::default() };
    while let Some(batch) = merged.next().await? {
        let taken = page.batch.append_within(&batch, most_bytes);
        if page.batch.len() >= FIRST_LINES || taken < batch.len() {
            page.has_end = false;
            break;
        }
    }
    page.looked_at = page.batch.len() as u64;
    Ok(page)
}

/// By growing `tail`: `until` with `tail` gives nothing on engine 20.10, and `since` makes it read from the start.
async fn older(
    logs: &[Log],
    before_ns: i64,
    mut tail: u32,
    most_bytes: usize,
    teller: &mut Teller,
) -> Result<Page, EngineError> {
    let end_ns = before_ns.saturating_add(SLACK_NS);
    let mut firsts_before = Vec::new();
    loop {
        let request = LogRequest { tail: Some(tail), ..LogRequest::default() };
        let mut merged = Merged::open(logs, request).await?;
        let mut ring = Ring::new(usize::MAX, most_bytes);
        // What stands shortly after the edge is mostly held already; it must not take the room of what is not.
        let mut overlap = Batch::new();
        let (mut has_dropped, mut has_passed, mut progress) = (false, false, Progress::default());
        while let Some(mut batch) = merged.next().await? {
            progress.lines += batch.len() as u64;
            progress.at_ns = batch.metas().last().map_or(progress.at_ns, |meta| meta.at_ns);
            teller.tell(progress).await;
            let is_past = batch.metas().first().is_some_and(|meta| meta.at_ns > end_ns + SLACK_NS);
            batch.retain(|line| {
                has_passed |= line.at_ns > before_ns;
                // From the first line behind the edge on all that stands near it stays in the order of the log.
                let is_near =
                    has_passed && (before_ns.saturating_sub(SLACK_NS)..=end_ns).contains(&line.at_ns);
                if is_near {
                    overlap.push(line.bytes, line.head());
                }
                line.at_ns <= before_ns && !is_near
            });
            has_dropped |= !batch.is_empty() && ring.push(batch);
            if is_past {
                break;
            }
        }
        let is_whole = |lane: &merged::Lane| lane.is_over && lane.lines < u64::from(tail);
        let firsts: Vec<_> = merged.lanes.iter().map(|lane| lane.first_ns).collect();
        // Looking further back brought nothing further back.
        let is_start = merged.lanes.iter().all(is_whole) || firsts == firsts_before;
        firsts_before = firsts;
        let mut batch = ring.last(usize::MAX);
        batch.append_from(&overlap, 0);
        if !is_start {
            // Before this some log has more than was looked at; without those lines the others would mislead.
            let cut = merged.lanes.iter().filter(|lane| !is_whole(lane)).filter_map(|lane| lane.first_ns);
            let horizon_ns = cut.max().unwrap_or(i64::MIN);
            // Not all older ones: the log itself goes back in time now and then.
            let mut has_begun = false;
            batch.retain(|line| {
                has_begun |= line.at_ns >= horizon_ns;
                has_begun
            });
        }
        let has_older = batch.metas().iter().any(|meta| meta.at_ns < before_ns);
        if has_older || is_start {
            let has_start = is_start && !has_dropped;
            return Ok(Page {
                batch,
                has_start,
                tail,
                has_more: has_dropped,
                looked_at: progress.lines,
                ..Page::default()
            });
        }
        tail = tail.saturating_mul(GROWTH);
    }
}

async fn newer(
    logs: &[Log],
    after_ns: i64,
    most_bytes: usize,
    teller: &mut Teller,
) -> Result<Page, EngineError> {
    let since_ns = Some(after_ns.saturating_sub(2 * SLACK_NS));
    for tail in [Some(NEAR_LINES), None] {
        let request = LogRequest { tail, since_ns, ..LogRequest::default() };
        let mut merged = Merged::open(logs, request).await?;
        let first = merged.next().await?.unwrap_or_default();
        // Each log must reach back to what is held, else lines between are missing.
        let is_met = |lane: &merged::Lane| {
            lane.first_ns.is_none_or(|first| first <= after_ns)
                || lane.is_over && lane.lines < u64::from(NEAR_LINES)
        };
        if tail.is_some() && (logs.len() > 1 || !merged.lanes.iter().all(is_met)) {
            continue;
        }
        return collect(&mut merged, first, after_ns, most_bytes, teller).await;
    }
    Ok(Page::default())
}

/// From where it stands on, until there is enough of what is after `after_ns`.
async fn collect(
    merged: &mut Merged,
    begun: Batch,
    after_ns: i64,
    most_bytes: usize,
    teller: &mut Teller,
) -> Result<Page, EngineError> {
    let mut page = Page { has_end: true, ..Page::default() };
    let mut next = (!begun.is_empty()).then_some(begun);
    let mut room = most_bytes;
    loop {
        let batch = match next.take() {
            Some(batch) => batch,
            None => match merged.next().await? {
                Some(batch) => batch,
                None => break,
            },
        };
        if batch.metas().last().is_some_and(|last| last.at_ns <= after_ns) {
            // What is held already costs nothing.
            page.batch.append_from(&batch, 0);
            room = most_bytes + page.batch.text_bytes() + std::mem::size_of_val(page.batch.metas());
            continue;
        }
        let held =
            batch.metas().iter().take_while(|meta| meta.at_ns <= after_ns).map(|m| m.len as usize + 24);
        room += held.sum::<usize>();
        let taken = page.batch.append_within(&batch, room);
        let at_ns = batch.metas().last().map_or(0, |meta| meta.at_ns);
        teller.tell(Progress { lines: page.batch.len() as u64, at_ns }).await;
        if taken < batch.len() {
            page.has_end = false;
            break;
        }
    }
    page.looked_at = page.batch.len() as u64;
    Ok(page)
}
