//! Files on a host: whole ones, small enough for memory. Nothing of the console uses it yet; it is for balancers and
//! the ledger.

use async_trait::async_trait;

/// Why a file was not read or written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("{path}: no such file")]
    Missing {
        /// Which.
        path: String,
    },
    /// There is one already, and there must not be.
    #[error("{path}: exists already")]
    Exists {
        /// Which.
        path: String,
    },
    /// More than is read.
    #[error("{path}: larger than {most_bytes} bytes")]
    TooLarge {
        /// Which.
        path: String,
        /// What may be read.
        most_bytes: usize,
    },
    /// Anything else. Where it was being written, the old file is there as it was.
    #[error("{path}: {cause}")]
    Failed {
        /// Which.
        path: String,
        /// What came back.
        cause: String,
    },
}

/// Mode of a file that was not there before it was written.
pub const NEW_MODE: u32 = 0o644;

/// Files of a host, by absolute path.
#[async_trait]
pub trait HostFiles: Send + Sync {
    /// The whole file, at most so many bytes.
    async fn read(&self, path: &str, most_bytes: usize) -> Result<Vec<u8>, FileError>;

    /// Replaces a file at once: whoever opens it sees the old one or the new one, whole, and after a power failure too.
    /// Mode and owner stay, a link stays and what it leads to is replaced; a new file gets [`NEW_MODE`]. Where the owner
    /// cannot be kept nothing is written.
    async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FileError>;

    /// Makes a file that must not be there yet, with this mode: of several who try one wins. Where the way to the host
    /// breaks meanwhile it may be there in part.
    async fn create(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), FileError>;
}
