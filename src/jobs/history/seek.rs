//! A search through whole logs as they stream by: nothing is kept but the surroundings of the hit.

use tokio::sync::mpsc::Sender;
use tokio::time::{Duration, Instant};

use super::merged::{Log, Merged};
use super::ring::Ring;
use crate::logs::dedup::SLACK_NS;
use crate::logs::line::Batch;
use crate::msg::{LogFact, Msg, Page, Progress};
use crate::ports::engine::{EngineError, LogRequest};
use crate::sub::{Generation, Seek};

/// Lines shown around a hit.
const AROUND: usize = 300;
/// The end of a log is looked at first: what is searched for is mostly recent.
const NEAR_LINES: u32 = 64_000;
/// Progress is told this often.
const TELL: Duration = Duration::from_millis(100);

/// Where it is told how far the search is.
pub(super) struct Teller {
    pub generation: Generation,
    pub number: u64,
    pub out: Sender<Msg>,
    told: Option<Instant>,
}

impl Teller {
    pub fn new(generation: Generation, number: u64, out: Sender<Msg>) -> Self {
        Self { generation, number, out, told: None }
    }

    /// Now and then.
    pub async fn tell(&mut self, progress: Progress) {
        if self.told.is_none_or(|told| told.elapsed() > TELL) {
            self.told = Some(Instant::now());
            let fact = LogFact::Progress(self.number, progress);
            // The console ends when nobody listens any more.
            let _ = self.out.send(Msg::Log(self.generation, fact)).await;
        }
    }
}

/// The nearest hit with its surroundings; a page without a hit when there is none.
pub(super) async fn seek(logs: &[Log], wanted: &Seek, teller: &mut Teller) -> Result<Page, EngineError> {
    if let Some(after_ns) = wanted.after_ns {
        let since_ns = Some(after_ns.saturating_sub(SLACK_NS));
        return pass(logs, LogRequest { since_ns, ..LogRequest::default() }, wanted, Take::First, teller)
            .await;
    }
    let near = LogRequest { tail: Some(NEAR_LINES), ..LogRequest::default() };
    let page = pass(logs, near, wanted, Take::Last, teller).await?;
    if page.hit.is_some() || page.has_start {
        return Ok(page);
    }
    let take = if wanted.takes_first { Take::First } else { Take::Last };
    pass(logs, LogRequest::default(), wanted, take, teller).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    First,
    Last,
}

/// Lines around a hit, still growing.
struct Found {
    page: Batch,
    hit: usize,
    has_start: bool,
}

async fn pass(
    logs: &[Log],
    request: LogRequest,
    wanted: &Seek,
    take: Take,
    teller: &mut Teller,
) -> Result<Page, EngineError> {
    let mut merged = Merged::open(logs, request).await?;
    let mut ring = Ring::new(AROUND, usize::MAX);
    let mut found: Option<Found> = None;
    let mut progress = Progress::default();
    let mut has_dropped = false;
    let end_ns = wanted.before_ns.unwrap_or(i64::MAX);
    while let Some(batch) = merged.next().await? {
        progress.lines += batch.len() as u64;
        progress.at_ns = batch.metas().last().map_or(progress.at_ns, |meta| meta.at_ns);
        teller.tell(progress).await;
        let is_past = batch.metas().first().is_some_and(|meta| meta.at_ns > end_ns.saturating_add(SLACK_NS));
        let mut from = 0;
        while let Some(at) = next_hit(&batch, from, wanted).filter(|_| !is_past) {
            from = at + 1;
            let is_taken = take == Take::Last || found.is_none();
            if !is_taken {
                break;
            }
            // Whoever looks for the last hit lets its page grow, and begins a new one when it is far.
            match &mut found {
                Some(found) if found.page.len() < 2 * AROUND => {
                    found.hit = found.page.len() + at;
                }
                _ => {
                    let page = ring.last(AROUND);
                    let hit = page.len() + at;
                    found = Some(Found { page, hit, has_start: !has_dropped && request.tail.is_none() });
                }
            }
        }
        if let Some(found) = &mut found
            && found.page.len() <= found.hit + AROUND
        {
            found.page.append_from(&batch, 0);
        }
        let is_done = found
            .as_ref()
            .is_some_and(|found| (take == Take::First || is_past) && found.page.len() > found.hit + AROUND);
        if is_done || (is_past && found.is_none()) {
            break;
        }
        has_dropped |= ring.push(batch);
    }
    let is_whole = |lane: &super::merged::Lane| {
        request.tail.is_none_or(|tail| lane.is_over && lane.lines < u64::from(tail))
    };
    let has_start = request.since_ns.is_none() && merged.lanes.iter().all(is_whole);
    // Before this some log has more than was looked at: a hit there may not be the nearest, and lines around it lack.
    let cut = merged.lanes.iter().filter(|lane| !is_whole(lane)).filter_map(|lane| lane.first_ns);
    let horizon_ns = cut.max().unwrap_or(i64::MIN);
    let found = found.filter(|found| {
        request.tail.is_none() || found.page.get(found.hit).is_some_and(|line| line.at_ns >= horizon_ns)
    });
    let looked_at = progress.lines;
    Ok(match found {
        None => Page { has_start, looked_at, ..Page::default() },
        Some(found) => Page {
            hit: Some(found.hit),
            has_start: found.has_start && request.since_ns.is_none(),
            batch: found.page,
            looked_at,
            ..Page::default()
        },
    })
}

/// Position of the first line from `from` on that is a hit, on the wanted side of the time.
fn next_hit(batch: &Batch, from: usize, wanted: &Seek) -> Option<usize> {
    let (after_ns, before_ns) = (wanted.after_ns.unwrap_or(i64::MIN), wanted.before_ns.unwrap_or(i64::MAX));
    (from..batch.len()).find(|at| {
        batch.get(*at).is_some_and(|line| {
            line.at_ns > after_ns && line.at_ns < before_ns && wanted.is_hit.passes(&line)
        })
    })
}
