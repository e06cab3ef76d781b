//! What an image says of itself is somebody else's text: nothing of it acts on a terminal, and no column leaves its place.

use std::process::Command;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::own_engine::OwnEngine;
use crate::pty::{Launch, Screen, pilothouse};

const SOON: Duration = Duration::from_secs(30);
/// A title, a cleared screen, a turn to the left, wide and joined characters, an 8-bit control, a line break.
const EVIL: &str = "\u{1b}]0;pwned\u{7}1\u{1b}[2J.\u{202e}4\u{2066}日本👩\u{200d}🚀\u{9b}31m\n\r\tend\u{1b}";
/// What of it would act.
const ACTS: [&str; 7] =
    ["\u{1b}]0;pwned", "\u{1b}[2J.", "\u{202e}", "\u{2066}", "\u{9b}", "\u{200d}🚀\u{9b}", "\u{1b}[31m\n"];

/// An engine where one container carries an image whose labels are all hostile, and another one whose are honest.
fn engine() -> Option<OwnEngine> {
    let engine = OwnEngine::start()?;
    engine.run("base", &[], "sleep 600");
    let labels = ["version", "revision", "created", "title", "vendor", "source"];
    let image = |name: &str, text: &str| {
        let labels = labels.map(|label| (format!("org.opencontainers.image.{label}"), text.into()));
        let mut labels: serde_json::Map<_, serde_json::Value> = labels.into_iter().collect();
        labels.insert(format!("note {text}"), text.into());
        let body =
            serde_json::json!({ "Image": "busybox:1", "Labels": labels, "Env": [format!("NOTE={text}")] });
        engine.call(
            "POST",
            &format!("/commit?container=base&repo={name}&tag=1&author={name}"),
            &body.to_string(),
        );
        engine.docker(&[
            "run",
            "-d",
            "--name",
            name,
            "--network",
            "none",
            &format!("{name}:1"),
            "sleep",
            "600",
        ]);
    };
    image("evil", EVIL);
    image("good", "1.2.3");
    Some(engine)
}

/// Nothing of the text came through as what it is to a terminal.
fn is_unharmed(raw: &str, of: &str) {
    for needle in ACTS {
        assert!(!raw.contains(needle), "{of}: {needle:?} in {raw:?}");
    }
}

/// Every row that begins with a border ends with one.
fn is_aligned(screen: &Screen) -> bool {
    let (width, height) = screen.size();
    let is_border = |column, row, any: &str| {
        screen.vt().cell(row, column).is_some_and(|cell| cell.has_contents() && any.contains(cell.contents()))
    };
    (1..height - 1).all(|row| !is_border(0, row, "│") || is_border(width - 1, row, "│┐┘┤"))
}

#[test]
fn hostile_labels_of_an_image_move_nothing_in_any_pane() {
    let Some(engine) = engine() else { return };
    for size in [(80, 24), (160, 48)] {
        let terminal = Launch::pilothouse(["--host", &engine.address()]).size(size.0, size.1).start();
        terminal.until("3/3 up", SOON);
        terminal.keys("/ text:evil Enter");
        terminal.until("1 of 3", SOON);
        for (keys, wanted) in [
            ("5", r"version 1\.4日本"),
            ("2 i", r"inspect .*lines"),
            ("/ text:opencontainers Enter", "/opencontainers  [1-9]"),
            ("Esc E", "counted .* ago"),
            ("/ text:evil Enter", "1 of [0-9]+ image"),
        ] {
            terminal.keys(keys);
            terminal.until(wanted, SOON);
            terminal.until_screen("every border in its place", SOON, is_aligned);
        }
        let raw = terminal.raw_output();
        is_unharmed(&String::from_utf8_lossy(&raw), &terminal.picture());
        terminal.keys("C-c");
        assert_eq!(terminal.wait_exit(SOON), 0);
        terminal.restored();
    }
}

#[test]
fn hostile_labels_of_an_image_leave_the_tables_of_commands_whole() {
    let Some(engine) = engine() else { return };
    let home = tempfile::tempdir().unwrap();
    let commands: [(&[&str], Option<&str>); 8] = [
        (&["releases"], Some("DIGEST")),
        (&["releases", "--json"], None),
        (&["containers"], Some("STATE")),
        (&["containers", "--json"], None),
        (&["disk", "--items"], Some("ID  ")),
        (&["inspect", "evil"], None),
        (&["inspect", "evil", "--json"], None),
        (&["prune", "images", "--dry-run"], None),
    ];
    for (args, column) in commands {
        let done = Command::new(pilothouse())
            .env("HOME", home.path())
            .args(["--host", &engine.address()])
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        is_unharmed(&said, &format!("{args:?}"));
        assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{args:?}: {said:?}");
        let Some(column) = column else { continue };
        // Before every cell of that column there are two blanks, in every row at the same width.
        let rows: Vec<_> =
            said.lines().filter(|line| line.contains("evil") || line.contains("good")).collect();
        let head = said.lines().find(|line| line.contains(column)).unwrap();
        let (column, at) = (column.trim_end(), head[..head.find(column).unwrap()].width());
        assert!(rows.len() >= 2, "{said}");
        for row in rows {
            let mut used = 0;
            let before: String = row
                .chars()
                .take_while(|c| {
                    used += c.to_string().width();
                    used <= at
                })
                .collect();
            assert!(before.ends_with("  "), "{column} stands at {at}\n{said}");
        }
    }
}
