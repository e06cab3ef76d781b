//! How many logins are under way at one server: sshd drops some above ten (MaxStartups 10:30:100), and several hosts
//! behind one gate all begin at it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Leaves room for other people's, and for logins that are over and that a busy sshd still counts.
const AT_ONCE: usize = 3;

static SERVERS: LazyLock<Mutex<HashMap<String, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);

/// A turn at that server; given back when the login is over. `None` never happens: nothing closes the turns.
pub(super) async fn turn(server: String) -> Option<OwnedSemaphorePermit> {
    let turns = {
        let mut servers = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(servers.entry(server).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    };
    turns.acquire_owned().await.ok()
}
