//! Locks, on one engine: one holds, the others are told who, and nobody gives back what is not his.

use futures_util::StreamExt;
use futures_util::future::join_all;
use pilothouse::adapters::docker::DockerEngine;
use pilothouse::domain::host::Address;
use pilothouse::domain::ids::{EnvironmentId, HostId};
use pilothouse::domain::ledger::Who;
use pilothouse::domain::ledger::form;
use pilothouse::ports::ledger::File;
use pilothouse::ports::lock::{Claim, Doing, Lock, Locks, Sign, Taken, Watched};

use super::Stage;
use crate::fake_engine::{self, FakeEngine, Served};

super::on_every_engine! {
    of_many_who_take_a_lock_at_once_one_gets_it_and_the_others_hear_who
    an_old_lock_that_is_given_back_leaves_the_new_one
    a_lock_is_no_container_of_anybody
    what_its_holder_last_said_stands_at_the_lock_and_goes_with_it
    whoever_listens_hears_that_the_ledger_was_written_and_no_sign
}

fn claim(stage: &Stage, name: &str, who: &str) -> Claim {
    claim_in(EnvironmentId::new(format!("{}/{name} Ä", stage.project)), who)
}

fn claim_in(environment: EnvironmentId, who: &str) -> Claim {
    Claim {
        environment,
        who: Who { name: who.to_owned(), ..Who::default() },
        pid: 7,
        purpose: "deploy web shop/web:1.5".to_owned(),
        epoch: 3,
        at: chrono::DateTime::from_timestamp(1_700_000_000, 5).unwrap(),
    }
}

async fn take(stage: &Stage, claim: &Claim) -> Lock {
    match stage.engine.lock_take(claim).await.unwrap() {
        Taken::Ours(lock) => lock,
        Taken::Held(lock) => panic!("held by {lock:?}"),
    }
}

async fn of_many_who_take_a_lock_at_once_one_gets_it_and_the_others_hear_who(stage: &Stage) {
    let claims: Vec<_> = (0..8).map(|n| claim(stage, "many", &format!("operator {n}"))).collect();
    let taken = join_all(claims.iter().map(|claim| stage.engine.lock_take(claim))).await;
    let taken: Vec<_> = taken.into_iter().map(Result::unwrap).collect();
    let ours: Vec<_> =
        taken.iter().filter_map(|t| if let Taken::Ours(lock) = t { Some(lock) } else { None }).collect();
    let [winner] = ours[..] else { panic!("{taken:?}") };
    assert!(claims.contains(winner.claim.as_ref().unwrap()));
    assert!(taken.iter().all(|t| matches!(t, Taken::Ours(lock) | Taken::Held(lock) if lock == winner)));
    stage.engine.lock_drop(winner).await.unwrap();
    assert_eq!(stage.engine.lock_seen(&claims[0].environment).await.unwrap(), None);
    // Gone already is success.
    stage.engine.lock_drop(winner).await.unwrap();
}

/// An engine has the name of a container before it has the container.
#[tokio::test]
async fn a_lock_that_is_being_made_is_waited_for() {
    let engine = FakeEngine::start(Served { unfound: 30, ..Served::default() });
    let docker = DockerEngine::new(HostId::new("fake"), &Address::Unix(engine.socket.clone()));
    let claim = claim_in(EnvironmentId::new("shop"), "alice");
    let taken = docker.lock_take(&claim).await;
    assert!(matches!(&taken, Ok(Taken::Held(lock)) if lock.id.as_str() == fake_engine::ID), "{taken:?}");
}

async fn an_old_lock_that_is_given_back_leaves_the_new_one(stage: &Stage) {
    let claim = claim(stage, "old", "alice");
    let old = take(stage, &claim).await;
    stage.engine.lock_drop(&old).await.unwrap();
    let new = take(stage, &claim).await;
    stage.engine.lock_drop(&old).await.unwrap();
    assert_eq!(stage.engine.lock_seen(&claim.environment).await.unwrap(), Some(new.clone()));
    stage.engine.lock_drop(&new).await.unwrap();
}

async fn a_lock_is_no_container_of_anybody(stage: &Stage) {
    let claim = claim(stage, "listed", "alice");
    let lock = take(stage, &claim).await;
    let listed = stage.engine.containers().await.unwrap();
    assert!(listed.iter().all(|c| c.key.id != lock.id), "{listed:?}");
    stage.engine.lock_drop(&lock).await.unwrap();
}

async fn what_its_holder_last_said_stands_at_the_lock_and_goes_with_it(stage: &Stage) {
    let claim = claim(stage, "signs", "alice");
    let lock = take(stage, &claim).await;
    let watched = async || stage.engine.lock_watched(&claim.environment).await.unwrap();
    let first = watched().await.unwrap();
    assert_eq!((&first.lock, &first.sign), (&lock, &None));
    assert!(first.made.is_some());
    for n in 0..3 {
        let doing = if n == 1 { Doing::Paused("by bob".to_owned()) } else { Doing::Works };
        let sign = Sign { at: claim.at + chrono::TimeDelta::seconds(n), doing };
        stage.engine.lock_sign(&lock, &sign).await.unwrap();
        assert_eq!(watched().await.unwrap(), Watched { sign: Some(sign), ..first.clone() });
    }
    stage.engine.lock_drop(&lock).await.unwrap();
    assert_eq!(watched().await, None);
    let sign = Sign { at: claim.at, doing: Doing::Works };
    assert!(stage.engine.lock_sign(&lock, &sign).await.unwrap_err().is_gone());
}

async fn whoever_listens_hears_that_the_ledger_was_written_and_no_sign(stage: &Stage) {
    let claim = claim(stage, "heard", "alice");
    let lock = take(stage, &claim).await;
    // It has to be there before anybody can listen to it.
    let path = format!("{}/000001/a.begun", form::directory(&claim.environment));
    let file = File { path, bytes: b"torn".to_vec() };
    stage.engine.ledger_write(std::slice::from_ref(&file)).await.unwrap();
    let mut written = stage.engine.ledger_written().await.unwrap();
    stage.engine.lock_sign(&lock, &Sign { at: claim.at, doing: Doing::Works }).await.unwrap();
    stage.engine.lock_drop(&lock).await.unwrap();
    stage.engine.ledger_write(std::slice::from_ref(&file)).await.unwrap();
    assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(10), written.next()).await, Ok(Some(())));
}
