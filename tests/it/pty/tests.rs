//! The driver against small real programs: what it claims to see, it must be able to miss.

use std::time::Duration;

use rustix::process::Signal;

use super::{
    Launch,
    keys::{Keyboard, bytes},
};

const SOON: Duration = Duration::from_secs(10);
/// For waits that must run out; long enough for a program that would wrongly come through.
const BRIEF: Duration = Duration::from_millis(300);

fn script(text: &str) -> Launch {
    Launch::program("sh", ["-c", text])
}

/// What a call's panic says, so that failures can be tested.
fn failure(call: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(call).expect_err("the call must fail");
    panic.downcast::<String>().map_or_else(|_| "no text".into(), |text| *text)
}

#[test]
fn typed_text_comes_back_from_cat() {
    let terminal = Launch::program("cat", [""; 0]).start();
    terminal.keys("text:hello Space w Enter");
    terminal.until("^hello w\nhello w$", SOON);
    terminal.keys("C-d");
    assert_eq!(terminal.wait_exit(SOON), 0);
    terminal.restored();
}

#[test]
fn exit_status_is_the_programs_own() {
    assert_eq!(script("exit 7").start().wait_exit(SOON), 7);
    let waiting = script("echo up; exec cat").start();
    waiting.until("up", SOON);
    waiting.signal(Signal::TERM);
    assert_eq!(waiting.wait_exit(SOON), 128 + 15);
}

#[test]
fn a_wait_that_fails_shows_the_screen_and_what_was_awaited() {
    let failed = failure(|| {
        let terminal = script("echo only this; exec cat").start();
        terminal.until("only this", SOON);
        terminal.until("never", BRIEF);
    });
    assert!(
        failed.contains("time ran out") && failed.contains("/never/") && failed.contains("│only this"),
        "{failed}"
    );
}

#[test]
fn a_wait_fails_at_once_when_the_program_has_ended() {
    let failed = failure(|| {
        script("echo bye").start().until("never", Duration::from_secs(600));
    });
    assert!(failed.contains("the program ended") && failed.contains("│bye"), "{failed}");
}

#[test]
fn gone_waits_for_the_text_to_vanish() {
    let terminal = script(r"printf 'loading'; read -r _; printf '\033[2J\033[Hready'; exec cat").start();
    terminal.until("loading", SOON);
    terminal.keys("Enter");
    terminal.gone("loading", SOON);
    terminal.until("ready", SOON);
}

#[test]
fn half_drawn_frames_are_not_looked_at() {
    let terminal =
        script(r"printf '\033[?2026hhalf'; read -r _; printf ' done\033[?2026l'; exec cat").start();
    terminal.keys("Enter");
    terminal.until("half", SOON);
    assert!(terminal.screen_text().contains("done"), "{}", terminal.picture());
}

#[test]
fn every_mode_left_set_is_named() {
    for (set, reset, name) in [
        (r"\033[?1049h", r"\033[?1049l", "alternate screen"),
        (r"\033[?25l", r"\033[?25h", "hidden cursor"),
        (r"\033[?1000h", r"\033[?1000l", "mouse reports"),
        (r"\033[?2004h", r"\033[?2004l", "bracketed paste"),
        (r"\033[?1004h", r"\033[?1004l", "focus reports"),
        (r"\033[>1u", r"\033[<1u", "kitty keyboard"),
        (r"\033[?2026h", r"\033[?2026l", "unfinished frame"),
        (r"\033[?1h", r"\033[?1l", "application cursor"),
        (r"\033[1;31m", r"\033[0m", "text style"),
    ] {
        let left = script(&format!("printf '{set}'")).start();
        left.wait_exit(SOON);
        assert!(
            left.left_behind().iter().any(|what| what.contains(name)),
            "{name}: {:?}",
            left.left_behind()
        );
        let tidy = script(&format!("printf '{set}{reset}'")).start();
        tidy.wait_exit(SOON);
        tidy.restored();
    }
}

