//! Every schedule: each call of a deployment is cut off, fails, loses its answer, is refused, sleeps or is a lie, and
//! whoever finds it goes on or goes back, perhaps to be cut off again. Whatever happens, a ready replica serves if one
//! did, nothing live is removed, and the end is one of two: as planned, or as before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pilothouse::deploy::plan::errands::Errands;
use pilothouse::deploy::plan::{Manner, Terms, Wish};
use pilothouse::domain::deployment::Release;
use pilothouse::domain::deployment::errand::Migration;
use pilothouse::domain::ids::{EnvironmentId, HostId, ServiceId};
use pilothouse::domain::ledger::Who;
use pilothouse::domain::ledger::union::Ledger;
use pilothouse::domain::traffic::{Front, Slot};
use pilothouse::jobs::deploy::begin::{NotBegun, Site, unfinished};
use pilothouse::jobs::deploy::gate::NoProbe;
use pilothouse::jobs::deploy::images::NoLogins;
use pilothouse::jobs::deploy::model::NoFiles;
use pilothouse::jobs::deploy::secrets::{NoSources, Vault};
use pilothouse::jobs::deploy::take_up::Way;
use pilothouse::jobs::deploy::{Care, End, Hosts};
use pilothouse::jobs::ledger::{Book, Place};
use pilothouse::ports::balancer::{Balancer, Balancers, House};
use pilothouse::ports::housing::Housing;
use pilothouse::ports::ledger::LedgerFiles;
use pilothouse::ports::lifecycle::Lifecycle;

use super::world::{Fault, Host, Row, World};

/// What one of them was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Story {
    /// A good image over two replicas on two hosts.
    Good,
    /// An image that is never ready.
    Bad,
    /// A good image that both hosts have to pull.
    Pulled,
    /// Back to a release whose containers are kept.
    Back,
    /// Two more replicas.
    Up,
    /// One replica less.
    Down,
    /// A good image, and a migration before it.
    Migrated,
}

pub const STORIES: [Story; 7] =
    [Story::Good, Story::Bad, Story::Pulled, Story::Back, Story::Up, Story::Down, Story::Migrated];

impl Story {
    pub fn world(self) -> Arc<World> {
        let world = Arc::new(World::default());
        for (n, host) in ["web1", "web2"].into_iter().enumerate() {
            let n = n + 1;
            match self {
                Self::Back => {
                    world.add(host, &format!("shop-web-v2-{n}"), "shop:2", Some(2), true);
                    world.add(host, &format!("shop-web-v1-{n}"), "shop:1", Some(1), false);
                }
                _ => world.add(host, &format!("shop-web-{n}"), "shop:1", None, true),
            }
        }
        world.be_strict();
        world
    }

    /// What the configuration says of the service.
    pub fn terms(self) -> Terms {
        let migrate = if self == Self::Migrated { vec!["migrate".to_owned()] } else { Vec::new() };
        let errands =
            Errands { migrate, migration: Migration::Reversible, within_s: 60, ..Errands::default() };
        Terms { errands, ..Terms::default() }
    }

    fn wish(self) -> Wish {
        match self {
            Self::Good | Self::Migrated => Wish::Deploy { image: "shop:2".to_owned() },
            Self::Bad => Wish::Deploy { image: "shop:bad".to_owned() },
            Self::Pulled => Wish::Deploy { image: "r.io/shop:3".to_owned() },
            Self::Back => Wish::Rollback(Some(Release(1))),
            Self::Up => Wish::Scale(4),
            Self::Down => Wish::Scale(1),
        }
    }
}

/// Nothing stands before a service.
struct NoBalancers;

impl Balancers for NoBalancers {
    fn housing(&self, _: &HostId) -> Option<Arc<dyn Housing>> {
        None
    }

    fn of(&self, _: &HostId, _: &Front) -> Option<Box<dyn Balancer>> {
        None
    }

    fn house(&self, _: &Front, _: Slot, _: &[(String, String)]) -> Result<House, String> {
        Err("there is none".to_owned())
    }
}

