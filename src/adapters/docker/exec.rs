//! A program run in a container: made, started over a connection of its own, resized, asked how it ended.

use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use hyper::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, ReadHalf};

use super::api::Api;
use super::dial::Wire;
use crate::domain::ids::ContainerId;
use crate::logs::line::Stream;
use crate::ports::engine::{CALL_TIMEOUT, EngineError, ExecSession, ExecSpec};

const READ_BYTES: usize = 32 << 10;

/// Starts it. Errors name the program and the container.
pub(super) async fn start(api: &Api, id: &ContainerId, spec: ExecSpec) -> Result<ExecSession, EngineError> {
    #[derive(Deserialize)]
    struct Made {
        #[serde(rename = "Id")]
        id: String,
    }
    let what = format!("exec {} in {}", spec.argv.first().map_or("", String::as_str), id.short());
    let is_tty = spec.tty.is_some();
    // Engine API 1.41, POST /containers/{id}/exec.
    let wanted = json!({
        "AttachStdin": spec.takes_input,
        "AttachStdout": true,
        "AttachStderr": true,
        "Tty": is_tty,
        "Cmd": spec.argv,
        "Env": spec.env,
        "User": spec.user.unwrap_or_default(),
        "WorkingDir": spec.directory.unwrap_or_default(),
    });
    let path = format!("/containers/{id}/exec");
    let answer = api.call_within(CALL_TIMEOUT, &what, Method::POST, &path, Some(wanted)).await?;
    let made: Made = serde_json::from_slice(&answer).map_err(|e| EngineError::Broken {
        what: what.clone(),
        cause: format!("answer not understood: {e}"),
    })?;
    let body = json!({ "Detach": false, "Tty": is_tty });
    let path = format!("/exec/{}/start", made.id);
    // The engine answers once the program runs, or could not be started.
    let pipe = tokio::time::timeout(CALL_TIMEOUT * 3, api.hijack(&what, &path, &body)).await;
    let (first, wire) = pipe.map_err(|_| api.unreachable(format!("{what}: no answer to its start")))??;
    let (read, write) = tokio::io::split(wire);
    let pieces =
        Pieces { form: if is_tty { Form::Terminal } else { Form::Head }, held: first.as_slice().into() };
    let output = stream::try_unfold((read, pieces), move |state| next(what.clone(), state)).boxed();
    Ok(ExecSession { id: made.id, output, input: Box::pin(write) })
}

type Reading = (ReadHalf<Box<dyn Wire>>, Pieces);
type Piece = (Stream, Bytes);

async fn next(
    what: String,
    (mut wire, mut pieces): Reading,
) -> Result<Option<(Piece, Reading)>, EngineError> {
    let broken = |cause: String| EngineError::Broken { what: what.clone(), cause };
    loop {
        if let Some(piece) = pieces.take() {
            return Ok(Some((piece, (wire, pieces))));
        }
        pieces.held.reserve(READ_BYTES);
        if wire.read_buf(&mut pieces.held).await.map_err(|e| broken(e.to_string()))? == 0 {
            return if pieces.is_whole() {
                Ok(None)
            } else {
                Err(broken("the engine closed the connection in the middle of a frame".to_owned()))
            };
        }
    }
}

/// What is read next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A terminal: bytes as they are.
    Terminal,
    /// The head of a frame: descriptor, three zeros, length (big endian).
    Head,
    /// So many bytes of that descriptor.
    Body(Stream, usize),
}

/// Bytes on their way from frames to what the program printed. Nothing of it is looked at: it may be anything.
struct Pieces {
    form: Form,
    held: BytesMut,
}

impl Pieces {
    /// The next piece, as soon as one byte of it is there.
    fn take(&mut self) -> Option<Piece> {
        loop {
            match self.form {
                Form::Terminal if self.held.is_empty() => return None,
                Form::Terminal => return Some((Stream::Stdout, self.held.split().freeze())),
                Form::Head if self.held.len() < 8 => return None,
                Form::Head => {
                    // 2 is stderr, 3 the engine's own complaint; 0 and 1 are what was printed.
                    let stream = if self.held[0] < 2 { Stream::Stdout } else { Stream::Stderr };
                    self.held.advance(4);
                    self.form = Form::Body(stream, self.held.get_u32() as usize);
                }
                Form::Body(_, 0) => self.form = Form::Head,
                Form::Body(..) if self.held.is_empty() => return None,
                Form::Body(stream, left) => {
                    let count = left.min(self.held.len());
                    self.form = Form::Body(stream, left - count);
                    return Some((stream, self.held.split_to(count).freeze()));
                }
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.held.is_empty() && !matches!(self.form, Form::Body(_, 1..))
    }
}

/// Tells it its new width and height.
pub(super) async fn resize(api: &Api, exec: &str, (width, height): (u16, u16)) -> Result<(), EngineError> {
    let path = format!("/exec/{exec}/resize?h={height}&w={width}");
    api.call_within(CALL_TIMEOUT, "resize the terminal", Method::POST, &path, None).await.map(drop)
}

/// Its exit status; `None` while it runs.
pub(super) async fn status(api: &Api, exec: &str) -> Result<Option<i64>, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Ended {
        running: bool,
        exit_code: Option<i64>,
    }
    let ended: Ended = api.get("status of the exec", &format!("/exec/{exec}/json")).await?;
    Ok(ended.exit_code.filter(|_| !ended.running))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &mut Pieces) -> Vec<(Stream, Vec<u8>)> {
        std::iter::from_fn(|| pieces.take()).map(|(stream, bytes)| (stream, bytes.to_vec())).collect()
    }

    fn of(form: Form) -> Pieces {
        Pieces { form, held: BytesMut::new() }
    }

    #[test]
    fn a_terminal_may_print_what_looks_like_a_frame() {
        let mut pieces = of(Form::Terminal);
        pieces.held.extend_from_slice(b"\x01\0\0\0\0\0\0\x09");
        assert_eq!(all(&mut pieces), [(Stream::Stdout, b"\x01\0\0\0\0\0\0\x09".to_vec())]);
        assert!(pieces.is_whole());
    }

    #[test]
    fn frames_cut_anywhere_give_every_byte_to_its_stream() {
        let wire =
            b"\x01\0\0\0\0\0\0\x03a\0\xff\x02\0\0\0\0\0\0\x02no\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x01z";
        for cut in 0..wire.len() {
            let mut pieces = of(Form::Head);
            let (mut out, mut errors) = (Vec::new(), Vec::new());
            for part in [&wire[..cut], &wire[cut..]] {
                pieces.held.extend_from_slice(part);
                for (stream, bytes) in all(&mut pieces) {
                    if stream == Stream::Stdout { &mut out } else { &mut errors }.extend(bytes);
                }
            }
            assert_eq!((&out[..], &errors[..]), (&b"a\0\xffz"[..], &b"no"[..]), "cut at {cut}");
            assert!(pieces.is_whole());
        }
    }

    #[test]
    fn an_end_inside_a_frame_is_no_end() {
        let mut pieces = of(Form::Head);
        pieces.held.extend_from_slice(b"\x01\0\0\0\0\0\0\x03a");
        all(&mut pieces);
        assert!(!pieces.is_whole());
    }
}
