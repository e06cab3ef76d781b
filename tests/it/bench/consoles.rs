//! The programs that are compared: how each is started, what it shows and which keys it takes.

use std::path::PathBuf;

use crate::pty::{Launch, Terminal, pilothouse};

/// One of them.
pub struct Console {
    pub name: &'static str,
    program: PathBuf,
    /// On the screen once all `{n}` containers are listed.
    listed: &'static str,
    /// From the list to the newest lines of the log of the first container.
    pub to_log: &'static str,
    /// Opens and closes its help, and what only the help shows.
    pub help: [&'static str; 3],
}

pub const SIZE: (u16, u16) = (160, 48);

/// The console itself, then every peer that is on the PATH. `BENCH_PROGRAM` is the build that is measured.
pub fn all() -> Vec<Console> {
    let own = std::env::var_os("BENCH_PROGRAM").map_or_else(pilothouse, PathBuf::from);
    let mut found = vec![Console {
        name: "pilothouse",
        program: own,
        listed: r"\b{n} of {n}\b",
        to_log: "",
        help: ["?", "?", "IN CONTAINERS|IN LISTS"],
    }];
    let peers = [
        ("dtop", r"- {n} containers?", "Right", ["?", "?", "Keyboard|Help|Navigation"]),
        ("oxker", r"Containers \d+/{n}\b", "", ["h", "h", "oxker.*\\d+\\.\\d+|license|keymap"]),
        ("lazydocker", r"running +\w", "", ["x", "Esc", "Keybindings|Menu|cancel"]),
    ];
    for (name, listed, to_log, help) in peers {
        match on_path(name) {
            Some(program) => found.push(Console { name, program, listed, to_log, help }),
            None => eprintln!("{name} is not on the PATH: its column is left out"),
        }
    }
    found
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

impl Console {
    pub fn is_ours(&self) -> bool {
        self.name == "pilothouse"
    }

    pub fn start(&self, socket: &str) -> Terminal {
        Launch::program(&self.program, [""; 0]).env("DOCKER_HOST", socket).size(SIZE.0, SIZE.1).start()
    }

    pub fn listed(&self, count: usize) -> String {
        self.listed.replace("{n}", &count.to_string())
    }
}