pub fn site(world: &Arc<World>, care: Care, who: &str) -> Site {
    let hosts = ["web1", "web2"].map(|name| {
        let host = Arc::new(Host { world: Arc::clone(world), name });
        (HostId::new(name), host)
    });
    let place = |(name, host): &(HostId, Arc<Host>)| Place {
        host: name.clone(),
        engine_id: name.to_string(),
        engine: Arc::clone(host) as Arc<dyn LedgerFiles>,
        copy: None,
    };
    let environment = EnvironmentId::new("production");
    Site {
        book: Book::new(environment.clone(), hosts.iter().map(place).collect()),
        hosts: Hosts(hosts.into_iter().map(|(name, host)| (name, host as Arc<dyn Lifecycle>)).collect()),
        environment,
        engines: ["web1", "web2"].map(|name| (HostId::new(name), name.to_owned())).into(),
        who: Who { name: who.to_owned(), ..Who::default() },
        pid: 1,
        project: None,
        manner: Manner { ready_within_s: 10, ..Manner::default() },
        terms: BTreeMap::new(),
        readiness: Arc::new(NoProbe),
        logins: Arc::new(NoLogins),
        balancers: Arc::new(NoBalancers),
        models: Arc::new(NoFiles),
        vault: Vault::new(Arc::new(NoSources)),
        care,
        say: Arc::new(|_| {}),
    }
}

/// How a process ended.
#[derive(Clone, Debug)]
pub enum Ended {
    Killed,
    Never(NotBegun),
    Nothing,
    At(End),
}

/// One process that deploys.
pub async fn deploys(site: Site, story: Story) -> Ended {
    let site = Site { terms: [(ServiceId::new("web"), story.terms())].into(), ..site };
    match Box::pin(site.begin(&ServiceId::new("web"), &story.wish(), None, None)).await {
        Ok(run) => Ended::At(Box::pin(run.run()).await),
        Err(error) => Ended::Never(error),
    }
}

/// One process that takes up what it finds.
pub async fn takes_up(site: Site, way: Way) -> Ended {
    match Box::pin(site.take_up(way)).await {
        Ok(Some(run)) => Ended::At(Box::pin(run.run()).await),
        Ok(None) => Ended::Nothing,
        Err(error) => Ended::Never(error),
    }
}

/// The process, which is gone once it is killed.
pub async fn alive(world: &World, process: impl Future<Output = Ended>) -> Ended {
    tokio::select! {
        biased;
        ended = process => ended,
        () = world.killed.notified() => Ended::Killed,
    }
}

pub async fn ledger(world: &Arc<World>) -> Ledger {
    site(world, Care::default(), "nobody").book.read().await.ledger
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

/// How each story ends where nothing happens to it, and how many calls it takes.
pub struct Plain {
    pub before: Vec<Row>,
    pub after: Vec<Row>,
    pub calls: u64,
}

pub fn plain(story: Story) -> Plain {
    run(async {
        let world = story.world();
        let before = world.rows();
        let ended = deploys(site(&world, Care::default(), "alice"), story).await;
        let end = if story == Story::Bad {
            matches!(ended, Ended::At(End::Undone(_)))
        } else {
            matches!(ended, Ended::At(End::Done))
        };
        assert!(end, "{story:?}: {ended:?}");
        let calls = world.calls();
        assert_eq!(world.wrongs(), Vec::<String>::new());
        Plain { before, after: world.rows(), calls }
    })
}

/// One schedule: what happens to the first process, where whoever finds it goes, and what happens to that one.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub story: Story,
    pub first: Vec<(u64, Fault)>,
    pub way: Way,
    pub second: Vec<(u64, Fault)>,
    pub care: Care,
    /// What was new is not ready any more when it is found.
    pub sickens: bool,
}

/// What is wrong at the end of a schedule.
pub fn wrong(schedule: &Schedule, plain: &Plain) -> Option<String> {
    run(async {
        let world = schedule.story.world();
        world.next(&schedule.first);
        let process = deploys(site(&world, schedule.care, "alice"), schedule.story);
        let mut ended = alive(&world, process).await;
        let mut told = vec![format!("{ended:?}")];
        let mut faults = schedule.second.clone();
        for _ in 0..4 {
            if !matches!(ended, Ended::Killed | Ended::At(End::Halted(_)) | Ended::Never(_)) {
                break;
            }
            if schedule.sickens {
                world.sicken("shop:2");
            }
            world.next(&faults);
            faults.clear();
            let way = if is_past(&ended) { Way::On } else { schedule.way.clone() };
            ended = alive(&world, takes_up(site(&world, schedule.care, "bob"), way)).await;
            told.push(format!("{ended:?}"));
        }
        world.next(&[]);
        if schedule.first.iter().any(|(_, fault)| *fault == Fault::Late) {
            // Until nobody does anything any more.
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        }
        let may_be_left = schedule.first.iter().chain(&schedule.second).any(|(_, f)| *f == Fault::Refused);
        let wrong = ended_wrongly(&world, plain, &ended, may_be_left).await?;
        Some(format!("{schedule:?}\n  {}\n  {wrong}", told.join("\n  ")))
    })
}

