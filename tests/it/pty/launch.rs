//! How a program gets its terminal: a home of its own, no variable of the machine's but PATH, and a shell with job
//! control as its parent. Without that shell the kernel would reset the line settings when the program ends
//! (it hangs up the terminal of a dead session leader), and nobody could see what it left behind.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, mpsc},
    thread,
    time::Instant,
};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::Pid;

use super::{Screen, Seen, Shared, Terminal, pilothouse, read_terminal, write_terminal};

/// $1 takes reports, $2 gives orders; the program and its arguments follow. `set -m` gives the program a process
/// group in the foreground, as at a prompt. A stopped job leaves a line in `jobs`.
const SHELL: &str = r#"
reports=$1 orders=$2; shift 2
set -m
sh -c 'echo "program $$" >"$0"; exec "$@"' "$reports" "$@"
status=$?
while jobs >"$orders.jobs"; [ -s "$orders.jobs" ]; do
    echo "suspended $status" >"$reports"
    read -r order <"$orders"
    fg >/dev/null
    status=$?
done
echo "ended $status" >"$reports"
read -r order <"$orders"
"#;

/// A program about to be started; 80x24 unless told otherwise.
pub struct Launch {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    columns: u16,
    rows: u16,
    speaks_kitty: bool,
    home: tempfile::TempDir,
}

impl Launch {
    /// The console itself.
    pub fn pilothouse<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::program(pilothouse(), args)
    }

    /// A program by path or by its name on PATH.
    pub fn program<A: Into<OsString>>(
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            columns: 80,
            rows: 24,
            speaks_kitty: true,
            home: tempfile::Builder::new()
                .prefix("pilothouse-home-")
                .tempdir()
                .expect("a temporary directory"),
        }
    }

    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// A terminal without the kitty keyboard protocol, such as tmux or the Linux console.
    pub fn legacy_keyboard(mut self) -> Self {
        self.speaks_kitty = false;
        self
    }

    /// Writes a file below the home directory, which is the working directory too.
    pub fn home_file(self, path: impl AsRef<Path>, text: &str) -> Self {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().expect("a file's path")).expect("a directory in the home");
        fs::write(path, text).expect("a file in the home");
        self
    }

    /// Starts the program.
    pub fn start(self) -> Terminal {
        let wires = Wires::new(self.home.path());
        let pair = native_pty_system().openpty(pty_size(self.columns, self.rows)).expect("a PTY");
        let reader = pair.master.try_clone_reader().expect("a PTY's reading side");
        let writer = pair.master.take_writer().expect("a PTY's writing side");
        let (input, sent) = mpsc::channel();
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen {
                screen: Screen::new(self.columns, self.rows, self.speaks_kitty),
                raw: Vec::new(),
                newest: Instant::now(),
                program: None,
                suspended: false,
                status: None,
                line_before: line_settings(&*pair.master),
                line_after: None,
                closed: false,
            }),
            changed: Condvar::new(),
        });
        let master = Arc::new(Mutex::new(pair.master));
        let reports = BufReader::new(wires.to_reports.try_clone().expect("another handle"));
        let mut child = pair.slave.spawn_command(self.command(&wires)).expect("sh on PATH");
        let shell = child.process_id().and_then(|pid| Pid::from_raw(pid as i32)).expect("a started shell");
        // As long as this process holds the program's side open, the end of the program is not seen.
        drop(pair.slave);

        let (for_reports, for_reader, answers) = (shared.clone(), shared.clone(), input.clone());
        let (for_settings, orders) = (master.clone(), wires.clone());
        thread::spawn(move || {
            follow_reports(reports, &for_reports, &for_settings, &orders);
            // Killed or told to end by now: this only takes its status, so that no zombie stays.
            let _ = child.wait();
        });
        thread::spawn(move || read_terminal(reader, &for_reader, &answers));
        thread::spawn(move || write_terminal(writer, &sent));
        Terminal { shared, master, input, shell, wires, home: self.home }
    }

    fn command(&self, wires: &Wires) -> CommandBuilder {
        let home = self.home.path();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", SHELL, "sh"]);
        command.args([&wires.reports, &wires.orders, &self.program]);
        command.args(&self.args);
        command.cwd(home);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        command.env("HOME", home);
        for (name, below) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_STATE_HOME", ".local/state"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_RUNTIME_DIR", ".run"),
        ] {
            command.env(name, home.join(below));
        }
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("SHELL", "/bin/sh"),
            ("USER", "tester"),
        ] {
            command.env(name, value);
        }
        for (name, value) in &self.env {
            command.env(name, value);
        }
        command
    }
}

/// The two pipes between this process and the shell. Both ends of each stay open here, so that nothing blocks:
/// neither a report before it is awaited nor an order before the shell reads it.
#[derive(Clone)]
pub struct Wires {
    reports: PathBuf,
    orders: PathBuf,
    to_shell: Arc<File>,
    to_reports: Arc<File>,
}

impl Wires {
    fn new(home: &Path) -> Self {
        let below = home.join(".run");
        fs::create_dir_all(&below).expect("a directory in the home");
        let (reports, orders) = (below.join("pty-reports"), below.join("pty-orders"));
        let (to_reports, to_shell) = (Arc::new(fifo(&reports)), Arc::new(fifo(&orders)));
        Self { reports, orders, to_shell, to_reports }
    }

    /// Gives the shell an order; it takes it when the program has stopped or ended.
    pub fn tell(&self, order: &str) {
        writeln!(&*self.to_shell, "{order}").expect("a fifo of ours");
    }

    /// Ends the thread that follows the reports.
    pub fn end(&self) {
        writeln!(&*self.to_reports, "dropped").expect("a fifo of ours");
    }
}

fn fifo(path: &Path) -> File {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).expect("a fifo");
    // Linux: opened for both sides it does not wait for another opener and never reaches its end.
    OpenOptions::new().read(true).write(true).open(path).expect("the fifo just made")
}

fn follow_reports(
    reports: BufReader<File>,
    shared: &Shared,
    master: &Mutex<Box<dyn MasterPty + Send>>,
    orders: &Wires,
) {
    let settings = || line_settings(&**master.lock().expect("no holder panics"));
    for line in reports.lines() {
        let line = line.expect("a fifo of ours");
        let (word, number) = line.split_once(' ').unwrap_or((&line, ""));
        let number = number.parse().ok();
        match word {
            "program" => shared.change(|seen| {
                seen.program = number.and_then(Pid::from_raw).map(|pid| (pid, Instant::now()));
            }),
            "suspended" => {
                let after = settings();
                shared.change(|seen| (seen.suspended, seen.line_after) = (true, after));
            }
            "ended" => {
                let after = settings();
                shared.change(|seen| (seen.status, seen.line_after) = (number, after));
                orders.tell("end");
                return;
            }
            _ => return,
        }
    }
}

fn line_settings(master: &dyn MasterPty) -> Option<String> {
    // The type is of a crate that the driver does not depend on, but it prints every field.
    master.get_termios().map(|settings| format!("{settings:?}"))
}

pub fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}
