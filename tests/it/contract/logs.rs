//! Which lines of a log come, when, and how it ends.

use futures_util::StreamExt;
use tokio::time::timeout;

use super::{Role, SOON, Stage, next};
use pilothouse::domain::act::ContainerAct::{Kill, Pause, Restart, Stop, Unpause};
use pilothouse::domain::container::State;
use pilothouse::domain::ids::ContainerId;
use pilothouse::logs::line::Stream;
use pilothouse::ports::engine::LogRequest;

super::on_every_engine! {
    also far;
    a_whole_log_comes_in_order_with_rising_times
    a_tail_gives_the_newest_lines_only
    since_begins_with_the_line_of_that_very_time
    until_leaves_out_what_came_later
    stdout_and_stderr_are_told_apart
    a_terminal_has_one_stream_and_no_line_ends_in_it
    what_is_followed_comes_as_it_is_printed
    a_followed_log_ends_with_its_container
    following_what_ended_gives_its_lines_and_ends
    a_tail_of_none_follows_only_what_is_new
    what_is_paused_prints_nothing_until_it_goes_on
    a_log_goes_on_over_a_restart
}

fn all() -> LogRequest {
    LogRequest::default()
}

async fn ended(stage: &Stage) -> ContainerId {
    let id = stage.start(Role::Ended).await;
    stage.until_state(&id, &State::Exited(Some(3))).await;
    id
}

fn texts(lines: &[(i64, Stream, String)]) -> Vec<&str> {
    lines.iter().map(|(_, _, text)| text.as_str()).collect()
}

async fn a_whole_log_comes_in_order_with_rising_times(stage: &Stage) {
    let id = ended(stage).await;
    let lines = stage.read(&id, all()).await;
    let wanted: Vec<_> = (1..=10).map(|n| format!("line {n}")).collect();
    assert_eq!(texts(&lines), wanted);
    assert!(lines.is_sorted_by(|a, b| a.0 < b.0));
    let detail = stage.engine.detail(&id).await.unwrap();
    let ns = |at: chrono::DateTime<chrono::Utc>| at.timestamp_nanos_opt().unwrap();
    // An engine under load reads the last line after it saw the end.
    assert!(lines[9].0 <= ns(detail.finished.unwrap()) + 1_000_000_000);
}

async fn a_tail_gives_the_newest_lines_only(stage: &Stage) {
    let id = ended(stage).await;
    let lines = stage.read(&id, LogRequest { tail: Some(3), ..all() }).await;
    assert_eq!(texts(&lines), ["line 8", "line 9", "line 10"]);
    let more = stage.read(&id, LogRequest { tail: Some(50), ..all() }).await;
    assert_eq!(more.len(), 10);
}

async fn since_begins_with_the_line_of_that_very_time(stage: &Stage) {
    let id = ended(stage).await;
    let lines = stage.read(&id, all()).await;
    let since = stage.read(&id, LogRequest { since_ns: Some(lines[6].0), ..all() }).await;
    assert_eq!(since, lines[6..]);
    let after = stage.read(&id, LogRequest { since_ns: Some(lines[6].0 + 1), ..all() }).await;
    assert_eq!(after, lines[7..]);
    let both = LogRequest { since_ns: Some(lines[6].0), tail: Some(2), ..all() };
    assert_eq!(stage.read(&id, both).await, lines[8..]);
    let fewer = LogRequest { since_ns: Some(lines[8].0), tail: Some(5), ..all() };
    assert_eq!(stage.read(&id, fewer).await, lines[8..]);
}

async fn until_leaves_out_what_came_later(stage: &Stage) {
    let id = ended(stage).await;
    let lines = stage.read(&id, all()).await;
    let middle = i64::midpoint(lines[3].0, lines[4].0);
    let until = stage.read(&id, LogRequest { until_ns: Some(middle), ..all() }).await;
    assert_eq!(until, lines[..4]);
    let between = LogRequest { since_ns: Some(lines[1].0), until_ns: Some(middle), ..all() };
    assert_eq!(stage.read(&id, between).await, lines[1..4]);
}