#[test]
fn raw_line_settings_left_behind_are_named() {
    let raw = script("stty raw -echo").start();
    raw.wait_exit(SOON);
    assert!(
        raw.left_behind().iter().any(|what| what.starts_with("line settings:")),
        "{:?}",
        raw.left_behind()
    );
    let tidy = script("saved=$(stty -g); stty raw -echo; stty \"$saved\"").start();
    tidy.wait_exit(SOON);
    tidy.restored();
}

#[test]
fn line_settings_are_unknown_while_the_program_runs() {
    let running = script("echo up; exec cat").start();
    running.until("up", SOON);
    assert!(running.left_behind()[0].contains("unknown"));
}

#[test]
fn suspended_programs_come_back_with_fg() {
    let terminal = script("echo first; kill -TSTP $$; echo second; exec cat").start();
    terminal.until_suspended(SOON);
    assert!(!terminal.screen_text().contains("second"));
    terminal.restored();
    terminal.resume();
    terminal.until("second", SOON);
    terminal.keys("C-d");
    assert_eq!(terminal.wait_exit(SOON), 0);
}

#[test]
fn a_resize_reaches_the_program() {
    let terminal =
        script("trap 'stty size' WINCH; stty size; while :; do read -r _; done").size(100, 30).start();
    terminal.until("^30 100$", SOON);
    terminal.resize(60, 15);
    terminal.until("^15 60$", SOON);
}

#[test]
fn terminal_questions_are_answered() {
    // Each answer is read by its length: a raw terminal has no line ends.
    let ask = |question: &str, length: usize| {
        let text = format!(
            "stty raw -echo; printf '{question}'; head -c {length} | od -An -c | tr -d ' \\n'; exec cat"
        );
        script(&text).start()
    };
    ask(r"\033[c", 9).until(r"033\[\?62;22c", SOON);
    ask(r"ab\033[6n", 6).until(r"033\[1;3R", SOON);
    ask(r"\033[>5u\033[?u", 5).until(r"033\[\?5u", SOON);
    ask(r"\033]11;?\033\\", 25).until(r"033\]11;rgb:1010/1414/1a1a033", SOON);
    ask(r"\033]10;?\033\\", 25).until(r"033\]10;rgb:d8d8/dede/e9e9033", SOON);
}

#[test]
fn a_legacy_terminal_is_silent_about_the_kitty_protocol() {
    let text = r"stty raw -echo; printf '\033[?u\033[c'; head -c 9 | od -An -c | tr -d ' \n'; exec cat";
    script(text).legacy_keyboard().start().until(r"^\s*033\[\?62;22c", SOON);
}

#[test]
fn styles_and_places_of_text_are_seen() {
    let terminal = script(r"printf 'ab \033[1;31m日red\033[0m'; exec cat").start();
    terminal.until("red", SOON);
    assert_eq!(terminal.find("red"), Some((5, 0)));
    assert_eq!(terminal.find("b 日r"), Some((1, 0)));
    assert_eq!(terminal.find("green"), None);
    let (plain, red) = (terminal.style_at(0, 0), terminal.style_at(5, 0));
    assert_eq!((red.foreground, red.is_bold), (vt100::Color::Idx(1), true));
    assert_eq!((plain.foreground, plain.is_bold), (vt100::Color::Default, false));
}

#[test]
fn the_program_sees_a_home_of_its_own_and_no_engine_of_the_machines() {
    let terminal = script("env | grep -v ^PATH=; pwd; cat note; exec cat")
        .env("WANTED", "yes")
        .home_file("note", "from the test\n")
        .size(120, 40)
        .start();
    terminal.until("from the test", SOON);
    let (screen, home) = (terminal.screen_text(), terminal.home().display().to_string());
    assert!(screen.contains(&format!("HOME={home}")) && screen.contains("WANTED=yes"), "{screen}");
    assert!(
        screen.contains(&format!("\n{home}\n")) && screen.contains(&format!("XDG_STATE_HOME={home}/")),
        "{screen}"
    );
    assert!(!screen.contains("DOCKER") && !screen.contains("CARGO"), "{screen}");
}

