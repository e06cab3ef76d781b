//! Guards, look by look; the test against all tables of its size.

use proptest::prelude::*;

use super::*;

fn window(requests: u64, errors: u64) -> Window {
    Window { requests, errors, ..Window::default() }
}

fn look(new: Window, old: Window) -> Look {
    let replicas = Replicas { joined: 2, ready: 2, restarts: 0 };
    Look { old, is_before: false, new, replicas }
}

fn judge(new: (u64, u64), old: (u64, u64)) -> Verdict {
    Guard::new(Guards::default()).judge(&look(window(new.0, new.1), window(old.0, old.1)))
}

fn why(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Pass => "",
        Verdict::Fail(why) | Verdict::Inconclusive { why, .. } => why,
    }
}

#[test]
fn no_traffic_is_never_success() {
    let verdict = judge((0, 0), (9_000, 18));
    assert_eq!(why(&verdict), "no request reached the new slot");
    assert!(matches!(verdict, Verdict::Inconclusive { is_doubt: false, .. }));
}

#[test]
fn too_few_requests_of_either_slot_tell_nothing() {
    assert_eq!(why(&judge((199, 0), (9_000, 18))), "199 of 200 requests reached the new slot");
    assert_eq!(why(&judge((9_000, 18), (12, 0))), "12 of 200 requests reached the old slot");
    assert_eq!(judge((200, 0), (200, 0)), Verdict::Pass);
}

#[test]
fn more_errors_than_beside_it_are_a_failure_with_both_figures() {
    let verdict = judge((240, 12), (4_560, 9));
    let said = "12 of 240 requests failed (5.0 %), of the old slot 9 of 4560 requests failed (0.2 %)";
    assert_eq!(verdict, Verdict::Fail(said.to_owned()));
}

#[test]
fn errors_that_both_have_are_not_the_releases() {
    assert_eq!(judge((240, 48), (4_560, 912)), Verdict::Pass);
}

#[test]
fn two_errors_are_never_held_against_it() {
    assert_eq!(judge((200, 2), (100_000, 0)), Verdict::Pass);
}

#[test]
fn a_share_that_nobody_minds_is_not_held_against_it_however_certain() {
    assert_eq!(judge((100_000, 450), (1_900_000, 200)), Verdict::Pass);
    assert!(matches!(judge((100_000, 550), (1_900_000, 200)), Verdict::Fail(_)));
}

#[test]
fn between_two_looks_that_count_much_is_a_doubt_and_no_failure() {
    let mut guard = Guard::new(Guards::default());
    assert_eq!(guard.judge(&look(window(200, 0), window(3_800, 8))), Verdict::Pass);
    let bad = look(window(239, 12), window(4_541, 9));
    assert!(matches!(guard.judge(&bad), Verdict::Inconclusive { is_doubt: true, .. }));
    let counts = look(window(240, 12), window(4_560, 9));
    assert!(matches!(guard.judge(&counts), Verdict::Fail(_)));
}

#[test]
fn what_has_failed_stays_failed_until_the_next_hold() {
    let mut guard = Guard::new(Guards::default());
    let failed = guard.judge(&look(window(240, 12), window(4_560, 9)));
    assert_eq!(guard.judge(&look(window(9_000, 12), window(171_000, 9))), failed);
    guard.next_hold();
    assert_eq!(guard.judge(&look(window(200, 0), window(600, 0))), Verdict::Pass);
}

#[test]
fn a_later_hold_may_err_less_by_chance_than_the_first() {
    let bad = look(window(200, 5), window(3_800, 8));
    let mut guard = Guard::new(Guards::default());
    assert!(matches!(guard.judge(&bad), Verdict::Fail(_)));
    let mut guard = Guard::new(Guards::default());
    for _ in 0..9 {
        guard.judge(&look(window(200, 0), window(3_800, 8)));
        guard.next_hold();
    }
    assert!(matches!(guard.judge(&bad), Verdict::Inconclusive { is_doubt: true, .. }));
}

