//! Micro-benchmarks of the hot paths: decode, demultiplex, buffer, merge, search, update, draw. `cargo bench`, or
//! `cargo bench -- draw` for one. The console draws at most 60 times a second: a frame has 16 ms, and should take one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot begin has nothing to tell"
)]

#[path = "../tests/it/screens/world.rs"]
#[expect(dead_code, reason = "shared with the tests of screens, which use all of it")]
mod world;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pilothouse::config::theme::Depth;
use pilothouse::domain::container::{Health, State};
use pilothouse::logs::buffer::Buffer;
use pilothouse::logs::decode::{self, Keys};
use pilothouse::logs::frames::{Demux, Form};
use pilothouse::logs::line::{Batch, Head, SourceId};
use pilothouse::logs::mask::Masks;
use pilothouse::logs::matcher::Matcher;
use pilothouse::logs::merge::{MAX_WINDOW, Merge};
use pilothouse::logs::search::{self, Direction};
use pilothouse::logs::show::Show;
use pilothouse::logs::view::{Filter, View};
use pilothouse::msg::{LogFact, Msg};
use pilothouse::sub::{Generation, Sub};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use world::{Spec, Stage, look};

const SIZE: (u16, u16) = (160, 48);
const JSON: &[u8] = br#"{"time":"2026-03-14T14:32:07Z","level":"info","msg":"request_processed","method":"GET","path":"/api/users","status":200,"ms":45,"request_id":"ab12f9"}"#;
const LOGFMT: &[u8] = br#"level=warn msg="heap 94% of limit" limit=512M pid=17 request_id=ab12f9"#;
const PLAIN: &[u8] = b"2026/03/14 14:32:07 [error] upstream timed out while reading response header";

/// Lines of a flood: every kind, a millisecond apart.
fn batch(lines: usize, source: u16, start_ns: i64) -> Batch {
    let mut batch = Batch::new();
    for (i, text) in (0..).zip([JSON, LOGFMT, PLAIN].iter().cycle().take(lines)) {
        let head = Head {
            at_ns: start_ns + i * 1_000_000,
            source: SourceId(source),
            level: decode::level(text),
            ..Head::default()
        };
        batch.push(text, head);
    }
    batch
}

/// A hundred containers on one host, the log of the selected one full.
fn full_stage() -> Stage {
    let mut stage = Stage::asking(SIZE, look("dark", Depth::True, false));
    let names: Vec<_> = (0..100)
        .map(|i| (format!("service-{:02}", i / 4), format!("service-{:02}-{}", i / 4, i % 4)))
        .collect();
    let spec = |(service, name): &(String, String)| {
        let (state, health) = (State::Running, Health::Healthy);
        Spec { host: "web1", service, name, release: "v42", state, health, up_minutes: 99, port: 8080 }
            .container()
    };
    stage.up("web1", names.iter().map(spec).collect());
    stage.keys("2 g");
    let generation = generation(&stage);
    for part in 0..100 {
        let lines = batch(1000, 0, part * 1_000_000_000);
        stage.tell(Msg::Log(generation, LogFact::Lines(lines)));
    }
    stage
}

fn generation(stage: &Stage) -> Generation {
    let of = |sub| match sub {
        Sub::Logs(generation, _) => Some(generation),
        _ => None,
    };
    stage.model.subs().into_iter().find_map(of).expect("a container is selected")
}

fn lines(c: &mut Criterion) {
    let keys = Keys::default();
    let mut group = c.benchmark_group("decode");
    for (name, line) in [("json", JSON), ("logfmt", LOGFMT), ("plain", PLAIN)] {
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(name, |b| b.iter(|| decode::decode(black_box(line), &keys)));
        group.bench_function(format!("level of {name}"), |b| b.iter(|| decode::level(black_box(line))));
    }
    group.finish();

    let mut stream = Vec::new();
    for text in [JSON, LOGFMT, PLAIN].iter().cycle().take(10_000) {
        let stamped = [b"2026-03-14T14:32:07.123456789Z ", *text, b"\n"].concat();
        stream.extend([1, 0, 0, 0]);
        stream.extend((stamped.len() as u32).to_be_bytes());
        stream.extend(stamped);
    }
    let mut group = c.benchmark_group("frames");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 lines", |b| {
        b.iter(|| {
            let (mut demux, mut out) = (Demux::new(SourceId(0), Form::Framed), Batch::new());
            stream.chunks(64 << 10).for_each(|chunk| demux.feed(chunk, &mut out).unwrap());
            out
        });
    });
    group.finish();
}

