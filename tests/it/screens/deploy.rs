//! A deployment on the screen, whoever runs it: at work, going back, taken back, not heard of any more.

use chrono::TimeDelta;
use pilothouse::config::theme::Depth;
use pilothouse::domain::container::{Health, State};
use pilothouse::domain::deployment::{
    Act, Asked, Heading, Model, Note, Phase, Plan, Purpose, Release, Replica, Request, Step,
};
use pilothouse::domain::ids::{ContainerId, EnvironmentId, HostId, ImageId};
use pilothouse::domain::ledger::union::Ledger;
use pilothouse::domain::ledger::{Outcome, Record, RecordId, RecordNumber, Who};
use pilothouse::domain::spec::RestartPolicy;
use pilothouse::effect::{Effect, JobId};
use pilothouse::msg::{JobEvent, Msg};
use pilothouse::ui::look::Look;

use super::render::{draw, text};
use super::world::{Stage, look, record, shop, wall};

fn replica(name: &str, id: Option<&str>) -> Replica {
    let restart = RestartPolicy { name: "always".to_owned(), most: 0 };
    Replica { name: name.to_owned(), id: id.map(ContainerId::new), restart, found_as: Vec::new() }
}

/// A new replica for each of web's two old ones, one host after the other.
pub fn plan(release: u32) -> Plan {
    let mut steps = Vec::new();
    for (n, host) in ["web1", "web2"].into_iter().enumerate() {
        let new = replica(&format!("web-v{release}-{}", n + 1), None);
        let old = replica(&format!("web-42-blue-{}", n + 1), Some(&format!("web-42-blue-{}", n + 1)));
        let like = Model::Like(shop()[n].key());
        let image = format!("shop/web:v{release}");
        let image_id = ImageId::new(format!("sha256:{release:0>64}"));
        let create =
            Act::Create { replica: new.clone(), like, image, image_id: Some(image_id), errand: None };
        let acts = [create, Act::Start(new.clone()), Act::Gate(new), Act::Retire(old)];
        steps.extend(acts.map(|act| Step { host: HostId::new(host), act }));
    }
    let releases = (Release(release - 1), Release(release));
    let image = format!("shop/web:v{release}");
    Plan { replicas: 2, ..Plan::new(Purpose::Deploy, "web", releases, &image, steps) }
}

/// The record of it, begun so many seconds ago, with the first lines of its journal: step, what of it, so long ago.
pub fn journal(number: u32, release: u32, begun_ago: i64, notes: &[(Heading, u32, Phase, i64)]) -> Record {
    let mut record = record(number, "bob", &plan(release).title(), "web-42-blue-1", 0);
    record.begun.at = wall() - TimeDelta::seconds(begun_ago);
    record.begun.why = Some("fix cart rounding".to_owned());
    let note = |(heading, step, phase, ago): &(Heading, u32, Phase, i64)| Note {
        number: RecordNumber(number),
        id: RecordId::new(u64::from(number)),
        epoch: 1,
        heading: *heading,
        step: *step,
        phase: phase.clone(),
        at: wall() - TimeDelta::seconds(*ago),
    };
    (record.end, record.plan) = (None, Some(Box::new(plan(release))));
    record.notes = notes.iter().map(note).collect();
    record
}

/// A step that was begun and done so long ago.
fn done(heading: Heading, step: u32, begun: i64, done: i64) -> [(Heading, u32, Phase, i64); 2] {
    [(heading, step, Phase::Intent, begun), (heading, step, Phase::Done, done)]
}

use Heading::{Back, Forward};

pub fn half_way() -> Vec<(Heading, u32, Phase, i64)> {
    let all = [(0, 30, 30), (1, 30, 29), (2, 29, 18), (3, 18, 7), (4, 7, 6), (5, 6, 5)];
    let mut notes: Vec<_> =
        all.iter().flat_map(|(step, begun, end)| done(Forward, *step, *begun, *end)).collect();
    notes.push((Forward, 6, Phase::Intent, 5));
    notes
}

pub fn tell(stage: &mut Stage, records: Vec<Record>) {
    let ledger = Box::new(Ledger { records, ..Ledger::default() });
    stage.tell(Msg::Ledger(EnvironmentId::new("production"), ledger));
}

fn new_replica(stage: &mut Stage) {
    let mut all: Vec<_> =
        shop().iter().filter(|s| s.host == "web2").map(super::world::Spec::container).collect();
    let spec = &shop()[1];
    let mut new = spec.container();
    new.key.id = ContainerId::new("new");
    (new.name, new.health) = ("web-v43-2".into(), Health::Starting);
    all.push(new);
    stage.up("web2", all);
}

/// The second replica is not ready yet.
pub fn at_work(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    new_replica(&mut stage);
    tell(&mut stage, vec![journal(51, 43, 31, &half_way())]);
    stage.keys("7");
    stage
}

/// The second replica never got ready, and all of it is taken back.
pub fn taken_back(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    let why = "wait until web-v43-2 is ready on web2: not ready within 120 s: its health check fails: 503 database timeout after 5.0s (http://10.0.0.7:8080/health/ready)";
    let mut notes = half_way();
    notes.push((Forward, 6, Phase::Failed(why.to_owned()), 4));
    notes.extend(done(Back, 20, 4, 3));
    notes.extend(done(Back, 16, 3, 3));
    notes.extend(done(Back, 12, 3, 2));
    notes.extend(done(Back, 13, 2, 1));
    notes.extend(done(Back, 4, 1, 1));
    notes.extend(done(Back, 0, 1, 0));
    let mut record = journal(51, 43, 31, &notes);
    record.end = Some((wall(), Outcome::Undone(why.to_owned())));
    tell(&mut stage, vec![record]);
    stage.keys("7");
    stage
}

