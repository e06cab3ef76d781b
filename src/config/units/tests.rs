//! Quantities as people write them, and what is none.

use proptest::prelude::*;

use super::*;

#[test]
fn times_are_read_as_people_write_them() {
    let ms = |text: &str| text.parse::<Period>().unwrap().get().as_millis();
    assert_eq!(
        [ms("15m"), ms("2s"), ms("500ms"), ms("1h30m"), ms("1d")],
        [900_000, 2_000, 500, 5_400_000, 86_400_000]
    );
}

#[test]
fn sizes_are_read_in_both_kinds_of_units() {
    let bytes = |text: &str| text.parse::<ByteSize>().unwrap().bytes();
    assert_eq!(
        [bytes("12MiB"), bytes("500k"), bytes("1GB"), bytes("7b")],
        [12 << 20, 500 << 10, 1_000_000_000, 7]
    );
}

#[test]
fn shares_need_their_sign_and_end_at_100() {
    assert!((("12.5%").parse::<Percent>().unwrap().fraction() - 0.125).abs() < 1e-9);
    for text in ["10", "101%", "100.01%", "-1%", "%", "1.%", ".5%", "1.234%", "+1%"] {
        assert!(text.parse::<Percent>().is_err(), "{text}");
    }
}

#[test]
fn a_range_has_both_ends_in_order() {
    let range = "-1..0.5".parse::<Span>().unwrap();
    assert!(range.get().contains(&0.5) && !range.get().contains(&0.6));
    assert_eq!(range.to_string(), "-1..0.5");
    for text in ["", "1", "1..", "..2", "2..1", "a..b", "1..inf", "1...2"] {
        assert!(text.parse::<Span>().is_err(), "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_refused_and_an_example_given() {
    for text in ["", "5", "m", "1m1h", "1m1m", "-2s", "2 s", "1.5h", "99999999999999999999s", "999999999d"] {
        assert!(text.parse::<Period>().is_err(), "{text}");
    }
    for text in ["", "5", "MiB", "12XB", "12MiB3", "99999999999999999GiB"] {
        assert!(text.parse::<ByteSize>().unwrap_err().to_string().contains("12MiB"), "{text}");
    }
}

#[test]
fn factors_are_more_than_once_and_at_most_a_hundred_times() {
    let factor = |text: &str| text.parse::<Factor>().unwrap();
    assert!((factor("1.5x").get() - 1.5).abs() < 1e-9);
    assert_eq!([factor("2x").to_string(), factor("1.05x").to_string()], ["2x", "1.05x"]);
    for text in ["", "x", "2", "1x", "0.5x", "101x", "-2x", "1.555x", "2 x"] {
        assert!(text.parse::<Factor>().is_err(), "{text}");
    }
}

#[test]
fn policies_read_as_they_are_shown() {
    for text in ["ask", "abort", "promote after 15m", "promote after 1h30m"] {
        assert_eq!(text.parse::<PolicyText>().unwrap().to_string(), text);
    }
    for text in ["", "promote", "promote after", "promote after soon", "Ask", "promote  after 1m"] {
        assert!(text.parse::<PolicyText>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_quantity_reads_back_as_it_is_shown(ms in 0..=LONGEST_MS, bytes: u64, share in 0_u16..=10_000) {
        let (period, size, share) = (Period::from_ms(ms), ByteSize(bytes), Percent(share));
        prop_assert_eq!(period.to_string().parse(), Ok(period));
        prop_assert_eq!(size.to_string().parse(), Ok(size));
        prop_assert_eq!(share.to_string().parse(), Ok(share));
    }
}
