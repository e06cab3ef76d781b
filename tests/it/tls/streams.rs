//! Everything the console asks of an engine works by TLS as over its socket.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use pilothouse::domain::ids::ContainerId;
use pilothouse::logs::line::Stream;
use pilothouse::ports::engine::{ExecSpec, LogRequest};
use pilothouse::ports::lifecycle::Lifecycle;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::*;
use crate::contract::SOON;

async fn only(engine: &dyn Engine) -> ContainerId {
    engine.facts().await.unwrap();
    engine.containers().await.unwrap().into_iter().next().expect("one was started").key.id
}

/// All that a program printed until its end.
async fn printed(
    output: &mut (impl StreamExt<Item = Result<(Stream, Bytes), EngineError>> + Unpin),
) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = timeout(SOON, output.next()).await.expect("an end") {
        all.extend_from_slice(&piece.unwrap().1);
    }
    all
}

#[test]
fn a_guarded_engine_is_read_and_driven_as_over_its_socket() {
    let Some(guarded) = Guarded::start() else { return };
    let script = "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done; exec sleep 600";
    guarded.engine.run("one", &[], script);
    runtime().block_on(async {
        let engine = guarded.ours();
        let id = only(&engine).await;
        assert_eq!(engine.detail(&id).await.unwrap().restarts, 0);
        assert!(engine.usage(&id).await.unwrap().memory_bytes > 0);
        assert_eq!(engine.processes(&id).await.unwrap().rows.len(), 1);

        let all = LogRequest { follow: true, ..LogRequest::default() };
        let mut lines = engine.logs(&id, all).await.unwrap();
        let mut count = 0;
        while count < 2000 {
            count += timeout(SOON, lines.next()).await.expect("lines").unwrap().unwrap().len();
        }
        drop(lines);

        let mut events = engine.events(None).await.unwrap();
        engine.act(&id, pilothouse::domain::act::ContainerAct::Kill).await.unwrap();
        let event = timeout(SOON, events.next()).await.expect("an event").unwrap().unwrap();
        assert_eq!(event.action, "kill");
    });
}

#[test]
fn the_input_of_a_program_arrives_whole_and_its_end_too() {
    let Some(guarded) = Guarded::start() else { return };
    guarded.engine.run("one", &[], "exec sleep 600");
    runtime().block_on(async {
        let engine = Arc::new(guarded.ours());
        let id = only(&*engine).await;
        let spec = ExecSpec { argv: vec!["cat".to_owned()], takes_input: true, ..ExecSpec::default() };
        let mut session = engine.exec(&id, spec).await.unwrap();
        let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let (mut input, bytes) = (session.input, sent.clone());
        let feeder = tokio::spawn(async move {
            input.write_all(&bytes).await.unwrap();
            input.flush().await.unwrap();
            input.shutdown().await.unwrap();
        });
        assert!(printed(&mut session.output).await == sent);
        feeder.await.unwrap();
        assert_eq!(engine.exec_status(&session.id).await.unwrap(), Some(0));
    });
}

#[test]
fn a_terminal_in_a_container_answers_and_takes_its_size() {
    let Some(guarded) = Guarded::start() else { return };
    guarded.engine.run("one", &[], "exec sleep 600");
    runtime().block_on(async {
        let engine = guarded.ours();
        let id = only(&engine).await;
        let argv = vec!["sh".to_owned(), "-c".to_owned(), "read a; stty size; echo got $a".to_owned()];
        let spec = ExecSpec { argv, tty: Some((80, 24)), takes_input: true, ..ExecSpec::default() };
        let mut session = engine.exec(&id, spec).await.unwrap();
        engine.exec_resize(&session.id, (91, 33)).await.unwrap();
        session.input.write_all(b"typed\n").await.unwrap();
        session.input.flush().await.unwrap();
        let text = String::from_utf8(printed(&mut session.output).await).unwrap();
        assert!(text.contains("33 91") && text.contains("got typed"), "{text}");
    });
}

#[test]
fn an_engine_that_ends_ends_its_streams_with_a_word() {
    let Some(mut guarded) = Guarded::start() else { return };
    runtime().block_on(async {
        let engine = guarded.ours();
        engine.facts().await.unwrap();
        let mut events = engine.events(None).await.unwrap();
        guarded.engine.stop();
        let last = timeout(SOON, async { while let Some(Ok(_)) = events.next().await {} }).await;
        assert!(last.is_ok(), "the stream hangs");
        let error = timeout(Duration::from_secs(12), engine.facts()).await.expect("an answer").unwrap_err();
        assert!(matches!(error, EngineError::Unreachable { .. }), "{error}");
    });
}
