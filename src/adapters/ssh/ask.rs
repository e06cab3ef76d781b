//! Commands on a host whose answer is read whole.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::command::{skip_noise, unwatched, watched};
use super::link::{Door, Link};

/// Longest text kept of a command that is asked something.
const ANSWER_BYTES: u64 = 64 << 10;
/// Longer nobody waits for a few words of a host, login scripts and all.
const SAID_WITHIN: Duration = Duration::from_secs(10);

/// What a command on the host said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// Exit status, 128 and its number where a signal ended it; `None` where nobody knows.
    pub status: Option<i32>,
    /// Its output, at most 64 KiB.
    pub output: Vec<u8>,
    /// Its errors, at most 64 KiB.
    pub errors: Vec<u8>,
    /// The last line that login scripts printed before it, harmless.
    pub noise: String,
}

/// Runs a line; its output and its errors are read to their end, the first 64 KiB of each are kept.
pub(super) async fn ask(link: &Link, line: &str, input: &[u8]) -> io::Result<Said> {
    ask_at_most(link, line, input, ANSWER_BYTES).await
}

/// As [`ask`] for a few words that come at once.
pub(super) async fn ask_soon(link: &Link, line: &str) -> io::Result<Said> {
    in_time(link, ask(link, line, b"")).await
}

/// The answer, where it comes in time. A host that says nothing at all any more is left to its connection's end.
pub(super) async fn in_time<T>(link: &Link, asked: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    if let Ok(answer) = tokio::time::timeout(SAID_WITHIN, asked).await {
        return answer;
    }
    link.round_trip().await?;
    let within = SAID_WITHIN.as_secs();
    let text = format!("no answer to a command within {within} s; do its login scripts wait for something?");
    Err(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// As [`ask`], with so many bytes of output kept.
pub(super) async fn ask_at_most(link: &Link, line: &str, input: &[u8], most: u64) -> io::Result<Said> {
    said(link, watched(line, input.len()), input, most).await
}

/// As [`ask`] for a script that reads nothing and ends by itself: it needs no watcher, which costs four processes.
pub(super) async fn ask_shortly(link: &Link, script: &str) -> io::Result<Said> {
    said(link, unwatched(script), b"", ANSWER_BYTES).await
}

async fn said(link: &Link, line: String, input: &[u8], most: u64) -> io::Result<Said> {
    let opened = link.open(Door::Exec(line, None)).await?;
    let (mut read, mut write) = tokio::io::split(opened.stream);
    let mut errors = opened.errors.ok_or_else(|| io::Error::other("a command without errors"))?;
    // Not shut down: the end of its input is where we leave.
    let send = write.write_all(input);
    let output = async {
        let noise = skip_noise(&mut read).await?;
        Ok((noise, read_most(&mut read, most).await?))
    };
    let errors = async {
        // Without the mark there is no output either, and that says why.
        match skip_noise(&mut errors).await {
            Ok(noise) => Ok((noise, read_most(&mut errors, ANSWER_BYTES).await?)),
            Err(_) => Ok((String::new(), Vec::new())),
        }
    };
    let (sent, output, errors) = tokio::join!(send, output, errors);
    let (output, errors): (io::Result<_>, io::Result<_>) = (output, errors);
    let ((noise, output), (other_noise, errors)) = (output?, errors?);
    let noise = if noise.is_empty() { other_noise } else { noise };
    if let Err(error) = sent {
        // A command that does not read its input may end before it is written.
        tracing::debug!(%error, "a command did not take its input");
    }
    let status = match opened.status {
        Some(status) => status.await.map_err(|_| io::Error::other("the connection ended first"))?,
        None => None,
    };
    Ok(Said { status, output, errors, noise })
}

/// To the end, so that nobody waits for us; what is too much is dropped.
async fn read_most(from: &mut (impl AsyncRead + Unpin), most: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    from.take(most).read_to_end(&mut kept).await?;
    tokio::io::copy(from, &mut tokio::io::sink()).await?;
    Ok(kept)
}
