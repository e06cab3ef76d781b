//! Differences of counters: what they say, and when there are none.

use chrono::TimeDelta;

use super::*;
use crate::domain::traffic::Split;

struct Told {
    traffic: Traffic,
    now: Now,
    flow: Flow,
}

impl Told {
    fn begin(green: u16) -> Self {
        let now = Now { at: Instant::now(), wall: chrono::DateTime::from_timestamp(1_000_000, 0).unwrap() };
        let flow = Flow {
            split: Split::to(Slot::Green, green).unwrap(),
            is_in_maintenance: false,
            servers: Vec::new(),
            counters: [Counters { requests: 5000, errors: 70, mean_ms: Some(12.0), ..Counters::default() };
                2],
            up_s: 100,
        };
        let mut told = Self { traffic: Traffic::default(), now, flow };
        told.tell();
        told
    }

    fn tell(&mut self) {
        self.traffic.flowed(self.flow.clone(), self.now);
    }

    /// So many seconds later each slot had so many requests more, green with so many errors.
    fn later(&mut self, seconds: u64, requests: [u64; 2], errors: u64) {
        self.now.at += Duration::from_secs(seconds);
        self.now.wall += TimeDelta::seconds(seconds as i64);
        self.flow.up_s += seconds;
        for (counters, more) in self.flow.counters.iter_mut().zip(requests) {
            counters.requests += more;
        }
        self.flow.counters[1].errors += errors;
        self.tell();
    }

    fn requests(&self, slot: Slot) -> Option<u64> {
        self.traffic.done(slot).map(|done| done.requests)
    }
}

#[test]
fn one_reading_says_nothing_of_rates() {
    let told = Told::begin(2500);
    assert_eq!((told.traffic.done(Slot::Blue), told.traffic.rate(Slot::Green)), (None, None));
    assert_eq!(told.traffic.history(Slot::Blue).requests.last(), None);
}

#[test]
fn rates_are_differences() {
    let mut told = Told::begin(2500);
    told.later(1, [75, 25], 0);
    told.later(1, [75, 25], 5);
    assert_eq!(told.traffic.rate(Slot::Blue), Some(75.0));
    assert_eq!(told.traffic.done(Slot::Green), Some(Done { seconds: 2.0, requests: 50, errors: 5 }));
    let green = told.traffic.history(Slot::Green);
    assert_eq!(green.errors.last().map(|point| (point.value, point.is_bad)), Some((20.0, true)));
    assert_eq!(green.latency.last().map(|point| point.value), Some(12.0));
}

#[test]
fn a_slot_without_requests_has_no_error_share_and_no_latency() {
    let mut told = Told::begin(0);
    told.later(1, [75, 0], 0);
    let green = told.traffic.history(Slot::Green);
    assert_eq!((green.errors.last(), green.latency.last()), (None, None));
    assert_eq!(green.requests.last().map(|point| point.value), Some(0.0));
}

#[test]
fn a_balancer_that_started_again_begins_a_new_difference() {
    let mut told = Told::begin(2500);
    told.later(1, [75, 25], 0);
    told.flow.counters = [Counters { requests: 6000, ..Counters::default() }; 2];
    told.flow.up_s = 0;
    told.later(1, [0, 0], 0);
    assert_eq!(told.requests(Slot::Blue), None, "its counters began anew, although they are higher");
    told.later(1, [10, 0], 0);
    assert_eq!(told.requests(Slot::Blue), Some(10));
}

#[test]
fn another_split_is_measured_anew() {
    let mut told = Told::begin(0);
    told.later(1, [100, 0], 0);
    told.flow.split = Split::to(Slot::Green, 2500).unwrap();
    told.later(1, [90, 10], 0);
    told.later(1, [75, 25], 0);
    assert_eq!((told.requests(Slot::Blue), told.requests(Slot::Green)), (Some(75), Some(25)));
}

#[test]
fn what_nobody_saw_is_no_rate() {
    let mut told = Told::begin(2500);
    told.later(600, [60_000, 0], 0);
    assert_eq!(told.traffic.done(Slot::Blue), None);
}

#[test]
fn only_the_last_minute_is_measured() {
    let mut told = Told::begin(2500);
    for _ in 0..90 {
        told.later(1, [1, 0], 0);
    }
    assert_eq!(told.requests(Slot::Blue), Some(60));
}

#[test]
fn what_it_did_last_stays_when_it_tells_no_more_and_is_stale() {
    let mut world = World::default();
    let mut told = Told::begin(2500);
    let front = FrontId {
        environment: EnvironmentId::new("production"),
        service: ServiceId::new("web"),
        host: HostId::new("web1"),
    };
    world.told_of_traffic(front.clone(), Ok(told.flow.clone()), told.now);
    assert!(!world.traffic[&front].is_stale(told.now));
    told.now.at += Duration::from_secs(1);
    world.told_of_traffic(front.clone(), Err("it closed its socket".to_owned()), told.now);
    let traffic = &world.traffic[&front];
    assert_eq!(traffic.flow().map(|flow| flow.up_s), Some(100));
    assert!(traffic.is_stale(told.now));
    world.told_of_traffic(front.clone(), Ok(told.flow.clone()), told.now);
    assert_eq!(world.traffic[&front].failure, None);
}

#[test]
fn a_reading_grows_old_by_itself() {
    let told = Told::begin(2500);
    let at = |seconds| Now { at: told.now.at + Duration::from_secs(seconds), ..told.now };
    assert!(!told.traffic.is_stale(at(3)) && told.traffic.is_stale(at(4)));
}
