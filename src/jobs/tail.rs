//! Following the logs of one or several containers: the past first, then what comes, merged by time, always near now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Sender};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::lives::Lives;
use self::reader::{News, Reader};
use super::clock::now_ns;
use super::route::Route;
use crate::domain::ids::{ContainerKey, HostId};
use crate::logs::line::SourceId;
use crate::logs::merge::{MAX_WINDOW, Merge};
use crate::msg::{LogFact, Msg};
use crate::sub::Generation;

mod ending;
mod lives;
mod pace;
mod reader;
#[cfg(test)]
mod tests;

/// Most lines that wait for older ones of other containers.
const WAITING_LINES: usize = 20_000;
/// Fewest lines of the past that each of many containers gives.
const LEAST_LINES: u32 = 100;
/// So long the first lines of several containers wait for each other.
const OPENING: Duration = Duration::from_millis(400);
/// Nothing waits for a deadline.
const IDLE: Duration = Duration::from_secs(3600);

/// One container to follow.
#[derive(Clone)]
pub struct Followed {
    /// Number of its source in the view.
    pub source: SourceId,
    /// Which.
    pub key: ContainerKey,
    /// The way to its host.
    pub route: Arc<Route>,
}

/// What changes while a view lives: whose lines it wants. The sender's end is the view's.
pub type FollowedList = watch::Receiver<Vec<Followed>>;

/// Follows until dropped. Opens on `lines` lines of the past over all; those that join later bring theirs.
pub async fn tail(generation: Generation, lines: u32, mut wanted: FollowedList, out: Sender<Msg>) {
    // Full: the readers wait, and the engine with them.
    let (tell, mut news) = mpsc::channel(8);
    let first = wanted.borrow_and_update().clone();
    let share = if first.len() > 1 { (lines / first.len() as u32).max(LEAST_LINES) } else { lines };
    let mut view = View::new(generation, share, tell);
    let mut pump = Pump::new(generation, &first, share, out);
    for one in first {
        view.follow(one);
    }
    loop {
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = wanted.borrow_and_update().clone();
                for one in now {
                    pump.join(one.source, &one.key);
                    view.follow(one);
                }
            }
            news = news.recv() => {
                // The view holds a sender itself.
                let Some(news) = news else { return };
                pump.take(news);
            }
            () = sleep_until(pump.due()) => {}
        }
        if pump.flush().await.is_err() {
            return;
        }
    }
}

/// The readers of one view, and what tells them of their containers' lives.
struct View {
    generation: Generation,
    lines: u32,
    tell: mpsc::Sender<News>,
    readers: HashMap<SourceId, ContainerKey>,
    hosts: HashMap<HostId, watch::Receiver<Lives>>,
    // Ends them all with the view.
    tasks: JoinSet<()>,
}

