//! Gates, second by second.

use super::*;

fn up(health: Health, restarts: u32) -> Seen {
    Seen { state: State::Running, health, restarts, last: None, probe: None }
}

fn gate() -> Gate {
    Gate::new(Duration::from_secs(10), Duration::from_secs(3))
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_has_a_check_is_ready_when_it_passes_and_a_slow_start_is_waited_for() {
    let mut gate = gate();
    assert!(matches!(gate.judge(Some(&up(Health::Starting, 0)), at(0)), Verdict::Wait(_)));
    assert!(matches!(gate.judge(Some(&up(Health::Unhealthy, 0)), at(9)), Verdict::Wait(_)));
    assert_eq!(gate.judge(Some(&up(Health::Healthy, 0)), at(9)), Verdict::Ready);
}

#[test]
fn what_has_no_check_has_to_stay_up_and_a_restart_begins_anew() {
    let mut gate = gate();
    assert!(matches!(gate.judge(Some(&up(Health::None, 0)), at(0)), Verdict::Wait(_)));
    let restarting = Seen { state: State::Restarting, ..up(Health::None, 0) };
    assert!(matches!(gate.judge(Some(&restarting), at(2)), Verdict::Wait(_)));
    assert!(matches!(gate.judge(Some(&up(Health::None, 1)), at(3)), Verdict::Wait(_)));
    assert!(matches!(gate.judge(Some(&up(Health::None, 1)), at(5)), Verdict::Wait(_)));
    assert_eq!(gate.judge(Some(&up(Health::None, 1)), at(6)), Verdict::Ready);
}

#[test]
fn what_is_restarted_between_two_looks_begins_anew_too() {
    let mut gate = gate();
    assert!(matches!(gate.judge(Some(&up(Health::None, 0)), at(0)), Verdict::Wait(_)));
    assert!(matches!(gate.judge(Some(&up(Health::None, 1)), at(3)), Verdict::Wait(_)));
    assert_eq!(gate.judge(Some(&up(Health::None, 1)), at(6)), Verdict::Ready);
}

#[test]
fn what_ends_or_restarts_again_and_again_fails_at_once_with_its_last_words() {
    let ended =
        Seen { state: State::Exited(Some(1)), last: Some("no database".to_owned()), ..up(Health::None, 0) };
    assert_eq!(gate().judge(Some(&ended), at(1)), Verdict::Failed("it ended with 1: no database".to_owned()));
    let mut gate = gate();
    assert!(matches!(gate.judge(Some(&up(Health::None, 5)), at(0)), Verdict::Wait(_)));
    let failed = gate.judge(Some(&up(Health::None, 8)), at(2));
    assert_eq!(failed, Verdict::Failed("it was restarted 3 times".to_owned()));
}

#[test]
fn a_probe_has_to_answer_twice_in_a_row() {
    let mut gate = gate();
    let probed = |probe| Seen { probe: Some(probe), ..up(Health::None, 0) };
    assert!(matches!(gate.judge(Some(&probed(Ok(()))), at(0)), Verdict::Wait(_)));
    let bad = probed(Err("503".to_owned()));
    assert_eq!(gate.judge(Some(&bad), at(1)), Verdict::Wait("its probe says 503".to_owned()));
    assert!(matches!(gate.judge(Some(&probed(Ok(()))), at(2)), Verdict::Wait(_)));
    assert_eq!(gate.judge(Some(&probed(Ok(()))), at(3)), Verdict::Ready);
    let failed = super::tests::gate().judge(Some(&bad), at(10));
    assert_eq!(failed, Verdict::Failed("not ready within 10 s: its probe says 503".to_owned()));
}
