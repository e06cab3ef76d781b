//! Replays the kept fuzz corpus, so that what was found once stays mended without a fuzzer at hand; and, in `tests/soak`,
//! the same inputs changed at random.

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

/// What mutation draws from; the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }

    /// One of these with a few changes: bytes flipped, cut out, doubled, or taken from another one.
    fn change(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(6) {
            let (at, end) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let (at, end) = (at.min(end), at.max(end));
            match self.below(5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 => bytes.insert(at, self.below(256) as u8),
                2 => drop(bytes.drain(at..end.min(at + 40))),
                3 => {
                    let piece = bytes[at..end.min(at + 200)].to_vec();
                    bytes.splice(end..end, piece);
                }
                _ => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len() + 1);
                    bytes.splice(at..at, other[from..other.len().min(from + 60)].iter().copied());
                }
            }
        }
        bytes.truncate(64 << 10);
        bytes
    }
}

#[test]
#[ignore = "tests/soak runs it"]
fn soak_whatever_the_kept_inputs_are_changed_to_passes_the_checks() {
    let repetitions = crate::terminal::soak::repetitions() as u64;
    let targets = [
        ("ansi", checks::ansi as fn(&[u8])),
        ("json_logfmt", checks::json_logfmt),
        ("frames", checks::frames),
        ("config", checks::config),
        ("keymap", checks::keymap),
        ("ssh", checks::ssh),
    ];
    for (target, check) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
        let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read(entry.unwrap().path()).unwrap();
        let inputs: Vec<_> = std::fs::read_dir(&folder).unwrap().map(read).collect();
        let (mut random, mut count) = (Random(1), 0);
        let began = std::time::Instant::now();
        while began.elapsed() < std::time::Duration::from_millis(500 * repetitions) {
            let input = random.change(&inputs);
            if std::panic::catch_unwind(|| check(&input)).is_err() {
                let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{target}"));
                std::fs::write(&kept, &input).unwrap();
                panic!("{target}, change {count}: the input is kept as {}", kept.display());
            }
            count += 1;
        }
        println!("soak: {target}: {count} changed inputs passed");
    }
}