#[test]
fn one_request_without_a_server_is_enough() {
    let new = Window { connect_errors: 1, errors: 1, ..window(1, 1) };
    let verdict = Guard::new(Guards::default()).judge(&look(new, window(19, 0)));
    assert_eq!(verdict, Verdict::Fail("1 of 1 requests found no new replica to connect to".to_owned()));
}

#[test]
fn where_the_old_slot_cannot_be_reached_either_the_release_is_not_what_is_wrong() {
    let (new, old) = (
        Window { connect_errors: 10, ..window(100, 10) },
        Window { connect_errors: 190, ..window(1_900, 190) },
    );
    let verdict = Guard::new(Guards::default()).judge(&look(new, old));
    assert!(matches!(verdict, Verdict::Inconclusive { .. }), "{verdict:?}");
}

#[test]
fn a_replica_that_leaves_readiness_ends_it_without_a_request() {
    let mut look = look(window(0, 0), window(0, 0));
    look.replicas.ready = 1;
    assert_eq!(why(&Guard::new(Guards::default()).judge(&look)), "1 of 2 new replicas left readiness");
}

#[test]
fn a_restart_ends_it_without_a_request() {
    let mut look = look(window(0, 0), window(0, 0));
    look.replicas.restarts = 1;
    assert_eq!(why(&Guard::new(Guards::default()).judge(&look)), "new replicas were restarted once");
}

fn timed(requests: u64, ms: u64) -> Window {
    Window { mean_latency: Some(Duration::from_millis(ms)), ..window(requests, 0) }
}

fn timing() -> Guard {
    Guard::new(Guards { latency: Some(1.5), ..Guards::default() })
}

#[test]
fn latency_is_not_judged_unless_it_is_asked_for() {
    let slow = look(timed(9_000, 900), timed(9_000, 10));
    let mut guard = Guard::new(Guards::default());
    assert_eq!([guard.judge(&slow), guard.judge(&slow)], [Verdict::Pass, Verdict::Pass]);
}

#[test]
fn slow_answers_are_a_failure_once_two_looks_in_a_row_found_them() {
    let mut guard = timing();
    let first = guard.judge(&look(timed(200, 160), timed(3_800, 100)));
    assert!(matches!(first, Verdict::Inconclusive { is_doubt: true, .. }));
    let second = guard.judge(&look(timed(240, 160), timed(4_560, 100)));
    let said = "answers take 160 ms in the mean, the old slot's 100 ms";
    assert_eq!(second, Verdict::Fail(said.to_owned()));
}

#[test]
fn one_slow_look_between_quick_ones_is_none() {
    let mut guard = timing();
    for (requests, ms) in [(200, 160), (240, 140), (288, 160)] {
        let verdict = guard.judge(&look(timed(requests, ms), timed(9_000, 100)));
        assert!(!matches!(verdict, Verdict::Fail(_)), "{requests}");
    }
}

#[test]
fn a_few_milliseconds_more_are_nothing_that_anybody_waits_for() {
    let mut guard = timing();
    for requests in [200, 240, 288] {
        assert_eq!(guard.judge(&look(timed(requests, 5), timed(9_000, 1))), Verdict::Pass);
    }
}

#[test]
fn a_latency_that_is_guarded_and_not_told_is_no_success() {
    let verdict = timing().judge(&look(window(200, 0), window(3_800, 0)));
    assert_eq!(why(&verdict), "latency is guarded, but the balancer does not tell it");
}

fn next(policy: Policy, verdict: Verdict, held_s: u64) -> Next {
    policy.next(verdict, Duration::from_secs(held_s), Duration::from_secs(60))
}

fn silence(is_doubt: bool) -> Verdict {
    Verdict::Inconclusive { why: "why".to_owned(), is_doubt }
}

const QUARTER: Policy = Policy::Promote(Duration::from_secs(900));

#[test]
fn a_failure_goes_back_at_once_whatever_the_policy() {
    for policy in [Policy::Ask, Policy::Abort, QUARTER] {
        assert_eq!(next(policy, Verdict::Fail("x".to_owned()), 0), Next::Back("x".to_owned()));
    }
}

