//! What is asked of a deployment that runs, at each of its calls: to wait, to go on, to turn back. Whatever the moment, it
//! ends as planned or as before, and whoever waits changes nothing.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use pilothouse::domain::deployment::Asked;
use pilothouse::domain::lock::{Doing, Guard};
use pilothouse::jobs::deploy::begin::unfinished;
use pilothouse::jobs::deploy::take_up::Way;
use pilothouse::jobs::deploy::{Care, End};
use tokio::time::sleep;

use super::schedules::{Ended, STORIES, Story, back, deploys, ledger, plain, run, site, takes_up};
use super::world::{Fault, World};

/// Somebody elsewhere asks it, where a deployment runs.
async fn asks(world: &Arc<World>, what: Asked) -> bool {
    let operator = site(world, Care::default(), "bob");
    let ledger = ledger(world).await;
    let Some(record) = unfinished(&ledger) else { return false };
    operator.ask(record, what, Some("it looks wrong".to_owned())).await.unwrap();
    true
}

/// From this call on somebody else does that, beside the deployment.
async fn beside<T>(
    world: &Arc<World>,
    story: Story,
    call: u64,
    other: impl Future<Output = T>,
) -> (Ended, Option<T>) {
    world.next(&[(call, Fault::IsSeen)]);
    let deployment = deploys(site(world, Care::default(), "alice"), story);
    tokio::pin!(deployment);
    tokio::select! {
        biased;
        ended = &mut deployment => return (ended, None),
        () = world.seen.notified() => {}
    }
    let (ended, other) = tokio::join!(deployment, other);
    (ended, Some(other))
}

fn is_whole(world: &World) {
    assert_eq!((world.wrongs(), world.locks()), (Vec::new(), 0));
}

#[test]
fn what_is_aborted_at_any_call_ends_as_it_was_before_or_was_done_already() {
    let mut undone = 0;
    for story in STORIES {
        let plain = plain(story);
        for call in 0..plain.calls {
            run(async {
                let world = story.world();
                let (ended, asked) = beside(&world, story, call, asks(&world, Asked::Back)).await;
                is_whole(&world);
                match ended {
                    Ended::At(End::Undone(why)) => {
                        let by_bob = why.contains("aborted by bob") && why.contains("it looks wrong");
                        undone += usize::from(by_bob);
                        assert!(by_bob || story == Story::Bad, "{why}");
                        assert_eq!(world.rows(), plain.before, "{story:?} at {call}");
                    }
                    // Too late, or before there was anything to abort.
                    Ended::At(End::Done) => assert_eq!(world.rows(), plain.after, "{story:?} at {call}"),
                    other => panic!("{story:?} at {call}: {other:?} {asked:?}"),
                }
            });
        }
    }
    assert!(undone > 200, "{undone}");
}

#[test]
fn what_is_paused_at_any_call_changes_nothing_until_it_is_told_to_go_on() {
    let waited = Cell::new(0);
    for story in STORIES {
        let plain = plain(story);
        for call in 0..plain.calls {
            run(async {
                let world = story.world();
                let other = async {
                    if !asks(&world, Asked::Pause).await {
                        return;
                    }
                    // The step in which it is may take so long.
                    sleep(Duration::from_secs(30)).await;
                    let changes = world.changes();
                    sleep(Duration::from_secs(3_600)).await;
                    assert_eq!(world.changes(), changes, "{story:?} at {call}");
                    waited.set(waited.get() + usize::from(asks(&world, Asked::GoOn).await));
                };
                let (ended, _) = beside(&world, story, call, other).await;
                is_whole(&world);
                let is_right = match ended {
                    Ended::At(End::Undone(_)) => story == Story::Bad && world.rows() == plain.before,
                    Ended::At(End::Done) => story != Story::Bad && world.rows() == plain.after,
                    _ => false,
                };
                assert!(is_right, "{story:?} at {call}: {ended:?}");
            });
        }
    }
    assert!(waited.get() > 200, "{}", waited.get());
}

#[test]
fn who_waits_says_so_and_lives_and_whoever_takes_over_need_not_wait() {
    let (calls, mut waited) = (plain(Story::Good).calls, 0);
    for (call, way) in (0..calls).step_by(3).flat_map(|call| [(call, Way::On), (call, back())]) {
        run(async {
            let world = Story::Good.world();
            let other = async {
                if !asks(&world, Asked::Pause).await {
                    return None;
                }
                sleep(Duration::from_secs(3_600)).await;
                let watched = site(&world, Care::default(), "bob").watched().await.unwrap();
                for (_, watched) in &watched {
                    assert_eq!(watched.guard(chrono::Utc::now()), Guard::Kept);
                    let doing = &watched.sign.as_ref().unwrap().doing;
                    assert!(matches!(doing, Doing::Paused(why) if why.contains("bob")), "{doing:?}");
                }
                let taken = Box::pin(takes_up(site(&world, Care::default(), "bob"), way)).await;
                Some((watched.len(), taken))
            };
            let (ended, other) = beside(&world, Story::Good, call, other).await;
            is_whole(&world);
            if let Some(Some((2, taken))) = other {
                waited += 1;
                assert!(matches!(taken, Ended::At(End::Done | End::Undone(_))), "{call}: {taken:?}");
                // It found out by itself, although nobody told it to go on.
                assert!(matches!(ended, Ended::At(End::Halted(_))), "{call}: {ended:?}");
            }
        });
    }
    assert!(waited > 40, "{waited}");
}

#[test]
fn whoever_lost_his_lock_begins_nothing_more_although_nobody_took_it() {
    let mut stopped = 0;
    for call in (0..plain(Story::Good).calls).step_by(3) {
        run(async {
            let world = Story::Good.world();
            let other = async {
                let operator = site(&world, Care::default(), "bob");
                let is_begun = unfinished(&ledger(&world).await).is_some();
                operator.oust().await.unwrap();
                let changes = world.changes();
                sleep(Duration::from_secs(60)).await;
                (is_begun, world.changes() - changes)
            };
            let (ended, other) = beside(&world, Story::Good, call, other).await;
            if let Some((true, more)) = other {
                assert_eq!((more, world.locks()), (0, 0), "{call}: {ended:?}");
                let taken = takes_up(site(&world, Care::default(), "bob"), back()).await;
                let is_over = matches!(ended, Ended::At(End::Done));
                stopped += usize::from(matches!(ended, Ended::At(End::Halted(_))));
                assert!(is_over || matches!(taken, Ended::At(End::Undone(_))), "{call}: {taken:?}");
            }
        });
    }
    assert!(stopped > 40, "{stopped}");
}
