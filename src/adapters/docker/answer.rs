//! What an engine answers, read by hand: heads, and its words where it refuses.

use std::io;

use tokio::io::AsyncReadExt;

use super::dial::Wire;
use crate::ports::engine::{CALL_TIMEOUT, EngineError};

/// Longest head, and longest error text, that is read.
const HEAD_BYTES: usize = 64 << 10;

/// The engine's words: `{"message": …}`, else the first line of what came.
pub(super) fn message_of(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        message: String,
    }
    match serde_json::from_slice::<Said>(body) {
        Ok(said) => said.message,
        Err(_) => String::from_utf8_lossy(body).lines().next().unwrap_or("no reason given").to_owned(),
    }
}

/// The head of an answer, in small letters.
pub(super) struct Head {
    pub text: String,
    pub status: Option<u16>,
}

impl Head {
    /// When the engine wrote it, by its own clock, to the second.
    // RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT.
    pub(super) fn time_ns(&self) -> Option<i64> {
        let date = self.text.lines().find_map(|line| line.strip_prefix("date:"))?;
        chrono::DateTime::parse_from_rfc2822(date.trim()).ok()?.timestamp_nanos_opt()
    }
}

/// A body as it comes.
pub(super) struct Streamed {
    /// When it was begun, by the engine's clock and to the second, if the engine said so.
    pub begun_ns: Option<i64>,
    /// What came behind the head.
    pub rest: Vec<u8>,
    /// All that is still to come.
    pub wire: Box<dyn Wire>,
}

/// The head of an answer and the bytes that came behind it.
pub(super) async fn read_head(wire: &mut Box<dyn Wire>) -> io::Result<(Head, Vec<u8>)> {
    let mut read = Vec::with_capacity(HEAD_BYTES);
    let end = loop {
        if let Some(at) = memchr::memmem::find(&read, b"\r\n\r\n") {
            break at;
        }
        if wire.read_buf(&mut read).await? == 0 || read.len() > HEAD_BYTES {
            return Err(io::Error::other("the answer has no head"));
        }
    };
    let rest = read.split_off(end + 4);
    let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
    let status = text.split(' ').nth(1).and_then(|s| s.get(..3)).and_then(|s| s.parse().ok());
    Ok((Head { text, status }, rest))
}

/// The engine's words behind the head of a refusal. A connection that stays open is not waited for longer than a call.
pub(super) async fn read_refusal(
    what: &str,
    status: u16,
    mut body: Vec<u8>,
    wire: Box<dyn Wire>,
) -> EngineError {
    let most = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    let mut wire = wire.take(most);
    let whole = async {
        // Ends with the connection, or as soon as the words are whole.
        while serde_json::from_slice::<serde_json::Value>(&body).is_err() {
            if wire.read_buf(&mut body).await.unwrap_or(0) == 0 {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(CALL_TIMEOUT, whole).await;
    let message = if in_time.is_ok() { message_of(&body) } else { "no reason given in time".to_owned() };
    EngineError::Refused { what: what.to_owned(), status, message }
}
