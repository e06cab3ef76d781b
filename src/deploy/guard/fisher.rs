//! Fisher's exact test: how likely a split of failed requests is where both slots are equally good.

use super::Window;

/// A term smaller than this beside the sum so far changes no digit of it.
const NOTHING: f64 = 1e-18;

/// With all failed requests dealt out over both by chance: how often at least as many fall to `new`. 1 where nothing is
/// known of one of them.
///
/// The terms are taken as ratios to the largest one, so nothing is lost by subtraction: about 12 digits are right at any
/// size. What is below 1e-300 is 0.
pub fn at_least_as_bad(new: &Window, old: &Window) -> f64 {
    let (n, m) = (new.requests as f64, old.requests as f64);
    // More errors than requests are counters that were read in the middle of one.
    let found = new.errors.min(new.requests) as f64;
    let failed = found + old.errors.min(old.requests) as f64;
    let (least, most) = ((failed - m).max(0.0), failed.min(n));
    // So much more likely than k is k + 1.
    let ratio = |k: f64| ((n - k) * (failed - k)) / ((k + 1.0) * (m - failed + k + 1.0));
    let mode = ((n + 1.0) * (failed + 1.0) / (n + m + 2.0)).floor().clamp(least, most);
    let (mut below, mut above) = (0.0, 0.0);
    let (mut k, mut term) = (mode, 1.0);
    while term > 0.0 && (k <= found || term > NOTHING * above) {
        *(if k < found { &mut below } else { &mut above }) += term;
        if k >= most {
            break;
        }
        term *= ratio(k);
        k += 1.0;
    }
    (k, term) = (mode, 1.0);
    while k > least && term > NOTHING * (above + below) {
        k -= 1.0;
        term /= ratio(k);
        *(if k < found { &mut below } else { &mut above }) += term;
    }
    above / (above + below)
}