/// It cannot go back any more, as whoever wanted it was told.
fn is_past(ended: &Ended) -> bool {
    matches!(ended, Ended::Never(NotBegun::Unfinished(why)) if why.contains("already removes"))
}

async fn ended_wrongly(
    world: &Arc<World>,
    plain: &Plain,
    ended: &Ended,
    may_be_left: bool,
) -> Option<String> {
    let wrongs = world.wrongs();
    if !wrongs.is_empty() {
        return Some(wrongs.join("; "));
    }
    if world.locks() > 0 {
        return Some("a lock is left".to_owned());
    }
    let ledger = ledger(world).await;
    if let Some(record) = unfinished(&ledger) {
        return Some(format!("record {} has no end", record.begun.number));
    }
    let rows = world.rows();
    // What could not be tidied up is told, and stands there without running.
    let is_tidy = |row: &&Row| plain.after.contains(row) || row.is_up || !may_be_left;
    let tidy: Vec<Row> = rows.iter().filter(is_tidy).cloned().collect();
    let is_right = match ended {
        Ended::At(End::Done) => tidy == plain.after,
        Ended::At(End::Undone(_)) => rows == plain.before,
        Ended::Nothing => rows == plain.before || rows == plain.after,
        Ended::Killed | Ended::Never(_) | Ended::At(End::Halted(_)) => false,
    };
    let told = |row: &Row| {
        let Row { host, name, image, is_up, restart, is_found } = row;
        format!("{host}/{name} {image} up={is_up} restart={restart} found={is_found}")
    };
    (!is_right).then(|| format!("ended as neither: {}", rows.iter().map(told).collect::<Vec<_>>().join("; ")))
}

/// All of them over two threads; gives how many there were, and what was wrong.
pub fn all(schedules: Vec<Schedule>) -> (usize, Vec<String>) {
    let plains: Vec<_> = STORIES.iter().map(|story| (*story, plain(*story))).collect();
    let count = schedules.len();
    let (left, wrongs) = (Mutex::new(schedules), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(schedule) = left.lock().unwrap().pop() else { break };
                    let (_, plain) = plains.iter().find(|(story, _)| *story == schedule.story).unwrap();
                    if let Some(wrong) = wrong(&schedule, plain) {
                        wrongs.lock().unwrap().push(wrong);
                    }
                }
            });
        }
    });
    (count, wrongs.into_inner().unwrap())
}

pub fn back() -> Way {
    Way::Back("it was wanted".to_owned())
}

/// One fault at each call, in both directions.
pub fn single(stories: &[Story], faults: &[Fault], care: Care) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    for story in stories.iter().copied() {
        for call in 0..plain(story).calls {
            for fault in faults {
                for way in [Way::On, back()] {
                    let first = vec![(call, *fault)];
                    schedules.push(Schedule { story, first, way, second: Vec::new(), care, sickens: false });
                }
            }
        }
    }
    schedules
}

/// Fails with one schedule of each kind of wrong.
pub fn none(count: usize, wrongs: &[String]) {
    let mut kinds: std::collections::BTreeMap<&str, (usize, &str)> = std::collections::BTreeMap::new();
    for wrong in wrongs {
        let kind = wrong.lines().last().unwrap_or_default();
        kinds.entry(kind).or_insert((0, wrong)).0 += 1;
    }
    let told: Vec<_> = kinds.values().map(|(n, first)| format!("{n} like\n{first}")).collect();
    assert!(wrongs.is_empty(), "{} of {count}:\n{}", wrongs.len(), told.join("\n"));
}

#[test]
fn one_fault_at_any_call_ends_as_planned_or_as_before() {
    use Fault::{AnswerLost, Fails, KilledAfter, KilledBefore, Pruned, Refused};
    let faults = [KilledBefore, KilledAfter, Fails, AnswerLost, Refused, Pruned];
    let began = std::time::Instant::now();
    let (count, wrongs) = all(single(&STORIES, &faults, Care::default()));
    eprintln!("{count} schedules in {:?}", began.elapsed());
    none(count, &wrongs);
}
