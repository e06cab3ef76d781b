//! What an engine says that happened.

/// One event from an engine's stream.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EngineEvent {
    /// When, in ns since 1970 by the engine's clock.
    pub at_ns: i64,
    /// `container`, `image`, `network`, `volume`, …
    pub kind: String,
    /// `start`, `die`, `health_status: healthy`, …
    pub action: String,
    /// Id of the object; for containers the container id.
    pub id: String,
    /// Its name, if the event carries one.
    pub name: String,
    /// `exitCode` of a `die`.
    pub exit_code: Option<i64>,
    /// What else helps to read it, as `key=value`: the image, the signal, the container a network got.
    pub more: String,
}
