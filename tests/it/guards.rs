//! Guards under simulated traffic: how often a healthy release is sent back, and how soon a bad one is. Seeded dice, no
//! clock: each run is the same on every machine.

use pilothouse::deploy::guard::{Guard, Guards, Look, Replicas, Verdict, Window, fisher};

/// Requests per second that come to the service, from quiet to busy.
const RATES: [u64; 4] = [10, 50, 200, 1_000];
const RUNS: u64 = 400;
/// A look every 2 s for 10 minutes.
const LOOKS: u64 = 300;
const SECONDS: u64 = 2;
const WEIGHT: f64 = 0.05;
const HEALTHY: f64 = 0.002;
const BAD: f64 = 0.05;

/// Marsaglia's xorshift64*.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = dice.share());
        dice
    }

    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How many of `all` it hits, each by itself: from one hit to the next.
    fn hits(&mut self, all: u64, chance: f64) -> u64 {
        let (mut place, mut hits) = (0.0, 0);
        loop {
            place += (1.0 - self.share()).ln() / (1.0 - chance).ln();
            place = place.floor() + 1.0;
            if place > all as f64 {
                return hits;
            }
            hits += 1;
        }
    }
}

/// One canary at one share: what is seen of it, look by look. `errors` gives the shares of old and new at that look.
fn canary(seed: u64, rate: u64, errors: impl Fn(u64) -> (f64, f64)) -> impl Iterator<Item = Look> {
    let mut dice = Dice::new(seed);
    let replicas = Replicas { joined: 2, ready: 2, restarts: 0 };
    let mut look = Look { replicas, ..Look::default() };
    (0..LOOKS).map(move |at| {
        let (of_old, of_new) = errors(at);
        let all = rate * SECONDS;
        let new = dice.hits(all, WEIGHT);
        for (window, requests, chance) in [(&mut look.new, new, of_new), (&mut look.old, all - new, of_old)] {
            window.requests += requests;
            window.errors += dice.hits(requests, chance);
        }
        look
    })
}

/// Requests of the new slot when `is_bad` first found it bad.
fn found(mut looks: impl Iterator<Item = Look>, mut is_bad: impl FnMut(&Look) -> bool) -> Option<u64> {
    looks.find(|look| is_bad(look)).map(|look| look.new.requests)
}

fn guarded() -> impl FnMut(&Look) -> bool {
    let mut guard = Guard::new(Guards::default());
    move |look| matches!(guard.judge(look), Verdict::Fail(_))
}

/// What a script would do: more than 1 % of at least 50.
fn naive(look: &Look) -> bool {
    let Window { requests, errors, .. } = look.new;
    requests >= 50 && errors * 100 > requests
}

/// How many of all runs were found bad.
fn sent_back<F: FnMut(&Look) -> bool>(
    rate: u64,
    errors: impl Fn(u64) -> (f64, f64) + Copy,
    rule: impl Fn() -> F,
) -> u64 {
    (0..RUNS).filter(|run| found(canary(run * 31 + rate, rate, errors), rule()).is_some()).count() as u64
}

#[test]
fn at_most_one_of_a_hundred_healthy_canaries_is_sent_back_at_any_rate() {
    for rate in RATES {
        let back = sent_back(rate, |_| (HEALTHY, HEALTHY), guarded);
        println!("{rate}/s: {back} of {RUNS} healthy ones sent back");
        assert!(back * 100 <= RUNS, "{rate}/s: {back} of {RUNS}");
    }
}

#[test]
fn the_same_canaries_tell_a_naive_rule_from_the_guards() {
    for rate in RATES {
        let back = sent_back(rate, |_| (HEALTHY, HEALTHY), || naive);
        println!("{rate}/s: {back} of {RUNS} healthy ones sent back by `more than 1 %`");
        assert!(back * 100 > RUNS * 5, "{rate}/s: {back} of {RUNS}");
    }
}

/// The same test without a correction for looking again and again: each look may err in 1 of 200.
#[test]
fn a_test_that_takes_no_account_of_looking_often_sends_many_healthy_ones_back() {
    let plain = |look: &Look| {
        look.new.requests >= 200
            && look.new.errors >= 3
            && fisher::at_least_as_bad(&look.new, &look.old) <= 0.005
    };
    let back = sent_back(1_000, |_| (HEALTHY, HEALTHY), || plain);
    println!("1000/s: {back} of {RUNS} healthy ones sent back by the test without correction");
    assert!(back * 100 > RUNS * 2, "{back} of {RUNS}");
}

#[test]
fn an_outage_of_what_both_slots_need_sends_no_healthy_one_back() {
    // 30 s of 20 % errors in the third minute.
    let outage = |at| if (60..75).contains(&at) { (0.2, 0.2) } else { (HEALTHY, HEALTHY) };
    for rate in [10, 200, 1_000] {
        let back = sent_back(rate, outage, guarded);
        println!("{rate}/s: {back} of {RUNS} healthy ones sent back in an outage of both");
        assert!(back * 100 <= RUNS, "{rate}/s: {back} of {RUNS}");
    }
}

#[test]
fn a_canary_with_5_percent_errors_is_caught_within_310_of_its_requests() {
    for rate in RATES {
        let run = |run: u64| found(canary(run * 31 + rate, rate, |_| (HEALTHY, BAD)), guarded());
        let mut seen: Vec<_> = (0..RUNS).filter_map(run).collect();
        seen.sort_unstable();
        let at = |percent: usize| seen.get(RUNS as usize * percent / 100).copied();
        let (p50, p95) = (at(50), at(95));
        println!("{rate}/s: {} of {RUNS} caught, after {p50:?} requests p50, {p95:?} p95", seen.len());
        // One look of the busiest brings 100 requests.
        assert!(p50.is_some_and(|p50| p50 <= 230), "{rate}/s: p50 {p50:?}");
        assert!(p95.is_some_and(|p95| p95 <= 310), "{rate}/s: p95 {p95:?}");
    }
}

#[test]
fn a_canary_that_nobody_asks_is_inconclusive_to_the_end() {
    let mut guard = Guard::new(Guards::default());
    for look in canary(1, 2, |_| (HEALTHY, HEALTHY)) {
        assert!(matches!(guard.judge(&look), Verdict::Inconclusive { .. }));
    }
}