impl View {
    fn new(generation: Generation, lines: u32, tell: mpsc::Sender<News>) -> Self {
        Self {
            generation,
            lines,
            tell,
            readers: HashMap::new(),
            hosts: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    fn follow(&mut self, one: Followed) {
        if self.readers.contains_key(&one.source) {
            return;
        }
        tracing::debug!(generation = self.generation.0, container = one.key.id.short(), "log joins");
        self.readers.insert(one.source, one.key.clone());
        let tasks = &mut self.tasks;
        let lives = self.hosts.entry(one.key.host.clone()).or_insert_with(|| {
            let (tell, lives) = watch::channel(Lives::default());
            tasks.spawn(lives::keep(Arc::clone(&one.route), tell));
            lives
        });
        let way = (one.key, one.route);
        let reader = Reader::new(one.source, way, self.lines, lives.clone(), self.tell.clone());
        tasks.spawn(reader.run());
        while tasks.try_join_next().is_some() {}
    }
}

/// Puts what the readers say into one order and hands it on.
struct Pump {
    generation: Generation,
    merge: Merge,
    names: HashMap<SourceId, ContainerKey>,
    ahead_ns: HashMap<SourceId, i64>,
    behind_ms: HashMap<SourceId, u64>,
    told_ms: u64,
    opening: Option<Opening>,
    // Lines before this are left out: some container has more of that time than was asked of it.
    horizon_ns: i64,
    // Told to have nothing before their first lines, so many short of what was asked for. Should those come after all,
    // from an engine that was slow, there may be more before them.
    short: HashMap<SourceId, u32>,
    facts: Vec<LogFact>,
    out: Sender<Msg>,
}

/// The first lines of several containers begin together: where the shortest past begins.
struct Opening {
    until: Instant,
    share: u32,
    waiting: Vec<SourceId>,
    firsts: HashMap<SourceId, (u32, i64)>,
}

impl Pump {
    fn new(generation: Generation, first: &[Followed], share: u32, out: Sender<Msg>) -> Self {
        let mut merge = Merge::new(MAX_WINDOW, WAITING_LINES);
        let mut names = HashMap::new();
        for one in first {
            merge.add(one.source);
            names.insert(one.source, one.key.clone());
        }
        let waiting = first.iter().map(|one| one.source).collect();
        let until = Instant::now() + OPENING;
        let opening = Some(Opening { until, share, waiting, firsts: HashMap::new() });
        let (ahead_ns, behind_ms, facts) = (HashMap::new(), HashMap::new(), Vec::new());
        let horizon_ns = i64::MIN;
        let (told_ms, short) = (0, HashMap::new());
        Self {
            generation,
            merge,
            names,
            ahead_ns,
            behind_ms,
            told_ms,
            opening,
            horizon_ns,
            short,
            facts,
            out,
        }
    }

    fn join(&mut self, source: SourceId, key: &ContainerKey) {
        if self.names.insert(source, key.clone()).is_none() {
            self.merge.add(source);
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Ahead(source, ahead_ns) => {
                self.ahead_ns.insert(source, ahead_ns);
            }
            News::Lines(source, mut batch) => {
                batch.take_off(self.ahead_ns.get(&source).copied().unwrap_or(0));
                if let (Some(opening), Some(line)) = (&mut self.opening, batch.get(0)) {
                    let first = opening.firsts.entry(source).or_insert((0, line.at_ns));
                    first.0 += batch.len() as u32;
                }
                if let Some(left) = self.short.get_mut(&source) {
                    *left = left.saturating_sub(batch.len() as u32);
                    if *left == 0 {
                        self.short.clear();
                        self.facts.push(LogFact::Opened(false));
                    }
                }
                self.merge.push(source, batch, now_ns());
            }
            News::Ready(source) => {
                if let Some(opening) = &mut self.opening {
                    opening.waiting.retain(|waiting| *waiting != source);
                }
            }
            News::Behind(source, ms) => {
                self.behind_ms.insert(source, ms);
            }
            News::Ended(source) => {
                self.merge.remove(source);
                self.behind_ms.remove(&source);
            }
            News::Failed(source, why) => {
                self.behind_ms.remove(&source);
                self.facts.extend(self.names.get(&source).map(|key| LogFact::Failed(key.clone(), why)));
            }
            News::Cut(source, why) => {
                self.behind_ms.remove(&source);
                self.facts.extend(self.names.get(&source).map(|key| LogFact::Cut(key.clone(), why)));
            }
            News::Back(source) => {
                self.facts.extend(self.names.get(&source).map(|key| LogFact::Back(key.clone())));
            }
        }
    }

    fn due(&self) -> Instant {
        if let Some(opening) = self.opening.as_ref().filter(|_| self.names.len() > 1) {
            return opening.until;
        }
        let wait_ns = self.merge.next_deadline().map(|at| (at - now_ns()).max(0) as u64);
        Instant::now() + wait_ns.map_or(IDLE, Duration::from_nanos)
    }

    /// Fails when nobody listens any more.
    async fn flush(&mut self) -> Result<(), ()> {
        // One container's lines are shown as they come; those of several begin together.
        let is_one = self.names.len() == 1;
        if let Some(opening) = &self.opening
            && (opening.waiting.is_empty() || Instant::now() >= opening.until && !is_one)
        {
            let cut = opening.firsts.values().filter(|(lines, _)| *lines >= opening.share);
            self.horizon_ns = cut.map(|(_, first_ns)| *first_ns).max().unwrap_or(i64::MIN);
            if self.horizon_ns == i64::MIN {
                let left = |source| opening.share - opening.firsts.get(source).map_or(0, |(lines, _)| *lines);
                self.short = self.names.keys().map(|source| (*source, left(source))).collect();
            }
            self.opening = None;
            self.facts.push(LogFact::Opened(self.horizon_ns == i64::MIN));
        }
        let (before, after): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.facts).into_iter().partition(|fact| !matches!(fact, LogFact::Opened(_)));
        for fact in before {
            self.send(fact).await?;
        }
        if self.opening.is_some() && !is_one {
            return Ok(());
        }
        while let Some(mut batch) = self.merge.poll(now_ns()) {
            let horizon_ns = self.horizon_ns;
            if !is_one && batch.metas().first().is_some_and(|first| first.at_ns < horizon_ns) {
                batch.retain(|line| line.at_ns >= horizon_ns);
            }
            if !batch.is_empty() {
                self.send(LogFact::Lines(batch)).await?;
            }
        }
        for fact in after {
            self.send(fact).await?;
        }
        let behind_ms = self.behind_ms.values().copied().max().unwrap_or(0);
        if std::mem::replace(&mut self.told_ms, behind_ms) != behind_ms {
            self.send(LogFact::Behind(behind_ms)).await?;
        }
        Ok(())
    }

    async fn send(&self, fact: LogFact) -> Result<(), ()> {
        self.out.send(Msg::Log(self.generation, fact)).await.map_err(|_| ())
    }
}
