//! Programs run in containers: what they print, read, and how they end.

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::{Role, SOON, Stage, eventually, refusal};
use pilothouse::domain::act::ContainerAct::{Pause, Stop};
use pilothouse::logs::line::Stream;
use pilothouse::ports::engine::{ExecSession, ExecSpec};

super::on_every_engine! {
    also far;
    what_it_prints_comes_back_with_its_status
    a_failure_is_told_by_its_status
    what_is_typed_is_its_input_and_ends_with_it
    without_input_it_reads_the_end_at_once
    variables_are_handed_on
    a_terminal_can_be_resized_and_typed_into
    nothing_runs_in_what_is_stopped_or_paused
}

fn spec(argv: &[&str]) -> ExecSpec {
    ExecSpec { argv: argv.iter().map(|&word| word.to_owned()).collect(), ..ExecSpec::default() }
}

/// All it prints on stdout, once it ended.
async fn printed(session: ExecSession) -> String {
    let all = timeout(SOON, session.output.collect::<Vec<_>>()).await.expect("it ends");
    let pieces = all.into_iter().map(Result::unwrap).filter(|(stream, _)| *stream == Stream::Stdout);
    String::from_utf8(pieces.flat_map(|(_, bytes)| bytes.to_vec()).collect()).unwrap()
}

async fn status(stage: &Stage, exec: &str) -> i64 {
    let asked = async || stage.engine.exec_status(exec).await.unwrap();
    eventually("an exit status", async || asked().await.is_some()).await;
    asked().await.unwrap()
}

async fn what_it_prints_comes_back_with_its_status(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let session = stage.engine.exec(&id, spec(&["sh", "-c", "echo hello; exit 7"])).await.unwrap();
    let exec = session.id.clone();
    assert_eq!(printed(session).await, "hello\n");
    assert_eq!(status(stage, &exec).await, 7);
}

async fn a_failure_is_told_by_its_status(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    for (program, wanted) in [("true", 0), ("false", 1)] {
        let session = stage.engine.exec(&id, spec(&[program])).await.unwrap();
        let exec = session.id.clone();
        assert_eq!(printed(session).await, "");
        assert_eq!(status(stage, &exec).await, wanted);
    }
}

async fn what_is_typed_is_its_input_and_ends_with_it(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let reads = ExecSpec { takes_input: true, ..spec(&["cat"]) };
    let mut session = stage.engine.exec(&id, reads).await.unwrap();
    session.input.write_all(b"one\ntwo\n").await.unwrap();
    session.input.shutdown().await.unwrap();
    let exec = session.id.clone();
    assert_eq!(printed(session).await, "one\ntwo\n");
    assert_eq!(status(stage, &exec).await, 0);
}

async fn without_input_it_reads_the_end_at_once(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let session = stage.engine.exec(&id, spec(&["cat"])).await.unwrap();
    assert_eq!(printed(session).await, "");
}

async fn variables_are_handed_on(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let with = ExecSpec { env: vec!["SIZE=small".to_owned()], ..spec(&["sh", "-c", "echo $COLOUR $SIZE"]) };
    let session = stage.engine.exec(&id, with).await.unwrap();
    assert_eq!(printed(session).await, "blue small\n");
}

async fn a_terminal_can_be_resized_and_typed_into(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let shell = ExecSpec { tty: Some((80, 24)), takes_input: true, ..spec(&["sh"]) };
    let mut session = stage.engine.exec(&id, shell).await.unwrap();
    stage.engine.exec_resize(&session.id, (100, 30)).await.unwrap();
    session.input.write_all(b"echo hel\"\"lo\rexit 6\r").await.unwrap();
    let exec = session.id.clone();
    let shown = printed(session).await;
    assert!(shown.contains("hello\r\n"), "{shown:?}");
    assert_eq!(status(stage, &exec).await, 6);
}

async fn nothing_runs_in_what_is_stopped_or_paused(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    stage.engine.act(&id, Pause).await.unwrap();
    assert_eq!(refusal(stage.engine.exec(&id, spec(&["true"])).await), Some(409));
    stage.engine.act(&id, Stop).await.unwrap();
    assert_eq!(refusal(stage.engine.exec(&id, spec(&["true"])).await), Some(409));
}