fn buffers(c: &mut Criterion) {
    let mut group = c.benchmark_group("buffer");
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("push 100,000 lines", |b| {
        let fresh = || (0..100).map(|part| batch(1000, 0, part * 1_000_000_000)).collect::<Vec<_>>();
        b.iter_batched(
            fresh,
            |batches| {
                let mut buffer = Buffer::new(12 << 20);
                for batch in batches {
                    buffer.push(batch);
                }
                buffer
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();

    let mut group = c.benchmark_group("merge");
    group.throughput(Throughput::Elements(40_000));
    group.bench_function("four sources of 10,000 lines", |b| {
        let fresh =
            || (0..4).map(|source| batch(10_000, source, i64::from(source) * 250_000)).collect::<Vec<_>>();
        b.iter_batched(
            fresh,
            |batches| {
                let mut merge = Merge::new(MAX_WINDOW, 50_000);
                for (source, batch) in (0..).zip(batches) {
                    merge.push(SourceId(source), batch, 0);
                }
                let mut count = 0;
                while let Some(batch) = merge.poll(1_000_000_000_000) {
                    count += batch.len();
                }
                count
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();

    let mut buffer = Buffer::new(64 << 20);
    (0..100).for_each(|part| buffer.push(batch(1000, 0, part * 1_000_000_000)));
    let mut group = c.benchmark_group("search");
    group.throughput(Throughput::Elements(100_000));
    // A phrase, an expression for which JSON is taken apart, and the same where lines are shown as they were printed.
    let raw = Show::new(Masks::default(), Keys::default(), true);
    let masked = Show::new(Masks::new([r"password=(\S+)"]).unwrap(), Keys::default(), false);
    let looks = [("", Show::default()), (", raw", raw), (", masked", masked)];
    for (name, show) in looks {
        let view = View::new(Filter::default(), show);
        for pattern in ["nowhere to be found", r"status=5\d\d after \d+s"] {
            let matcher = Matcher::new(pattern).unwrap();
            group.bench_function(format!("{pattern}{name}"), |b| {
                let end = buffer.end_no();
                b.iter(|| search::next(&view, &buffer, &matcher, end, Direction::Backward, usize::MAX));
            });
        }
    }
    let wanted = Filter { include: vec![Matcher::new("timed out").unwrap()], ..Filter::default() };
    group.bench_function("filter", |b| {
        b.iter(|| {
            let mut view = View::new(wanted.clone(), Show::default());
            view.sync(&buffer);
            view
        });
    });
    group.finish();
}

fn console(c: &mut Criterion) {
    let mut stage = full_stage();
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    c.bench_function("draw/160x48, 100 containers, a full log", |b| {
        b.iter(|| terminal.draw(|frame| stage.model.draw(frame)).map(|_| ()).unwrap());
    });
    c.bench_function("update/a key that moves the selection", |b| {
        b.iter(|| {
            stage.keys("j");
            stage.keys("k");
        });
    });
    c.bench_function("update/the streams that are wanted", |b| b.iter(|| stage.model.subs()));
    let generation = generation(&stage);
    c.bench_function("update/1,000 lines of a flood", |b| {
        b.iter_batched(
            || batch(1000, 0, 200_000_000_000),
            |lines| stage.tell(Msg::Log(generation, LogFact::Lines(lines))),
            BatchSize::SmallInput,
        );
    });
    c.bench_function("update/a tick", |b| b.iter(|| stage.tell(Msg::Tick)));
}

criterion_group! {
    name = hot_paths;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).sample_size(20);
    targets = lines, buffers, console
}
criterion_main!(hot_paths);