#[test]
fn pastes_are_bracketed_where_asked_for() {
    let terminal =
        script(r"stty raw -echo; printf '\033[?2004hup'; head -c 15 | od -An -c | tr -d ' \n'; exec cat")
            .start();
    terminal.until("up", SOON);
    terminal.paste("web");
    terminal.until(r"033\[200~web033\[201~", SOON);
}

#[test]
fn mouse_and_raw_bytes_reach_the_program() {
    let terminal =
        script(r"stty raw -echo; echo up; head -c 30 | od -An -v -c | tr -d ' \n'; exec cat").start();
    terminal.until("up", SOON);
    terminal.click(4, 2);
    terminal.wheel(0, 0, false);
    terminal.send(b"xxxxxxxxxxxxxxx");
    terminal.until(r"033\[<0;5;3M033\[<0;5;3m033\[<65;1;1M", SOON);
    assert!(terminal.raw_output().starts_with(b"up"));
}

#[test]
fn copies_to_the_clipboard_are_kept() {
    let terminal = script(r"printf '\033]52;c;d2Vi\007'; echo done; exec cat").start();
    terminal.until("done", SOON);
    assert_eq!(terminal.clipboard().as_deref(), Some("d2Vi"));
}

#[test]
fn dropping_the_terminal_ends_the_program() {
    let terminal = script("trap '' HUP TERM; echo up; while :; do read -r _; done").start();
    terminal.until("up", SOON);
    let (pid, started) = terminal.process();
    assert!(started.elapsed() < SOON);
    let is_alive =
        || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(is_alive());
    drop(terminal);
    let deadline = std::time::Instant::now() + SOON;
    while is_alive() {
        assert!(std::time::Instant::now() < deadline, "process {pid} outlived its terminal");
        std::thread::yield_now();
    }
}

#[test]
fn keys_are_written_as_a_terminal_writes_them() {
    let legacy = Keyboard::default();
    let cursor = Keyboard { application_cursor: true, ..legacy };
    let kitty = Keyboard { is_disambiguated: true, ..legacy };
    for (name, keyboard, expected) in [
        ("j", legacy, "j"),
        ("-", legacy, "-"),
        ("é", legacy, "é"),
        ("text:abc", legacy, "abc"),
        ("Enter", legacy, "\r"),
        ("Enter", kitty, "\r"),
        ("Esc", legacy, "\x1b"),
        ("Esc", kitty, "\x1b[27u"),
        ("Tab", kitty, "\t"),
        ("BTab", legacy, "\x1b[Z"),
        ("BTab", kitty, "\x1b[9;2u"),
        ("BSpace", legacy, "\x7f"),
        ("Space", legacy, " "),
        ("C-c", legacy, "\x03"),
        ("C-c", kitty, "\x1b[99;5u"),
        ("M-x", legacy, "\x1bx"),
        ("Up", legacy, "\x1b[A"),
        ("Up", cursor, "\x1bOA"),
        ("C-Left", legacy, "\x1b[1;5D"),
        ("PgDn", legacy, "\x1b[6~"),
        ("Home", legacy, "\x1b[H"),
        ("F1", legacy, "\x1bOP"),
        ("F12", legacy, "\x1b[24~"),
    ] {
        let written = bytes(name, keyboard).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(written.as_deref(), Ok(expected), "{name} with {keyboard:?}");
    }
    for name in ["Return", "F13", "F0", "C-", "X-a", ""] {
        assert!(bytes(name, legacy).is_err(), "{name:?} is no key");
    }
}

#[test]
fn the_console_itself_is_started() {
    let console = Launch::pilothouse(["--version"]).start();
    console.wait_exit(SOON);
    console.restored();
}
