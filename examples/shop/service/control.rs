//! Breaking this copy on demand: `service ctl MODE` leaves a file that the running service looks at twice a second.
//! The file lies in the container's own layer, so a mode outlives a restart: that is what makes a restart loop.

use std::{
    fs,
    process::exit,
    sync::atomic::{AtomicU8, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{Settings, log};

const FILE: &str = "/mode";
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long a slow service takes for everything; longer than anybody's patience here.
pub const SLOW: Duration = Duration::from_secs(3);

/// Flooding is bounded in time and in lines: about 150 MB of log at most.
const FLOOD_SECONDS: u64 = 60;
const FLOOD_LINES: u64 = 1_000_000;
/// A container without a memory limit is not driven to the end of the machine.
const EAT_AT_MOST_BYTES: usize = 256 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Ok,
    Slow,
    Down,
    OutOfMemory,
    Crash,
    Flood,
}

impl Mode {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Ok, "ok"),
        (Self::Slow, "slow"),
        (Self::Down, "down"),
        (Self::OutOfMemory, "oom"),
        (Self::Crash, "crash"),
        (Self::Flood, "flood"),
    ];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, text)| *text == name).map(|(mode, _)| *mode)
    }
}

static CURRENT: AtomicU8 = AtomicU8::new(0);

/// The mode in force.
pub fn mode() -> Mode {
    let index = usize::from(CURRENT.load(Ordering::Relaxed));
    Mode::ALL.get(index).map_or(Mode::Ok, |(mode, _)| *mode)
}

/// What `service ctl` does: checks the words and leaves them for the running service.
pub fn write(name: &str, seconds: Option<&str>) -> Result<(), String> {
    let Some(_) = Mode::parse(name) else { return Err(format!("no mode is called {name}")) };
    let seconds =
        seconds.unwrap_or("10").parse::<u64>().map_err(|_| "SECONDS is a whole number".to_owned())?;
    // Renamed into place: the service never reads half a file.
    let fresh = format!("{FILE}.new");
    fs::write(&fresh, format!("{name} {}\n", seconds.min(FLOOD_SECONDS)))
        .and_then(|()| fs::rename(&fresh, FILE))
        .map_err(|why| format!("cannot write {FILE}: {why}"))
}

/// Starts the thread that looks at the file.
pub fn watch(settings: &'static Settings) {
    thread::spawn(move || {
        let mut last = String::new();
        loop {
            // No file is the ordinary case: nobody has broken anything yet.
            let text = fs::read_to_string(FILE).unwrap_or_default();
            if text != last {
                enter(settings, &text);
                last = text;
            }
            thread::sleep(LOOK_EVERY);
        }
    });
}

fn enter(settings: &'static Settings, text: &str) {
    let (name, seconds) = text.trim().split_once(' ').unwrap_or((text.trim(), "10"));
    let mode = Mode::parse(name).unwrap_or(Mode::Ok);
    let index = Mode::ALL.iter().position(|(other, _)| *other == mode).unwrap_or(0);
    CURRENT.store(index as u8, Ordering::Relaxed);
    say(settings, "warn", &format!("mode is {name}"));
    match mode {
        Mode::OutOfMemory => drop(thread::spawn(move || eat(settings))),
        Mode::Crash => drop(thread::spawn(move || crash(settings))),
        Mode::Flood => {
            // One second of flooding cannot be taken back: it is done once, not at every restart.
            let _ = fs::remove_file(FILE);
            let seconds = seconds.parse().unwrap_or(10).min(FLOOD_SECONDS);
            drop(thread::spawn(move || flood(settings, Duration::from_secs(seconds))));
        }
        Mode::Ok | Mode::Slow | Mode::Down => {}
    }
}

fn eat(settings: &Settings) {
    const BITE: usize = 1 << 20;
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    while mode() == Mode::OutOfMemory && eaten.len() * BITE < EAT_AT_MOST_BYTES {
        // Written, not only reserved: the kernel counts pages that were touched.
        eaten.push(vec![1; BITE]);
        if eaten.len() % 8 == 0 {
            say(settings, "warn", &format!("cache has grown to {} MiB", eaten.len()));
        }
        thread::sleep(Duration::from_millis(40));
    }
}

fn crash(settings: &Settings) {
    thread::sleep(Duration::from_secs(1));
    if mode() == Mode::Crash {
        say(settings, "error", "panic: index out of bounds: the len is 3 but the index is 3");
        exit(101);
    }
}

fn flood(settings: &Settings, lasting: Duration) {
    let began = Instant::now();
    for line in 0..FLOOD_LINES {
        if mode() != Mode::Flood || began.elapsed() >= lasting {
            break;
        }
        say(settings, "debug", &format!("cache miss number {line} for key product:{}", line * 7919 % 1000));
    }
    CURRENT.store(0, Ordering::Relaxed);
    say(settings, "info", "flood is over");
}

/// One line in the style of this role.
fn say(settings: &Settings, level: &str, text: &str) {
    match settings.role.as_str() {
        "store" => log::plain(matches!(level, "warn" | "error"), text),
        "worker" => log::logfmt(level, text, &[]),
        _ => log::json(settings, level, text, &[]),
    }
}