/// Nobody has written anything for ten minutes.
pub fn unguarded(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    new_replica(&mut stage);
    tell(&mut stage, vec![journal(51, 43, 31, &half_way())]);
    stage.wait(600);
    stage.keys("7");
    stage
}

pub fn shown(stage: &Stage) -> String {
    text(&draw(&stage.model, stage.model.size))
}

pub fn dark() -> Look {
    look("dark", Depth::True, false)
}

/// The dialog for another image of web.
pub fn asked(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    let mut before = journal(40, 41, 900_000, &[]);
    before.end = Some((wall() - TimeDelta::seconds(899_900), Outcome::Done));
    tell(&mut stage, vec![before]);
    stage.unlock();
    stage.select("web-42-blue-1");
    stage.keys("d");
    stage
}

pub fn job_of(effects: &[Effect]) -> JobId {
    let job = effects.iter().find_map(|effect| match effect {
        Effect::Plan { job, .. } | Effect::Order(job, _) => Some(*job),
        _ => None,
    });
    job.expect("a plan or an order")
}

/// The plan for it, half confirmed.
pub fn planned(size: (u16, u16), look: Look) -> Stage {
    let mut stage = asked(size, look);
    stage.keys("backspace");
    stage.text("3");
    let job = job_of(&stage.press("enter"));
    stage.tell(Msg::Job(job, JobEvent::Planned(Ok(Box::new(plan(43))))));
    stage.keys("tab");
    stage.text("fix cart rounding");
    stage.keys("tab");
    stage.text("produc");
    stage
}

/// Three reasons why there is no plan.
pub fn refused(size: (u16, u16), look: Look) -> Stage {
    let mut stage = asked(size, look);
    let job = job_of(&stage.press("enter"));
    let reasons = [
        "web1 has no image shop/web:v42; pull or build it there first",
        "shop/web:v42 is for arm64, and web2 runs amd64",
        "#50 (deploy api shop/api:v8 as v8, by bob) was cut off: resume it or undo it first",
    ];
    stage.tell(Msg::Job(job, JobEvent::Planned(Err(reasons.map(str::to_owned).to_vec()))));
    stage
}

/// Releases to go back to, of which one went wrong.
pub fn back(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    let mut all: Vec<_> =
        shop().iter().filter(|s| s.host == "web1").map(super::world::Spec::container).collect();
    for (release, minutes) in [(39, 30_000), (40, 20_000), (41, 9000)] {
        let mut kept = shop()[0].container();
        kept.key.id = ContainerId::new(format!("kept-{release}"));
        kept.name = format!("web-v{release}-1").into();
        kept.image = format!("shop/web:1.{release}").into();
        kept.labels.insert("pilothouse.release".to_owned(), format!("v{release}"));
        kept.state = State::Exited(Some(0));
        kept.created = wall() - TimeDelta::minutes(minutes);
        all.push(kept);
    }
    for live in all.iter_mut().filter(|c| c.service.as_str() == "web" && c.state.is_up()) {
        live.labels.insert("pilothouse.release".to_owned(), "v42".to_owned());
    }
    stage.up("web1", all);
    let ended = |number, release, ago, outcome| {
        let mut record = journal(number, release, ago, &[]);
        record.end = Some((wall(), outcome));
        record
    };
    let records = vec![
        ended(40, 40, 1_200_000, Outcome::Done),
        ended(41, 41, 540_000, Outcome::Undone("not ready".to_owned())),
    ];
    tell(&mut stage, records);
    stage.unlock();
    stage.select("web-42-blue-1");
    stage.keys("r");
    stage
}

/// The history of web: one that was taken back, one live, a rollback, what ran before.
pub fn history(size: (u16, u16), look: Look) -> Stage {
    let mut stage = back(size, look);
    stage.keys("esc");
    let ended = |number, release, ago: i64, took, outcome| {
        let mut record = journal(number, release, ago, &[]);
        record.end = Some((record.begun.at + TimeDelta::seconds(took), outcome));
        record
    };
    let mut rollback = ended(42, 40, 500_000, 4, Outcome::Done);
    rollback.plan.as_mut().unwrap().purpose = Purpose::Rollback;
    rollback.begun.why = Some("p95 doubled on checkout".to_owned());
    let records = vec![
        ended(40, 40, 1_200_000, 34, Outcome::Done),
        ended(41, 41, 540_000, 130, Outcome::Undone("web-v41-1 did not get ready".to_owned())),
        rollback,
        ended(43, 42, 172_800, 31, Outcome::Done),
    ];
    tell(&mut stage, records);
    stage.keys("5");
    stage
}

/// What `u` asks about one that was cut off.
pub fn cut_off(size: (u16, u16), look: Look) -> Stage {
    let mut stage = unguarded(size, look);
    stage.unlock();
    stage.keys("u");
    stage.model.drawn(stage.now.at);
    stage.wait(1);
    stage
}

/// Somebody asked it to wait.
pub fn paused(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    let by = Who {
        name: "alice".to_owned(),
        login: "alice".to_owned(),
        machine: "bastion".to_owned(),
        from: None,
    };
    let why = Some("the database is slow".to_owned());
    let asked = Request { id: RecordId::new(9), turn: 1, by, what: Asked::Pause, why };
    let mut notes = half_way();
    notes.push((Forward, 6, Phase::Done, 2));
    notes.push((Forward, 0, Phase::Asked(Box::new(asked)), 1));
    tell(&mut stage, vec![journal(51, 43, 31, &notes)]);
    stage.keys("7");
    stage
}
