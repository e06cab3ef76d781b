//! Command lines as they are sent: for any login shell, whatever its scripts print, and gone when we are.
//!
//! sshd does not end a command whose channel closes: without a terminal nothing tells it. So each runs beside a watcher
//! that reads our end of its input; when that closes before the command has ended (we left, or sshd gave the
//! connection up) its process group gets TERM, and KILL two seconds later. What left the group (`setsid`, a daemon)
//! stays, and what a command that ended by itself left behind too. A host that is cut off notices as soon as its sshd
//! does: at once by a reset, else by its ClientAlive settings or TCP's own, which may take hours.

use std::io;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_util::io::ReaderStream;

use crate::logs::ansi;
use crate::logs::line::Stream as Source;
use crate::ports::pace::roll;

/// Printed before a command's own output: all before it is noise of login scripts.
pub const MARK: &[u8] = b"\x1epilothouse\x1e";
const PRINT_MARK: &str = r"printf '\036pilothouse\036'; printf '\036pilothouse\036' >&2";
/// Login scripts that print more than this are broken.
const MOST_NOISE: usize = 64 << 10;
/// Longest end of the noise that is told.
const TOLD: usize = 200;

/// One word for a POSIX shell.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A script for a POSIX shell as a line for any login shell.
fn for_any_shell(script: &str) -> String {
    format!("exec /bin/sh -c {}", quoted(script))
}

/// A program that talks over its input and output, behind the mark.
pub fn talking(program: &str) -> String {
    unwatched(&format!("exec {program}"))
}

/// A script for a POSIX shell that ends by itself, behind the mark.
pub fn unwatched(script: &str) -> String {
    for_any_shell(&format!("{PRINT_MARK}\n{script}"))
}

/// A line for a POSIX shell that is handed the first `input_bytes` of what is sent, and ends when we do.
pub fn watched(line: &str, input_bytes: usize) -> String {
    for_any_shell(&watched_script(line, input_bytes))
}

/// The same for a shell that is `/bin/sh` already, as the leader of a process group.
pub fn watched_script(line: &str, input_bytes: usize) -> String {
    let feed = if input_bytes > 0 { format!("head -c {input_bytes}") } else { ":".to_owned() };
    // The watcher is no part of the pipeline: the shell would wait for it.
    format!(
        "{PRINT_MARK}\nexec 3<&0 </dev/null\n\
         ( {{ {feed}; exec >/dev/null 2>&1; trap '' HUP TERM; cat; \
         kill -0 $$ && {{ kill -TERM 0; sleep 2; kill -KILL 0; }}; }} <&3 & ) | {{ exec 3<&-; exec /bin/sh -c {}; }}",
        quoted(line)
    )
}

/// A part of a file's name that nobody else makes.
pub fn unique() -> String {
    format!("pilothouse-{:016x}", roll())
}

/// The last line that says something, harmless; empty where none does.
pub fn last_line(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    // With its escape a sequence goes whole.
    let is_kept = |c: &char| *c == '\u{1b}' || !c.is_control();
    let harmless = |line: &str| ansi::plain(&line.chars().filter(is_kept).collect::<String>()).into_owned();
    text.lines().rev().map(harmless).find(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// Our end of a command's input: all of it was sent or is being sent, and when this is dropped we have left.
pub struct Feed<W>(JoinHandle<W>);

impl<W: AsyncWrite + Send + Unpin + 'static> Feed<W> {
    /// Hands a command its input. Its end is not shut down: that would say that we leave.
    pub fn new(mut to_command: W, input: &[u8]) -> Self {
        let input = input.to_vec();
        Self(tokio::spawn(async move {
            if let Err(error) = to_command.write_all(&input).await {
                tracing::debug!(%error, "a command did not take its input");
            }
            to_command
        }))
    }
}

impl<W> Drop for Feed<W> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What login scripts print before the mark.
#[derive(Debug, Default)]
pub struct Noise(Vec<u8>);

impl Noise {
    /// Takes a byte; true once the mark is whole.
    ///
    /// # Errors
    /// That no end of it is in sight.
    pub fn is_over(&mut self, byte: u8) -> io::Result<bool> {
        if self.0.len() == MOST_NOISE {
            return Err(io::Error::other(format!("login scripts print without an end: {}", self.told())));
        }
        self.0.push(byte);
        Ok(self.0.ends_with(MARK))
    }

    /// Its last line that says something, harmless.
    pub fn told(&self) -> String {
        last_line(self.0.strip_suffix(MARK).unwrap_or(&self.0))
            .chars()
            .take(TOLD)
            .collect::<String>()
            .trim()
            .to_owned()
    }
}

/// Reads up to the mark, not one byte more; gives the last line of what was before it. Without a mark the host runs no
/// commands: [`io::ErrorKind::Unsupported`].
pub async fn skip_noise(from: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut noise = Noise::default();
    loop {
        match from.read_u8().await {
            Ok(byte) if noise.is_over(byte)? => return Ok(noise.told()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let told = noise.told();
                let text = if told.is_empty() {
                    "the login shell runs no commands".to_owned()
                } else {
                    format!("the login shell runs no commands, it says: {told}")
                };
                return Err(io::Error::new(io::ErrorKind::Unsupported, text));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Output and errors behind their marks as one stream; it holds `keep` for as long as it is read.
pub fn output<K: Send + 'static>(
    mut out: impl AsyncRead + Send + Unpin + 'static,
    mut errors: impl AsyncRead + Send + Unpin + 'static,
    keep: K,
) -> impl Stream<Item = io::Result<(Source, Bytes)>> + Send {
    let begun = async move {
        skip_noise(&mut out).await?;
        // Without the mark there is no output either.
        let errors = match skip_noise(&mut errors).await {
            Ok(_) => ReaderStream::new(errors).map_ok(|bytes| (Source::Stderr, bytes)).left_stream(),
            Err(_) => stream::empty().right_stream(),
        };
        let out = ReaderStream::new(out).map_ok(|bytes| (Source::Stdout, bytes));
        Ok::<_, io::Error>(stream::select(out, errors))
    };
    // Dropped with the stream, not before.
    stream::once(begun).try_flatten().inspect(move |_| {
        let _ = &keep;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_before_the_mark_is_passed_over_and_nothing_behind_it() {
        let bytes = [b"Welcome\n\x1epilothouse \x1e", MARK, b"HTTP/1.1"].concat();
        let mut from = bytes.as_slice();
        assert_eq!(skip_noise(&mut from).await.unwrap(), "pilothouse");
        assert_eq!(from, b"HTTP/1.1");
    }

    #[tokio::test]
    async fn a_shell_that_runs_nothing_is_quoted() {
        let mut from = &b"\x1b[1mhello\nThis account is currently not available.\n\n"[..];
        let error = skip_noise(&mut from).await.unwrap_err().to_string();
        assert!(error.ends_with("it says: This account is currently not available."), "{error}");
        let error = skip_noise(&mut tokio::io::repeat(b'x')).await.unwrap_err().to_string();
        assert!(error.contains("without an end"), "{error}");
    }

    #[test]
    fn a_word_stays_one_word_whatever_is_in_it() {
        let said = std::process::Command::new("sh")
            .args(["-c", &format!("printf %s {}", quoted("a'b \"$(id)\" \\ `x`"))])
            .output()
            .unwrap();
        assert_eq!(said.stdout, b"a'b \"$(id)\" \\ `x`");
    }
}
