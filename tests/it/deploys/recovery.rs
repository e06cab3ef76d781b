//! What whoever finds a deployment does with it: cut off twice, found by two at once, found while its worker only slept.
//! And proof that each care is needed: without it some schedule ends wrongly.

use pilothouse::jobs::deploy::take_up::Way;
use pilothouse::jobs::deploy::{Care, End};

use super::schedules::{
    Ended, STORIES, Schedule, Story, alive, all, back, deploys, ledger, none, plain, run, single, site,
    takes_up,
};
use super::world::Fault;

/// Cut off, and whoever goes on is cut off too, at every so many calls.
fn double(apart: u64, within: u64) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    for story in STORIES {
        for call in (0..plain(story).calls).step_by(apart as usize) {
            for next in (call % within..plain(story).calls).step_by(within as usize) {
                for way in [Way::On, back()] {
                    let first = vec![(call, Fault::KilledAfter)];
                    let second = vec![(next, Fault::KilledBefore)];
                    let care = Care::default();
                    schedules.push(Schedule { story, first, way, second, care, sickens: false });
                }
            }
        }
    }
    schedules
}

#[test]
fn whoever_goes_on_may_be_cut_off_too() {
    let (count, wrongs) = all(double(5, 17));
    assert!(count > 1_500, "{count}");
    none(count, &wrongs);
}

/// What was ready when its worker was cut off is not ready any more.
fn sickening(care: Care) -> Vec<Schedule> {
    let killed = single(&[Story::Good], &[Fault::KilledAfter], care).into_iter();
    killed.filter(|s| s.way == Way::On).map(|s| Schedule { sickens: true, ..s }).collect()
}

#[test]
fn what_was_ready_once_is_no_reason_to_stop_another() {
    let wrongs = |care| {
        let (_, wrongs) = all(sickening(care));
        wrongs.into_iter().filter(|wrong| wrong.contains("nobody serves")).collect::<Vec<_>>()
    };
    none(0, &wrongs(Care::default()));
    assert!(!wrongs(Care { gates_again: false, ..Care::default() }).is_empty());
}

#[test]
fn without_the_written_intent_something_is_left_behind() {
    let care = Care { intents: false, ..Care::default() };
    assert!(!all(single(&[Story::Good], &[Fault::KilledAfter], care)).1.is_empty());
}

#[test]
fn what_the_engine_is_still_stopping_is_not_taken_for_running() {
    let wrongs = |care| all(single(&[Story::Good, Story::Back, Story::Down], &[Fault::Late], care)).1;
    none(0, &wrongs(Care::default()));
    assert!(!wrongs(Care { settles: false, ..Care::default() }).is_empty());
}

#[test]
fn a_lie_of_the_engine_is_found_out_by_reading_back() {
    let wrongs = |care| {
        let (count, wrongs) = all(single(&[Story::Good, Story::Pulled, Story::Down], &[Fault::Lies], care));
        assert!(count > 100);
        wrongs
    };
    // A restart policy that was not set is not read back: nothing that serves depends on it.
    let is_other = |wrong: &String| !wrong.contains("restart=always");
    let found: Vec<_> = wrongs(Care::default()).into_iter().filter(is_other).collect();
    none(0, &found);
    assert!(!wrongs(Care { read_back: false, ..Care::default() }).is_empty());
}

/// A worker sleeps at this call; another takes its deployment up meanwhile. What the first changed after it woke.
fn woken(call: u64, way: &Way, care: Care) -> Option<u64> {
    run(async {
        let world = Story::Good.world();
        world.next(&[(call, Fault::Sleeps)]);
        let first = deploys(site(&world, care, "alice"), Story::Good);
        tokio::pin!(first);
        let is_asleep = tokio::select! {
            biased;
            _ = &mut first => false,
            () = world.asleep.notified() => true,
        };
        if !is_asleep {
            return None;
        }
        let taken = takes_up(site(&world, Care::default(), "bob"), way.clone()).await;
        let Ended::At(End::Done | End::Undone(_)) = taken else { return None };
        let (changes, rows) = (world.changes(), world.rows());
        let woken = alive(&world, first).await;
        let more = world.changes() - changes;
        if care == Care::default() {
            assert!(matches!(woken, Ended::At(End::Halted(_))), "{call}: {woken:?}");
            assert_eq!((world.rows(), world.locks()), (rows, 0), "{call}");
        }
        Some(more)
    })
}

