//! Replays the kept fuzz corpus, so that what was found once stays mended without a fuzzer at hand.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        check(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "no corpus in {}", folder.display());
}

#[test]
fn hostile_text_stays_harmless() {
    replay("ansi", checks::ansi);
}

#[test]
fn structured_lines_decode_to_harmless_parts() {
    replay("json_logfmt", checks::json_logfmt);
}

#[test]
fn frames_do_not_depend_on_the_chunking() {
    replay("frames", checks::frames);
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_soon_and_with_a_place() {
    replay("config", checks::config);
}

#[test]
fn keys_read_back_as_they_are_shown_and_mean_what_they_are_set_to() {
    replay("keymap", checks::keymap);
}

#[test]
fn inventories_are_read_soon_and_without_surprises() {
    replay("inventory", checks::inventory);
}

#[test]
fn what_reaches_a_host_over_ssh_is_read_without_surprises() {
    replay("ssh", checks::ssh);
}
