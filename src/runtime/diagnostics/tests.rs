//! The file of the diagnostic log: what is written into it, and how large it becomes.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn hostile_text_is_one_line_without_a_control_character() {
    let event = "why=\u{1b}]0;x\u{7}\u{9b}2J\r\nERROR forged \u{202e}\t\n";
    assert_eq!(line(event.as_bytes()), "why=\\u{1b}]0;x\\u{7}\\u{9b}2J\\r\\nERROR forged \\u{202e}\\t\n");
}

#[test]
fn an_event_without_end_is_cut() {
    let written = line("é".repeat(LINE_BYTES).as_bytes());
    assert!(written.ends_with("é…\n") && written.len() <= LINE_BYTES + "…\n".len(), "{}", written.len());
}

#[test]
fn a_new_file_is_for_the_operator_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    Bounded::open(&path, MOST_BYTES).unwrap().write_all(b"one\n").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_full_file_is_put_aside_and_the_one_before_goes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut file = Bounded::open(&path, 8).unwrap();
    for event in ["first\n", "second\n", "third\n"] {
        file.write_all(event.as_bytes()).unwrap();
    }
    assert_eq!((text(&path), text(&aside(&path))), ("third\n".into(), "second\n".into()));
}

#[test]
fn two_that_write_the_same_file_put_it_aside_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut one = Bounded::open(&path, 8).unwrap();
    let mut other = Bounded::open(&path, 8).unwrap();
    one.write_all(b"first\n").unwrap();
    one.write_all(b"2nd\n").unwrap();
    other.write_all(b"3rd\n").unwrap();
    assert_eq!((text(&path), text(&aside(&path))), ("2nd\n3rd\n".into(), "first\n".into()));
}

#[test]
fn what_could_not_be_written_is_counted_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut file = Bounded::open(&path, MOST_BYTES).unwrap();
    let writable = std::mem::replace(&mut file.file, File::open(&path).unwrap());
    file.write_all(b"first\n").unwrap();
    file.write_all(b"second\n").unwrap();
    file.file = writable;
    file.write_all(b"third\n").unwrap();
    assert_eq!(text(&path), "\n2 events could not be written\nthird\n");
}

#[test]
fn a_level_alone_is_for_this_program_and_no_other() {
    let levels: Levels = "warn".parse().unwrap();
    assert!(levels.0.would_enable("pilothouse::jobs", &Level::WARN));
    assert!(!levels.0.would_enable("pilothouse::jobs", &Level::INFO));
    assert!(!levels.0.would_enable("hyper::client", &Level::ERROR));
}

#[test]
fn a_part_may_have_a_level_of_its_own() {
    let levels: Levels = "warn,pilothouse::adapters::ssh=trace".parse().unwrap();
    assert!(levels.0.would_enable("pilothouse::adapters::ssh::driver", &Level::TRACE));
    assert!(!levels.0.would_enable("pilothouse::jobs", &Level::INFO));
}

#[test]
fn what_is_no_level_and_no_part_of_this_program_is_refused_by_name() {
    for wrong in ["loud", "hyper=trace", "pilothouses=info"] {
        let said = wrong.parse::<Levels>().unwrap_err();
        let name = wrong.split('=').next().unwrap();
        assert!(said.starts_with(&format!("{name} is neither a level")), "{said}");
    }
    let said = "pilothouse=loud".parse::<Levels>().unwrap_err();
    assert!(said.starts_with("pilothouse=loud is neither a level"), "{said}");
}

#[test]
fn off_and_nothing_are_off() {
    assert!("off".parse::<Levels>().unwrap().is_off() && "".parse::<Levels>().unwrap().is_off());
    assert!(!Levels::default().is_off());
}
