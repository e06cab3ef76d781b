//! Streams of JSON objects, one a line, as the engine sends events and usage.

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::api::innermost;
use crate::ports::engine::EngineError;

/// Longest line that is taken for one.
const LINE_BYTES: usize = 4 << 20;

/// Each line as a value, as it comes. A chunk may end anywhere; a line that is no such value ends the stream.
pub(super) fn json<T: DeserializeOwned + Send + 'static>(
    what: String,
    body: Incoming,
) -> BoxStream<'static, Result<T, EngineError>> {
    let broken = move |cause: String| EngineError::Broken { what: what.clone(), cause };
    let state = (body.into_data_stream(), Vec::new());
    let batches = stream::try_unfold(state, move |(mut body, mut rest)| {
        let broken = broken.clone();
        async move {
            let Some(chunk) = body.try_next().await.map_err(|e| broken(innermost(&e)))? else {
                return Ok(None);
            };
            rest.extend_from_slice(&chunk);
            if rest.len() > LINE_BYTES {
                return Err(broken("a line without an end".to_owned()));
            }
            let mut values = Vec::new();
            let mut from = 0;
            while let Some(end) = memchr::memchr(b'\n', &rest[from..]) {
                let value =
                    serde_json::from_slice(&rest[from..from + end]).map_err(|e| broken(e.to_string()))?;
                values.push(Ok(value));
                from += end + 1;
            }
            rest.drain(..from);
            Ok(Some((stream::iter(values), (body, rest))))
        }
    });
    batches.try_flatten().boxed()
}
