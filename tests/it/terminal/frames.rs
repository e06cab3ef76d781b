//! Frames as synchronized updates: a terminal shows each whole, and none stays open.

use std::io::Read;

use regex::bytes::Regex;
use rustix::process::{Pid, Signal, kill_process};

use super::{SOON, bare, open, read_until};

const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

fn all(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

#[test]
fn all_that_is_drawn_is_in_frames_that_begin_and_end_and_none_is_empty() {
    let terminal = open((80, 24));
    terminal.until("no such socket", SOON);
    for _ in 0..5 {
        // Up has nowhere to go.
        terminal.keys("Up ?");
        terminal.gone("no such socket", SOON);
        terminal.keys("Esc");
        terminal.until("no such socket", SOON);
    }
    terminal.resize(100, 30);
    terminal.keys(":");
    terminal.until(r"\d+ found", SOON);
    terminal.keys("Esc q");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
    let raw = terminal.raw_output();
    let frame = all(r"(?s-u)\x1b\[\?2026h(.*?)\x1b\[\?2026l");
    let bodies: Vec<_> = frame.captures_iter(&raw).map(|found| found[1].to_vec()).collect();
    assert!(bodies.len() > 10, "{} frames", bodies.len());
    let begun = all(r"(?-u)\x1b\[\?2026h");
    for body in &bodies {
        assert!(!body.is_empty() && !begun.is_match(body), "{:?}", String::from_utf8_lossy(body));
    }
    // Between them only modes are set and the cursor is put.
    let between = frame.replace_all(&raw, &b""[..]);
    let rest = all(r"(?-u)\x1b\[[?>]?[0-9;]*[a-zA-Z]").replace_all(&between, &b""[..]);
    assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
}

#[test]
fn a_frame_that_a_signal_meets_in_the_middle_is_ended() {
    let mut rest = Vec::new();
    let status = bare("", (1000, 1000), |mut terminal, pid| {
        // Its first screen is larger than what a terminal holds unread: it is not through with it.
        read_until(&mut terminal, BEGIN);
        kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::TERM).unwrap();
        // Linux: EIO where nobody has the other side open any more.
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = terminal.read(&mut bytes) {
            rest.extend_from_slice(&bytes[..count]);
        }
    });
    assert_eq!(status.exit_code(), 0);
    let rest = String::from_utf8_lossy(&rest).into_owned();
    let (begun, ended) = (rest.rfind(BEGIN), rest.rfind(END));
    assert!(ended.is_some() && ended > begun, "begun at {begun:?}, ended at {ended:?}");
    assert!(rest.len() > 100_000, "the frame was through already: {} bytes", rest.len());
}
