//! Engine streams that cost a command each, where the host's sshd forwards no sockets: it allows ten sessions a
//! connection, so more connections are made, one at a time, and end with their last stream.

use std::io;
use std::sync::{Arc, Weak};

use tokio::sync::Mutex;

use super::command::{skip_noise, talking};
use super::connect::Connected;
use super::keep::Keeper;
use super::link::{Door, Link, Place, Stream, WINDOW};

/// Commands of the first connection that are left to others: files, figures, questions.
const KEPT: usize = 3;
/// More connections than these would be a burden to the host; with the first they carry 61 streams.
const MOST: usize = 7;

#[derive(Default)]
pub(super) struct Extra {
    // Held while one is made, so that everybody who needs one waits for the same.
    links: Mutex<Vec<Weak<Link>>>,
}

impl Extra {
    /// A stream to the engine through `line` on whatever connection has room for it.
    pub(super) async fn dial_stdio(
        &self,
        first: &Connected,
        line: &str,
        keeper: &Keeper,
    ) -> io::Result<Stream> {
        let door = Door::Exec(talking(line), None);
        let mut stream = match self.place(first, keeper).await? {
            Some((link, place)) => {
                let mut stream = link.open_at(door, WINDOW, Some(place)).await?.stream;
                stream.carrier = Some(link);
                stream
            }
            None => first.link.open(door).await?.stream,
        };
        skip_noise(&mut stream).await?;
        Ok(stream)
    }

    /// A free place beside the first connection's; `None` where that one has room.
    async fn place(&self, first: &Connected, keeper: &Keeper) -> io::Result<Option<(Arc<Link>, Place)>> {
        if first.link.free_places() > KEPT {
            return Ok(None);
        }
        let mut links = self.links.lock().await;
        links.retain(|link| link.upgrade().is_some_and(|link| !link.is_gone()));
        let alive: Vec<_> = links.iter().filter_map(Weak::upgrade).collect();
        for link in alive {
            if let Some(place) = link.free_place() {
                return Ok(Some((link, place)));
            }
        }
        if links.len() == MOST {
            return Err(io::Error::other(
                "its sshd forwards no sockets, and as many commands run as it allows; \
                 AllowStreamLocalForwarding yes in its sshd_config takes the limit away",
            ));
        }
        let more = keeper.another().await.map_err(io::Error::other)?;
        let link = Arc::new(more.link);
        let place = link.free_place().ok_or_else(|| io::Error::other("a new connection has no room"))?;
        links.push(Arc::downgrade(&link));
        Ok(Some((link, place)))
    }
}
