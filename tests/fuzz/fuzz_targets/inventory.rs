//! Feeds arbitrary bytes to the check of the same name; run with `cargo fuzz run --fuzz-dir tests/fuzz inventory`.
#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "each target runs one of the checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::inventory(data));
