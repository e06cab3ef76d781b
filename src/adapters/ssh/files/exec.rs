//! Files by commands that every Linux host has, busybox's too.

use super::{Task, failed};
use crate::adapters::ssh::ask::ask_at_most;
use crate::adapters::ssh::command::{last_line, quoted, unique};
use crate::adapters::ssh::link::Link;
use crate::ports::host_files::{FileError, NEW_MODE};

/// What our lines end with where there is no file, and where there is one already.
const MISSING: i32 = 44;
const EXISTS: i32 = 45;

pub(super) async fn carry_out(link: &Link, path: &str, task: Task<'_>) -> Result<Vec<u8>, FileError> {
    let (line, input, most) = match task {
        Task::Read(most) => (read(path, most), &[][..], most + 1),
        Task::Write(bytes) => (replace(path), bytes, 0),
        Task::Create(bytes, mode) => (create(path, mode), bytes, 0),
    };
    let said = ask_at_most(link, &line, input, most as u64).await.map_err(|e| failed(path, e))?;
    match (said.status, task) {
        (Some(0), Task::Read(most_bytes)) if said.output.len() > most_bytes => {
            Err(FileError::TooLarge { path: path.to_owned(), most_bytes })
        }
        (Some(0), _) => Ok(said.output),
        (Some(MISSING), _) => Err(FileError::Missing { path: path.to_owned() }),
        (Some(EXISTS), _) => Err(FileError::Exists { path: path.to_owned() }),
        _ => {
            let last = last_line(&said.errors);
            Err(failed(path, if last.is_empty() { "no reason given" } else { &last }))
        }
    }
}

fn read(path: &str, most: usize) -> String {
    format!("f={}; [ -e \"$f\" ] || exit {MISSING}; exec head -c {} <\"$f\"", quoted(path), most + 1)
}

/// `set -C` makes the shell open it with O_EXCL. `true`, because `:` would end the shell.
fn create(path: &str, mode: u32) -> String {
    let f = quoted(path);
    format!(
        "f={f}; umask 077; set -C\n\
         if ! {{ true >\"$f\"; }} 2>/dev/null; then\n\
         if [ -e \"$f\" ] || [ -L \"$f\" ]; then exit {EXISTS}; fi; true >\"$f\" || exit 1; fi\n\
         set +C; if cat >\"$f\" && chmod {mode:o} \"$f\" && {{ sync \"$f\" 2>/dev/null || sync; }}; then exit 0; fi\n\
         rm -f \"$f\"; exit 1"
    )
}

fn replace(path: &str) -> String {
    format!(
        "f={}; umask 077\n\
         if [ -e \"$f\" ]; then f=$(readlink -f \"$f\") || exit 1; old=1; else old=; fi\n\
         t=${{f%/*}}/.${{f##*/}}.{}\n\
         if cat >\"$t\" && if [ \"$old\" ]; then chown \"$(stat -c %u:%g \"$f\")\" \"$t\" && \
         chmod \"$(stat -c %a \"$f\")\" \"$t\"; else chmod {NEW_MODE:o} \"$t\"; fi && \
         {{ sync \"$t\" 2>/dev/null || sync; }} && [ ! -d \"$f\" ] && mv -f \"$t\" \"$f\"; then exit 0; fi\n\
         rm -f \"$t\"; echo 'not written' >&2; exit 1",
        quoted(path),
        unique()
    )
}