async fn stdout_and_stderr_are_told_apart(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Stop).await.unwrap();
    let mut lines: Vec<_> = stage.read(&id, all()).await.into_iter().map(|(_, s, text)| (text, s)).collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(lines, [("err".to_owned(), Stream::Stderr), ("out".to_owned(), Stream::Stdout)]);
}

async fn a_terminal_has_one_stream_and_no_line_ends_in_it(stage: &Stage) {
    let id = stage.start(Role::Terminal).await;
    stage.until_line(&id, "shown").await;
    let lines = stage.read(&id, all()).await;
    assert_eq!((texts(&lines), lines[0].1), (vec!["shown"], Stream::Stdout));
}

async fn what_is_followed_comes_as_it_is_printed(stage: &Stage) {
    let id = stage.start(Role::Chatty).await;
    let mut log = stage.engine.logs(&id, LogRequest { follow: true, ..all() }).await.unwrap();
    let (mut count, mut last) = (0, 0);
    next(&mut log, "twenty lines", |batch| {
        assert!(batch.iter().all(|l| l.at_ns >= last));
        last = batch.iter().next_back().map_or(last, |l| l.at_ns);
        count += batch.len();
        count >= 20
    })
    .await;
}

async fn a_followed_log_ends_with_its_container(stage: &Stage) {
    let id = stage.start(Role::Chatty).await;
    let mut log = stage.engine.logs(&id, LogRequest { follow: true, ..all() }).await.unwrap();
    next(&mut log, "a line", |batch| !batch.is_empty()).await;
    stage.engine.act(&id, Kill).await.unwrap();
    let rest = timeout(SOON, log.collect::<Vec<_>>()).await.expect("it ends");
    assert!(rest.iter().all(Result::is_ok));
}

async fn following_what_ended_gives_its_lines_and_ends(stage: &Stage) {
    let id = ended(stage).await;
    let lines = stage.read(&id, LogRequest { follow: true, tail: Some(4), ..all() }).await;
    assert_eq!(texts(&lines), ["line 7", "line 8", "line 9", "line 10"]);
}

async fn a_tail_of_none_follows_only_what_is_new(stage: &Stage) {
    let id = stage.start(Role::Chatty).await;
    let old = LogRequest { follow: true, ..all() };
    let mut whole = stage.engine.logs(&id, old).await.unwrap();
    let mut newest = 0;
    next(&mut whole, "a line", |batch| {
        newest = batch.iter().next_back().map_or(0, |l| l.at_ns);
        newest > 0
    })
    .await;
    let mut log = stage.engine.logs(&id, LogRequest { follow: true, tail: Some(0), ..all() }).await.unwrap();
    let mut first = 0;
    next(&mut log, "a new line", |batch| {
        first = batch.iter().next().map_or(0, |l| l.at_ns);
        first > 0
    })
    .await;
    assert!(first > newest);
}

async fn what_is_paused_prints_nothing_until_it_goes_on(stage: &Stage) {
    let id = stage.start(Role::Chatty).await;
    let mut log = stage.engine.logs(&id, LogRequest { follow: true, ..all() }).await.unwrap();
    next(&mut log, "a line", |batch| !batch.is_empty()).await;
    stage.engine.act(&id, Pause).await.unwrap();
    // What was on its way when it froze.
    let mut seen = stage.read(&id, all()).await.len();
    super::eventually("the log stands still", async || {
        let before = stage.read(&id, all()).await.len();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        stage.read(&id, all()).await.len() == before
    })
    .await;
    seen = seen.max(stage.read(&id, all()).await.len());
    stage.engine.act(&id, Unpause).await.unwrap();
    super::eventually("it goes on", async || stage.read(&id, all()).await.len() > seen).await;
}

async fn a_log_goes_on_over_a_restart(stage: &Stage) {
    let id = stage.start(Role::Both).await;
    stage.until_line(&id, "err").await;
    stage.engine.act(&id, Restart).await.unwrap();
    let count = async || texts(&stage.read(&id, all()).await).iter().filter(|t| **t == "out").count();
    super::eventually("both runs", async || count().await == 2).await;
}
