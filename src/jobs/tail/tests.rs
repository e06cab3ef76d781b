//! What a view is told of the lines before its first.

use super::*;
use crate::domain::ids::ContainerId;
use crate::logs::line::{Batch, Head};

/// What was told of the start, when the past of a log came in these pieces; the first was all for a while.
async fn starts(pieces: &[usize]) -> Vec<bool> {
    let (out, mut told) = mpsc::channel(64);
    let key = ContainerKey { host: HostId::new("local"), id: ContainerId::new("c") };
    let mut pump = Pump::new(Generation(1), &[], 10, out);
    pump.join(SourceId(0), &key);
    for lines in pieces {
        let mut batch = Batch::new();
        (0..*lines).for_each(|_| batch.push(b"line", Head { at_ns: 1, ..Head::default() }));
        pump.take(News::Lines(SourceId(0), batch));
        pump.flush().await.unwrap();
    }
    drop(pump);
    let mut starts = Vec::new();
    while let Some(Msg::Log(_, fact)) = told.recv().await {
        starts.extend(if let LogFact::Opened(is_start) = fact { Some(is_start) } else { None });
    }
    starts
}

#[tokio::test]
async fn a_past_that_comes_late_is_not_taken_for_all_there_is() {
    assert_eq!(starts(&[4, 5]).await, [true]);
    assert_eq!(starts(&[10, 5]).await, [false]);
    assert_eq!(starts(&[4, 5, 1, 20]).await, [true, false]);
}