#[test]
fn a_hold_is_held_to_its_end_and_then_promotes() {
    assert_eq!(
        [next(Policy::Ask, Verdict::Pass, 59), next(Policy::Ask, Verdict::Pass, 60)],
        [Next::Wait, Next::Promote]
    );
}

#[test]
fn what_cannot_be_told_is_asked_or_goes_back_at_the_end_of_the_hold() {
    for (policy, then) in
        [(Policy::Ask, Next::Ask("why".to_owned())), (Policy::Abort, Next::Back("why".to_owned()))]
    {
        assert_eq!(next(policy, silence(false), 59), Next::Wait);
        assert_eq!(next(policy, silence(false), 60), then);
    }
}

#[test]
fn silence_promotes_by_time_where_that_is_the_policy() {
    assert_eq!(next(QUARTER, silence(false), 899), Next::Wait);
    assert_eq!(next(QUARTER, silence(false), 900), Next::Promote);
}

#[test]
fn a_doubt_is_never_promoted_by_time() {
    assert_eq!(next(QUARTER, silence(true), 900), Next::Ask("why".to_owned()));
}

/// n over k.
fn choose(n: u64, k: u64) -> u128 {
    (0..k).fold(1, |product, i| product * u128::from(n - i) / u128::from(i + 1))
}

/// The same by counting every way of dealing the errors out.
fn by_counting(new: &Window, old: &Window) -> f64 {
    let failed = new.errors + old.errors;
    let ways = |k: u64| {
        let is_possible = k <= new.requests && failed - k <= old.requests;
        if is_possible { choose(new.requests, k) * choose(old.requests, failed - k) } else { 0 }
    };
    let worse: u128 = (new.errors..=failed).map(ways).sum();
    worse as f64 / (0..=failed).map(ways).sum::<u128>() as f64
}

#[test]
fn fishers_tea_is_known_to_the_digit() {
    // Fisher 1935: 3 of 4 cups right against 1 of 4 is 17 of 70.
    let chance = fisher::at_least_as_bad(&window(4, 3), &window(4, 1));
    assert!((chance - 17.0 / 70.0).abs() < 1e-15);
}

#[test]
fn millions_of_requests_and_the_farthest_tail_are_no_trouble() {
    // Two errors in all, both with the tenth: (n/N)·((n-1)/(N-1)).
    let chance = fisher::at_least_as_bad(&window(1_000_000, 2), &window(9_000_000, 0));
    assert!((chance / (0.1 * 999_999.0 / 9_999_999.0) - 1.0).abs() < 1e-12);
    // All failed here, none there: one way of all.
    let chance = fisher::at_least_as_bad(&window(60, 60), &window(60, 0));
    assert!((chance * choose(120, 60) as f64 - 1.0).abs() < 1e-12);
    assert!(fisher::at_least_as_bad(&window(50_000, 50_000), &window(950_000, 0)).abs() < 1e-300);
}

fn any_window(most: u64) -> impl Strategy<Value = Window> {
    (0..=most).prop_flat_map(|requests| (Just(requests), 0..=requests)).prop_map(|(r, e)| window(r, e))
}

proptest! {
    #[test]
    fn the_test_is_what_counting_gives(new in any_window(40), old in any_window(40)) {
        let (fast, slow) = (fisher::at_least_as_bad(&new, &old), by_counting(&new, &old));
        prop_assert!((fast / slow - 1.0).abs() < 1e-11, "{} {}", fast, slow);
    }

    #[test]
    fn one_error_more_is_never_more_likely(new in any_window(5_000), old in any_window(90_000)) {
        let more = window(new.requests + 1, new.errors + 1);
        let same = window(new.requests + 1, new.errors);
        let chance = |new| fisher::at_least_as_bad(new, &old);
        prop_assert!(chance(&more) <= chance(&same) * (1.0 + 1e-9));
    }

    #[test]
    fn what_fails_would_fail_with_one_error_more(n in 200_u64..2_000, x in 0_u64..60, m in 200_u64..40_000, y in 0_u64..400) {
        let y = y.min(m);
        let fails = |x| matches!(judge((n, x), (m, y)), Verdict::Fail(_));
        prop_assert!(!fails(x) || fails(x + 1));
    }
}
