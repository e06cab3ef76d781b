//! Numbers that look random and are not: the same seed and place give the same number on every machine.

// splitmix64, Steele, Lea & Flood 2014.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seed from a text.
pub(super) fn seed(text: &str) -> u64 {
    text.bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)))
}

/// The number at a place.
pub(super) fn roll(seed: u64, place: u64) -> u64 {
    mix(seed ^ mix(place))
}

/// The number at a place, from 0 up to, without, 1.
pub(super) fn share(seed: u64, place: u64) -> f64 {
    (roll(seed, place) >> 11) as f64 / (1_u64 << 53) as f64
}
