//! TCP to an engine: every address of its name is tried, and a link that died in silence is found out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustix::net::sockopt;
use tokio::net::TcpStream;

use crate::domain::host::host_of;

/// A further address is tried beside the one before, not only after it: that one may be filtered.
const STAGGER: Duration = Duration::from_millis(300);
/// Silence after which the other side is asked, from one question to the next, and how many stay without an answer
/// until the link is dead: 14 s, as over SSH.
const ALIVE: (Duration, Duration, u32) = (Duration::from_secs(5), Duration::from_secs(3), 3);
/// As long may what was sent stay without an answer.
#[cfg(target_os = "linux")]
const UNANSWERED_MS: u32 = 14_000;

/// A connection to `host:port`, without a limit of time.
///
/// # Errors
/// What the name or the last of its addresses answered.
pub(super) async fn connect(to: &str) -> io::Result<TcpStream> {
    let found = tokio::net::lookup_host(to).await;
    let found = found.map_err(|e| io::Error::other(format!("the name {} is not found: {e}", host_of(to))))?;
    let stream = first(found.collect()).await?;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&stream, true)?;
    let (idle, gap, tries) = ALIVE;
    sockopt::set_tcp_keepidle(&stream, idle)?;
    sockopt::set_tcp_keepintvl(&stream, gap)?;
    sockopt::set_tcp_keepcnt(&stream, tries)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(&stream, UNANSWERED_MS)?;
    Ok(stream)
}

/// The first that answers.
async fn first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    let mut rest = addresses.into_iter();
    let mut tries = FuturesUnordered::new();
    loop {
        if tries.is_empty() {
            match rest.next() {
                Some(address) => tries.push(TcpStream::connect(address)),
                None => return Err(last),
            }
        }
        tokio::select! {
            Some(done) = tries.next() => match done {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            },
            () = tokio::time::sleep(STAGGER), if rest.len() > 0 => {
                tries.extend(rest.next().map(TcpStream::connect));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn an_address_that_refuses_does_not_keep_the_next_from_being_tried() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(first(vec![gone, good]).await.unwrap().peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn an_address_that_never_answers_is_passed_by() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        // Set aside for documentation: nobody is there.
        let silent = "192.0.2.1:9".parse().unwrap();
        assert_eq!(first(vec![silent, good]).await.unwrap().peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn a_link_that_died_in_silence_is_found_out_in_14_s() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(&listener.local_addr().unwrap().to_string()).await.unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        let asked = sockopt::tcp_keepidle(&stream).unwrap();
        let given_up = sockopt::tcp_keepintvl(&stream).unwrap() * sockopt::tcp_keepcnt(&stream).unwrap();
        assert_eq!(asked + given_up, Duration::from_secs(14));
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_user_timeout(&stream).unwrap(), 14_000);
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_named() {
        let error = connect("no-such-host.invalid:1").await.unwrap_err().to_string();
        assert!(error.starts_with("the name no-such-host.invalid is not found"), "{error}");
    }
}
