//! Texts over the panes: asked for, scrolled, searched, asked for again, closed.

use pilothouse::config::theme::Depth;
use pilothouse::msg::{JobEvent, Msg};
use pilothouse::ui::look::Look;

use super::render::{draw, text};
use super::world::{Stage, job, look};

const LONG: &str =
    "/usr/bin/java -Xmx512m -XX:+UseG1GC -Dconfig=/etc/shop/api.conf -cp /srv/api.jar shop.api.Main";

/// So many processes of an api server, its pool numbered.
fn table(count: usize) -> JobEvent {
    let titles = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];
    let row = |i: usize| {
        let (pid, cpu) = ((97 + 353 * i).to_string(), if i == 1 { "41" } else { "0" });
        let command = if i == 1 { LONG.to_owned() } else { format!("pool-{i:02} --queue orders") };
        let user = if i == 0 { "root" } else { "systemd+" };
        [user, &pid, "97", cpu, "14:31", "?", "00:00:01", &command].map(str::to_owned).to_vec()
    };
    JobEvent::Processes(titles.map(str::to_owned).to_vec(), (0..count).map(row).collect())
}

/// The processes of a container that runs, scrolled nowhere.
pub fn processes(size: (u16, u16), look: Look) -> Stage {
    let mut stage = Stage::incident(size, look);
    stage.select("db-1");
    stage.asked("T", table(64));
    stage
}

fn opened() -> Stage {
    processes((80, 24), look("dark", Depth::True, false))
}

fn shown(stage: &Stage) -> String {
    text(&draw(&stage.model, stage.model.size))
}

fn row(stage: &Stage, number: usize) -> String {
    shown(stage).lines().nth(number).unwrap().to_owned()
}

#[test]
fn the_head_of_a_table_stays_when_its_rows_scroll() {
    let mut stage = opened();
    assert!(row(&stage, 2).contains("UID         PID  PPID   C  STIME"), "{}", shown(&stage));
    stage.keys("G");
    assert!(row(&stage, 2).contains("UID         PID  PPID   C  STIME"), "{}", shown(&stage));
    assert!(shown(&stage).contains("pool-63"), "{}", shown(&stage));
}

#[test]
fn a_long_command_is_read_by_scrolling_to_the_side() {
    let mut stage = opened();
    assert!(!shown(&stage).contains("shop.api.Main"));
    for _ in 0..20 {
        stage.keys("l");
    }
    assert!(shown(&stage).contains("shop.api.Main"), "{}", shown(&stage));
    for _ in 0..20 {
        stage.keys("h");
    }
    assert!(row(&stage, 2).contains("UID"), "{}", shown(&stage));
}

#[test]
fn asking_again_keeps_what_is_searched_and_how_far_it_is_scrolled() {
    let mut stage = opened();
    stage.keys("/");
    stage.text("pool-2");
    stage.keys("enter n n");
    assert!(row(&stage, 3).contains("pool-22"), "{}", shown(&stage));
    assert!(shown(&stage).contains("/pool-2  10 hits  64 rows"), "{}", shown(&stage));
    stage.asked("ctrl-r", table(60));
    assert!(row(&stage, 3).contains("pool-22"), "{}", shown(&stage));
    assert!(shown(&stage).contains("/pool-2  10 hits  60 rows"), "{}", shown(&stage));
}

#[test]
fn a_late_answer_does_not_open_what_was_closed() {
    for (key, answer) in [("T", table(3)), ("i", JobEvent::Inspected("late".into()))] {
        let mut stage = Stage::incident((80, 24), look("dark", Depth::True, false));
        stage.select("db-1");
        let effects = stage.press(key);
        assert!(shown(&stage).contains("asking the engine"), "{}", shown(&stage));
        stage.keys("esc");
        let before = shown(&stage);
        stage.tell(Msg::Job(job(&effects).unwrap(), answer));
        assert_eq!(shown(&stage), before);
    }
}

#[test]
fn an_answer_to_an_older_question_is_dropped() {
    let mut stage = opened();
    let (older, newer) = (job(&stage.press("ctrl-r")).unwrap(), job(&stage.press("ctrl-r")).unwrap());
    stage.tell(Msg::Job(newer, table(20)));
    stage.tell(Msg::Job(older, table(40)));
    assert!(shown(&stage).contains("20 rows"), "{}", shown(&stage));
}

#[test]
fn what_cannot_be_asked_closes_what_is_empty_and_leaves_what_is_not() {
    let mut stage = opened();
    let failure = || JobEvent::Failed("processes of db-1: the container does not run; start it".into());
    let again = job(&stage.press("ctrl-r")).unwrap();
    stage.tell(Msg::Job(again, failure()));
    assert!(shown(&stage).contains("does not run") && shown(&stage).contains("64 rows"), "{}", shown(&stage));
    stage.keys("esc");
    let first = job(&stage.press("T")).unwrap();
    stage.tell(Msg::Job(first, failure()));
    assert!(shown(&stage).contains("does not run") && !shown(&stage).contains("asking the engine"));
    assert!(shown(&stage).contains("CONTAINER"), "{}", shown(&stage));
}

#[test]
fn a_question_over_a_text_leaves_it_where_it_was() {
    let mut stage = Stage::incident((80, 24), look("dark", Depth::True, false));
    stage.select("db-1");
    let fields =
        (1..60).map(|i| (format!("KEY_{i:02}_PASSWORD"), serde_json::Value::from(format!("v{i:02}"))));
    stage.asked("i", JobEvent::Inspected(serde_json::Value::Object(fields.collect())));
    stage.keys("G M");
    stage.answer("n");
    assert!(shown(&stage).contains("KEY_59_PASSWORD") && !shown(&stage).contains("v59"), "{}", shown(&stage));
    stage.keys("M");
    stage.answer("y");
    assert!(shown(&stage).contains("v59"), "{}", shown(&stage));
}