#[test]
fn a_worker_that_slept_changes_nothing_once_another_went_on() {
    let calls = plain(Story::Good).calls;
    let changed = |care| -> Vec<u64> {
        let ways = [Way::On, back()];
        ways.iter().flat_map(|way| (0..calls).filter_map(move |call| woken(call, way, care))).collect()
    };
    let with = changed(Care::default());
    assert!(with.len() > 100, "{}", with.len());
    assert!(with.iter().all(|more| *more == 0), "{with:?}");
    assert!(changed(Care { fence: false, ..Care::default() }).iter().any(|more| *more > 0));
}

#[test]
fn of_two_who_begin_at_once_one_deploys_and_the_other_is_told() {
    for late in 0..40 {
        run(async {
            let world = Story::Good.world();
            let first = deploys(site(&world, Care::default(), "alice"), Story::Good);
            let second = async {
                tokio::time::sleep(std::time::Duration::from_millis(late)).await;
                deploys(site(&world, Care::default(), "bob"), Story::Good).await
            };
            let (first, second) = tokio::join!(first, second);
            let done = |ended: &Ended| matches!(ended, Ended::At(End::Done));
            let told = |ended: &Ended| matches!(ended, Ended::Never(_));
            assert!(
                (done(&first) && told(&second))
                    || (told(&first) && done(&second))
                    || (told(&first) && told(&second)),
                "{late}: {first:?} {second:?}"
            );
            assert_eq!((world.wrongs(), world.locks()), (Vec::new(), 0), "{late}");
        });
    }
}

#[test]
fn of_two_who_take_up_at_once_one_goes_on() {
    let calls = plain(Story::Good).calls;
    for call in (0..calls).step_by(5) {
        for (way, other) in [(Way::On, Way::On), (Way::On, back()), (back(), back())] {
            run(async {
                let world = Story::Good.world();
                world.next(&[(call, Fault::KilledAfter)]);
                let first = deploys(site(&world, Care::default(), "alice"), Story::Good);
                if !matches!(alive(&world, first).await, Ended::Killed) {
                    return;
                }
                world.next(&[]);
                let both = tokio::join!(
                    takes_up(site(&world, Care::default(), "bob"), way.clone()),
                    takes_up(site(&world, Care::default(), "carol"), other.clone())
                );
                // Perhaps each kept the other from it.
                let mut last = Ended::Nothing;
                if pilothouse::jobs::deploy::begin::unfinished(&ledger(&world).await).is_some() {
                    last = takes_up(site(&world, Care::default(), "dave"), other.clone()).await;
                }
                let told = format!("{call}: {both:?} {last:?}");
                assert_eq!((world.wrongs(), world.locks()), (Vec::new(), 0), "{told}");
                let unfinished = ledger(&world).await;
                assert!(pilothouse::jobs::deploy::begin::unfinished(&unfinished).is_none(), "{told}");
                let (rows, plain) = (world.rows(), plain_of_good());
                assert!(rows == plain.0 || rows == plain.1, "{told}: {rows:?}");
            });
        }
    }
}

fn plain_of_good() -> (Vec<super::world::Row>, Vec<super::world::Row>) {
    static PLAIN: std::sync::OnceLock<(Vec<super::world::Row>, Vec<super::world::Row>)> =
        std::sync::OnceLock::new();
    let found = || {
        let plain = std::thread::spawn(|| plain(Story::Good)).join().unwrap();
        (plain.before, plain.after)
    };
    PLAIN.get_or_init(found).clone()
}
